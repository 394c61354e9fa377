"""Whether a charging profile may be sent: what the specification says, and what a station can."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ricarica.energy.abilities import Abilities
from ricarica.energy.figures import is_sound
from ricarica.energy.model import (
    AMOUNTS,
    PERIODS_MAX,
    SCHEDULES_MAX,
    WHOLE_STATION,
    Held,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Schedule,
    Unit,
)
from ricarica.energy.units import LOWEST_A
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber

PHASES = range(1, 4)
NUMBERS = 2**31  # integers of the protocol, as many stations read them

LIMITS = tuple(name for name in AMOUNTS if name.startswith("limit"))
DISCHARGE_LIMITS = tuple(name for name in AMOUNTS if name.startswith("discharge_limit"))
REACTIVE = tuple(name for name in AMOUNTS if name.startswith("setpoint_reactive"))
SETPOINTS = tuple(name for name in AMOUNTS if name.startswith("setpoint") and name not in REACTIVE)
PER_PHASE = tuple(name for name in AMOUNTS if name.endswith(("_l2", "_l3")))

# Q, limits and setpoints per operation mode; K29: amounts that others tell come empty from us.
ALLOWED = {
    Mode.CHARGING_ONLY: frozenset(LIMITS),  # Q02.FR.02
    Mode.CENTRAL_SETPOINT: frozenset({*SETPOINTS, *REACTIVE}),  # Q03.FR.01, Q03.FR.02
    Mode.CENTRAL_FREQUENCY: frozenset(SETPOINTS),  # Q07.FR.03
    Mode.EXTERNAL_SETPOINT: frozenset({*LIMITS, *DISCHARGE_LIMITS}),
    Mode.EXTERNAL_LIMITS: frozenset(),
    Mode.LOCAL_FREQUENCY: frozenset(),  # Q08.FR.01
    Mode.LOCAL_LOAD_BALANCING: frozenset({*LIMITS, *DISCHARGE_LIMITS}),  # Q09.FR.05
    Mode.IDLE: frozenset(),  # Q10.FR.01
}
# K01.FR.111, K01.FR.113; those of transactions may have all modes.
MODES_OF = {
    Purpose.STATION_MAX: frozenset({Mode.CHARGING_ONLY}),
    Purpose.PRIORITY: frozenset({Mode.CHARGING_ONLY}),
    Purpose.LOCAL_GENERATION: frozenset({Mode.CHARGING_ONLY, Mode.EXTERNAL_LIMITS}),
}
OF_TRANSACTIONS = frozenset({Purpose.TRANSACTION, Purpose.TX_DEFAULT})
OPTIONAL_PURPOSES = frozenset({Purpose.PRIORITY, Purpose.LOCAL_GENERATION})


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a profile shall go, and what is there already."""

    evse: EvseNumber
    abilities: Abilities
    others: tuple[Held, ...] = ()  # of the same station
    running: frozenset[str] = frozenset()  # transactions at the EVSE, by the station's names
    with_start: bool = False  # it goes along with a remote start
    has_needs: bool = False  # the car has told what it needs, so it speaks ISO 15118
    needs_phases: bool = False  # and it did so for each phase


def check(profile: Profile, placing: Placing) -> None:
    """
    Raises:
        InvalidError: it may not be sent; the text says what would do.
    """
    for fault in faults(profile, placing):
        raise InvalidError(fault)


def faults(profile: Profile, placing: Placing) -> Iterator[str]:
    if not is_sound(profile):
        yield "an amount is no number that can flow"
        return
    if not (0 <= profile.id < NUMBERS and 0 <= profile.stack_level < NUMBERS):
        yield f"ids and stack levels are from 0 to {NUMBERS - 1}"
    yield from _purpose_faults(profile, placing)
    yield from _kind_faults(profile)
    yield from _ability_faults(profile, placing.abilities)
    yield from _clashes(profile, placing)
    yield from _schedules_faults(profile, placing)


def _purpose_faults(profile: Profile, placing: Placing) -> Iterator[str]:
    purpose, evse = profile.purpose, placing.evse
    if purpose is Purpose.EXTERNAL:  # K01.FR.22, K02.FR.07
        yield "external limits are for stations to tell; choose another purpose"
    if purpose is Purpose.STATION_MAX and evse != WHOLE_STATION:  # K04
        yield "station_max is for the whole station; put it on EVSE 0"
    if placing.with_start:
        yield from _start_faults(profile)
    elif purpose is Purpose.TRANSACTION:
        yield from _transaction_faults(profile, placing)
    elif profile.transaction is not None:
        yield "only a profile of purpose transaction names one"
    optional = placing.abilities.purposes
    if purpose in OPTIONAL_PURPOSES and optional is not None and purpose not in optional:
        yield f"the station does not know the purpose {purpose}"  # K01.FR.120


def _start_faults(profile: Profile) -> Iterator[str]:
    if profile.purpose is not Purpose.TRANSACTION:  # K05.FR.02
        yield "a profile that goes along with a start has the purpose transaction"
    if profile.transaction is not None:
        yield "a transaction that is yet to start has no name; leave it out"


