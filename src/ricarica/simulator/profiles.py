"""Charging profiles: which of them applies now, and the limit that follows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from ricarica.ocpp.payload import Payload
from ricarica.simulator.battery import NOMINAL_V, UNLIMITED, Limit

Number = TypeVar("Number", int, Decimal)

DAY = timedelta(days=1)
STATION_MAX = ("ChargePointMaxProfile", "ChargingStationMaxProfile")
EXTERNAL = "ChargingStationExternalConstraints"
TX_DEFAULT = "TxDefaultProfile"
TX = "TxProfile"
PRIORITY = "PriorityCharging"
LOCAL_GENERATION = "LocalGeneration"
PROFILES_MAX = 100  # far more than any server installs; keeps a hostile one from filling memory


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on after the schedule began. `None` limits nothing."""

    start: timedelta
    limit: Decimal | None
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile of either family. `evse` 0 means the whole station."""

    id: int
    evse: int
    stack_level: int
    purpose: str
    kind: str
    unit: str
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration: timedelta | None = None
    recurs_every: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None
    said: Payload | None = None
    """As the server said it, to report it in full."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """For whom a limit is asked: an EVSE, and the transaction that runs on it."""

    evse: int
    at: datetime
    transaction: str | None = None
    transaction_started_at: datetime | None = None
    has_priority: bool = False


def limit_on(profiles: Iterable[Profile], occasion: Occasion) -> Limit:
    """The ceiling that all installed profiles together put on one EVSE."""
    known = tuple(profiles)
    ceilings = (
        _highest(known, occasion, _caps_station),
        _highest(known, occasion, lambda profile: profile.purpose == EXTERNAL),
        _highest(known, occasion, _is_first(occasion))
        or _highest(known, occasion, _is_for_this_transaction(occasion))
        or _highest(known, occasion, lambda profile: profile.purpose == TX_DEFAULT),
    )
    limit = tightest(limit for limit in ceilings if limit is not None)
    on_top = _highest(known, occasion, lambda profile: profile.purpose == LOCAL_GENERATION)
    return raised(limit, on_top) if on_top else limit


def raised(limit: Limit, by: Limit) -> Limit:
    """What is generated on the spot comes on top, told in the same unit. (2.1 K27)"""
    return Limit(
        _more(limit.current_a, by.current_a), _more(limit.power_w, by.power_w), limit.phases
    )


def tightest(limits: Iterable[Limit]) -> Limit:
    combined = UNLIMITED
    for limit in limits:
        combined = Limit(
            _least(combined.current_a, limit.current_a),
            _least(combined.power_w, limit.power_w),
            _least(combined.phases, limit.phases),
        )
    return combined


def installed(profiles: Sequence[Profile], new: Profile) -> tuple[Profile, ...]:
    """The list after installing one more, which replaces what it is meant to replace."""
    kept = [
        old
        for old in profiles
        if old.id != new.id
        and (old.evse, old.purpose, old.stack_level, old.transaction)
        != (new.evse, new.purpose, new.stack_level, new.transaction)
    ]
    return (*kept, new)[-PROFILES_MAX:]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which profiles to clear; what is `None` does not restrict."""

    id: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack_level: int | None = None

    def match(self, profile: Profile) -> bool:
        if self.id is not None:
            return profile.id == self.id
        return (
            self.evse in (None, profile.evse)
            and self.purpose in (None, profile.purpose)
            and self.stack_level in (None, profile.stack_level)
        )


def composite(
    profiles: Sequence[Profile], occasion: Occasion, duration: timedelta
) -> Iterator[tuple[timedelta, Limit]]:
    """The limits ahead, as (offset from now, limit), one for each change."""
    previous: Limit | None = None
    for offset in sorted(_change_offsets(profiles, occasion, duration)):
        later = Occasion(
            occasion.evse,
            occasion.at + offset,
            occasion.transaction,
            occasion.transaction_started_at,
            occasion.has_priority,
        )
        limit = limit_on(profiles, later)
        if limit != previous:
            yield offset, limit
        previous = limit


