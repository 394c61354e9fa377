"""The server is killed again and again while stations charge; nothing acknowledged is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa

from ricarica.access.model import system_actor
from ricarica.app.config import Config
from ricarica.app.tables import metadata
from ricarica.app.wiring import Parts, running_node
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.simulator.fleet import Fleet, FleetOptions, invented_tokens
from ricarica.simulator.journal import Entry
from ricarica.slices import Slices
from ricarica.stations.model import UnknownStations
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.work import Remembered, Work
from ricarica.testing.postgres import postgres_server
from ricarica.transactions.model import Transaction
from ricarica.transactions.readings import Measurand
from ricarica.transactions.sql import ENTRIES, READINGS, TRANSACTION_SHELF, TRANSACTIONS
from tests.e2e.killed import Forked, soon

SEED = 20261122
STATIONS = 10  # five of 1.6, three of 2.0.1, two of 2.1
TOKENS = invented_tokens(SEED, 40)
ACKS_MAX = 16  # acknowledged between two kills: half a second's worth
LATER_S = 0.05  # after that, at most: in the middle of something else
FAST = {
    "sample_interval": "1",
    "back_off_wait": "0",
    "back_off_range": "1",
    "back_off_repeats": "0",
}
WHATEVER: Any = mock.ANY
# Station, transaction, and what the meter showed when.
Register = tuple[str, str, datetime, Decimal]


@asynccontextmanager
async def charging(url: str) -> AsyncIterator[Fleet]:
    """A fleet in use, whose transactions stay open when it goes."""
    options = FleetOptions(
        url,
        SystemClock().now,
        stations=STATIONS,
        seed=SEED,
        busy=Decimal(1),
        speed=Decimal(500),
        tokens=TOKENS,
        ends_visits=False,
    )
    fleet = Fleet(options)
    for station in fleet.stations:
        station.settings.override(FAST)
    stop = asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    try:
        yield fleet
    finally:
        stop.set()
        await running


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


async def kill_often(server: Forked, fleet: Fleet, times: int) -> None:
    rng = Random(SEED)
    for _ in range(times):
        enough = fleet.acked + rng.randrange(ACKS_MAX)
        await soon(partial(has_acked, fleet, enough), lambda: str(fleet.counts()))
        await asyncio.sleep(rng.uniform(0, LATER_S))
        await server.kill()
        await server.start()


def has_acked(fleet: Fleet, enough: int) -> bool:
    return fleet.acked >= enough


async def come_to_rest(fleet: Fleet) -> None:
    """Every station is back, drivers stay as they are, and all that was queued is told."""
    for client in fleet.clients:
        client.drivers = ()
    for station in fleet.stations:
        station.settings.override({"sample_interval": "0"})
    await soon(
        lambda: all(each.online and each.is_accepted and each.is_idle for each in fleet.stations),
        lambda: str(fleet.counts()),
    )


# What the database says


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


# What the stations were told is kept


def acknowledged(fleet: Fleet) -> list[Entry]:
    return [entry for station in fleet.stations for entry in station.journal.acknowledged()]


def ref_of(entry: Entry) -> str:
    payload, answer = entry.payload, entry.answer or {}
    if entry.kind == "TransactionEvent":
        return str(payload["transactionInfo"]["transactionId"])
    return str(payload.get("transactionId", answer.get("transactionId")))


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


def running_at_stations(fleet: Fleet) -> set[tuple[str, str]]:
    return {
        (station.identity, str(running.number if station.dialect.family == "v16" else running.ref))
        for station in fleet.stations
        for number in station.evses
        if (running := station.transaction(number)) is not None
    }


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
        start = starts[here]
        assert transaction.started_at == instant(start["timestamp"])
        assert in_whole_wh(transaction.register_start_wh) == start.get("meterStart", WHATEVER)
        if not transaction.is_running:
            end = ended[here].payload
            assert transaction.ended_at == instant(end["timestamp"])
            assert in_whole_wh(transaction.register_stop_wh) == end.get("meterStop", WHATEVER)
            assert transaction.is_complete, transaction


def in_whole_wh(register_wh: Decimal | None) -> int | None:
    """As 1.6 tells it, whose readings tell the same register more exactly."""
    return None if register_wh is None else int(register_wh)


def place(entry: Entry) -> tuple[str, str]:
    return entry.station, ref_of(entry)


def check_events(fleet: Fleet, kept: Counter[tuple[str, str, int]]) -> None:
    """Of 2.x: each number once."""
    told = Counter(
        (entry.station, ref_of(entry), int(entry.payload["seqNo"]))
        for entry in acknowledged(fleet)
        if entry.kind == "TransactionEvent"
    )
    assert kept == told


DATABASES = [
    pytest.param("sqlite", 20, id="20 times on SQLite", marks=pytest.mark.slow),
    pytest.param(
        "postgresql",
        3,
        id="3 times on PostgreSQL",
        marks=[pytest.mark.slow, pytest.mark.postgresql],
    ),
]


@asynccontextmanager
async def database_url(kind: str, folder: Path) -> AsyncIterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ricarica.db"
        return
    with postgres_server() as postgres:
        yield await postgres.new_database()


@pytest.mark.parametrize("kind, times", DATABASES)
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    kind: str, times: int, tmp_path: Path
) -> None:
    async with database_url(kind, tmp_path) as url:
        await prepare(url)
        fleet, server = await _killed(url, times, tmp_path)
        database = open_database(url, metadata)
        kept = await transactions_in(database)
        registers = await registers_in(database)
        events = await events_in(database)
        await database.close()

    check_transactions(fleet, kept)
    check_events(fleet, events)
    told: set[Any] = {each for entry in acknowledged(fleet) for each in told_registers(entry)}
    assert told <= registers, sorted(told - registers)[:5]
    assert fleet.dropped == 0
    assert kept
    assert len(told) >= times * 5
    assert '"level":"error"' not in server.complaints()


async def _killed(url: str, times: int, folder: Path) -> tuple[Fleet, Forked]:
    config = Config(
        data=folder,
        station_host="127.0.0.1",
        station_port=0,
        station_tls_port=0,
        http_host="127.0.0.1",
        http_port=0,
        database_url=url,
        unknown_stations=UnknownStations.ACCEPT,
        admin_password="charge-me-up-1",
    )
    server = Forked(config, folder / "log")
    try:
        await server.start()
        async with charging(server.url) as fleet:
            await soon(lambda: fleet.counts().accepted == STATIONS, lambda: str(fleet.counts()))
            await kill_often(server, fleet, times)
            await come_to_rest(fleet)
            running = running_at_stations(fleet)
        await server.stop()
    finally:
        await server.stop()
    assert running, "nobody charged any more when it was over"
    return fleet, server
