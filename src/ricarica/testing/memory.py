"""Stores in memory, for tests of the slices: what is saved is there at once, for good."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ricarica.authorization.book import ListDefinition
from ricarica.authorization.model import Token, TokenStatus
from ricarica.configuration.model import DeviceModel, Setting
from ricarica.kernel.events import Event
from ricarica.kernel.ids import (
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TariffId,
    TenantId,
    TransactionId,
)
from ricarica.stations.model import Acceptance, Connector, Site, Station
from ricarica.tariffs.model import Tariff
from ricarica.transactions.facts import SignedReading
from ricarica.transactions.model import (
    Arrangement,
    Entry,
    EntryKind,
    RegisterPoint,
    StatePoint,
    Transaction,
)
from ricarica.transactions.ports import Place
from ricarica.transactions.readings import Reading, registers_in


class MemoryStationStore:
    def __init__(self) -> None:
        self.stations: dict[StationKey, Station] = {}
        self.connectors: dict[tuple[StationKey, EvseNumber, ConnectorNumber], Connector] = {}
        self.sites: dict[tuple[TenantId, SiteId], Site] = {}

    async def get(self, key: StationKey) -> Station | None:
        return self.stations.get(key)

    async def canonical(self, tenant: TenantId, identity: str) -> StationId | None:
        folded = identity.casefold()
        for key in self.stations:
            if key.tenant == tenant and key.station.casefold() == folded:
                return key.station
        return None

    async def called(self, tenant: TenantId, name: str) -> list[StationId]:
        return [
            key.station
            for key, station in self.stations.items()
            if key.tenant == tenant
            and (key.station.casefold() == name.casefold() or station.serial == name)
        ]

    async def pending_count(self, tenant: TenantId) -> int:
        return sum(
            station.acceptance is Acceptance.PENDING
            for key, station in self.stations.items()
            if key.tenant == tenant
        )

    def save(self, station: Station) -> None:
        self.stations[station.key] = station

    async def remove(self, station: Station) -> None:
        del self.stations[station.key]
        for place in [place for place in self.connectors if place[0] == station.key]:
            del self.connectors[place]

    async def connector(
        self, key: StationKey, evse: EvseNumber, number: ConnectorNumber
    ) -> Connector | None:
        return self.connectors.get((key, evse, number))

    async def connector_count(self, key: StationKey) -> int:
        return len(await self.connectors_of(key))

    async def connected(
        self, after: StationKey, most: int
    ) -> list[tuple[StationKey, SiteId | None]]:
        stations = sorted(self.stations.values(), key=lambda each: each.key)
        there = [
            (station.key, station.site)
            for station in stations
            if station.connected
            and station.key.tenant == after.tenant
            and station.key.station > after.station
        ]
        return there[:most]

    async def connectors_of(self, key: StationKey) -> list[Connector]:
        return [each for each in self.connectors.values() if each.station == key]

    async def unreported(self, since: datetime, until: datetime, most: int) -> list[Connector]:
        found = [
            connector
            for connector in self.connectors.values()
            if (station := self.stations[connector.station]).connected
            and connector.evse > 0
            and connector.epoch < station.epoch
            and station.booted_at is not None
            and since <= station.booted_at < until
        ]
        return found[:most]

    def save_connector(self, connector: Connector) -> None:
        self.connectors[(connector.station, connector.evse, connector.number)] = connector

    async def evses(self, key: StationKey) -> list[EvseNumber]:
        return sorted({evse for station, evse, _ in self.connectors if station == key and evse})

    async def site(self, tenant: TenantId, site: SiteId) -> Site | None:
        return self.sites.get((tenant, site))

    def save_site(self, site: Site) -> None:
        self.sites[(site.tenant, site.id)] = site

    def remove_site(self, site: Site) -> None:
        del self.sites[(site.tenant, site.id)]


class MemoryTokenStore:
    def __init__(self) -> None:
        self.tokens: dict[tuple[TenantId, str], Token] = {}

    async def get(self, tenant: TenantId, folded_uid: str) -> Token | None:
        return self.tokens.get((tenant, folded_uid))

    async def listed(
        self, tenant: TenantId, definitions: Sequence[ListDefinition], most: int
    ) -> list[Token]:
        found = [
            token
            for (owner, _), token in sorted(self.tokens.items())
            if owner == tenant and any(_may_want(each, token) for each in definitions)
        ]
        return found[:most]

    def save(self, token: Token) -> None:
        self.tokens[(token.tenant, token.folded)] = token

    def remove(self, token: Token) -> None:
        del self.tokens[(token.tenant, token.folded)]


def _may_want(definition: ListDefinition, token: Token) -> bool:
    if token.status is not TokenStatus.ACTIVE or definition.kind not in (None, token.kind):
        return False
    group = definition.group
    return group is None or (token.group or "").lower() == group.strip().lower()


class MemoryTariffStore:
    def __init__(self) -> None:
        self.tariffs: dict[tuple[TenantId, TariffId], Tariff] = {}
        self.revisions: list[Tariff] = []
        self.defaults: dict[TenantId, TariffId | None] = {}

    async def get(self, tenant: TenantId, tariff: TariffId) -> Tariff | None:
        found = self.tariffs.get((tenant, tariff))
        return found and replace(found, is_default=self.defaults.get(tenant) == tariff)

    async def default(self, tenant: TenantId) -> TariffId | None:
        return self.defaults.get(tenant)

    def save(self, tariff: Tariff) -> None:
        self.tariffs[(tariff.tenant, tariff.id)] = tariff
        self.revisions.append(tariff)

    async def revision_at(self, tariff: Tariff, at: datetime) -> Tariff:
        key = (tariff.tenant, tariff.id)
        known = [each for each in self.revisions if (each.tenant, each.id) == key]
        before = [each for each in known if each.revised_at <= at]
        return before[-1] if before else known[0]

    def remove(self, tariff: Tariff) -> None:
        del self.tariffs[(tariff.tenant, tariff.id)]

    async def set_default(self, tenant: TenantId, tariff: TariffId | None) -> None:
        self.defaults[tenant] = tariff


class MemorySettingStore:
    def __init__(self) -> None:
        self.settings: dict[tuple[StationKey, str], Setting] = {}
        self.models: dict[StationKey, DeviceModel] = {}

    async def get(self, station: StationKey, name: str) -> Setting | None:
        return self.settings.get((station, name))

    async def known(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        found = {name: self.settings.get((station, name)) for name in names}
        return {name: setting for name, setting in found.items() if setting is not None}

    async def by_neutral(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        wanted = set(names)
        own = [setting for (key, _), setting in self.settings.items() if key == station]
        return {each.neutral: each for each in own if each.neutral and each.neutral in wanted}

    async def count(self, station: StationKey) -> int:
        return sum(key == station for key, _ in self.settings)

    async def save_all(self, settings: Iterable[Setting]) -> None:
        self.settings.update(((setting.station, setting.name), setting) for setting in settings)

    async def forget_older(self, station: StationKey, than: datetime) -> None:
        self.settings = {
            (key, name): setting
            for (key, name), setting in self.settings.items()
            if key != station or setting.reported_at >= than
        }

    async def device_model(self, station: StationKey) -> DeviceModel | None:
        return self.models.get(station)

    def save_device_model(self, model: DeviceModel) -> None:
        self.models[model.station] = model


class MemoryTransactionStore:
    def __init__(self) -> None:
        self.transactions: dict[tuple[StationKey, str], Transaction] = {}
        self.readings: dict[tuple[StationKey, EvseNumber, str | None], list[Reading]] = {}
        self.entries: list[Entry] = []
        self.signed: list[SignedReading] = []
        self.arrangements: dict[StationKey, tuple[Arrangement, ...]] = {}

    async def get(self, station: StationKey, ref: str) -> Transaction | None:
        return self.transactions.get((station, ref))

    async def alike(self, station: StationKey, repeat_key: str, ref: str) -> list[Transaction]:
        own = [each for each in self.transactions.values() if each.station == station]
        return [each for each in own if each.repeat_key == repeat_key or each.ref == ref]

    async def by_id(self, tenant: TenantId, transaction: TransactionId) -> Transaction | None:
        return self._first(lambda t: (t.station.tenant, t.id) == (tenant, transaction))

    async def running_at(
        self, station: StationKey, evse: EvseNumber | None = None
    ) -> list[Transaction]:
        running = [
            transaction
            for transaction in self.transactions.values()
            if transaction.station == station
            and transaction.is_running
            and evse in {None, transaction.evse}
        ]
        return sorted(running, key=lambda transaction: transaction.started_at)

    async def charging(self) -> list[StationKey]:
        return list({key for (key, _), each in self.transactions.items() if each.is_running})

    async def ended_at(self, station: StationKey, at: datetime) -> list[Transaction]:
        ended = self.transactions.values()
        return [each for each in ended if (each.station, each.ended_at) == (station, at)]

    async def has_progressed(self, of: Transaction, at: datetime, seq_no: int | None) -> bool:
        wanted = (of.station, of.ref, EntryKind.PROGRESSED, at, seq_no)
        return any(
            (each.station, each.ref, each.kind, each.at, each.seq_no) == wanted
            for each in self.entries
        )

    async def running_count(self, tenant: TenantId, token: str) -> int:
        return len(await self.running_with(tenant, token))

    async def running_with(self, tenant: TenantId, token: str) -> list[Transaction]:
        folded = token.strip().casefold()
        return [
            t
            for t in self.transactions.values()
            if t.station.tenant == tenant
            and t.is_running
            and t.token is not None
            and t.token.strip().casefold() == folded
        ]

    async def registers(self, transaction: Transaction) -> list[RegisterPoint]:
        return [
            RegisterPoint(reading.at, reading.value)
            for (station, _, ref), readings in self.readings.items()
            if (station, ref) == (transaction.station, transaction.ref)
            for reading in registers_in(readings)
        ]

    async def states(self, transaction: Transaction) -> list[StatePoint]:
        return [
            StatePoint(entry.at, -1 if entry.seq_no is None else entry.seq_no, entry.charging_state)
            for entry in self.entries
            if (entry.station, entry.ref) == (transaction.station, transaction.ref)
            and entry.charging_state is not None
        ]

    def save(self, transaction: Transaction) -> None:
        self.transactions[(transaction.station, transaction.ref)] = transaction

    def add_readings(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[Reading],
        received_at: datetime,
    ) -> None:
        known = self.readings.setdefault((station, evse, ref), [])
        for reading in readings:
            if not reading.value.is_nan() and reading not in known:
                known.append(reading)

    def add_signed(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[SignedReading],
        received_at: datetime,
    ) -> None:
        self.signed += [each for each in readings if each not in self.signed]

    async def arranged(self, station: StationKey) -> tuple[Arrangement, ...]:
        return self.arrangements.get(station, ())

    def arrange(self, station: StationKey, arranged: tuple[Arrangement, ...]) -> None:
        self.arrangements[station] = arranged

    async def silent(self, since: datetime, until: datetime, most: int) -> list[Transaction]:
        running = [each for each in self.transactions.values() if each.is_running]
        return [t for t in running if t.updated_at and since <= t.updated_at < until][:most]

    async def bounded(self, behind: Place, most: int) -> list[Transaction]:
        running = {
            (each.station.tenant, each.station.station, each.ref): each
            for each in self.transactions.values()
            if each.is_running and each.terms is not None
        }
        return [running[place] for place in sorted(running) if place > behind][:most]

    def add_entry(self, entry: Entry) -> None:
        if _key(entry) not in {_key(known) for known in self.entries}:
            self.entries.append(entry)

    def _first(self, wanted: Callable[[Transaction], bool]) -> Transaction | None:
        return next((t for t in self.transactions.values() if wanted(t)), None)


@dataclass(slots=True)
class Told:
    """`Outgoing` that keeps what it is given, for a test to look at."""

    events: list[Event] = field(default_factory=list)
    commands: list[tuple[StationKey, object]] = field(default_factory=list)

    def announce(self, event: Event) -> None:
        self.events.append(event)

    def tell(self, station: StationKey, command: object) -> None:
        self.commands.append((station, command))


def _key(entry: Entry) -> tuple[object, ...]:
    return (
        entry.station,
        entry.ref,
        entry.at,
        entry.kind,
        entry.seq_no,
        entry.charging_state,
        entry.detail,
    )
