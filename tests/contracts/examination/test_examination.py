"""A healthy database is found well; each thing that must never be, is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ricarica.access.model import KEY_SIGN
from ricarica.app.examination import INVARIANTS, examine
from ricarica.cli.ports import Finding
from ricarica.engine.sql import MESSAGES, NODES, OUTBOX, PUT_ASIDE
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V201
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.storage.database import Add, Run
from ricarica.storage.open import OpenDatabase
from ricarica.testing.world import World, world
from ricarica.transactions.sql import ENTRIES, RUNNING, SAMPLES, TRANSACTIONS
from tests.contracts.examination.lived import EIGHT, event, lived_in

LIGURIA = (TRANSACTIONS.c.station == "LIGURIA-1", TRANSACTIONS.c.ended_at.is_not(None))


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as empty:
        yield await lived_in(empty)


@pytest.fixture
async def everywhere(migrated: OpenDatabase) -> World:
    """The same on every database."""
    network = World(migrated, StationPolicy(unknown=UnknownStations.ACCEPT))
    await network.begin()
    return await lived_in(network)


async def found(network: World) -> list[Finding]:
    return await examine(network.database)


async def test_what_stations_told_agrees_with_itself(everywhere: World) -> None:
    assert await found(everywhere) == []


async def test_what_is_wrong_is_found_in_every_database(everywhere: World) -> None:
    await everywhere.database.commit([Run(sa.update(TRANSACTIONS).values(energy_wh=Decimal(-1)))])

    assert {finding.check for finding in await found(everywhere)} == {"I4", "I5", "I6"}


ENDED = sa.update(TRANSACTIONS).where(*LIGURIA)
RUNS = sa.update(TRANSACTIONS).where(TRANSACTIONS.c.ended_at.is_(None))
STATION = sa.update(STATIONS).where(STATIONS.c.station == "GENOVA-1")
CONNECTOR = sa.update(CONNECTORS).where(CONNECTORS.c.station == "GENOVA-1", CONNECTORS.c.evse == 1)
OF_LIGURIA = (SAMPLES.c.station == "LIGURIA-1", SAMPLES.c.at == EIGHT + timedelta(minutes=30))
LATE = EIGHT + timedelta(days=1)

BROKEN: dict[str, tuple[str, sa.sql.dml.UpdateBase]] = {
    "energy nobody measured": ("I6", ENDED.values(energy_wh=Decimal(4_001))),
    "a reading that is lost": ("I6", sa.delete(SAMPLES).where(*OF_LIGURIA)),
    "energy below nothing": ("I5", ENDED.values(energy_wh=Decimal(-1))),
    "energy that cannot be": ("I5", ENDED.values(energy_wh=Decimal(10_000_000))),
    "an end before its start": ("I5", ENDED.values(ended_at=EIGHT - timedelta(minutes=1))),
    "a cost of nothing": ("I4", ENDED.values(cost_incl=Decimal("2.01"))),
    "no cost in spite of a tariff": ("I4", ENDED.values(cost_incl=None)),
    "a cost without a tariff": ("I4", ENDED.values(tariff=None)),
    "parking nobody told": ("I6", ENDED.values(parked_us=1)),
    "an end without a reason": ("I7", ENDED.values(end_reason=None)),
    "an end that was told and is not there": (
        "I7",
        ENDED.values(ended_at=None, end_received_at=None),
    ),
    "an end nobody told": (
        "I7",
        sa.delete(ENTRIES).where(ENTRIES.c.kind == "ended", ENTRIES.c.station == "GENOVA-1"),
    ),
    "an end of ours without a note": ("I18", ENDED.values(end_received_at=None)),
    "an event that is lost": ("I1", sa.delete(ENTRIES).where(ENTRIES.c.seq_no == 1)),
    "an event that was not counted": ("I6", ENDED.values(seen="0-1", last_seq_no=1)),
    "a gap nobody sees": ("I6", ENDED.values(flags="gap")),
    "a start that was told, and flagged as missing": ("I6", ENDED.values(flags="orphan")),
    "a beginning nobody told": ("I6", ENDED.values(started_at=EIGHT - timedelta(minutes=9))),
    "a flag nobody knows": ("I1", ENDED.values(flags="bewitched")),
    "a number that means none": ("I8", RUNS.values(ref="-1")),
    "a transaction that is lost": ("I1", sa.delete(TRANSACTIONS).where(*LIGURIA)),
    "one start, two transactions": (
        "I3",
        sa.update(TRANSACTIONS).values(repeat_key="the same", station="GENOVA-1"),
    ),
    "a list without what runs": ("I6", sa.delete(RUNNING)),
    "an unknown tenant": ("I12", STATION.values(tenant="nobody")),
    "a connection never made": ("I10", STATION.values(epoch=0)),
    "a connection at no node": ("I10", STATION.values(node="gone")),
    "a node of one that is not connected": ("I10", STATION.values(connected=False, node="gone")),
    "a connector of no station": ("I12", CONNECTOR.values(station="NOWHERE-1")),
    "a status of a later connection": ("I13", CONNECTOR.values(epoch=99)),
    "a status there is not": ("I13", CONNECTOR.values(status="bewitched")),
    "a status other than the last": ("I13", CONNECTOR.values(status="faulted")),
    "no outcome": ("I9", sa.update(MESSAGES).values(outcome="")),
    "an answer before the question": ("I9", sa.update(MESSAGES).values(duration_ms=-1)),
    "one message of ours, many outcomes": (
        "I9",
        sa.update(MESSAGES).values(from_station=False, message_id="17"),
    ),
    "a start with two numbers": (
        "I8",
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id
            == sa.select(sa.func.min(MESSAGES.c.id))
            .where(MESSAGES.c.action == "StartTransaction")
            .scalar_subquery()
        )
        .values(response='{"transactionId": 4711}'),
    ),
    "a password in the log": (
        "I17",
        sa.update(MESSAGES).values(
            action="SetVariables",
            request='{"setVariableData":[{"attributeValue":"secret",'
            '"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}',
        ),
    ),
    "an API key in an event": (
        "I17",
        sa.update(OUTBOX).values(kind="X", body=f'{{"key": "{KEY_SIGN}{"a" * 43}"}}'),
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_what_must_never_be_is_found(network: World, broken: str) -> None:
    invariant, damage = BROKEN[broken]

    await network.database.commit([Run(damage)])

    findings = await found(network)
    assert invariant in {finding.check for finding in findings}
    assert all(each.check in INVARIANTS for each in findings)
    assert all(each.row and each.row in each.text and each.remedy for each in findings)


async def test_a_connection_at_a_node_that_is_there_is_well(network: World) -> None:
    node = ("north", "gateway", EIGHT, EIGHT)
    await network.database.commit([Add(NODES, node), Run(STATION.values(node="north"))])

    assert await found(network) == []


@pytest.mark.parametrize("last", [-1, 0])
async def test_a_station_that_begins_to_count_at_minus_one_has_lost_nothing(
    network: World, last: int
) -> None:
    station = await network.station("ALBA-1", V201)
    for number in range(-1, last + 1):
        kind = "Updated" if number > -1 else "Started"
        said = event(kind, number + 1, number, 1_000, "Charging")
        await network.teller(station).call("TransactionEvent", said)

    assert await found(network) == []


async def test_what_was_put_aside_is_missing_nowhere_else(network: World) -> None:
    [(message_at,)] = await network.database.fetch(
        sa.select(MESSAGES.c.at).where(MESSAGES.c.action == "StopTransaction")
    )
    aside = (DEFAULT_TENANT, "GENOVA-1", 1, message_at, "StopTransaction", "{}", "KeyError: 1")
    lost = '{"transactionId": 4711}'
    await network.database.commit(
        [
            Run(
                sa.update(MESSAGES)
                .where(MESSAGES.c.action == "StopTransaction")
                .values(request=lost)
            )
        ]
    )
    assert [finding.check for finding in await found(network)] == ["I1"]

    await network.database.commit([Add(PUT_ASIDE, aside)])

    assert await found(network) == []


async def test_readings_that_may_have_been_thrown_away_are_not_missed(network: World) -> None:
    await network.database.commit([Run(sa.delete(SAMPLES))])

    assert await examine(network.database, readings_since=LATE) == []
