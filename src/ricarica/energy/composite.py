"""What all profiles of a station come to: the schedule that we believe it follows.

K02.FR.01, K08.FR.04, SC.01: of each purpose the highest stack level that has a period leads; the
least of the leading limits holds. A car that has priority follows that profile instead of its own
(K21), and what is generated on the spot comes on top.

What a station alone knows is told beside the amounts: by how much it delays a period by chance, a
state of charge it has not reported, and its wall clock, if it has not said where it stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import reduce
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from ricarica.energy.model import (
    WHOLE_STATION,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
)
from ricarica.energy.moments import lasting, later, shown, when_shown
from ricarica.energy.units import NOMINAL_V, PHASES, watts
from ricarica.kernel.ids import EvseNumber

N = TypeVar("N", int, Decimal)

EVERY = {Recurrence.DAILY: timedelta(days=1), Recurrence.WEEKLY: timedelta(weeks=1)}
SLACK = timedelta(days=1)  # what the clocks of the world differ at most
CHANGES_MAX = 2_000  # of one schedule; a picture shows no more, and a year of days has fewer


class Placed(msgspec.Struct, frozen=True):
    profile: Profile
    evse: EvseNumber


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """For whom: an EVSE with the transaction that runs there. EVSE 0: the whole station."""

    evse: EvseNumber
    transaction: str | None = None
    started_at: datetime | None = None
    has_priority: bool = False
    soc_percent: Decimal | None = None  # of the car, as far as it told
    zone: tzinfo | None = None  # of the station's wall clock


class Ceiling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds at a moment, in W over all phases, and in A on each. None: nothing limits it."""

    power_w: Decimal | None = None
    current_a: Decimal | None = None
    discharge_w: Decimal | None = None
    setpoint_w: Decimal | None = None
    phases: int | None = None
    mode: Mode | None = None
    delay_s: int | None = None  # by chance it may begin so much later; K01.FR.92
    less_from_soc: int | None = None  # from this state of charge on, in percent; K01.FR.100
    by_unknown_clock: bool = False  # the station's, taken for UTC; K01.FR.90

    def in_w(self) -> Decimal | None:
        """The limit, whichever of both says less."""
        by_current = self.current_a and self.current_a * NOMINAL_V * (self.phases or PHASES)
        if self.current_a is None:
            return self.power_w
        assert by_current is not None, "zero is a number too"
        return by_current if self.power_w is None else min(self.power_w, by_current)

    def in_a(self) -> Decimal | None:
        power_w = self.in_w()
        return None if power_w is None else power_w / (NOMINAL_V * (self.phases or PHASES))


class Span(msgspec.Struct, frozen=True):
    """From then on until the next one."""

    at: datetime
    ceiling: Ceiling


def composite(
    placed: Sequence[Placed], occasion: Occasion, at: datetime, duration: timedelta
) -> list[Span]:
    """One span for each change, the first one at the beginning."""
    # K08.FR.06: where no transaction runs, as if one began now.
    meant = replace(occasion, started_at=occasion.started_at or at)
    spans: list[Span] = []
    for change in sorted(_changes(placed, meant, at, at + duration)):
        ceiling = ceiling_at(placed, meant, change)
        if not spans or spans[-1].ceiling != ceiling:
            spans.append(Span(change, ceiling))
    return spans


def ceiling_at(placed: Iterable[Placed], occasion: Occasion, at: datetime) -> Ceiling:
    known = [each for each in placed if each.evse in (WHOLE_STATION, occasion.evse)]

    def leading(*purposes: Purpose) -> Ceiling | None:
        found = (_leading(known, occasion, at, purpose) for purpose in purposes)
        return next((ceiling for ceiling in found if ceiling is not None), None)

    ceilings = [leading(Purpose.STATION_MAX), leading(Purpose.EXTERNAL)]
    if occasion.evse != WHOLE_STATION:
        own = (Purpose.PRIORITY,) if occasion.has_priority else ()
        ceilings.append(leading(*own, Purpose.TRANSACTION, Purpose.TX_DEFAULT))
    merged = reduce(_least, (each for each in ceilings if each is not None), Ceiling())
    return _within(_with_generation(merged, leading(Purpose.LOCAL_GENERATION)))


def _leading(
    placed: Iterable[Placed], occasion: Occasion, at: datetime, purpose: Purpose
) -> Ceiling | None:
    candidates = [each for each in placed if _is_meant(each, occasion, purpose)]
    candidates.sort(key=lambda each: (each.profile.stack_level, each.evse), reverse=True)
    for each in candidates:
        period = _period_at(each.profile, occasion, at)
        if period is not None:
            return _ceiling(*period, each.profile, occasion)
    return None


def _is_meant(each: Placed, occasion: Occasion, purpose: Purpose) -> bool:
    if each.profile.purpose is not purpose:
        return False
    if purpose is Purpose.TRANSACTION:  # K02.FR.04
        wanted = each.profile.transaction
        return occasion.transaction is not None and wanted in (None, occasion.transaction)
    return True


def _period_at(
    profile: Profile, occasion: Occasion, at: datetime
) -> tuple[Period, Schedule] | None:
    if profile.valid_from and at < profile.valid_from:  # K01.FR.36
        return None
    if profile.valid_to and at >= profile.valid_to:  # K01.FR.37
        return None
    schedule = profile.schedules[0]
    elapsed = _elapsed(profile, schedule, occasion, at)
    if elapsed is None:
        return None
    begun = [each for each in schedule.periods if lasting(each.start_s) <= elapsed]
    return (begun[-1], schedule) if begun else None


