"""How transactions, their readings and their timelines lie in the database."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, StationKey, TenantId, TransactionId
from ricarica.kernel.quantities import ZERO
from ricarica.storage.bulk import MOVING
from ricarica.storage.columns import Blob, Boolean, Exact, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Entry,
    EntryKind,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
    ranges_from,
    ranges_text,
)
from ricarica.transactions.readings import Context, Measurand, Reading

DECIMALS = 4  # of what is measured: meters show three at most, of a kWh or a kW
LARGEST = Decimal(10) ** 14  # no meter shows more; what our columns hold of it, and no error
COST_DECIMALS = 8
COST_LARGEST = Decimal(10) ** 10
NOTHING = ""  # a part of a key is never NULL
NO_NUMBER = -1
MICROSECOND = timedelta(microseconds=1)
RUNNING_MAX = 1_000  # of one station; one that never ends any must not fill our memory


def _partial(name: str, columns: tuple[str, ...], condition: str) -> sa.Index:
    """An index of few rows among many."""
    where = sa.text(condition)
    return sa.Index(name, "tenant", *columns, postgresql_where=where, sqlite_where=where)


def _measured(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, Exact(DECIMALS), nullable=nullable)


# What a reading moves on, and a change of the charging state.
MOVING_COLUMNS = (
    *("energy_wh", "register_at", "register_wh", "charging_state", "state_at", "state_seq_no"),
    *("parked_us", "last_at", "power_w", "soc_percent", "seen", "last_seq_no"),
    *("cost_excl", "cost_incl", "cost_shown_at", "updated_at"),
)

TRANSACTIONS = sa.Table(
    "transactions",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),
    sa.Column("id", Text(), nullable=False),
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("started_at", Instant(), nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("connector", Integer()),
    sa.Column("token", Text()),
    sa.Column("token_folded", Text()),
    sa.Column("token_kind", Text()),
    sa.Column("group_id", Text()),
    sa.Column("verdict", Text()),
    sa.Column("ended_at", Instant()),
    sa.Column("end_reason", Text()),
    sa.Column("end_received_at", Instant()),
    _measured("register_start_wh"),
    _measured("register_stop_wh"),
    _measured("energy_wh", nullable=False),
    sa.Column("register_at", Instant()),
    _measured("register_wh"),
    sa.Column("backwards", Boolean(), nullable=False),
    sa.Column("charging_state", Text()),
    sa.Column("state_at", Instant()),
    sa.Column("state_seq_no", Integer()),
    sa.Column("parked_us", Integer(), nullable=False),
    sa.Column("last_at", Instant()),
    _measured("power_w"),
    _measured("soc_percent"),
    sa.Column("seen", Text(), nullable=False),
    sa.Column("last_seq_no", Integer()),
    sa.Column("repeat_key", Text()),
    sa.Column("flags", Text(), nullable=False),
    sa.Column("remote_start", Integer()),
    sa.Column("reservation", Integer()),
    sa.Column("tariff", Blob()),
    sa.Column("cost_excl", Exact(COST_DECIMALS)),
    sa.Column("cost_incl", Exact(COST_DECIMALS)),
    sa.Column("currency", Text()),
    sa.Column("cost_shown_at", Instant()),
    sa.Column("updated_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("uq_transactions_id", "tenant", "id", unique=True),
    sa.Index("ix_transactions_started_at", "tenant", "started_at", "id"),
    sa.Index("ix_transactions_ended_at", "tenant", "ended_at"),
    sa.Index("ix_transactions_station", "tenant", "station", "started_at", "id"),
    sa.Index("ix_transactions_token", "tenant", "token_folded", "started_at", "id"),
    _partial("ix_transactions_repeat_key", ("station", "repeat_key"), "repeat_key IS NOT NULL"),
    _partial("ix_transactions_running", ("station", "evse"), "ended_at IS NULL"),
    _partial("ix_transactions_running_token", ("token_folded",), "ended_at IS NULL"),
    _partial("ix_transactions_flagged", ("started_at",), "flags <> ''"),
    # A running one is written over and over: with room beside it, no index needs to know.
    postgresql_with={"fillfactor": 50},
    info={MOVING: MOVING_COLUMNS},
)

# Which transactions run at a station, found without asking the database again.
RUNNING = sa.Table(
    "running_transactions",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("refs", Json(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

# The key is what makes a repeat one. What a transaction measures lies in the order of time, so
# that a message's readings are written into one page, not into one for each measurand.
READINGS = sa.Table(
    "readings",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),  # empty: of no transaction
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("measurand", Integer(), primary_key=True, autoincrement=False),
    sa.Column("evse", Integer(), primary_key=True, autoincrement=False),
    sa.Column("phase", Text(), primary_key=True),
    sa.Column("location", Text(), primary_key=True),
    sa.Column("context", Text(), primary_key=True),
    sa.Column("name", Text(), primary_key=True),
    _measured("value", nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sqlite_with_rowid=False,  # the rows lie in the key itself, so each is written once
)

ENTRIES = sa.Table(
    "transaction_events",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("kind", Text(), primary_key=True),
    sa.Column("seq_no", Integer(), primary_key=True, autoincrement=False),
    sa.Column("charging_state", Text(), primary_key=True),
    sa.Column("detail", Text(), primary_key=True),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("trigger", Text()),
    sa.Column("offline", Boolean(), nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Running:
    """The refs of a station's running transactions, in the order in which they came."""

    station: StationKey
    refs: tuple[str, ...] = ()

    def noted(self, transaction: Transaction) -> "Running":
        is_listed = transaction.ref in self.refs
        if transaction.is_running == is_listed:
            return self
        if is_listed:
            return replace(self, refs=tuple(ref for ref in self.refs if ref != transaction.ref))
        return replace(self, refs=(*self.refs, transaction.ref)[-RUNNING_MAX:])


