"""Nothing acknowledged is lost, nothing is there twice, and no fault ended a transaction."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest import mock

import sqlalchemy as sa

from ricarica.access.model import system_actor
from ricarica.app.tables import metadata
from ricarica.app.wiring import Parts, running_node
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.simulator.fleet import Fleet
from ricarica.simulator.journal import Entry
from ricarica.slices import Slices
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.work import Remembered, Work
from ricarica.transactions.model import Transaction
from ricarica.transactions.readings import Measurand
from ricarica.transactions.sql import ENTRIES, READINGS, TRANSACTION_SHELF, TRANSACTIONS
from tests.e2e.drills.charging import TOKENS, acknowledged, running_at_stations

WHATEVER: Any = mock.ANY
# Station, transaction, and what the meter showed when.
Register = tuple[str, str, datetime, Decimal]


async def prepare(url: str) -> None:
    """A database that knows the tokens."""
    database = open_database(url, metadata)
    await database.migrate()
    async with running_node(Parts(database)) as node:
        await node.engine.carry_out(system_actor(DEFAULT_TENANT), add_tokens)
    await database.close()


async def add_tokens(slices: Slices) -> None:
    for token in TOKENS:
        kind, status = TokenKind.ISO14443, TokenStatus.ACTIVE
        await slices.authorization.add(
            Token(DEFAULT_TENANT, token.uid, kind, status, created_at=slices.now)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database has."""

    transactions: list[Transaction]
    registers: set[Register]
    events: Counter[tuple[str, str, int]]


async def kept_in(url: str) -> Kept:
    database = open_database(url, metadata)
    try:
        return Kept(
            await transactions_in(database),
            await registers_in(database),
            await events_in(database),
        )
    finally:
        await database.close()


def check(fleet: Fleet, kept: Kept) -> None:
    """The stations' own journals against the database, once all is told."""
    check_transactions(fleet, kept.transactions)
    check_events(fleet, kept.events)
    told: set[Any] = {each for entry in acknowledged(fleet) for each in told_registers(entry)}
    assert told <= kept.registers, f"lost: {sorted(told - kept.registers)[:5]}"
    assert fleet.dropped == 0, "a station was refused so often that it gave up"
    assert kept.transactions, "nobody charged"
    assert told, "nobody told a register"


async def transactions_in(database: OpenDatabase) -> list[Transaction]:
    work = Work(database, Remembered(SystemClock().monotonic))
    return await work.find(TRANSACTION_SHELF, TRANSACTIONS.c.tenant == DEFAULT_TENANT)


async def registers_in(database: OpenDatabase) -> set[Register]:
    columns = READINGS.c
    query = sa.select(columns.station, columns.ref, columns.at, columns.value).where(
        columns.measurand == Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, columns.phase == ""
    )
    return {(station, ref, at, value) for station, ref, at, value in await database.fetch(query)}


async def events_in(database: OpenDatabase) -> Counter[tuple[str, str, int]]:
    columns = ENTRIES.c
    query = sa.select(columns.station, columns.ref, columns.seq_no).where(columns.seq_no >= 0)
    return Counter((station, ref, seq_no) for station, ref, seq_no in await database.fetch(query))


def check_transactions(fleet: Fleet, kept: list[Transaction]) -> None:
    """One for each that a station began; open where the station's is, ended where it ended."""
    entries = acknowledged(fleet)
    began = [e for e in entries if is_of(e, "StartTransaction", "Started")]
    ended = {place(e): e for e in entries if is_of(e, "StopTransaction", "Ended")}
    assert Counter((t.station.station, t.ref) for t in kept) == Counter(map(place, began))
    is_open = {(t.station.station, t.ref) for t in kept if t.is_running}
    assert is_open == running_at_stations(fleet)
    assert {(t.station.station, t.ref) for t in kept if not t.is_running} == set(ended)
    starts = {place(entry): entry.payload for entry in began}
    for transaction in kept:
        here = (transaction.station.station, transaction.ref)
        check_start(transaction, starts[here])
        if not transaction.is_running:
            check_end(transaction, ended[here].payload)


def check_start(transaction: Transaction, start: dict[str, Any]) -> None:
    assert transaction.started_at == instant(start["timestamp"])
    assert in_whole_wh(transaction.register_start_wh) == start.get("meterStart", WHATEVER)


def check_end(transaction: Transaction, end: dict[str, Any]) -> None:
    assert transaction.ended_at == instant(end["timestamp"])
    assert in_whole_wh(transaction.register_stop_wh) == end.get("meterStop", WHATEVER)
    assert transaction.is_complete, transaction


def check_events(fleet: Fleet, kept: Counter[tuple[str, str, int]]) -> None:
    """Of 2.x: each number once."""
    told = Counter(
        (entry.station, ref_of(entry), int(entry.payload["seqNo"]))
        for entry in acknowledged(fleet)
        if entry.kind == "TransactionEvent"
    )
    assert kept == told


# What the stations were told is kept


def ref_of(entry: Entry) -> str:
    payload, answer = entry.payload, entry.answer or {}
    if entry.kind == "TransactionEvent":
        return str(payload["transactionInfo"]["transactionId"])
    return str(payload.get("transactionId", answer.get("transactionId")))


def place(entry: Entry) -> tuple[str, str]:
    return entry.station, ref_of(entry)


def is_of(entry: Entry, action: str, event: str) -> bool:
    return entry.kind == action or entry.payload.get("eventType") == event


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told_registers(entry: Entry) -> Iterator[Register]:
    payload = entry.payload
    values = payload.get("meterValue", payload.get("transactionData", []))
    for value in values:
        for sampled in value["sampledValue"]:
            if sampled.get("measurand", "").endswith("Import.Register") and "phase" not in sampled:
                number = Decimal(str(sampled["value"]))
                yield entry.station, ref_of(entry), instant(value["timestamp"]), number


def in_whole_wh(register_wh: Decimal | None) -> int | None:
    """As 1.6 tells it, whose readings tell the same register more exactly."""
    return None if register_wh is None else int(register_wh)