def _elapsed(
    profile: Profile, schedule: Schedule, occasion: Occasion, at: datetime
) -> timedelta | None:
    """Since the schedule began; None: it does not hold now."""
    zone = _clock_of(profile, schedule, occasion)
    now = at if zone is None else shown(at, zone)
    elapsed = now - _begun_at(profile, schedule, occasion, at)
    if elapsed < timedelta():  # K01.FR.30
        return None
    if profile.recurrence:
        elapsed %= EVERY[profile.recurrence]
    if schedule.duration_s is not None and elapsed >= lasting(schedule.duration_s):
        return None  # K01.FR.13, K28.FR.13
    return elapsed


def _clock_of(profile: Profile, schedule: Schedule, occasion: Occasion) -> tzinfo | None:
    """Where the clock is that the schedule goes by; None: it does not go by the station's."""
    is_dated = profile.kind in (Kind.ABSOLUTE, Kind.RECURRING) and schedule.start_at is not None
    return (occasion.zone or UTC) if schedule.local_time and is_dated else None


def _begun_at(profile: Profile, schedule: Schedule, occasion: Occasion, at: datetime) -> datetime:
    """By the clock that the schedule goes by."""
    if profile.kind is Kind.RELATIVE:  # K01.FR.42
        return occasion.started_at or at
    if profile.kind is Kind.DYNAMIC:
        return profile.updated_at or occasion.started_at or at
    if schedule.start_at and _clock_of(profile, schedule, occasion):
        return schedule.start_at.replace(tzinfo=UTC)  # K01.FR.90: whatever zone it has counts not
    return schedule.start_at or profile.valid_from or occasion.started_at or at


def _ceiling(period: Period, schedule: Schedule, profile: Profile, occasion: Occasion) -> Ceiling:
    unit, phases = schedule.unit, period.phases
    limit, setpoint = period.limit, period.setpoint
    full = schedule.limit_at_soc
    is_full = full is not None and (occasion.soc_percent or 0) >= full.soc_percent
    if full is not None and is_full:
        limit = _lesser(limit, full.limit)
        setpoint = None if setpoint is None else min(setpoint, full.limit)
    # K08.FR.06, K01.FR.92: not where nobody charges, nor the first one.
    is_delayed = occasion.transaction is not None and period.start_s > 0

    def in_watts(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else watts(amount, unit, phases)

    is_power = unit == "W"
    return Ceiling(
        power_w=limit if is_power else None,
        current_a=None if is_power else limit,
        discharge_w=in_watts(period.discharge_limit),
        setpoint_w=in_watts(setpoint),
        phases=phases,
        mode=period.mode,
        delay_s=(schedule.randomized_delay_s or None) if is_delayed else None,
        less_from_soc=full.soc_percent if full is not None and not is_full else None,
        by_unknown_clock=occasion.zone is None
        and _clock_of(profile, schedule, occasion) is not None,
    )


def _least(one: Ceiling, other: Ceiling) -> Ceiling:
    return Ceiling(
        power_w=_lesser(one.power_w, other.power_w),
        current_a=_lesser(one.current_a, other.current_a),
        # SC.04: of what flows back, the least is the one nearest to zero.
        discharge_w=_nearer(one.discharge_w, other.discharge_w),
        setpoint_w=_lesser(one.setpoint_w, other.setpoint_w),
        phases=_lesser(one.phases, other.phases),  # K01.FR.140
        mode=other.mode or one.mode,
        delay_s=max(one.delay_s or 0, other.delay_s or 0) or None,
        less_from_soc=_lesser(one.less_from_soc, other.less_from_soc),
        by_unknown_clock=one.by_unknown_clock or other.by_unknown_clock,
    )


def _with_generation(ceiling: Ceiling, generated: Ceiling | None) -> Ceiling:
    more_w = generated.in_w() if generated else None
    limit_w = ceiling.in_w()
    if more_w is None or limit_w is None:
        return ceiling
    return replace(ceiling, power_w=limit_w + more_w, current_a=None)


def _within(ceiling: Ceiling) -> Ceiling:
    """K08.FR.08: a setpoint keeps to the limits beside it."""
    setpoint_w = ceiling.setpoint_w
    if setpoint_w is None:
        return ceiling
    if setpoint_w >= 0:
        return replace(ceiling, setpoint_w=_lesser(setpoint_w, ceiling.in_w()))
    return replace(ceiling, setpoint_w=_nearer(setpoint_w, ceiling.discharge_w))


def _changes(
    placed: Iterable[Placed], occasion: Occasion, at: datetime, until: datetime
) -> set[datetime]:
    changes = {at}
    for each in placed:
        changes.update(edge for edge in _edges(each.profile, occasion, at, until))
    return {change for change in changes if at <= change < until}


def _edges(
    profile: Profile, occasion: Occasion, at: datetime, until: datetime
) -> Iterator[datetime]:
    yield from (edge for edge in (profile.valid_from, profile.valid_to) if edge)
    schedule = profile.schedules[0]
    offsets = [lasting(period.start_s) for period in schedule.periods]
    if schedule.duration_s is not None:
        offsets.append(lasting(schedule.duration_s))
    zone = _clock_of(profile, schedule, occasion)
    for begun in _beginnings(profile, schedule, occasion, at, until):
        edges = (later(begun, offset) for offset in offsets)
        yield from edges if zone is None else (when_shown(edge, zone) for edge in edges)


def _beginnings(
    profile: Profile, schedule: Schedule, occasion: Occasion, at: datetime, until: datetime
) -> Iterator[datetime]:
    begun = _begun_at(profile, schedule, occasion, at)
    if profile.recurrence is None:
        yield begun
        return
    every = EVERY[profile.recurrence]
    at, until = at - SLACK, until + SLACK
    begun += max((at - begun) // every, 0) * every
    for _ in range(CHANGES_MAX // len(schedule.periods) + 1):
        if begun >= until:
            return
        yield begun
        begun += every


def _lesser(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _nearer(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