def held(value: Decimal | None, largest: Decimal = LARGEST) -> Decimal | None:
    """What a column can hold of a value: a fact is stored, however absurd its numbers are."""
    if value is None or (value.is_finite() and value.adjusted() < largest.adjusted()):
        return value
    return None if value.is_nan() else min(max(value, -largest), largest)


def transaction_row(transaction: Transaction) -> Row:
    return (
        transaction.station.tenant,
        transaction.station.station,
        transaction.ref,
        transaction.id,
        transaction.evse,
        transaction.started_at,
        transaction.received_at,
        transaction.connector,
        transaction.token,
        token_folded(transaction.token) if transaction.token is not None else None,
        transaction.token_kind,
        transaction.group,
        transaction.verdict,
        transaction.ended_at,
        transaction.end_reason,
        transaction.end_received_at,
        held(transaction.register_start_wh),
        held(transaction.register_stop_wh),
        *_energy_values(transaction.energy),
        *_parking_values(transaction.parking),
        transaction.last_at,
        held(transaction.power_w),
        held(transaction.soc_percent),
        ranges_text(transaction.seen),
        transaction.last_seq_no,
        transaction.repeat_key,
        ",".join(sorted(transaction.flags)),
        transaction.remote_start,
        transaction.reservation,
        transaction.tariff,
        held(transaction.cost_excl, COST_LARGEST),
        held(transaction.cost_incl, COST_LARGEST),
        transaction.currency,
        transaction.cost_shown_at,
        transaction.updated_at,
    )


def token_folded(uid: str) -> str:
    return uid.strip().casefold()


def _energy_values(energy: EnergyTally) -> Row:
    last = energy.last
    return (
        held(energy.energy_wh) or ZERO,
        last.at if last else None,
        held(last.register_wh) if last else None,
        energy.backwards,
    )


def _parking_values(parking: ParkingTally) -> Row:
    last = parking.last
    return (
        last.state if last else None,
        last.at if last else None,
        last.seq_no if last else None,
        parking.parked // MICROSECOND,
    )


def transaction_from(row: Row) -> Transaction:
    tenant, station, ref, id_, evse, started_at, received_at, connector, token, _ = row[:10]
    token_kind, group, verdict, ended_at, end_reason, end_received_at = row[10:16]
    register_start_wh, register_stop_wh, *energy = row[16:22]
    last_at, power_w, soc_percent, seen, last_seq_no, repeat_key, flags = row[26:33]
    remote_start, reservation, tariff, cost_excl, cost_incl, currency = row[33:39]
    cost_shown_at, updated_at = row[39:]
    return Transaction(
        station=StationKey(tenant, station),
        ref=ref,
        id=id_,
        evse=evse,
        started_at=started_at,
        received_at=received_at,
        connector=connector,
        token=token,
        token_kind=token_kind,
        group=group,
        verdict=verdict,
        ended_at=ended_at,
        end_reason=end_reason,
        end_received_at=end_received_at,
        register_start_wh=register_start_wh,
        register_stop_wh=register_stop_wh,
        energy=_energy_from(*energy),
        parking=_parking_from(*row[22:26]),
        last_at=last_at,
        power_w=power_w,
        soc_percent=soc_percent,
        seen=ranges_from(seen),
        last_seq_no=last_seq_no,
        repeat_key=repeat_key,
        flags=flags_from(flags),
        remote_start=remote_start,
        reservation=reservation,
        tariff=tariff,
        cost_excl=cost_excl,
        cost_incl=cost_incl,
        currency=currency,
        cost_shown_at=cost_shown_at,
        updated_at=updated_at,
    )


