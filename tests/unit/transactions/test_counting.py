from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from ricarica.kernel.clock import AHEAD_MAX, EARLIEST, is_plausible
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TransactionId
from ricarica.tariffs.model import Prices, Usage, prices_text
from ricarica.transactions.counting import (
    all_readings,
    counted_on,
    energy_max_wh,
    parked_on,
    placed,
    priced,
    usage_of,
    weighed,
)
from ricarica.transactions.facts import Ended, Progressed, Started
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
)
from ricarica.transactions.readings import Context, Measurand, Reading

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
READING = Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal(7000), NOON)
FACT = Progressed(station=KEY, at=NOON, received_at=NOON, ref="17", readings=(READING,))
RUNNING = Transaction(KEY, "17", TransactionId("id-17"), EvseNumber(1), NOON, NOON)
NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "at,plausible",
    [
        (EARLIEST - SECOND, False),
        (EARLIEST, True),
        (NOON + AHEAD_MAX, True),
        (NOON + AHEAD_MAX + SECOND, False),
    ],
)
def test_a_clock_may_be_wrong_but_not_absurd(at: datetime, plausible: bool) -> None:
    assert is_plausible(at, NOON) == plausible


def test_a_plausible_fact_stays_as_it_is() -> None:
    assert placed(FACT) == (FACT, frozenset())


def test_a_fact_of_an_absurd_moment_happened_when_it_was_received() -> None:
    absurd = replace(FACT, at=NEVER_SET, readings=(replace(READING, at=NEVER_SET),))

    assert placed(absurd) == (FACT, frozenset({Flag.IMPLAUSIBLE_TIME}))


def test_an_absurd_reading_of_a_plausible_fact_is_placed_alone() -> None:
    told = replace(FACT, readings=(replace(READING, at=NEVER_SET),))

    assert placed(told) == (FACT, frozenset())


def test_the_register_of_a_start_and_an_end_is_a_reading_too() -> None:
    start = Started(station=KEY, at=NOON, received_at=NOON, ref=None, register_wh=Decimal(10))
    end = Ended(station=KEY, at=NOON, received_at=NOON, ref="17", register_wh=Decimal(20))

    assert [(r.value, r.context) for r in all_readings(start)] == [(Decimal(10), Context.BEGIN)]
    assert [(r.value, r.context) for r in all_readings(end)] == [(Decimal(20), Context.END)]
    assert all_readings(replace(start, register_wh=None)) == ()
    assert all_readings(FACT) == (READING,)


def test_a_tally_goes_on_with_what_is_newer_and_not_with_what_is_older() -> None:
    known = EnergyTally(RegisterPoint(NOON, Decimal(100)), Decimal(50))
    newer = RegisterPoint(NOON + MINUTE, Decimal(130))

    assert counted_on(known, [newer]) == EnergyTally(newer, Decimal(80))
    assert counted_on(known, []) == known
    assert counted_on(known, [RegisterPoint(NOON - MINUTE, Decimal(90))]) is None
    assert counted_on(known, [RegisterPoint(NOON, Decimal(99))]) is None


def test_parking_goes_on_with_what_is_newer_and_not_with_what_is_older() -> None:
    known = ParkingTally(StatePoint(NOON, 2, ChargingState.IDLE))
    newer = StatePoint(NOON + MINUTE, 3, ChargingState.CHARGING)

    assert parked_on(known, [newer]) == ParkingTally(newer, MINUTE)
    assert parked_on(known, [StatePoint(NOON, 1, ChargingState.IDLE)]) is None


def test_what_is_charged_for_ends_with_the_transaction() -> None:
    parking = ParkingTally(StatePoint(NOON + MINUTE, 1, ChargingState.IDLE))
    energy = EnergyTally(None, Decimal(500))
    running = replace(RUNNING, parking=parking, energy=energy, last_at=NOON + 3 * MINUTE)

    assert usage_of(running) == Usage(Decimal(500), 3 * MINUTE, 2 * MINUTE)
    ended = replace(running, ended_at=NOON + 2 * MINUTE)
    assert usage_of(ended) == Usage(Decimal(500), 2 * MINUTE, MINUTE)
    assert usage_of(RUNNING) == Usage(Decimal(0), timedelta(), timedelta())


def test_nobody_parks_longer_than_the_transaction_lasts() -> None:
    early = ParkingTally(StatePoint(NOON - 10 * MINUTE, 0, ChargingState.IDLE))
    transaction = replace(RUNNING, parking=early, last_at=NOON + MINUTE)

    assert usage_of(transaction) == Usage(Decimal(0), MINUTE, MINUTE)


def test_a_price_is_that_of_the_start() -> None:
    prices = Prices("EUR", per_kwh=Decimal("0.50"), vat_percent=Decimal(20))
    energy = EnergyTally(None, Decimal(2000))
    transaction = replace(RUNNING, energy=energy, tariff=prices_text(prices))

    charged = priced(transaction)

    assert (charged.cost_excl, charged.cost_incl, charged.currency) == (
        Decimal("1.00"),
        Decimal("1.20"),
        "EUR",
    )
    assert priced(RUNNING) == RUNNING


@pytest.mark.parametrize("ended_at", [NOON + MINUTE * 59, None], ids=["ended", "running"])
def test_no_more_energy_can_have_flown_than_there_was_time_for(ended_at: datetime | None) -> None:
    lasted = replace(RUNNING, ended_at=ended_at, last_at=NOON + MINUTE * 59)

    # With the minute that a clock without seconds may hide, an hour; and a tenth more.
    assert energy_max_wh(lasted, Decimal(50_000)) == 55_000
    assert energy_max_wh(RUNNING, Decimal(60_000)) == 1_100


@pytest.mark.parametrize("energy_wh,is_absurd", [("1100", False), ("1100.0001", True)])
def test_what_cannot_have_flown_is_flagged_and_not_billed(energy_wh: str, is_absurd: bool) -> None:
    prices = prices_text(Prices("EUR", per_kwh=Decimal("0.5"), per_session=Decimal(1)))
    energy = EnergyTally(RegisterPoint(NOON, Decimal(9_000)), Decimal(energy_wh))
    billed = replace(RUNNING, tariff=prices, energy=energy, cost_incl=Decimal(7), currency="EUR")

    settled = priced(weighed(billed, Decimal(60_000)))

    assert settled.flags == ({Flag.IMPLAUSIBLE_ENERGY} if is_absurd else set())
    assert (settled.cost_incl is None) is is_absurd


def test_what_turns_out_to_be_plausible_is_billed_after_all() -> None:
    prices = prices_text(Prices("EUR", per_kwh=Decimal("0.5")))
    energy = EnergyTally(RegisterPoint(NOON, Decimal(9_000)), Decimal(2_000))
    flagged = replace(RUNNING, tariff=prices, energy=energy).flagged(Flag.IMPLAUSIBLE_ENERGY)

    settled = priced(weighed(replace(flagged, last_at=NOON + MINUTE), Decimal(60_000)))

    assert settled.flags == set()
    assert settled.cost_incl == 1
