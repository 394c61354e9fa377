from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.blocks.registered import BLOCKS, abilities_without, merged
from ricarica.simulator.core import Block, Make, Station
from ricarica.simulator.settings import Described, Kind, Place, Setting
from ricarica.simulator.simulated import SimulatedStation
from tests.unit.simulator.scripted import NOON, ScriptedServer, booted, charging

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)


@dataclass
class Bells:
    rung: list[str] = field(default_factory=list)


def test_the_blocks_of_the_simulator_do_not_overlap() -> None:
    everything = abilities_without(frozenset())

    assert len(everything.commands) == sum(len(block.commands) for block in BLOCKS)


def test_two_blocks_cannot_answer_the_same_command() -> None:
    one = Block("one", commands={v16.ResetRequest: lambda _station, _request: None})
    other = Block("other", commands={v16.ResetRequest: lambda _station, _request: None})

    with pytest.raises(AssertionError, match="several blocks have the same commands"):
        merged([one, other])


def test_two_blocks_cannot_have_a_setting_of_the_same_name() -> None:
    one = Block("one", settings=(Setting("bells", "1", Kind.INTEGER),))

    with pytest.raises(AssertionError, match=r"the same settings: .*bells"):
        merged([one, Block("other", settings=one.settings)])


def test_a_station_can_be_built_without_a_block() -> None:
    make = Make(lacks=frozenset({"core"}))
    server = ScriptedServer(SimulatedStation(V201, "RIC-0001", now=NOON, make=make))
    server.connect()

    assert server.command("ClearCache") == "NotImplemented"


def test_a_block_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(AssertionError, match="no such blocks"):
        SimulatedStation(V201, "RIC-0001", now=NOON, make=Make(lacks=frozenset({"wings"})))


@every_dialect
def test_what_a_block_remembers_outlives_a_reboot(dialect: Dialect) -> None:
    server = charging(dialect)
    server.station.core.memory(Bells).rung.append("one")

    server.station.lose_power()
    server.let_pass(10)

    assert server.station.core.memory(Bells).rung == ["one"]


@every_dialect
def test_what_is_left_for_later_happens_at_its_time_though_offline(dialect: Dialect) -> None:
    server = booted(dialect)
    core, bells = server.station.core, Bells()
    core.later(timedelta(seconds=20), lambda: bells.rung.append("second"))
    core.later(timedelta(seconds=10), lambda: bells.rung.append("first"))
    server.disconnect()

    server.let_pass(19)
    rung_before = list(bells.rung)
    server.let_pass(2)

    assert rung_before == ["first"]
    assert bells.rung == ["first", "second"]


def readings(pending: int) -> Payload:
    return v2.NotifyPeriodicEventStreamRequest(
        id=7, pending=pending, basetime=NOON, data=[v2.StreamDataElement(t=Decimal(0), v="1")]
    )


def test_what_is_never_answered_goes_out_at_once_beside_a_call_that_waits() -> None:
    server = booted(V21)
    server.script["Heartbeat"] = lambda _: None
    server.station.core.ask(v2.HeartbeatRequest())
    server.exchange()

    server.station.core.send(readings(0))
    server.station.core.send(readings(1))
    server.exchange()

    assert [payload["pending"] for _, payload in server.told] == [0, 1]


def test_what_is_never_answered_is_lost_without_a_connection_and_unknown_before_2_1() -> None:
    later, earlier = booted(V21), booted(V201)
    later.disconnect()
    for server in (later, earlier):
        server.station.core.send(readings(0))
        server.connect()

    assert later.told == earlier.told == []


@pytest.mark.parametrize(
    ("dialect", "topic"), [(V16, "MeterValues"), (V201, "MeterValues"), (V21, "MeterValues")]
)
def test_a_trigger_that_finds_nothing_to_say_is_rejected(dialect: Dialect, topic: str) -> None:
    server = booted(dialect)
    triggers = {topic: lambda _station, _evses: False}
    abilities = abilities_without(frozenset({"core"}))
    core = next(block for block in BLOCKS if block.name == "core")
    mute = Block("mute", commands=core.commands, triggers_v16=triggers, triggers_v2=triggers)
    server.station.core.abilities = merged([abilities, mute])

    assert server.command("TriggerMessage", {"requestedMessage": topic}) == {"status": "Rejected"}


def test_a_maker_may_add_topics_of_its_own() -> None:
    server = booted(V21)

    def ring(station: Station, _evses: object) -> bool:
        station.memory(Bells).rung.append("rung")
        return True

    server.station.core.abilities = merged(
        [abilities_without(frozenset()), Block("bells", custom_triggers={"Ring": ring})]
    )

    def asked(name: str) -> object:
        wanted = {"requestedMessage": "CustomTrigger", "customTrigger": name}
        return server.command("TriggerMessage", wanted)

    assert asked("Ring") == {"status": "Accepted"}
    assert asked("Sing") == {"status": "NotImplemented"}
    assert server.station.core.memory(Bells).rung == ["rung"]


def test_a_block_says_things_by_name_and_shows_variables() -> None:
    server = booted(V201)

    def chime(station: Station, how: str = "softly") -> None:
        station.memory(Bells).rung.append(how)

    def variables(_station: Station) -> list[Described]:
        return [Described(Place("Bell", "Count"), "3", Kind.INTEGER)]

    bells = Block("bells", sayings={"chime": chime}, variables=(variables,))
    server.station.core.abilities = merged([abilities_without(frozenset()), bells])

    server.station.say("chime", how="loudly")
    wanted = {"component": {"name": "Bell"}, "variable": {"name": "Count"}}
    answer = server.command("GetVariables", {"getVariableData": [wanted]})

    assert server.station.core.memory(Bells).rung == ["loudly"]
    assert isinstance(answer, dict)
    assert answer["getVariableResult"][0]["attributeValue"] == "3"


def test_what_a_station_says_at_first_is_said_once() -> None:
    server = booted(V16)
    rung: list[str] = []
    server.station.at_first.append(lambda: rung.append("now"))

    for _ in range(2):
        server.station.lose_power()
        server.let_pass(10)
        server.connect()

    assert rung == ["now"]