def flags_from(text: str) -> frozenset[Flag]:
    return frozenset(Flag(flag) for flag in text.split(",") if flag)


def _energy_from(
    energy_wh: Decimal, at: datetime | None, register_wh: Decimal | None, backwards: bool
) -> EnergyTally:
    if at is None or register_wh is None:
        return EnergyTally(None, energy_wh, backwards)
    return EnergyTally(RegisterPoint(at, register_wh), energy_wh, backwards)


def _parking_from(
    state: str | None, at: datetime | None, seq_no: int | None, parked_us: int
) -> ParkingTally:
    parked = parked_us * MICROSECOND
    if state is None or at is None or seq_no is None:
        return ParkingTally(None, parked)
    return ParkingTally(StatePoint(at, seq_no, ChargingState(state)), parked)


def reading_from(row: Row) -> Reading:
    """From `measurand`, `value`, `at`, `context`, `phase`, `location` and `name`."""
    measurand, value, at, context, phase, location, name = row
    return Reading(
        Measurand(measurand), value, at, Context(context), phase or None, location, name or None
    )


TRANSACTION_SHELF = Shelf[Transaction](
    TRANSACTIONS,
    lambda transaction: (
        transaction.station.tenant,
        transaction.station.station,
        transaction.ref,
    ),
    transaction_row,
    transaction_from,
)
RUNNING_SHELF = Shelf[Running](
    RUNNING,
    lambda running: (running.station.tenant, running.station.station),
    lambda running: (running.station.tenant, running.station.station, list(running.refs)),
    lambda row: Running(StationKey(row[0], row[1]), tuple(row[2])),
)


