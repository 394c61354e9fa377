"""What a station's message meets between its decoding and its answer, on a network in memory."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.engine.dispatch import Routes
from ricarica.engine.sql import MESSAGES, PUT_ASIDE
from ricarica.kernel.errors import InvalidError, StorageUnavailableError
from ricarica.ocpp.dialects import V16, V201
from ricarica.storage.database import Staged
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, key_of, world

AT = "2026-03-02T08:00:00Z"
START = {"connectorId": 1, "idTag": "04AA", "meterStart": 0, "timestamp": AT}
STOP = {"transactionId": 7, "meterStop": 5, "timestamp": AT}


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


@pytest.fixture
async def teller(network: World) -> Teller:
    return network.teller(await network.station("CP-1", V16))


def break_handler(
    network: World,
    action: str,
    dialect: str = "1.6",
    error: Exception | None = None,
) -> None:
    """From now on the handler of that action has a fault."""

    async def handle(*_: Any) -> None:
        raise error or ZeroDivisionError("secret insides")

    routes: Routes = network.engine.dispatcher.routes
    mine: Mapping[str, Any] = routes[dialect]
    broken = {**mine, action: replace(mine[action], handle=handle)}
    network.engine.dispatcher.routes = {**routes, dialect: broken}


async def put_aside(network: World) -> list[tuple[Any, ...]]:
    columns = PUT_ASIDE.c
    return await network.database.fetch(sa.select(columns.action, columns.payload, columns.why))


async def test_a_fact_that_a_fault_of_ours_meets_is_kept_and_answered(
    network: World, teller: Teller
) -> None:
    break_handler(network, "StopTransaction")

    answer = await teller.call_raw("StopTransaction", STOP)

    assert (answer[0], answer[2]) == (3, {})  # or the station would try again, and then delete it
    [(action, payload, why)] = await put_aside(network)
    assert (action, why) == ("StopTransaction", "ZeroDivisionError: secret insides")
    assert '"meterStop": 5' in payload


async def test_a_question_that_a_fault_of_ours_meets_is_refused_without_our_insides(
    network: World, teller: Teller
) -> None:
    break_handler(network, "Authorize")

    kind, _, code, description, details = await teller.call_raw("Authorize", {"idTag": "04AA"})

    assert (kind, code, details) == (4, "InternalError", {})
    assert "secret" not in description
    assert await put_aside(network) == []
    assert (await teller.call_raw("Heartbeat", {}))[0] == 3


async def test_a_value_that_nobody_can_store_is_no_fault_of_ours(
    network: World, teller: Teller
) -> None:
    absurd = InvalidError("secrets.insides cannot hold a value")
    break_handler(network, "Authorize", error=absurd)
    break_handler(network, "StopTransaction", error=absurd)

    question = await teller.call_raw("Authorize", {"idTag": "04AA"})
    fact = await teller.call_raw("StopTransaction", STOP)

    assert (question[2], "insides" in question[3]) == ("PropertyConstraintViolation", False)
    assert (fact[0], fact[2]) == (3, {})
    assert [action for action, _, _ in await put_aside(network)] == ["StopTransaction"]


async def test_one_stations_fault_is_no_other_stations(network: World, teller: Teller) -> None:
    other = network.teller(await network.station("CP-2", V201))
    break_handler(network, "Heartbeat")

    assert (await teller.call_raw("Heartbeat", {}))[0] == 4
    assert (await other.call_raw("Heartbeat", {}))[0] == 3


async def test_when_nothing_can_be_committed_the_station_keeps_its_record(
    network: World, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(staged: list[Staged]) -> None:
        raise StorageUnavailableError("the disk is full")

    frames = network.frames[key_of(teller.station).station]
    before = len(frames.to_station)
    with monkeypatch.context() as away:
        away.setattr(network.database, "commit", refuse)
        assert await unanswered(teller, "StartTransaction", START)
    assert frames.to_station[before:] == []
    assert not teller.station.online  # sent away, so that it queues

    await network.connect(teller.station)
    assert (await teller.call("StartTransaction", START))["transactionId"] > 0
    assert len(await network.transactions(teller.station)) == 1


async def test_what_comes_over_a_connection_that_gave_way_changes_nothing(
    network: World, teller: Teller
) -> None:
    engine, key = network.engine, key_of(teller.station)
    epoch = engine.live.epoch(key)
    engine.live.opened(key, (epoch or 0) + 1, "ocpp1.6")

    assert await unanswered(teller, "StartTransaction", START)

    assert await network.transactions(teller.station) == []


async def test_every_call_is_logged_with_its_answer_and_without_secrets(
    network: World, teller: Teller
) -> None:
    await teller.call("StartTransaction", START)
    await teller.call_raw("Dance", {"x": 1})

    columns = MESSAGES.c
    rows = await network.database.fetch(
        sa.select(columns.action, columns.outcome, columns.request, columns.response)
        .where(columns.action.in_(["StartTransaction", "Dance"]))
        .order_by(columns.id)
    )
    assert [row[:2] for row in rows] == [
        ("StartTransaction", "answered"),
        ("Dance", "NotImplemented"),
    ]
    assert '"transactionId"' in rows[0][3]
    assert network.engine.dispatcher.counts.by_outcome[("unknown", "NotImplemented")] == 1


async def unanswered(teller: Teller, action: str, payload: Mapping[str, Any]) -> bool:
    """Whether no answer came, as far as the wire can tell."""
    try:
        await teller.call_raw(action, payload)
    except RuntimeError as error:
        # What leaves a coroutine as StopIteration arrives as a RuntimeError.
        return isinstance(error.__cause__, StopIteration)
    return False
