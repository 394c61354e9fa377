"""The framework of OCPP-J under all messages: what is answered, and what never is."""

import json

import pytest
import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES
from ricarica.ocpp.dialects import V21, Dialect
from ricarica.stations.commands import Outcome, Reset
from ricarica.testing.world import World
from tests.conformance.peer import ALL, Peer, booted

STREAM = {
    "id": 1,
    "pending": 0,
    "basetime": "2026-01-01T12:00:00.000Z",
    "data": [{"t": 0, "v": "1"}],
}


async def outcomes(network: World) -> list[str]:
    """Of everything in the log of messages."""
    return [outcome for (outcome,) in await network.database.fetch(sa.select(MESSAGES.c.outcome))]


def frames_of_type(peer: Peer, kind: int) -> list[list[object]]:
    texts = peer.network.frames[peer.key].to_station
    return [frame for frame in map(json.loads, texts) if frame[0] == kind]


@pytest.mark.parametrize("dialect", ALL, ids=str)
async def test_an_answer_that_nobody_can_read_is_rejected_where_there_are_words_for_it(
    network: World, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)

    result = await peer.answered_badly(network.tell(peer.station, Reset()), {"statuss": 1})
    again = await peer.obeys(network.tell(peer.station, Reset()), {"status": "Accepted"})

    rejected = frames_of_type(peer, 5)
    assert result.outcome is Outcome.UNKNOWN
    assert again[2].outcome is Outcome.ACCEPTED
    assert [frame[2] for frame in rejected] == (
        ["OccurrenceConstraintViolation"] if dialect is V21 else []
    )


async def test_a_station_that_rejects_our_answer_is_heard(network: World) -> None:
    peer = await booted(network, V21)

    await peer.utters('[5,"told-1-1","FormatViolation","no such tariff",{}]')

    assert "result_refused" in await outcomes(network)
    assert await peer.says("Heartbeat")


@pytest.mark.parametrize("action", ["NotifyPeriodicEventStream", "Dance", "Heartbeat"])
async def test_what_is_sent_without_asking_for_an_answer_never_gets_one(
    network: World, action: str
) -> None:
    peer = await booted(network, V21)

    await peer.sends(action, STREAM)

    assert await peer.says("Heartbeat")


@pytest.mark.parametrize("dialect", ALL[:2], ids=str)
async def test_before_2_1_there_is_nothing_without_an_answer(
    network: World, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)

    await peer.utters(json.dumps([6, "sent-1", "NotifyPeriodicEventStream", STREAM]))

    assert not frames_of_type(peer, 3)[1:], "only the boot was answered"
    assert await peer.says("Heartbeat")