def _of_one(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Of the transaction that `_named` names."""
    return tuple(table.c[name] == sa.bindparam(name) for name in ("tenant", "station", "ref"))


def _named(transaction: Transaction) -> dict[str, str]:
    station = transaction.station
    return {"tenant": station.tenant, "station": station.station, "ref": transaction.ref}


REGISTERS = sa.select(READINGS.c.at, READINGS.c.value).where(
    *_of_one(READINGS),
    READINGS.c.measurand == int(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER),
    READINGS.c.phase == NOTHING,
    READINGS.c.location == "Outlet",
)
STATES = sa.select(ENTRIES.c.at, ENTRIES.c.seq_no, ENTRIES.c.charging_state).where(
    *_of_one(ENTRIES), ENTRIES.c.charging_state != NOTHING
)
BY_REPEAT_KEY = sa.select(TRANSACTIONS).where(
    *_of_one(TRANSACTIONS)[:2], TRANSACTIONS.c.repeat_key == sa.bindparam("repeat_key")
)
BY_ID = sa.select(TRANSACTIONS).where(
    TRANSACTIONS.c.tenant == sa.bindparam("tenant"), TRANSACTIONS.c.id == sa.bindparam("id")
)
ENDED_AT = sa.select(TRANSACTIONS).where(
    *_of_one(TRANSACTIONS)[:2], TRANSACTIONS.c.ended_at == sa.bindparam("ended_at")
)
PROGRESSED = sa.select(ENTRIES.c.ref).where(
    *_of_one(ENTRIES),
    ENTRIES.c.at == sa.bindparam("at"),
    ENTRIES.c.kind == EntryKind.PROGRESSED.value,
    ENTRIES.c.seq_no == sa.bindparam("seq_no"),
)
RUNNING_WITH = sa.select(TRANSACTIONS.c.station, TRANSACTIONS.c.ref).where(
    TRANSACTIONS.c.tenant == sa.bindparam("tenant"),
    TRANSACTIONS.c.token_folded == sa.bindparam("token_folded"),
    TRANSACTIONS.c.ended_at.is_(None),
)


class SqlTransactionStore:
    """Before a station's transaction is saved, something of that station must have been read."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._running: dict[StationKey, Running] = {}

    async def get(self, station: StationKey, ref: str) -> Transaction | None:
        await self._running_at(station)
        return await self._work.get(TRANSACTION_SHELF, (station.tenant, station.station, ref))

    async def by_repeat_key(self, station: StationKey, repeat_key: str) -> Transaction | None:
        values = {"tenant": station.tenant, "station": station.station, "repeat_key": repeat_key}
        found = await self._work.look_up(TRANSACTION_SHELF, BY_REPEAT_KEY, values)
        await self._running_at(station)
        return found[0] if found else None

    async def by_id(self, tenant: TenantId, transaction: TransactionId) -> Transaction | None:
        values = {"tenant": tenant, "id": transaction}
        found = await self._work.look_up(TRANSACTION_SHELF, BY_ID, values)
        if not found:
            return None
        await self._running_at(found[0].station)
        return found[0]

    async def ended_at(self, station: StationKey, at: datetime) -> list[Transaction]:
        values = {"tenant": station.tenant, "station": station.station, "ended_at": at}
        found = await self._work.look_up(TRANSACTION_SHELF, ENDED_AT, values)
        await self._running_at(station)
        return found

    async def has_progressed(self, of: Transaction, at: datetime, seq_no: int | None) -> bool:
        values = {**_named(of), "at": at, "seq_no": NO_NUMBER if seq_no is None else seq_no}
        return bool(await self._work.fetch(PROGRESSED, values))

    async def running_at(
        self, station: StationKey, evse: EvseNumber | None = None
    ) -> list[Transaction]:
        refs = (await self._running_at(station)).refs
        keys = [(station.tenant, station.station, ref) for ref in refs]
        await self._work.load(TRANSACTION_SHELF, keys)
        running = []
        for key in keys:
            transaction = await self._work.get(TRANSACTION_SHELF, key)
            if transaction is not None and evse in {None, transaction.evse}:
                running.append(transaction)
        return sorted(running, key=lambda transaction: transaction.started_at)

    async def running_count(self, tenant: TenantId, token: str) -> int:
        values = {"tenant": tenant, "token_folded": token_folded(token)}
        running = {(tenant, *row) for row in await self._work.fetch(RUNNING_WITH, values)}
        for key, staged in self._work.staged(TRANSACTION_SHELF).items():
            running.discard(key)
            known_by = (key[0], token_folded(staged.token or "")) if staged else None
            if staged and staged.is_running and known_by == (tenant, token_folded(token)):
                running.add(key)
        return len(running)

    async def registers(self, transaction: Transaction) -> list[RegisterPoint]:
        rows = await self._work.fetch(REGISTERS, _named(transaction))
        return [RegisterPoint(*row) for row in rows]

    async def states(self, transaction: Transaction) -> list[StatePoint]:
        rows = await self._work.fetch(STATES, _named(transaction))
        return [StatePoint(at, seq_no, ChargingState(state)) for at, seq_no, state in rows]

    def save(self, transaction: Transaction) -> None:
        self._work.put(TRANSACTION_SHELF, transaction)
        running = self._running.get(transaction.station)
        assert running is not None, "nothing was read of the station before this was saved"
        noted = running.noted(transaction)
        if noted is not running:
            self._running[transaction.station] = noted
            self._work.put(RUNNING_SHELF, noted)

    def add_readings(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[Reading],
        received_at: datetime,
    ) -> None:
        tenant, name, ref = station.tenant, station.station, ref or NOTHING
        rows = [
            (
                tenant,
                name,
                ref,
                reading.at,
                reading.measurand,
                evse,
                reading.phase or NOTHING,
                reading.location,
                reading.context,
                reading.name or NOTHING,
                value,
                received_at,
            )
            for reading in readings
            if (value := held(reading.value)) is not None
        ]
        self._work.add_all(READINGS, rows, if_new=True)

    def add_entry(self, entry: Entry) -> None:
        row = (
            entry.station.tenant,
            entry.station.station,
            entry.ref,
            entry.at,
            entry.kind,
            NO_NUMBER if entry.seq_no is None else entry.seq_no,
            entry.charging_state or NOTHING,
            entry.detail or NOTHING,
            entry.received_at,
            entry.trigger,
            entry.offline,
        )
        self._work.add(ENTRIES, row, if_new=True)

    async def _running_at(self, station: StationKey) -> Running:
        key = (station.tenant, station.station)
        running = await self._work.get(RUNNING_SHELF, key) or Running(station)
        self._running[station] = running
        return running
