"""Every service, bound to one unit of work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ricarica.access.ports import AccessStore
from ricarica.access.service import AccessService
from ricarica.alerts.ports import AlertStore
from ricarica.alerts.service import AlertService
from ricarica.authorization.access import AccessRuleService
from ricarica.authorization.customers import CustomerService
from ricarica.authorization.guard import Guesses
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.places import Places
from ricarica.authorization.ports import (
    AccessBookStore,
    CustomerReportStore,
    LocalListStore,
    TokenStore,
)
from ricarica.authorization.service import AuthorizationService
from ricarica.authorization.service import Neighbours as AuthorizationNeighbours
from ricarica.billing.ports import BillingStore
from ricarica.billing.service import BillingPolicy, BillingService
from ricarica.certificates.contracts import ContractService
from ricarica.certificates.pki import Pki
from ricarica.certificates.ports import CertificateStore
from ricarica.certificates.service import CertificateService
from ricarica.certificates.trust import TrustService
from ricarica.configuration.keeping import TemplateService
from ricarica.configuration.ports import SettingStore, TemplateStore
from ricarica.configuration.service import ConfigurationService
from ricarica.diagnostics.ports import LogStore
from ricarica.diagnostics.service import DiagnosticsService
from ricarica.displays.ports import DisplayStore
from ricarica.displays.service import DisplayService
from ricarica.energy.cars import CarService
from ricarica.energy.der_service import DerService
from ricarica.energy.ports import DerStore, EnergyStore
from ricarica.energy.service import EnergyService
from ricarica.energy.service import Neighbours as EnergyNeighbours
from ricarica.firmware.ports import CampaignStore, FirmwareStore
from ricarica.firmware.rollout import CampaignService
from ricarica.firmware.rollout import Stores as RolloutStores
from ricarica.firmware.service import FirmwarePolicy, FirmwareService
from ricarica.kernel.clock import Clock
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids
from ricarica.monitoring.ports import EventStore, MonitorStore, StreamStore
from ricarica.monitoring.service import MonitoringService
from ricarica.monitoring.streams import StreamService
from ricarica.reservations.ports import ReservationStore
from ricarica.reservations.service import ReservationService
from ricarica.security.networks import NetworkService
from ricarica.security.ports import SecurityStore
from ricarica.security.service import SecurityPolicy, SecurityService
from ricarica.stations.availability import AvailabilityService, AvailabilityStore
from ricarica.stations.ports import StationStore
from ricarica.stations.service import StationPolicy, StationService
from ricarica.stations.sites import SiteService
from ricarica.storage.work import Work
from ricarica.swaps.ports import SwapStore
from ricarica.swaps.service import SwapService
from ricarica.tariffs.ports import TariffStore
from ricarica.tariffs.service import TariffService
from ricarica.tariffs.stationed import StationPlanService, StationPlanStore
from ricarica.transactions.expected import ExpectedStarts
from ricarica.transactions.neighbours import Neighbours
from ricarica.transactions.ports import ExpectedStartStore, TransactionStore
from ricarica.transactions.service import TransactionService
from ricarica.transactions.watching import WatchService


@dataclass(frozen=True, slots=True)
class Stores:
    """One store of each slice, over one unit of work."""

    access: AccessStore
    stations: StationStore
    tokens: TokenStore
    access_books: AccessBookStore
    local_lists: LocalListStore
    customer_reports: CustomerReportStore
    reservations: ReservationStore
    displays: DisplayStore
    availability: AvailabilityStore
    tariffs: TariffStore
    station_plans: StationPlanStore
    billing: BillingStore
    swaps: SwapStore
    settings: SettingStore
    templates: TemplateStore
    monitors: MonitorStore
    station_events: EventStore
    streams: StreamStore
    alerts: AlertStore
    certificates: CertificateStore
    security: SecurityStore
    firmware: FirmwareStore
    campaigns: CampaignStore
    logs: LogStore
    transactions: TransactionStore
    energy: EnergyStore
    der: DerStore
    expected_starts: ExpectedStartStore


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every unit of work has in common; handed in once, by `app` or a test."""

    clock: Clock
    ids: Ids
    stores_for: Callable[[Work], Stores]
    station_policy: StationPolicy = field(default_factory=StationPolicy)
    firmware_policy: FirmwarePolicy = field(default_factory=FirmwarePolicy)
    security_policy: SecurityPolicy = field(default_factory=SecurityPolicy)
    pki: Pki = field(default_factory=Pki)
    billing_policy: BillingPolicy = field(default_factory=BillingPolicy)
    guesses: Guesses = field(default_factory=Guesses)


