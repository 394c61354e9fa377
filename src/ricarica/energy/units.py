"""A and W: what a station does not count in is said in what it does."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal

from msgspec.structs import replace

from ricarica.energy.model import AMOUNTS, Period, Profile, Schedule, Unit

NOMINAL_V = Decimal(230)  # K01.FR.50: the voltage of the area, not what is measured
PHASES = 3  # K01.FR.49: where none are told
LOWEST_A = Decimal(6)  # IEC 61851-1: a pilot signal cannot offer less and still let a car charge
TENTH = Decimal("0.1")  # no station's schedules are finer


def watts(amount: Decimal, unit: Unit, phases: int | None) -> Decimal:
    """K01.FR.51: amperes are those of each phase."""
    return amount if unit is Unit.W else amount * NOMINAL_V * (phases or PHASES)


def said_in(amount: Decimal, unit: Unit, wanted: Unit, phases: int | None) -> Decimal:
    """Never more than was given: what does not come out even is cut."""
    if unit is wanted:
        return amount
    volts = NOMINAL_V * (phases or PHASES)
    turned = amount * volts if wanted is Unit.W else amount / volts
    return turned.quantize(TENTH, ROUND_DOWN)


def fitted(profile: Profile, units: Iterable[Unit] | None) -> Profile:
    """The same profile in a unit that the station counts in."""
    known = frozenset(units or Unit)
    if all(schedule.unit in known for schedule in profile.schedules):
        return profile
    schedules = tuple(
        schedule if schedule.unit in known else _turned(schedule, next(iter(known)))
        for schedule in profile.schedules
    )
    return replace(profile, schedules=schedules)


def _turned(schedule: Schedule, unit: Unit) -> Schedule:
    periods = tuple(_period(period, schedule.unit, unit) for period in schedule.periods)
    rate = schedule.min_rate
    return replace(
        schedule,
        unit=unit,
        periods=periods,
        min_rate=None if rate is None else said_in(rate, schedule.unit, unit, None),
    )


def _period(period: Period, unit: Unit, wanted: Unit) -> Period:
    told = {
        name: said_in(value, unit, wanted, period.phases)
        for name in AMOUNTS
        if (value := getattr(period, name)) is not None
    }
    return replace(period, **told)


def spared(profile: Profile) -> Profile:
    """For a station that ends the transaction at a limit of nothing (evcc-io/evcc#29274): the
    least that a car can charge with instead."""
    schedules = tuple(
        replace(
            schedule, periods=tuple(_spared(period, schedule.unit) for period in schedule.periods)
        )
        for schedule in profile.schedules
    )
    return replace(profile, schedules=schedules)


def _spared(period: Period, unit: Unit) -> Period:
    if period.limit != 0:
        return period
    phases = 1 if period.phases is None else period.phases
    return replace(period, limit=LOWEST_A if unit is Unit.A else watts(LOWEST_A, Unit.A, phases))
