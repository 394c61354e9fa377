"""Messages on displays: set, replaced, cleared, and kept as they shall be."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ricarica.displays.commands import ClearMessage, ReadMessages
from ricarica.displays.model import (
    Content,
    Format,
    Message,
    Moment,
    Priority,
    Shown,
    ShownState,
    Template,
)
from ricarica.displays.queries import DisplayQueries
from ricarica.displays.service import SHOWN_MAX
from ricarica.engine.queries.telling import UpkeepQueries
from ricarica.engine.upkeep import State
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId, StationId
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.blocks.displays import Display
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
HELLO = Message(7, (Content("Hello", language="en"), Content("Ciao", language="it")))


@pytest.fixture
def make_line() -> Callable[[], Line]:
    return LocalLine


def on(station: SimulatedStation) -> dict[int, v2.MessageInfo]:
    return station.core.memory(Display).messages


async def show(network: World, station: SimulatedStation, message: Message = HELLO) -> Result:
    command = await network.carry_out(
        lambda slices: slices.displays.message_for(key_of(station), message)
    )
    return await network.tell(station, command)


async def known(network: World, station: SimulatedStation) -> dict[int, Shown]:
    found = await DisplayQueries(network.database).at(key_of(station))
    return {each.number: each for each in found}


async def want(network: World, **fields: Any) -> Template:
    usual = {"id": "hello", "number": 0, "label": "Hello", "contents": HELLO.contents}
    wanted = Template(tenant=DEFAULT_TENANT, changed_at=network.clock.now(), **{**usual, **fields})
    saved = await network.carry_out(lambda slices: slices.displays.put_template(wanted))
    await network.settle()
    return saved


@IN_2X
@pytest.mark.usecase("O01")
async def test_a_message_is_shown(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)

    result = await show(network, station)

    assert result.outcome is Outcome.ACCEPTED
    assert on(station)[7].message.content == "Hello"
    assert (await known(network, station))[7].state is ShownState.SHOWN


@pytest.mark.usecase("O01")
async def test_only_2_1_says_it_in_several_languages(network: World) -> None:
    new, old = await network.station("NEW", V21), await network.station("OLD", V201)

    await show(network, new)
    await show(network, old)

    assert [each.content for each in on(new)[7].message_extra or ()] == ["Ciao"]
    assert on(old)[7].message_extra is None


@IN_2X
@pytest.mark.usecase("O01")
async def test_what_a_display_cannot_show_is_not_sent(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    code = Message(7, (Content("https://example.org", Format.QRCODE),))

    with pytest.raises(InvalidError, match="NotSupportedMessageFormat"):
        await show(network, station, code)


@IN_2X
@pytest.mark.usecase("O02")
async def test_a_message_for_a_transaction_ends_with_it(network: World, dialect: Dialect) -> None:
    await network.add_token("04A1B2C3")
    station = await network.station("BARI-1", dialect)
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.settle()
    [transaction] = await network.transactions(station)

    shown = await show(
        network, station, Message(8, (Content("Half full"),), transaction=transaction.ref)
    )
    unknown = await show(network, station, Message(9, (Content("?"),), transaction="NOBODY"))

    assert shown.outcome is Outcome.ACCEPTED
    assert unknown.status == "UnknownTransaction"
    assert (await known(network, station))[9].detail == "UnknownTransaction"
    station.present("04A1B2C3", 1)
    await network.settle()
    await read(network, station)
    assert await known(network, station) == {}


async def read(network: World, station: SimulatedStation) -> Result:
    key = key_of(station)
    command = await network.carry_out(lambda slices: slices.displays.read_all(key, slices.now))
    result = await network.tell(station, command)
    await network.settle()
    return result


@IN_2X
@pytest.mark.usecase("O03")
async def test_all_messages_are_read_though_they_come_in_parts(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    for number in (1, 2, 3):
        info = v2.MessageInfo(
            id=number,
            priority=v2.MessagePriority.InFront,
            message=v2.MessageContent(format=v2.MessageFormat.UTF8, content=f"No. {number}"),
        )
        on(station)[number] = info

    await read(network, station)

    found = await known(network, station)
    assert [each.message.contents[0].text for each in found.values()] == ["No. 1", "No. 2", "No. 3"]


@IN_2X
async def test_what_a_station_makes_up_does_not_fill_the_disk(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    teller = network.teller(station)
    said = {"priority": "NormalCycle", "message": {"format": "UTF8", "content": "Ciao"}}

    for first in range(0, SHOWN_MAX + 200, 100):
        info = [{"id": number, **said} for number in range(first, first + 100)]
        told = {"requestId": 5, "tbc": True, "messageInfo": info}
        assert await teller.call("NotifyDisplayMessages", told) == {}

    assert len(await known(network, station)) == SHOWN_MAX


@IN_2X
@pytest.mark.usecase("O03")
async def test_what_a_station_does_not_name_is_not_there(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    await show(network, station)
    on(station).clear()

    result = await read(network, station)

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "Unknown")
    assert await known(network, station) == {}


@IN_2X
@pytest.mark.usecase("O04")
async def test_some_messages_are_read(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    await show(network, station)
    await show(network, station, Message(8, (Content("Now"),), Priority.IN_FRONT, Moment.IDLE))

    command = ReadMessages(12, priority=Priority.IN_FRONT, moment=Moment.IDLE)
    await network.tell(station, command)
    await network.settle()

    frames = map(json.loads, network.frames[key_of(station).station].from_station)
    [told] = [frame[3] for frame in frames if frame[2] == "NotifyDisplayMessages"]
    assert [info["id"] for info in told["messageInfo"]] == [8]
    assert set(await known(network, station)) == {7, 8}


@IN_2X
@pytest.mark.usecase("O05")
@pytest.mark.tc("TC_O_05_CSMS")
async def test_a_cleared_message_is_gone(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    await show(network, station)

    cleared = await network.tell(station, ClearMessage(7))
    again = await network.tell(station, ClearMessage(7))

    assert (cleared.outcome, again.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    assert (on(station), await known(network, station)) == ({}, {})


@IN_2X
@pytest.mark.usecase("O06")
async def test_a_message_takes_the_place_of_the_one_with_its_number(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    await show(network, station)

    await show(network, station, Message(7, (Content("Goodbye"),)))

    assert on(station)[7].message.content == "Goodbye"
    assert (await known(network, station))[7].message.contents[0].text == "Goodbye"


@IN_2X
@pytest.mark.usecase("O01", "O05")
async def test_what_is_wanted_is_shown_and_what_is_wanted_no_more_is_cleared(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)

    template = await want(network)
    shown = on(station)[template.number].message.content
    await want(network, station=StationId("ELSEWHERE"))

    assert shown == "Hello"
    assert on(station) == {}


@IN_2X
@pytest.mark.usecase("O06")
async def test_what_is_wanted_otherwise_is_said_otherwise(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    template = await want(network)

    await want(network, contents=(Content("Buongiorno"),))

    assert on(station)[template.number].message.content == "Buongiorno"
    assert len(on(station)) == 1


@IN_2X
async def test_a_message_that_was_lost_comes_back_after_the_next_boot(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    template = await want(network)
    on(station).clear()

    station.lose_power()
    await network.cut(station)
    await network.pass_time(timedelta(minutes=1))
    await network.connect(station)
    await network.pass_time(timedelta(minutes=1))

    assert set(on(station)) == {template.number}


@IN_2X
async def test_a_message_that_was_lost_comes_back_within_a_day(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    template = await want(network)
    on(station).clear()

    await network.pass_time(timedelta(days=1, minutes=1), step=timedelta(minutes=10))

    assert set(on(station)) == {template.number}


@IN_2X
async def test_what_a_display_cannot_show_is_said_to_be_refused(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)

    template = await want(network, contents=(Content("<b>Hello</b>", Format.HTML),))

    refused = (await known(network, station))[template.number]
    assert (refused.state, refused.detail) == (ShownState.REFUSED, "NotSupportedMessageFormat")
    assert on(station) == {}


async def test_1_6_has_no_displays(network: World) -> None:
    station = await network.station("BARI-1", V16)

    result = await network.tell(station, ClearMessage(7))

    assert result.outcome is Outcome.UNSUPPORTED


async def test_a_station_without_a_display_is_not_in_step(network: World) -> None:
    station = await network.station("BARI-1", V16)

    await want(network)
    await network.connect(station)
    await network.pass_time(timedelta(minutes=2))

    found = await UpkeepQueries(network.database).standings(key_of(station))
    assert [each.state for each in found if each.kind == "displays"] == [State.UNSUPPORTED]


@IN_2X
async def test_a_question_that_was_lost_is_asked_again_when_the_station_is_back(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    station.misbehaviour.ignores_calls = True
    template = await want(network)
    await network.cut(station)
    station.misbehaviour.ignores_calls = False

    await network.connect(station)
    await network.pass_time(timedelta(minutes=3))

    assert set(on(station)) == {template.number}


async def test_a_template_of_another_site_is_not_shown(network: World) -> None:
    station = await network.station("BARI-1", V21)

    await want(network, site=SiteId("elsewhere"))

    assert on(station) == {}