def _transaction_faults(profile: Profile, placing: Placing) -> Iterator[str]:
    if placing.evse == WHOLE_STATION:  # K01.FR.16
        yield "a transaction's profile is for the EVSE where it runs, not for EVSE 0"
    elif profile.transaction is None:  # K01.FR.03
        yield "name the transaction that the profile is for"
    elif profile.transaction not in placing.running:
        yield f"no transaction {profile.transaction} runs at EVSE {placing.evse}"


def _kind_faults(profile: Profile) -> Iterator[str]:
    kind = profile.kind
    if kind is Kind.RELATIVE and profile.purpose is Purpose.STATION_MAX:  # K01.FR.38
        yield "a limit of the whole station has nothing to be relative to; make it absolute"
    if (kind is Kind.RECURRING) is (profile.recurrence is None):
        yield "a recurring profile has a recurrence, and no other has"
    if kind is not Kind.DYNAMIC and (profile.update_interval_s or profile.updated_at):
        yield "only dynamic profiles are updated"  # K01.FR.122, K28.FR.04
    is_one = len(profile.schedules) == 1 and len(profile.schedules[0].periods) == 1
    if kind is Kind.DYNAMIC and not is_one:  # K28.FR.01
        yield "a dynamic profile has one schedule with one period"
    if profile.valid_from and profile.valid_to and profile.valid_from >= profile.valid_to:
        yield "valid_to is after valid_from"


def _ability_faults(profile: Profile, can: Abilities) -> Iterator[str]:
    if can.stack_level_max is not None and profile.stack_level > can.stack_level_max:
        yield f"the station's stack levels end at {can.stack_level_max}"
    if can.external_id_max is not None and 0 < profile.id <= can.external_id_max:
        yield f"ids up to {can.external_id_max} are the station's own"  # K01.FR.80
    if profile.kind is Kind.DYNAMIC and can.dynamic is False:  # K01.FR.121
        yield "the station takes no dynamic profiles"
    if profile.max_offline_s is not None and can.max_offline is False:
        yield "the station does not know max_offline_s"


def _clashes(profile: Profile, placing: Placing) -> Iterator[str]:
    """K01.FR.06, K01.FR.39, K01.FR.52, K01.FR.53: never two that hold at the same time."""
    for other in placing.others:
        if other.id == profile.id or other.unwanted:
            continue
        there = other.wanted or other.held
        if there and _stands_beside(profile, placing.evse, there, other.evse):
            yield (
                f"profile {other.id} of the same purpose has stack level {profile.stack_level}"
                " already; choose another level, or replace it by its id"
            )
    known = {other.id for other in placing.others if not other.unwanted}
    most = placing.abilities.profiles_max
    if most is not None and len(known - {profile.id}) >= most:
        yield f"the station keeps no more than {most} profiles; remove one first"


def _stands_beside(one: Profile, at: EvseNumber, other: Profile, there: EvseNumber) -> bool:
    if (one.purpose, one.stack_level) != (other.purpose, other.stack_level):
        return False
    if one.purpose is Purpose.TRANSACTION:
        return one.transaction is not None and one.transaction == other.transaction
    is_default = one.purpose is Purpose.TX_DEFAULT
    if at != there and not (is_default and WHOLE_STATION in (at, there)):
        return False
    return _overlap(one, other)


def _overlap(one: Profile, other: Profile) -> bool:
    ends_before = one.valid_to and other.valid_from and one.valid_to <= other.valid_from
    begins_after = one.valid_from and other.valid_to and other.valid_to <= one.valid_from
    return not (ends_before or begins_after)


def _schedules_faults(profile: Profile, placing: Placing) -> Iterator[str]:
    most = SCHEDULES_MAX if placing.has_needs else 1  # K01.FR.34, K15.FR.07
    if not 1 <= len(profile.schedules) <= most:
        yield f"a profile has 1 to {most} schedules here"
    for schedule in profile.schedules:
        yield from _schedule_faults(schedule, profile, placing)


def _schedule_faults(schedule: Schedule, profile: Profile, placing: Placing) -> Iterator[str]:
    can, kind = placing.abilities, profile.kind
    if kind in (Kind.ABSOLUTE, Kind.RECURRING) and schedule.start_at is None:  # K01.FR.40
        yield f"an {kind} schedule has a start_at"
    if kind is Kind.RELATIVE and schedule.start_at is not None:  # K01.FR.41
        yield "a relative schedule has no start_at"
    if profile.purpose is Purpose.PRIORITY and schedule.duration_s is not None:  # K01.FR.73
        yield "priority lasts until it is ended: leave duration_s out"
    if can.units is not None and schedule.unit not in can.units:  # K01.FR.26
        yield f"the station does not count in {schedule.unit}"
    if schedule.randomized_delay_s and profile.purpose not in OF_TRANSACTIONS:  # K01.FR.95
        yield "only profiles of transactions have a randomized delay"
    for name, ability in (
        ("local_time", can.local_time),  # K01.FR.123
        ("randomized_delay_s", can.randomized_delay),  # K01.FR.124
        ("limit_at_soc", can.limit_at_soc),  # K01.FR.125
    ):
        if getattr(schedule, name) and ability is False:
            yield f"the station does not know {name}"
    yield from _periods_faults(schedule, profile, placing)


