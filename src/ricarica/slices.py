"""Every service, bound to one unit of work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ricarica.access.ports import AccessStore
from ricarica.access.service import AccessService
from ricarica.authorization.ports import TokenStore
from ricarica.authorization.service import AuthorizationService
from ricarica.configuration.ports import SettingStore
from ricarica.configuration.service import ConfigurationService
from ricarica.diagnostics.ports import LogStore
from ricarica.diagnostics.service import DiagnosticsService
from ricarica.firmware.ports import CampaignStore, FirmwareStore
from ricarica.firmware.rollout import CampaignService
from ricarica.firmware.rollout import Stores as RolloutStores
from ricarica.firmware.service import FirmwarePolicy, FirmwareService
from ricarica.kernel.clock import Clock
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids
from ricarica.stations.ports import StationStore
from ricarica.stations.service import StationPolicy, StationService
from ricarica.stations.sites import SiteService
from ricarica.storage.work import Work
from ricarica.tariffs.ports import TariffStore
from ricarica.tariffs.service import TariffService
from ricarica.transactions.expected import ExpectedStarts
from ricarica.transactions.ports import ExpectedStartStore, TransactionStore
from ricarica.transactions.service import TransactionService


@dataclass(frozen=True, slots=True)
class Stores:
    """One store of each slice, over one unit of work."""

    access: AccessStore
    stations: StationStore
    tokens: TokenStore
    tariffs: TariffStore
    settings: SettingStore
    firmware: FirmwareStore
    campaigns: CampaignStore
    logs: LogStore
    transactions: TransactionStore
    expected_starts: ExpectedStartStore


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every unit of work has in common; handed in once, by `app` or a test."""

    clock: Clock
    ids: Ids
    stores_for: Callable[[Work], Stores]
    station_policy: StationPolicy = field(default_factory=StationPolicy)
    firmware_policy: FirmwarePolicy = field(default_factory=FirmwarePolicy)


@dataclass(frozen=True, slots=True)
class Slices:
    now: datetime
    ids: Ids
    access: AccessService
    stations: StationService
    sites: SiteService
    authorization: AuthorizationService
    tariffs: TariffService
    configuration: ConfigurationService
    firmware: FirmwareService
    campaigns: CampaignService
    diagnostics: DiagnosticsService
    transactions: TransactionService
    expected_starts: ExpectedStarts


def bind(surroundings: Surroundings, work: Work, outgoing: Outgoing) -> Slices:
    stores = surroundings.stores_for(work)
    stations = StationService(stores.stations, outgoing, surroundings.station_policy)
    authorization = AuthorizationService(stores.tokens, outgoing)
    tariffs = TariffService(stores.tariffs, outgoing)
    ids = surroundings.ids
    firmware = FirmwareService(
        stores.firmware, stations, outgoing, ids, surroundings.firmware_policy
    )
    rollout = RolloutStores(stores.campaigns, stores.firmware)
    return Slices(
        now=surroundings.clock.now(),
        ids=surroundings.ids,
        access=AccessService(stores.access, outgoing, surroundings.ids),
        stations=stations,
        sites=SiteService(stores.stations, outgoing),
        authorization=authorization,
        tariffs=tariffs,
        firmware=firmware,
        campaigns=CampaignService(rollout, firmware, stations, outgoing, ids),
        diagnostics=DiagnosticsService(stores.logs, stations, outgoing, ids),
        configuration=ConfigurationService(stores.settings, outgoing),
        transactions=TransactionService(
            stores.transactions, stations, authorization, tariffs, outgoing, surroundings.ids
        ),
        expected_starts=ExpectedStarts(stores.expected_starts, outgoing),
    )
