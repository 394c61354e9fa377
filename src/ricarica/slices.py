"""Every service, bound to one unit of work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ricarica.access.ports import AccessStore
from ricarica.access.service import AccessService
from ricarica.alerts.ports import AlertStore
from ricarica.alerts.service import AlertService
from ricarica.authorization.access import AccessRuleService
from ricarica.authorization.customers import CustomerService
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.places import Places
from ricarica.authorization.ports import (
    AccessBookStore,
    CustomerReportStore,
    LocalListStore,
    TokenStore,
)
from ricarica.authorization.service import AuthorizationService
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
from ricarica.transactions.ports import ExpectedStartStore, TransactionStore
from ricarica.transactions.service import Neighbours, TransactionService
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


@dataclass(frozen=True, slots=True)
class Slices:
    now: datetime
    ids: Ids
    access: AccessService
    stations: StationService
    sites: SiteService
    authorization: AuthorizationService
    access_rules: AccessRuleService
    local_lists: LocalListService
    customers: CustomerService
    reservations: ReservationService
    displays: DisplayService
    availability: AvailabilityService
    tariffs: TariffService
    station_plans: StationPlanService
    billing: BillingService
    swaps: SwapService
    configuration: ConfigurationService
    templates: TemplateService
    monitoring: MonitoringService
    streams: StreamService
    alerts: AlertService
    certificates: CertificateService
    trust: TrustService
    contracts: ContractService
    security: SecurityService
    networks: NetworkService
    firmware: FirmwareService
    campaigns: CampaignService
    diagnostics: DiagnosticsService
    transactions: TransactionService
    watching: WatchService
    energy: EnergyService
    cars: CarService
    der: DerService
    expected_starts: ExpectedStarts


def bind(surroundings: Surroundings, work: Work, outgoing: Outgoing) -> Slices:
    stores = surroundings.stores_for(work)
    stations = StationService(stores.stations, outgoing, surroundings.station_policy)
    tariffs = TariffService(stores.tariffs, outgoing)
    ids = surroundings.ids
    firmware = FirmwareService(
        stores.firmware, stations, outgoing, ids, surroundings.firmware_policy
    )
    rollout = RolloutStores(stores.campaigns, stores.firmware)
    configuration = ConfigurationService(stores.settings, outgoing, ids)
    places, books = Places(stations, configuration), stores.access_books
    local_lists = LocalListService(
        stores.local_lists, stores.tokens, books, stations, configuration, outgoing
    )
    authorization = AuthorizationService(stores.tokens, books, places, local_lists, outgoing, ids)
    pki, security_policy = surroundings.pki, surroundings.security_policy
    certificates = CertificateService(
        stores.certificates, stations, outgoing, pki.policy, pki.vault
    )
    neighbours = Neighbours(stations, authorization, tariffs, configuration)
    transactions = TransactionService(stores.transactions, neighbours, outgoing, ids)
    energy = EnergyService(
        stores.energy,
        EnergyNeighbours(stations, transactions, configuration),
        outgoing,
        ids,
    )
    return Slices(
        now=surroundings.clock.now(),
        ids=surroundings.ids,
        access=AccessService(stores.access, outgoing, surroundings.ids),
        stations=stations,
        sites=SiteService(stores.stations, outgoing),
        authorization=authorization,
        access_rules=AccessRuleService(books, local_lists, outgoing),
        local_lists=local_lists,
        customers=CustomerService(stores.customer_reports, local_lists, outgoing),
        reservations=ReservationService(stores.reservations, authorization, outgoing, ids),
        displays=DisplayService(stores.displays, stations, configuration, outgoing, ids),
        availability=AvailabilityService(stores.availability),
        tariffs=tariffs,
        station_plans=StationPlanService(
            stores.station_plans, stations, tariffs, configuration, outgoing
        ),
        billing=BillingService(stores.billing, outgoing, ids, surroundings.billing_policy),
        swaps=SwapService(stores.swaps, stations, authorization, tariffs, outgoing, ids),
        firmware=firmware,
        campaigns=CampaignService(rollout, firmware, stations, outgoing, ids),
        diagnostics=DiagnosticsService(stores.logs, stations, outgoing, ids),
        configuration=configuration,
        templates=TemplateService(stores.templates, configuration, outgoing),
        monitoring=MonitoringService(
            stores.monitors, stores.station_events, configuration, outgoing, ids
        ),
        streams=StreamService(stores.streams, stores.monitors, outgoing),
        alerts=AlertService(stores.alerts, stations, outgoing, ids),
        certificates=certificates,
        trust=TrustService(stores.certificates, outgoing),
        contracts=ContractService(stores.certificates, pki.inquiries),
        security=SecurityService(
            stores.security, stations, certificates, outgoing, ids, security_policy
        ),
        networks=NetworkService(stores.security, stations, outgoing, pki.vault),
        transactions=transactions,
        watching=WatchService(stores.transactions, transactions, neighbours, outgoing),
        energy=energy,
        cars=CarService(stores.energy, energy, authorization, outgoing),
        der=DerService(stores.der, stations, outgoing, ids),
        expected_starts=ExpectedStarts(stores.expected_starts, outgoing),
    )
