"""The store."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, StationKey, TenantId, TransactionId
from ricarica.storage.shelf import Key
from ricarica.storage.work import Work
from ricarica.transactions.facts import SignedReading
from ricarica.transactions.model import (
    Arrangement,
    ChargingState,
    Entry,
    EntryKind,
    RegisterPoint,
    StatePoint,
    Transaction,
)
from ricarica.transactions.ports import Place
from ricarica.transactions.readings import Measurand, Reading
from ricarica.transactions.sql.rows import (
    RUNNING_SHELF,
    TRANSACTION_SHELF,
    Running,
    token_folded,
)
from ricarica.transactions.sql.samples import sample_rows
from ricarica.transactions.sql.tables import (
    ENTRIES,
    NO_NUMBER,
    NOTHING,
    READINGS,
    SAMPLES,
    SIGNED,
    TRANSACTIONS,
)


def _of_one(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Of the transaction that `_named` names."""
    return tuple(table.c[name] == sa.bindparam(name) for name in ("tenant", "station", "ref"))


def _digest(data: str) -> int:
    """63 bits of what was signed: the same again is a repeat."""
    return int.from_bytes(blake2b(data.encode(), digest_size=8).digest(), "big") >> 1


def _named(transaction: Transaction) -> dict[str, str]:
    station = transaction.station
    return {"tenant": station.tenant, "station": station.station, "ref": transaction.ref}


REGISTERS = sa.union_all(
    sa.select(SAMPLES.c.at, SAMPLES.c.register_wh).where(
        *_of_one(SAMPLES), SAMPLES.c.register_wh.is_not(None)
    ),
    sa.select(READINGS.c.at, READINGS.c.value).where(
        *_of_one(READINGS),
        READINGS.c.measurand == int(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER),
        READINGS.c.phase == NOTHING,
        READINGS.c.location == "Outlet",
    ),
)
STATES = sa.select(ENTRIES.c.at, ENTRIES.c.seq_no, ENTRIES.c.charging_state).where(
    *_of_one(ENTRIES), ENTRIES.c.charging_state != NOTHING
)
# Each half by an index of its own, whatever a database thinks of the size of the table.
ALIKE = sa.union_all(
    sa.select(TRANSACTIONS).where(
        *_of_one(TRANSACTIONS)[:2], TRANSACTIONS.c.repeat_key == sa.bindparam("repeat_key")
    ),
    sa.select(TRANSACTIONS).where(*_of_one(TRANSACTIONS)),
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
CHARGING = (
    sa.select(TRANSACTIONS.c.tenant, TRANSACTIONS.c.station)
    .distinct()
    .where(TRANSACTIONS.c.ended_at.is_(None))
)


class SqlTransactionStore:
    """Before a station's transaction is saved, something of that station must have been read."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._running: dict[StationKey, Running] = {}

    async def get(self, station: StationKey, ref: str) -> Transaction | None:
        await self._running_at(station)
        return await self._work.get(TRANSACTION_SHELF, (station.tenant, station.station, ref))

    async def alike(self, station: StationKey, repeat_key: str, ref: str) -> list[Transaction]:
        values = {"repeat_key": repeat_key, "ref": ref}
        values |= {"tenant": station.tenant, "station": station.station}
        found = await self._work.look_up(TRANSACTION_SHELF, ALIKE, values)
        await self._running_at(station)
        return found

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
        return len(await self._with_token(tenant, token))

    async def running_with(self, tenant: TenantId, token: str) -> list[Transaction]:
        keys = sorted(await self._with_token(tenant, token))
        await self._work.load(TRANSACTION_SHELF, keys)
        return [each for key in keys if (each := await self._work.get(TRANSACTION_SHELF, key))]

    async def charging(self) -> list[StationKey]:
        return [StationKey(*row) for row in await self._work.fetch(CHARGING)]

    async def _with_token(self, tenant: TenantId, token: str) -> set[Key]:
        values = {"tenant": tenant, "token_folded": token_folded(token)}
        running = {(tenant, *row) for row in await self._work.fetch(RUNNING_WITH, values)}
        for key, staged in self._work.staged(TRANSACTION_SHELF).items():
            running.discard(key)
            known_by = (key[0], token_folded(staged.token or "")) if staged else None
            if staged and staged.is_running and known_by == (tenant, token_folded(token)):
                running.add(key)
        return running

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
        rows = sample_rows(station, evse, ref, readings, received_at)
        self._work.add_all(SAMPLES, rows, if_new=True)

    def add_signed(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[SignedReading],
        received_at: datetime,
    ) -> None:
        where = (station.tenant, station.station, ref or NOTHING)
        for reading in readings:
            row = (
                *where,
                reading.at,
                _digest(reading.data),
                evse,
                reading.context,
                reading.method,
                reading.encoding,
                reading.data,
                reading.public_key,
                received_at,
            )
            self._work.add(SIGNED, row, if_new=True)

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

    async def arranged(self, station: StationKey) -> tuple[Arrangement, ...]:
        return (await self._running_at(station)).arranged

    def arrange(self, station: StationKey, arranged: tuple[Arrangement, ...]) -> None:
        running = dataclasses.replace(self._running[station], arranged=arranged)
        self._running[station] = running
        self._work.put(RUNNING_SHELF, running)

    async def silent(self, since: datetime, until: datetime, most: int) -> list[Transaction]:
        columns = TRANSACTIONS.c
        is_silent = (columns.updated_at >= since, columns.updated_at < until)
        query = sa.select(TRANSACTIONS).where(columns.ended_at.is_(None), *is_silent).limit(most)
        return [each for each in await self._looked_up(query) if each.is_running]

    async def bounded(self, behind: Place, most: int) -> list[Transaction]:
        columns = TRANSACTIONS.c
        has_terms = (columns.ended_at.is_(None), columns.terms.is_not(None))
        place = (columns.tenant, columns.station, columns.ref)
        follows = sa.tuple_(*place) > sa.tuple_(*map(sa.literal, behind))
        query = sa.select(TRANSACTIONS).where(*has_terms, follows).order_by(*place)
        return await self._looked_up(query.limit(most))

    async def _looked_up(self, query: sa.Select[Any]) -> list[Transaction]:
        """As this batch would change them: some may be over by then."""
        found = await self._work.look_up(TRANSACTION_SHELF, query)
        for transaction in found:
            await self._running_at(transaction.station)
        return found

    async def _running_at(self, station: StationKey) -> Running:
        key = (station.tenant, station.station)
        running = await self._work.get(RUNNING_SHELF, key) or Running(station)
        self._running[station] = running
        return running
