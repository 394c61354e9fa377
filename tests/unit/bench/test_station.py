"""What the stations of the benchmarks say, and when they come back."""

import random
from itertools import islice
from typing import Any

import pytest

from bench.crew import Plan
from bench.fleet import in_turn
from bench.station import Station, backoff_s, now_text
from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import BY_SUBPROTOCOL


def charging(number: int) -> Station:
    station = Station(number, charges=True)
    assert station.charge
    station.charge.ref = 7
    station.charge.sample()
    return station


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("say", [Station.boot, Station.start, Station.report])
def test_what_it_says_is_right_in_its_dialect(number: int, say: Any) -> None:
    station = charging(number)
    dialect = BY_SUBPROTOCOL[station.subprotocol]

    action, payload = say(station)

    request = actions.request_type(dialect, action)
    assert request is not None
    wire.check(payload.encode(), request, dialect)


def test_a_sample_stays_until_it_is_answered() -> None:
    station = charging(0)
    assert station.charge
    station.charge.known = True
    said = station.report()

    assert station.report() == said
    station.take_answer("MeterValues", '[3,"1",{}]')

    assert not station.charge.queue
    assert (station.charge.measured, station.charge.answered) == (1, 1)


def test_the_answer_to_its_start_names_the_transaction_and_is_no_sample() -> None:
    station = Station(0, charges=True)
    assert station.charge
    station.charge.sample()

    station.take_answer("StartTransaction", '[3,"1",{"transactionId":42}]')

    assert station.charge.ref == 42
    assert len(station.charge.queue) == 1


def test_a_start_that_is_repeated_is_the_same() -> None:
    station = Station(0, charges=True)

    assert station.start() == station.start()


def test_who_is_not_accepted_does_not_go_on() -> None:
    station = Station(0, charges=False)

    assert station.take_answer("BootNotification", '[3,"1",{"status":"Accepted"}]')
    assert not station.take_answer("BootNotification", '[3,"1",{"status":"Pending"}]')


def test_each_has_an_address_of_its_own() -> None:
    addresses = {Station(number, charges=False).address for number in range(0, 100_000, 7)}

    assert len(addresses) == len(range(0, 100_000, 7))
    assert Station(65_536 + 258, charges=False).address == "127.65.1.2"


def test_one_of_16_comes_back_within_seconds() -> None:
    station, rng = Station(0, charges=False), random.Random(1)

    assert 0 <= backoff_s(station, rng, 10, 30) <= 3
    station.attempt = 1
    assert 5 <= backoff_s(station, rng, 10, 30) <= 15


def test_one_of_2x_waits_twice_as_long_each_time() -> None:
    station, rng = Station(1, charges=False), random.Random(1)

    assert 10 <= backoff_s(station, rng, 10, 30) <= 40
    station.attempt, station.backoff_s = 1, 20.0
    assert 40 <= backoff_s(station, rng, 10, 30) <= 70


def test_those_that_charge_and_those_that_do_not_take_turns() -> None:
    a, b, c = (Station(number, charges=False) for number in range(3))

    assert list(islice(in_turn([a], [b, c]), 5)) == [a, b, a, c, a]
    assert list(islice(in_turn([], [b]), 2)) == [b, b]


def test_each_station_is_in_one_process() -> None:
    shares = Plan(1_003, [("127.0.0.1", 1)], processes_min=4).shares()

    assert [number for share in shares for number in share] == list(range(1_003))
    assert len(shares) == 4


def test_a_time_stamp_has_microseconds_so_that_no_two_samples_are_one() -> None:
    assert now_text(lambda: 1_800_000_000.25) == "2027-01-15T08:00:00.250000Z"
