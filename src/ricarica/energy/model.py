"""Charging profiles at their richest: limits, setpoints and modes over time.

Amounts are A per phase or W, as the schedule's unit says; reactive ones var. What flows from the
car to the grid is negative. A profile is JSON with these very names for people and programs.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from ricarica.authorization.model import EnergyTransfer
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId

WHOLE_STATION = EvseNumber(0)
SCHEDULES_MAX = 3  # 2.x takes no more in one profile
PERIODS_MAX = 1024  # nor more of these in one schedule
Instant = Annotated[datetime, msgspec.Meta(tz=True)]  # one without an offset means nothing
OURS = "CSO"  # where a limit comes from that we set


class Purpose(StrEnum):
    STATION_MAX = "station_max"  # what the whole station may draw
    TX_DEFAULT = "tx_default"  # any transaction without a profile of its own
    TRANSACTION = "transaction"
    PRIORITY = "priority"  # instead of the two above, while somebody has priority
    LOCAL_GENERATION = "local_generation"  # what is there on top, e.g. from a roof
    EXTERNAL = "external"  # from somebody who is not us; only stations tell it


class Kind(StrEnum):
    ABSOLUTE = "absolute"
    RECURRING = "recurring"
    RELATIVE = "relative"  # to when charging can begin
    DYNAMIC = "dynamic"  # one period, whose amounts are told anew again and again


class Recurrence(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


class Unit(StrEnum):
    A = "A"
    W = "W"


class Mode(StrEnum):
    """Who decides on the amounts of a period, and whether a car may give back."""

    CHARGING_ONLY = "charging_only"
    CENTRAL_SETPOINT = "central_setpoint"
    EXTERNAL_SETPOINT = "external_setpoint"
    EXTERNAL_LIMITS = "external_limits"
    CENTRAL_FREQUENCY = "central_frequency"
    LOCAL_FREQUENCY = "local_frequency"
    LOCAL_LOAD_BALANCING = "local_load_balancing"
    IDLE = "idle"


class Amounts(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What may flow. The members without a phase are for the first one, or for all together."""

    limit: Decimal | None = None
    limit_l2: Decimal | None = None
    limit_l3: Decimal | None = None
    discharge_limit: Decimal | None = None
    discharge_limit_l2: Decimal | None = None
    discharge_limit_l3: Decimal | None = None
    setpoint: Decimal | None = None
    setpoint_l2: Decimal | None = None
    setpoint_l3: Decimal | None = None
    setpoint_reactive: Decimal | None = None
    setpoint_reactive_l2: Decimal | None = None
    setpoint_reactive_l3: Decimal | None = None


AMOUNTS = Amounts.__struct_fields__


class FrequencyPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    frequency_hz: Decimal
    power_w: Decimal


class SignalPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a signal of the grid's operator stands for; aFRR."""

    signal: int
    power_w: Decimal