def in_unit(limit: Limit, unit: str, power_w_max: Decimal, phases: int) -> Decimal:
    """The limit said in A or W, where a missing one means all that the outlet can give."""
    volts = NOMINAL_V * (limit.phases or phases)
    powers = [power_w_max]
    if limit.power_w is not None:
        powers.append(limit.power_w)
    if limit.current_a is not None:
        powers.append(limit.current_a * volts)
    power_w = min(powers)
    return (power_w if unit == "W" else power_w / volts).quantize(Decimal("0.1"))


def _caps_station(profile: Profile) -> bool:
    return profile.purpose in STATION_MAX


def _is_first(occasion: Occasion) -> Callable[[Profile], bool]:
    """K21: who has priority follows a profile that the others do not. (2.1)"""
    return lambda profile: profile.purpose == PRIORITY and occasion.has_priority


def _is_for_this_transaction(occasion: Occasion) -> Callable[[Profile], bool]:
    def applies(profile: Profile) -> bool:
        return (
            profile.purpose == TX
            and occasion.transaction is not None
            and profile.transaction in (None, occasion.transaction)
        )

    return applies


def _highest(
    profiles: Iterable[Profile], occasion: Occasion, wanted: Callable[[Profile], bool]
) -> Limit | None:
    """The limit of the highest stack level that has one now; an EVSE's own beats the station's."""
    candidates = [
        profile for profile in profiles if wanted(profile) and profile.evse in (0, occasion.evse)
    ]
    candidates.sort(key=lambda profile: (profile.stack_level, profile.evse), reverse=True)
    for profile in candidates:
        limit = _limit_of(profile, occasion)
        if limit is not None:
            return limit
    return None


def _limit_of(profile: Profile, occasion: Occasion) -> Limit | None:
    elapsed = _elapsed(profile, occasion)
    if elapsed is None:
        return None
    current: Period | None = None
    for period in profile.periods:
        if period.start <= elapsed:
            current = period
    if current is None:
        return None
    if profile.unit == "W":
        return Limit(power_w=current.limit, phases=current.phases)
    return Limit(current_a=current.limit, phases=current.phases)


def _elapsed(profile: Profile, occasion: Occasion) -> timedelta | None:
    """Time since the schedule began, or `None` when it does not apply now."""
    at = occasion.at
    if profile.valid_from is not None and at < profile.valid_from:
        return None
    if profile.valid_to is not None and at >= profile.valid_to:
        return None
    begun = _begun_at(profile, occasion)
    if at < begun:
        return None
    elapsed = at - begun
    if profile.recurs_every is not None:
        elapsed %= profile.recurs_every
    if profile.duration is not None and elapsed >= profile.duration:
        return None
    return elapsed


def _begun_at(profile: Profile, occasion: Occasion) -> datetime:
    if profile.kind == "Relative":
        return occasion.transaction_started_at or occasion.at
    return profile.start or profile.valid_from or occasion.transaction_started_at or occasion.at


def _change_offsets(
    profiles: Sequence[Profile], occasion: Occasion, duration: timedelta
) -> set[timedelta]:
    changes = {timedelta(0)}
    for profile in profiles:
        changes.update(_offsets_of(profile, occasion, duration))
    return {offset for offset in changes if timedelta(0) <= offset < duration}


def _offsets_of(profile: Profile, occasion: Occasion, duration: timedelta) -> Iterator[timedelta]:
    for edge in (profile.valid_from, profile.valid_to):
        if edge is not None:
            yield edge - occasion.at
    begun = _begun_at(profile, occasion)
    starts = [begun - occasion.at]
    if profile.recurs_every is not None:
        first = begun + ((occasion.at - begun) // profile.recurs_every) * profile.recurs_every
        times = min(duration // profile.recurs_every + 2, 60)
        starts = [first - occasion.at + profile.recurs_every * turn for turn in range(times)]
    for start in starts:
        yield from (start + period.start for period in profile.periods)
        if profile.duration is not None:
            yield start + profile.duration


def _least(one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _more(limit: Decimal | None, by: Decimal | None) -> Decimal | None:
    return limit if limit is None or by is None else limit + by
