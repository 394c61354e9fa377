"""What becomes of commands, beyond what the stories of `tests/stories/test_commands.py` tell."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.authorization.commands import ClearCache
from ricarica.configuration.commands import ReportSettings
from ricarica.engine.commands import Call
from ricarica.engine.message_log import TEXT_MAX
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.errors import InvalidError
from ricarica.link.letters import LOST, UNREADABLE, Ask, Told
from ricarica.link.letters import Outcome as Reached
from ricarica.ocpp.dialects import DIALECTS, V16, V21, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Reset, Topic, Trigger
from ricarica.stations.service import Preparation
from ricarica.testing.world import World, key_of, world
from ricarica.transactions.commands import ShowCost

Json = dict[str, Any]
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


OTHERS = [
    {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    {"key": "MeterValueSampleInterval", "readonly": False, "value": "60"},
]


@pytest.mark.parametrize(
    "odd, value, flag",
    [
        ({"key": "Odd", "readonly": False, "value": "x" * 551}, "x" * 551, "too_long"),
        ({"key": "Odd", "readonly": False, "value": 5}, "5", "number_for_text"),
        ({"key": "Odd", "readonly": "false", "value": "5"}, "5", "text_for_boolean"),
        ({"key": "Odd", "value": "5"}, "5", "missing_member"),
        ({"key": "Odd", "readonly": "x", "value": "5"}, "5", "unreadable_member"),
    ],
)
async def test_one_odd_setting_loses_none_of_the_others(
    network: World, odd: Json, value: str, flag: str
) -> None:
    station = await network.station("CP-2", V16)
    answer = json.dumps({"configurationKey": [*OTHERS, odd]}).encode()
    answering(network, Told(Reached.ANSWERED, "1", answer))

    result = await network.tell(station, ReportSettings(5))
    await network.settle()

    known = await network.carry_out(
        lambda slices: slices.configuration.told(key_of(station), ("HeartbeatInterval", "Odd"))
    )
    assert (result.outcome, result.answer["settings"]["Odd"]) == (Outcome.ACCEPTED, value)
    assert {name: setting.value for name, setting in known.items()} == {
        "HeartbeatInterval": "300",
        "Odd": value,
    }
    assert await flags(network, "GetConfiguration") == {f"mended:{flag}"}
    assert network.engine.commands.counts.flags == {f"mended:{flag}": 1}


async def test_settings_that_are_no_list_are_not_forgotten(network: World) -> None:
    station = await network.station("CP-2", V16)
    answering(network, Told(Reached.ANSWERED, "1", b'{"configurationKey":"none"}'))

    result = await network.tell(station, ReportSettings(5))

    assert result.outcome is Outcome.UNKNOWN
    assert "its answer makes no sense" in (result.detail or "")


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_what_a_station_answers_is_mended_unless_it_is_taken_at_its_word(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-2", dialect)
    answering(network, Told(Reached.ANSWERED, "1", b'{"status":"accepted"}'))

    mended = await network.tell(station, ClearCache())
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station), Preparation(pedantic=True), network.clock.now()
        )
    )
    as_it_is = await network.tell(station, ClearCache())

    assert (mended.outcome, as_it_is.outcome) == (Outcome.ACCEPTED, Outcome.UNKNOWN)
    assert await flags(network, "ClearCache") == {"mended:spelling"}


async def flags(network: World, action: str) -> set[str]:
    query = sa.select(MESSAGES.c.flags).where(MESSAGES.c.action == action)
    return {flag for (flag,) in await network.database.fetch(query) if flag}


@pytest.mark.parametrize(
    "told, detail",
    [
        (Told(Reached.UNKNOWN, "1"), "the station did not answer in time"),
        (
            Told(Reached.UNKNOWN, "1", code=LOST),
            "the connection was lost before the station answered",
        ),
        (
            Told(Reached.UNKNOWN, "1", code=UNREADABLE, description="it is no list"),
            "its answer makes no sense: it is no list",
        ),
    ],
)
async def test_why_nobody_knows_is_said(
    network: World, station: SimulatedStation, told: Told, detail: str
) -> None:
    answering(network, told)

    assert (await network.tell(station, HEARTBEAT)).detail == detail
    called = network.engine.commands.call(key_of(station), Call("ClearCache"))
    assert (await network.soon(called)).result.detail == detail


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
