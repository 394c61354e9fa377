"""What becomes of commands, beyond what the stories of `tests/stories/test_commands.py` tell."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from ricarica.engine.message_log import TEXT_MAX
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.errors import InvalidError
from ricarica.link.letters import Ask, Told
from ricarica.link.letters import Outcome as Reached
from ricarica.ocpp.dialects import V21
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Reset, Topic, Trigger
from ricarica.testing.world import World, key_of, world
from ricarica.transactions.commands import ShowCost

HEARTBEAT = Trigger(Topic.HEARTBEAT)


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


@pytest.fixture
async def station(network: World) -> SimulatedStation:
    return await network.station("CP-1", V21)


def answering(network: World, told: Told) -> None:
    """From now on every station answers so."""

    async def answer(ask: Ask) -> Told:
        return told

    network.ask = answer  # type: ignore[method-assign]  # the sockets' end of the link


@pytest.mark.parametrize(
    "told, outcome",
    [
        (Told(Reached.ANSWERED, "1", b'{"status":"Accepted"}'), Outcome.ACCEPTED),
        (Told(Reached.ANSWERED, "1", b'{"status":"Rejected"}'), Outcome.REFUSED),
        (Told(Reached.ANSWERED, "1", b'{"status":"NotImplemented"}'), Outcome.UNSUPPORTED),
        (Told(Reached.ANSWERED, "1", b'{"status":"Happy"}'), Outcome.UNKNOWN),
        (Told(Reached.ANSWERED, "1", b"{}"), Outcome.UNKNOWN),
        (Told(Reached.REFUSED, "1", code="NotSupported"), Outcome.UNSUPPORTED),
        (Told(Reached.REFUSED, "1", code="InternalError"), Outcome.REFUSED),
        (Told(Reached.UNREACHED), Outcome.UNREACHED),
        (Told(Reached.UNKNOWN, "1"), Outcome.UNKNOWN),
    ],
)
async def test_every_end_of_a_command_has_a_word(
    network: World, station: SimulatedStation, told: Told, outcome: Outcome
) -> None:
    answering(network, told)

    assert (await network.tell(station, HEARTBEAT)).outcome is outcome


async def test_what_a_station_cannot_is_not_tried_again_in_passing_over_this_connection(
    network: World, station: SimulatedStation
) -> None:
    def is_tried() -> bool:
        live = network.engine.live.get(key_of(station))
        return live is not None and network.engine.commands.is_worth_telling(live, HEARTBEAT)

    assert is_tried()
    answering(network, Told(Reached.REFUSED, "1", code="NotImplemented"))

    await network.tell(station, HEARTBEAT)

    assert not is_tried()
    await network.cut(station)
    await network.connect(station)
    assert is_tried()


def test_what_a_dialect_has_no_words_for_is_offered_to_nobody(network: World) -> None:
    commands = network.engine.commands

    assert Reset in commands.sayable("1.6")
    assert ShowCost not in commands.sayable("1.6")
    assert commands.sayable("") == frozenset()


async def test_a_payload_that_does_not_fit_names_the_member_and_never_leaves(
    network: World, station: SimulatedStation
) -> None:
    with pytest.raises(InvalidError, match="type"):
        await network.call(station, "Reset", b'{"type":"Sideways"}')

    assert "Reset" not in "".join(network.frames[key_of(station).station].to_station)


async def test_a_command_is_logged_with_its_answer_without_secrets_and_not_endlessly(
    network: World, station: SimulatedStation
) -> None:
    answering(network, Told(Reached.ANSWERED, "1", b'{"long":"' + b"x" * 2 * TEXT_MAX + b'"}'))
    secret = b'{"key":"AuthorizationKey","value":"s3cret"}'

    await network.call(station, "ChangeConfiguration", secret, checked=False)
    await network.settle()

    columns = MESSAGES.c
    [(request, response, outcome)] = await network.database.fetch(
        sa.select(columns.request, columns.response, columns.outcome).where(
            columns.from_station.is_(False), columns.action == "ChangeConfiguration"
        )
    )
    assert (request, outcome) == ('{"key":"AuthorizationKey","value":"***"}', "answered")
    assert len(response) == TEXT_MAX