def _periods_faults(schedule: Schedule, profile: Profile, placing: Placing) -> Iterator[str]:
    periods, most = schedule.periods, placing.abilities.periods_max or PERIODS_MAX
    if not 1 <= len(periods) <= most:
        yield f"a schedule has 1 to {most} periods at this station"
        return
    starts = [period.start_s for period in periods]
    if starts[0] != 0:  # K01.FR.31
        yield "the first period starts at 0"
    if any(later <= earlier for earlier, later in pairwise(starts)):
        yield "each period starts after the one before it"  # K01.FR.35
    for period in periods:
        for rule in PERIOD_RULES:
            yield from rule(period, schedule, profile, placing)


def _phase_faults(
    period: Period, _schedule: Schedule, _profile: Profile, placing: Placing
) -> Iterator[str]:
    if period.phases is not None and period.phases not in PHASES:
        yield "phases is 1, 2 or 3"
    if period.phase is None:
        return
    if period.phase not in PHASES:
        yield "phase is 1, 2 or 3"
    if period.phases != 1:  # K01.FR.19
        yield "which phase to use is only said together with phases 1"
    if not placing.abilities.switches_phases:  # K01.FR.20
        yield "the station has not told that it can choose the phase"


def _mode_faults(
    period: Period, schedule: Schedule, profile: Profile, placing: Placing
) -> Iterator[str]:
    mode = period.mode or Mode.CHARGING_ONLY
    if mode not in MODES_OF.get(profile.purpose, frozenset(Mode)):
        yield f"a profile of purpose {profile.purpose} has no periods of mode {mode}"
    known = placing.abilities.modes
    if mode is not Mode.CHARGING_ONLY and known is not None and mode not in known:
        yield f"the station does not know the mode {mode}"  # K01.FR.115, Q09.FR.01
    told = [name for name in AMOUNTS if getattr(period, name) is not None]
    if wrong := [name for name in told if name not in ALLOWED[mode]]:
        yield f"a period of mode {mode} has no {wrong[0]}"
    if mode is Mode.CHARGING_ONLY and period.limit is None:
        yield "a period needs a limit"
    if mode in (Mode.CENTRAL_SETPOINT, Mode.CENTRAL_FREQUENCY) and period.setpoint is None:
        yield f"a period of mode {mode} needs a setpoint"
    if mode is Mode.CENTRAL_FREQUENCY and profile.kind is not Kind.DYNAMIC:  # Q07.FR.02
        yield "central_frequency needs a dynamic profile"
    if mode is Mode.LOCAL_FREQUENCY:
        yield from _curve_faults(period, schedule)
    elif period.frequency_curve or period.signal_curve:
        yield "curves belong to the mode local_frequency"
    if period.evse_sleep and (mode is not Mode.IDLE or placing.abilities.evse_sleep is False):
        yield "an EVSE sleeps in mode idle only, and if it can"  # K01.FR.126


def _curve_faults(period: Period, schedule: Schedule) -> Iterator[str]:
    if len(period.frequency_curve) < 2 or period.baseline_w is None:  # Q08.FR.02
        yield "local_frequency needs a frequency_curve of two points or more, and a baseline_w"
    if len(period.signal_curve) == 1:
        yield "a signal_curve has two points or more"
    if schedule.unit is not Unit.W:  # Q08.FR.05
        yield "a frequency_curve is in W, so the schedule is too"


def _amount_faults(
    period: Period, schedule: Schedule, profile: Profile, placing: Placing
) -> Iterator[str]:
    if any((getattr(period, name) or 0) < 0 for name in LIMITS):
        yield "a limit is not negative; what flows back has a discharge_limit"
    if any((getattr(period, name) or 0) > 0 for name in DISCHARGE_LIMITS):
        yield "a discharge_limit is not positive: what flows back is negative"
    if any(getattr(period, name) is not None for name in PER_PHASE):
        if profile.purpose is not Purpose.TRANSACTION:  # K01.FR.143
            yield "only a transaction's profile has limits for each phase"
        elif not placing.needs_phases:  # K01.FR.142
            yield "the car has not told that it can be limited for each phase"
    limit = period.limit or 0  # nothing is a pause
    if schedule.unit is Unit.A and 0 < limit < LOWEST_A and not placing.has_needs:
        yield "a car cannot be offered less than 6 A; give 0 to pause it, or 6 at least"


PERIOD_RULES: tuple[Callable[[Period, Schedule, Profile, Placing], Iterable[str]], ...] = (
    _phase_faults,
    _mode_faults,
    _amount_faults,
)