class Slices:
    """Each service is made when it is asked for first: few messages need more than a handful."""

    def __init__(self, surroundings: Surroundings, stores: Stores, outgoing: Outgoing) -> None:
        self.now = surroundings.clock.now()
        self.ids = surroundings.ids
        self._surroundings = surroundings
        self._stores = stores
        self._outgoing = outgoing

    # -- people, places and stations

    @cached_property
    def access(self) -> AccessService:
        return AccessService(self._stores.access, self._outgoing, self.ids)

    @cached_property
    def stations(self) -> StationService:
        policy = self._surroundings.station_policy
        return StationService(self._stores.stations, self._outgoing, policy)

    @cached_property
    def sites(self) -> SiteService:
        return SiteService(self._stores.stations, self._outgoing)

    @cached_property
    def availability(self) -> AvailabilityService:
        return AvailabilityService(self._stores.availability)

    # -- who may charge

    @cached_property
    def local_lists(self) -> LocalListService:
        stores = self._stores
        return LocalListService(
            stores.local_lists,
            stores.tokens,
            stores.access_books,
            self.stations,
            self.configuration,
            self._outgoing,
        )

    @cached_property
    def authorization(self) -> AuthorizationService:
        stores, places = self._stores, Places(self.stations, self.configuration)
        around = AuthorizationNeighbours(places, self.local_lists, self._surroundings.guesses)
        return AuthorizationService(
            stores.tokens, stores.access_books, around, self._outgoing, self.ids
        )

    @cached_property
    def access_rules(self) -> AccessRuleService:
        return AccessRuleService(self._stores.access_books, self.local_lists, self._outgoing)

    @cached_property
    def customers(self) -> CustomerService:
        return CustomerService(self._stores.customer_reports, self.local_lists, self._outgoing)

    @cached_property
    def reservations(self) -> ReservationService:
        store = self._stores.reservations
        return ReservationService(store, self.authorization, self._outgoing, self.ids)

    @cached_property
    def displays(self) -> DisplayService:
        store = self._stores.displays
        return DisplayService(store, self.stations, self.configuration, self._outgoing, self.ids)

    # -- what it costs

    @cached_property
    def tariffs(self) -> TariffService:
        return TariffService(self._stores.tariffs, self._outgoing)

    @cached_property
    def station_plans(self) -> StationPlanService:
        return StationPlanService(
            self._stores.station_plans,
            self.stations,
            self.tariffs,
            self.configuration,
            self._outgoing,
        )

    @cached_property
    def billing(self) -> BillingService:
        policy = self._surroundings.billing_policy
        guesses = self._surroundings.guesses
        return BillingService(self._stores.billing, self._outgoing, self.ids, policy, guesses)

    @cached_property
    def swaps(self) -> SwapService:
        return SwapService(
            self._stores.swaps,
            self.stations,
            self.authorization,
            self.tariffs,
            self._outgoing,
            self.ids,
        )

    # -- what stations are like, and what they notice

    @cached_property
    def configuration(self) -> ConfigurationService:
        return ConfigurationService(self._stores.settings, self._outgoing, self.ids)

    @cached_property
    def templates(self) -> TemplateService:
        return TemplateService(self._stores.templates, self.configuration, self._outgoing)

    @cached_property
    def monitoring(self) -> MonitoringService:
        stores = self._stores
        return MonitoringService(
            stores.monitors, stores.station_events, self.configuration, self._outgoing, self.ids
        )

    @cached_property
    def streams(self) -> StreamService:
        return StreamService(self._stores.streams, self._stores.monitors, self._outgoing)

    @cached_property
    def alerts(self) -> AlertService:
        return AlertService(self._stores.alerts, self.stations, self._outgoing, self.ids)

    # -- certificates and security

    @cached_property
    def certificates(self) -> CertificateService:
        pki = self._surroundings.pki
        store = self._stores.certificates
        return CertificateService(store, self.stations, self._outgoing, pki.policy, pki.vault)

    @cached_property
    def trust(self) -> TrustService:
        return TrustService(self._stores.certificates, self._outgoing)

    @cached_property
    def contracts(self) -> ContractService:
        return ContractService(self._stores.certificates, self._surroundings.pki.inquiries)

    @cached_property
    def security(self) -> SecurityService:
        return SecurityService(
            self._stores.security,
            self.stations,
            self.certificates,
            self._outgoing,
            self.ids,
            self._surroundings.security_policy,
        )

    @cached_property
    def networks(self) -> NetworkService:
        vault = self._surroundings.pki.vault
        return NetworkService(self._stores.security, self.stations, self._outgoing, vault)

    # -- files

    @cached_property
    def firmware(self) -> FirmwareService:
        policy = self._surroundings.firmware_policy
        store = self._stores.firmware
        return FirmwareService(store, self.stations, self._outgoing, self.ids, policy)

    @cached_property
    def campaigns(self) -> CampaignService:
        rollout = RolloutStores(self._stores.campaigns, self._stores.firmware)
        return CampaignService(rollout, self.firmware, self.stations, self._outgoing, self.ids)

    @cached_property
    def diagnostics(self) -> DiagnosticsService:
        return DiagnosticsService(self._stores.logs, self.stations, self._outgoing, self.ids)

    # -- charging

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(
            self.stations, self.authorization, self.tariffs, self.configuration, self.billing
        )

    @cached_property
    def transactions(self) -> TransactionService:
        store = self._stores.transactions
        return TransactionService(store, self._neighbours, self._outgoing, self.ids)

    @cached_property
    def watching(self) -> WatchService:
        store = self._stores.transactions
        return WatchService(store, self.transactions, self._neighbours, self._outgoing)

    @cached_property
    def expected_starts(self) -> ExpectedStarts:
        return ExpectedStarts(self._stores.expected_starts, self._outgoing)

    @cached_property
    def energy(self) -> EnergyService:
        neighbours = EnergyNeighbours(self.stations, self.transactions, self.configuration)
        return EnergyService(self._stores.energy, neighbours, self._outgoing, self.ids)

    @cached_property
    def cars(self) -> CarService:
        return CarService(self._stores.energy, self.energy, self.authorization, self._outgoing)

    @cached_property
    def der(self) -> DerService:
        return DerService(self._stores.der, self.stations, self._outgoing, self.ids)


def bind(surroundings: Surroundings, work: Work, outgoing: Outgoing) -> Slices:
    return Slices(surroundings, surroundings.stores_for(work), outgoing)
