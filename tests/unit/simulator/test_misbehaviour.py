import json
from datetime import timedelta
from random import Random

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, Dialect
from ricarica.simulator.misbehaviour import (
    Misbehaviour,
    cut_off,
    numbers_as_strings,
    with_nulls,
    without_time_zones,
)
from ricarica.simulator.simulated import SimulatedStation
from tests.unit.simulator.scripted import NOON, ScriptedServer

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)


def booted(dialect: Dialect) -> ScriptedServer:
    server = ScriptedServer(SimulatedStation(dialect, "RIC-0001", rng=Random(1), now=NOON))
    server.connect()
    server.forget()
    return server


def plug_and_present(server: ScriptedServer) -> None:
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()


def starts(server: ScriptedServer) -> list[object]:
    return list(server.of("StartTransaction") or server.of("TransactionEvent"))


@every_dialect
def test_a_start_whose_answer_was_lost_is_sent_again_unchanged(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.lose_acks = 1
    plug_and_present(server)
    server.let_pass(45)

    first, second = starts(server)
    assert first == second
    assert server.station.queued == 0


@every_dialect
def test_a_repeated_message_reaches_the_server_twice(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.repeat_same_id = 1
    server.station.present("TAG1", 1)
    texts = server.station.frames_to_send()
    assert len(texts) == 2
    assert texts[0] == texts[1]

    server.station.misbehaviour.repeat_other_id = 1
    server.station.receive(json.dumps([3, json.loads(texts[0])[1], accepted(dialect)]))
    server.station.plug_in(1)
    again = [json.loads(text) for text in server.station.frames_to_send()]
    assert again[0][1] != again[1][1]
    assert again[0][2:] == again[1][2:]


def accepted(dialect: Dialect) -> dict[str, object]:
    return {"idTagInfo" if dialect is V16 else "idTokenInfo": {"status": "Accepted"}}


@every_dialect
def test_a_silent_station_neither_speaks_nor_hears(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.is_silent = True
    plug_and_present(server)
    server.station.receive('[2,"x","ClearCache",{}]')
    server.let_pass(1000)
    assert server.heard == []
    assert server.answers == {}

    server.station.misbehaviour.behave()
    server.let_pass(60)
    assert server.heard


@every_dialect
def test_a_station_may_ask_and_never_answer(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.ignores_calls = True
    server.station.receive('[2,"x","ClearCache",{}]')
    plug_and_present(server)

    assert server.answers == {}
    assert starts(server)


@every_dialect
def test_garbage_is_sent_as_often_as_ordered(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.garbage = 3

    assert len(server.station.frames_to_send()) == 3
    assert server.station.frames_to_send() == []


@every_dialect
def test_garbage_is_what_it_is_whatever_other_habits_there_are(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.numbers_as_strings = True
    server.station.misbehaviour.garbage = 100  # enough for each kind of it

    assert len(server.station.frames_to_send()) == 100


@every_dialect
def test_half_a_frame_is_kept_for_the_bare_socket(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.drop_mid_message = 1
    server.station.present("TAG1", 1)

    assert server.station.frames_to_send() == []
    half = server.station.cut_short()
    assert half is not None
    assert half.startswith('[2,"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(half)


@every_dialect
def test_a_wrong_clock_shows_in_what_is_told(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.clock_skew = timedelta(hours=-6)
    plug_and_present(server)

    (start,) = starts(server)
    assert isinstance(start, dict)
    assert start["timestamp"] == "2026-05-04T06:00:00.000Z"


@every_dialect
def test_bad_serializers_spoil_what_is_told(dialect: Dialect) -> None:
    server = booted(dialect)
    faults = server.station.misbehaviour
    faults.null_optionals = faults.numbers_as_strings = faults.no_time_zone = True
    plug_and_present(server)

    (start,) = starts(server)
    assert isinstance(start, dict)
    assert start["timestamp"] == "2026-05-04T12:00:00.000"
    assert start["iccid"] is None
    assert start["meterStart" if dialect is V16 else "seqNo"] == "0"


@every_dialect
def test_calls_in_parallel_do_not_wait_for_answers(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.parallel_calls = True
    server.station.present("TAG1", 1)

    assert len(server.station.frames_to_send()) == 3


@every_dialect
def test_ids_begin_at_one_again_with_every_connection(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.misbehaviour.reuse_ids = True
    for _ in range(2):
        server.disconnect()
        server.station.go_online()
        server.station.present("TAG1", 1)
        (text,) = server.station.frames_to_send()
        assert json.loads(text)[1] == "1"


@every_dialect
def test_a_reset_register_starts_from_zero(dialect: Dialect) -> None:
    server = booted(dialect)
    plug_and_present(server)
    server.let_pass(60)
    assert server.station.register_wh(1) > 100

    server.station.reset_register(1)

    assert server.station.register_wh(1) == 0


def test_counts_are_spent_one_by_one() -> None:
    faults = Misbehaviour(garbage=2)

    assert [faults.spend("garbage") for _ in range(3)] == [True, True, False]


def test_each_bad_habit_alone() -> None:
    payload = {"a": 1, "b": [1.5, True], "at": "2026-05-04T12:00:00.000Z", "z": "Z"}

    assert numbers_as_strings(payload)["b"] == ["1.5", True]
    assert without_time_zones(payload)["at"] == "2026-05-04T12:00:00.000"
    assert without_time_zones(payload)["z"] == "Z"
    assert with_nulls({"info": "kept"})["info"] == "kept"
    assert cut_off("[2,1]") == "[2"
