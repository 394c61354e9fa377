import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import LOST, UNREADABLE, Ask, LateAnswer, Outcome, Told
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon

Connect = Callable[..., Awaitable[ClientConnection]]
KEY = StationKey(TenantId("default"), StationId("CP1"))


def ask(action: str = "Reset", timeout_s: float = 30.0) -> Ask:
    return Ask(KEY, action, b'{"type":"Soft"}', timeout_s)


async def call_heard(socket: ClientConnection) -> tuple[str, str]:
    """The id and action of the next call that the station gets."""
    kind, message_id, action, _ = json.loads(await soon(socket.recv()))
    assert kind == 2
    return message_id, action


@pytest.fixture
async def booted(station: Connect, core: ScriptedCore) -> ClientConnection:
    socket = await station()
    await socket.send('[2,"boot","BootNotification",{}]')
    await soon(socket.recv())
    return socket


def asked(gateway: StationGateway, one: Ask) -> "asyncio.Task[Told]":
    return asyncio.get_running_loop().create_task(gateway.ask(one))


async def test_a_station_that_is_not_connected_is_unreached(gateway: StationGateway) -> None:
    assert await gateway.ask(ask()) == Told(Outcome.UNREACHED)


async def test_an_answer_comes_back_to_whoever_asked(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    told = asked(gateway, ask())
    message_id, action = await call_heard(booted)
    await booted.send(f'[3,"{message_id}",{{"status":"Accepted"}}]')

    assert action == "Reset"
    assert await soon(told) == Told(Outcome.ANSWERED, message_id, b'{"status":"Accepted"}')


async def test_an_error_comes_back_as_a_refusal(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    told = asked(gateway, ask())
    message_id, _ = await call_heard(booted)
    await booted.send(f'[4,"{message_id}","NotSupported","no",{{"a":1}}]')

    outcome = await soon(told)

    assert (outcome.outcome, outcome.code) == (Outcome.REFUSED, "NotSupported")
    assert (outcome.description, outcome.details) == ("no", b'{"a":1}')


async def test_one_call_is_in_flight_at_a_time(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    tolds = [asked(gateway, ask(action)) for action in ("Reset", "ClearCache", "GetLog")]
    actions = []
    for told in tolds:
        message_id, action = await call_heard(booted)
        actions.append(action)
        assert not told.done()
        await booted.send(f'[3,"{message_id}",{{}}]')
        await soon(told)

    assert actions == ["Reset", "ClearCache", "GetLog"]


async def test_a_call_without_an_answer_is_unknown_and_the_next_goes_out(
    gateway: StationGateway, booted: ClientConnection, hourglass: Hourglass
) -> None:
    first, second = asked(gateway, ask(timeout_s=30.0)), asked(gateway, ask("ClearCache"))
    first_id, _ = await call_heard(booted)

    hourglass.turn(30.0)

    assert await soon(first) == Told(Outcome.UNKNOWN, first_id, duration_ms=30_000)
    message_id, action = await call_heard(booted)
    assert action == "ClearCache"
    await booted.send(f'[3,"{message_id}",{{}}]')
    assert (await soon(second)).outcome is Outcome.ANSWERED


async def test_a_late_answer_is_noted_and_disturbs_nobody(
    gateway: StationGateway, booted: ClientConnection, hourglass: Hourglass, core: ScriptedCore
) -> None:
    first = asked(gateway, ask())
    late_id, _ = await call_heard(booted)
    hourglass.turn(30.0)
    await soon(first)
    second = asked(gateway, ask("ClearCache"))
    message_id, _ = await call_heard(booted)

    await booted.send(f'[3,"{late_id}",{{"status":"Accepted"}}]')
    await booted.send(f'[3,"{message_id}",{{"status":"Rejected"}}]')

    assert (await soon(second)).payload == b'{"status":"Rejected"}'
    [noted] = core.noted
    assert (noted.kind, noted.late) == (
        "late_answer",
        LateAnswer(late_id, "Reset", b'{"status":"Accepted"}'),
    )


async def test_a_person_waits_ten_seconds_behind_upkeep_and_is_told_behind_what(
    gateway: StationGateway, booted: ClientConnection, hourglass: Hourglass
) -> None:
    upkeep, later = asked(gateway, ask("SetVariables", 60.0)), asked(gateway, ask("ClearCache"))
    await call_heard(booted)
    urgent = asked(gateway, replace(ask(), is_urgent=True))
    await asyncio.sleep(0)

    hourglass.turn(10.0)

    assert (await soon(upkeep)).outcome is Outcome.UNKNOWN
    message_id, action = await call_heard(booted)
    await booted.send(f'[3,"{message_id}",{{}}]')
    told = await soon(urgent)
    assert (action, told.behind, told.waited_ms) == ("Reset", "SetVariables", 10_000)
    assert not later.done()


async def test_an_answer_that_is_no_frame_leaves_the_outcome_unknown(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    told = asked(gateway, ask())
    message_id, _ = await call_heard(booted)
    await booted.send(f'[3,"{message_id}",[]]')

    answered = await soon(told)
    assert (answered.outcome, answered.message_id) == (Outcome.UNKNOWN, message_id)
    assert (answered.code, bool(answered.description)) == (UNREADABLE, True)


async def test_a_call_whose_answer_went_down_with_the_connection_says_so(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    told = asked(gateway, ask())
    message_id, _ = await call_heard(booted)
    await booted.close()

    answered = await soon(told)
    assert (answered.outcome, answered.message_id) == (Outcome.UNKNOWN, message_id)
    assert answered.code == LOST


async def test_calls_cross_without_waiting_for_each_other(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    told = asked(gateway, ask())
    message_id, _ = await call_heard(booted)

    await booted.send('[2,"7","Heartbeat",{}]')
    assert json.loads(await soon(booted.recv()))[:2] == [3, "7"]

    await booted.send(f'[3,"{message_id}",{{}}]')
    assert (await soon(told)).outcome is Outcome.ANSWERED


async def test_when_the_station_goes_what_was_sent_is_unknown_and_the_rest_unreached(
    gateway: StationGateway, booted: ClientConnection
) -> None:
    first, second = asked(gateway, ask()), asked(gateway, ask("ClearCache"))
    await call_heard(booted)

    await booted.close()

    assert (await soon(first)).outcome is Outcome.UNKNOWN
    assert (await soon(second)).outcome is Outcome.UNREACHED


async def test_quirk_27_no_call_goes_out_before_the_station_had_its_first_answer(
    gateway: StationGateway, station: Connect, core: ScriptedCore
) -> None:
    socket = await station()
    await core.until(lambda: bool(core.opened))
    told = asked(gateway, ask())

    await socket.send('[2,"boot","BootNotification",{}]')

    assert json.loads(await soon(socket.recv()))[:2] == [3, "boot"]
    message_id, _ = await call_heard(socket)
    await socket.send(f'[3,"{message_id}",{{}}]')
    assert (await soon(told)).outcome is Outcome.ANSWERED


async def test_a_station_that_has_nothing_to_say_is_called_after_a_while(
    gateway: StationGateway, station: Connect, core: ScriptedCore, hourglass: Hourglass
) -> None:
    socket = await station()
    await core.until(lambda: bool(core.opened))
    told = asked(gateway, ask())
    await asyncio.sleep(0)

    hourglass.turn(5.0)

    await call_heard(socket)
    assert not told.done()


async def test_two_calls_in_a_row_without_answer_are_an_alarm(
    gateway: StationGateway, booted: ClientConnection, hourglass: Hourglass, core: ScriptedCore
) -> None:
    for _ in range(3):
        told = asked(gateway, ask())
        await call_heard(booted)
        hourglass.turn(30.0)
        await soon(told)

    assert core.kinds() == ["asks_unanswered"]


class TestManyCalls:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(asks_max=2, close_s=1.0)

    async def test_calls_beyond_the_queue_are_unreached(
        self, gateway: StationGateway, booted: ClientConnection
    ) -> None:
        tolds = [asked(gateway, ask()) for _ in range(4)]

        assert (await soon(tolds[3])).outcome is Outcome.UNREACHED
        assert not any(told.done() for told in tolds[:3])
