from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TransactionId
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
    energy_along,
    has_number,
    parking_along,
    ranges_from,
    ranges_text,
    with_number,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RUNNING = Transaction(
    StationKey(DEFAULT_TENANT, StationId("CP-1")),
    "17",
    TransactionId("id-17"),
    EvseNumber(1),
    NOON,
    NOON,
)
S = ChargingState


def points(*registers: int) -> list[RegisterPoint]:
    """One a minute."""
    return [
        RegisterPoint(NOON + minute * MINUTE, Decimal(register))
        for minute, register in enumerate(registers)
    ]


def states(*told: ChargingState) -> list[StatePoint]:
    """One a minute."""
    return [StatePoint(NOON + minute * MINUTE, minute, state) for minute, state in enumerate(told)]


def test_energy_is_what_the_register_gained() -> None:
    assert energy_along(points(1000, 1500, 2200)) == EnergyTally(
        points(0, 0, 2200)[2], Decimal(1200)
    )


def test_a_single_reading_is_no_energy_yet() -> None:
    assert energy_along(points(1000)).energy_wh == 0
    assert energy_along([]) == EnergyTally()


def test_a_register_that_was_reset_counts_on_from_there() -> None:
    counted = energy_along(points(1000, 1500, 20, 120))

    assert (counted.energy_wh, counted.backwards) == (Decimal(600), True)


def test_a_register_that_stands_still_did_not_go_backwards() -> None:
    assert not energy_along(points(1000, 1000)).backwards


def test_a_stop_in_whole_watt_hours_after_an_exact_reading_is_no_reset() -> None:
    start, reading, stop = points(1000, 1500, 1500)
    exact = replace(reading, register_wh=Decimal("1500.8"))

    counted = energy_along([start, exact, stop])

    assert (counted.energy_wh, counted.backwards) == (Decimal("500.8"), False)
    a_whole_one_less = replace(stop, register_wh=Decimal("1499.8"))
    assert energy_along([start, exact, a_whole_one_less]).backwards


@given(st.permutations(points(1000, 1300, 1300, 90, 400)))
def test_the_order_in_which_registers_come_does_not_matter(told: list[RegisterPoint]) -> None:
    assert energy_along(told) == energy_along(points(1000, 1300, 1300, 90, 400))
    assert energy_along([*told, *told]) == energy_along(told)


@given(st.lists(st.integers(0, 10**9), min_size=2))
def test_a_register_that_only_rises_gains_its_difference(registers: list[int]) -> None:
    rising = sorted(registers)

    assert energy_along(points(*rising)).energy_wh == rising[-1] - rising[0]


def test_time_counts_as_parked_while_the_car_asks_for_nothing() -> None:
    told = states(S.CHARGING, S.SUSPENDED_EV, S.CHARGING, S.IDLE, S.IDLE)

    assert parking_along(told).parked == 2 * MINUTE


@pytest.mark.parametrize(
    "state,parked",
    [
        (S.EV_CONNECTED, 0),
        (S.CHARGING, 0),
        (S.SUSPENDED_EV, 5),
        (S.SUSPENDED_EVSE, 0),
        (S.IDLE, 5),
    ],
)
def test_a_station_that_withholds_power_is_no_parking(state: ChargingState, parked: int) -> None:
    assert parking_along(states(state)).until(NOON + 5 * MINUTE) == parked * MINUTE


def test_parking_does_not_count_backwards() -> None:
    assert parking_along(states(S.IDLE)).until(NOON - MINUTE) == timedelta()
    assert ParkingTally().until(NOON) == timedelta()


def test_states_of_one_moment_are_ordered_by_their_numbers() -> None:
    first, second = StatePoint(NOON, 1, S.IDLE), StatePoint(NOON, 2, S.CHARGING)

    assert parking_along([second, first]).last == second


def test_numbers_gather_in_ranges() -> None:
    assert with_number((), 3) == ((3, 3),)
    assert with_number(((0, 2), (5, 5)), 3) == ((0, 3), (5, 5))
    assert with_number(((0, 2), (4, 5)), 3) == ((0, 5),)
    assert with_number(((0, 2),), 1) == ((0, 2),)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_ranges_know_what_they_have_seen(numbers: list[int]) -> None:
    seen: tuple[tuple[int, int], ...] = ()
    for number in numbers:
        seen = with_number(seen, number)

    assert {n for n in range(52) if has_number(seen, n)} == set(numbers)
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(seen))
    assert ranges_from(ranges_text(seen)) == seen


def test_nothing_seen_is_no_text() -> None:
    assert ranges_text(()) == ""
    assert ranges_from("") == ()


@pytest.mark.parametrize(
    "changed,complete",
    [
        ({}, False),
        ({"ended_at": NOON}, True),
        ({"ended_at": NOON, "flags": frozenset({Flag.ORPHAN})}, False),
        ({"ended_at": NOON, "last_seq_no": 3, "seen": ((0, 3),)}, True),
        ({"ended_at": NOON, "last_seq_no": 3, "seen": ((0, 1), (3, 3))}, False),
    ],
)
def test_a_transaction_is_complete_when_nothing_of_it_is_missing(
    changed: dict[str, object], complete: bool
) -> None:
    transaction = replace(RUNNING, **changed)

    assert transaction.is_complete == complete


def test_time_passes_until_the_end() -> None:
    assert RUNNING.elapsed(NOON + MINUTE) == MINUTE
    assert RUNNING.elapsed(NOON - MINUTE) == timedelta()
    ended = replace(RUNNING, ended_at=NOON + 2 * MINUTE)
    assert ended.elapsed(NOON + 9 * MINUTE) == 2 * MINUTE


def test_flags_are_added() -> None:
    flagged = RUNNING.flagged(Flag.GAP).flagged(Flag.ORPHAN)

    assert flagged.flags == {Flag.GAP, Flag.ORPHAN}
    assert RUNNING.flagged() is RUNNING
