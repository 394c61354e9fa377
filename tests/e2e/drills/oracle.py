"""Nothing acknowledged is lost, nothing is there twice, and no fault ended a transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from unittest import mock

import sqlalchemy as sa

from ricarica.access.model import system_actor
from ricarica.app.examination import examine
from ricarica.app.tables import metadata
from ricarica.app.wiring import Parts, running_node
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.cli.ports import Finding
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.simulator.fleet import Fleet
from ricarica.simulator.journal import Entry
from ricarica.slices import Slices
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.work import Remembered, Work
from ricarica.transactions.model import Transaction
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.transactions.readings import Measurand
from ricarica.transactions.sql import ENTRIES, TRANSACTION_SHELF, TRANSACTIONS
from tests.e2e.drills.charging import TOKENS, acknowledged, running_at_stations

WHATEVER: Any = mock.ANY
# Station, transaction, and what the meter showed when.
Register = tuple[str, str, datetime, Decimal]
Events = Counter[tuple[str, str, int]]  # station, transaction, sequence number


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
    events: Events
    findings: list[Finding]  # of `ricarica doctor data`


async def kept_in(url: str) -> Kept:
    database = open_database(url, metadata)
    try:
        transactions = await transactions_in(database)
        registers = await registers_in(database, transactions)
        findings = await examine(database)
        return Kept(transactions, registers, await events_in(database), findings)
    finally:
        await database.close()


def check(fleet: Fleet, kept: Kept, apart: frozenset[str] = frozenset()) -> None:
    """The stations' own journals against the database, once all is told."""
    entries = [entry for entry in acknowledged(fleet) if entry.station not in apart]
    running = {each for each in running_at_stations(fleet) if each[0] not in apart}
    transactions = [each for each in kept.transactions if each.station.station not in apart]
    check_transactions(entries, running, transactions)
    unanswered = [e for s in fleet.stations for e in s.journal.unacknowledged()]
    events = Counter(each for each in kept.events.elements() if each[0] not in apart)
    check_events(events_of(entries), events_of(unanswered), events)
    told: set[Any] = {each for entry in entries for each in told_registers(entry)}
    assert told <= kept.registers, f"lost: {sorted(told - kept.registers)[:5]}"
    assert fleet.dropped == 0, "a station was refused so often that it gave up"
    assert transactions, "nobody charged"
    assert told, "nobody told a register"
    assert kept.findings == []


async def transactions_in(database: OpenDatabase) -> list[Transaction]:
    work = Work(database, Remembered(SystemClock().monotonic))
    return await work.find(TRANSACTION_SHELF, TRANSACTIONS.c.tenant == DEFAULT_TENANT)


async def registers_in(
    database: OpenDatabase, transactions: Iterable[Transaction]
) -> set[Register]:
    queries = TransactionQueries(database)
    measurands = {Measurand.ENERGY_ACTIVE_IMPORT_REGISTER}
    return {
        (each.station.station, each.ref, reading.at, reading.value)
        for each in transactions
        for reading in await queries.readings(each, measurands)
        if reading.phase is None
    }


async def events_in(database: OpenDatabase) -> Events:
    columns = ENTRIES.c
    query = sa.select(columns.station, columns.ref, columns.seq_no).where(columns.seq_no >= 0)
    return Counter((station, ref, seq_no) for station, ref, seq_no in await database.fetch(query))


def check_transactions(
    entries: list[Entry], running: set[tuple[str, str]], kept: list[Transaction]
) -> None:
    """One for each that a station began; open where the station's is, ended where it ended."""
    began = [e for e in entries if is_of(e, "StartTransaction", "Started")]
    ended = {place(e): e for e in entries if is_of(e, "StopTransaction", "Ended")}
    assert Counter((t.station.station, t.ref) for t in kept) == Counter(map(place, began))
    is_open = {(t.station.station, t.ref) for t in kept if t.is_running}
    assert is_open == running
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


def check_events(told: Events, unanswered: Events, kept: Events) -> None:
    """Of 2.x: each number once. Who went before the answer came was heard all the same."""
    assert not told - kept, f"lost: {told - kept}"
    invented = kept - told - unanswered
    assert not invented, f"not told, or twice: {invented}"


def events_of(entries: Iterable[Entry]) -> Events:
    return Counter(
        (entry.station, ref_of(entry), int(entry.payload["seqNo"]))
        for entry in entries
        if entry.kind == "TransactionEvent"
    )


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