class Period(Amounts, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From `start_s` seconds after its schedule began until the next one."""

    start_s: int = 0
    phases: int | None = None
    phase: int | None = None  # which of the three, when it is one
    mode: Mode | None = None
    preconditioning: bool | None = None  # the car may warm its battery
    evse_sleep: bool | None = None
    baseline_w: Decimal | None = None  # what the curves are added to
    frequency_curve: tuple[FrequencyPoint, ...] = ()
    signal_curve: tuple[SignalPoint, ...] = ()


class SocLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this state of charge on, no more than that."""

    soc_percent: int
    limit: Decimal


class Schedule(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """`sales_tariff`, `absolute_prices` and `price_levels` go to the car as ISO 15118 has them."""

    unit: Unit
    periods: tuple[Period, ...]
    id: int = 1
    start_at: Instant | None = None
    duration_s: int | None = None
    min_rate: Decimal | None = None  # below it, charging is inefficient
    power_tolerance: Decimal | None = None
    limit_at_soc: SocLimit | None = None
    local_time: bool | None = None  # `start_at` is by the station's wall clock
    randomized_delay_s: int | None = None
    signature_id: int | None = None
    digest: str | None = None
    sales_tariff: dict[str, Any] | None = None
    absolute_prices: dict[str, Any] | None = None
    price_levels: dict[str, Any] | None = None


class Profile(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """`id` 0 in what people give: we choose one. `transaction`: its name with the station."""

    purpose: Purpose
    schedules: tuple[Schedule, ...]
    id: int = 0
    kind: Kind = Kind.ABSOLUTE
    stack_level: int = 0
    recurrence: Recurrence | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    transaction: str | None = None
    max_offline_s: int | None = None  # out of reach for longer, the station passes it over
    invalid_after_offline: bool | None = None  # and it stays so
    update_interval_s: int | None = None  # how often the station asks for new amounts
    updated_at: Instant | None = None  # when amounts were told last
    price_signature: str | None = None

    @property
    def period(self) -> Period:
        """The only one of a dynamic profile."""
        return self.schedules[0].periods[0]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A profile of one station: as we want it, and as the station has it, as far as we know.

    `unwanted`: it shall go. `outcome`: how our last word about it ended.
    """

    station: StationKey
    id: int
    evse: EvseNumber
    purpose: Purpose
    transaction: str | None = None
    wanted: Profile | None = None
    held: Profile | None = None
    source: str = OURS
    unwanted: bool = False
    by_rule: bool = False  # given to a car for what it asked, rather than set by hand
    outcome: str | None = None
    detail: str | None = None
    told_at: datetime | None = None
    reported_at: datetime | None = None

    @property
    def is_ours(self) -> bool:
        return self.wanted is not None or self.unwanted

    @property
    def is_in_step(self) -> bool:
        """What shall go is forgotten once it is gone."""
        if self.unwanted:
            return False
        return self.wanted is None or same(self.wanted, self.held)


class ExternalLimit(msgspec.Struct, frozen=True, kw_only=True):
    """K11–K14: what somebody else sets at a station; kept after it was lifted, to be seen."""

    station: StationKey
    evse: EvseNumber
    source: str
    at: datetime
    schedules: tuple[Schedule, ...] = ()
    is_local_generation: bool = False
    is_grid_critical: bool = False
    cleared_at: datetime | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for a station, or (without one) for all that have nothing of their own.

    `transfers`: how energy may flow, None: not decided here. `power_w`: cars that tell their
    needs get a profile of so much, None: they get none.
    """

    tenant: TenantId
    station: StationId | None = None
    transfers: tuple[EnergyTransfer, ...] | None = None
    power_w: Decimal | None = None


def same(wanted: Profile, held: Profile | None) -> bool:
    """Whether a station has what we want, but for what it may put in by itself."""
    return held is not None and _comparable(wanted) == _comparable(held)


def _comparable(profile: Profile) -> Profile:
    schedules = tuple(_bare(schedule) for schedule in profile.schedules)
    return replace(profile, schedules=schedules, updated_at=None)


def _bare(schedule: Schedule) -> Schedule:
    # Stations leave prices out of their reports, and number schedules anew.
    return replace(
        schedule, id=0, sales_tariff=None, absolute_prices=None, price_levels=None, min_rate=None
    )


def with_amounts(profile: Profile, amounts: Amounts, at: datetime) -> Profile:
    """K28: a dynamic profile after an update; what the update leaves out stays."""
    told = {name: value for name in AMOUNTS if (value := getattr(amounts, name)) is not None}
    schedule = profile.schedules[0]
    changed = replace(schedule, periods=(replace(profile.period, **told),))
    return replace(profile, schedules=(changed,), updated_at=at)


def amounts_of(period: Period) -> Amounts:
    return Amounts(**{name: getattr(period, name) for name in AMOUNTS})


DECODER: msgspec.json.Decoder[Profile] = msgspec.json.Decoder(Profile)


def profile_from(text: str | bytes) -> Profile:
    """A profile as people write it.

    Raises:
        InvalidError: it is none; the text names the member.
    """
    try:
        return DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"this is no charging profile: {error}") from error


def flat(purpose: Purpose, unit: Unit, limit: Decimal, **members: Any) -> Profile:
    """One limit, for as long as the profile lasts."""
    schedule = Schedule(unit=unit, periods=(Period(limit=limit),))
    return Profile(purpose=purpose, schedules=(schedule,), **members)
