"""What settings and monitors stations of a kind are to have, and how far each one is from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase

from ricarica.configuration.model import (
    NETWORK,
    Access,
    Setting,
    check_door,
    is_hidden,
    is_secret,
    name_from,
)
from ricarica.configuration.names import NEUTRAL
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import SiteId, StationId, TenantId
from ricarica.stations.model import Station, label_of

NAME_LENGTH_MAX = 100
VALUE_LENGTH_MAX = 2_500  # what 2.x stations take at most
SETTINGS_MAX = 200  # in one template; a station has a few dozen that anybody changes
MONITORS_MAX = 100
STATIONS_MAX = 500  # named one by one; whoever has more gives them a site or a label
SEVERITY_MAX = 9


class MonitorType(StrEnum):
    UPPER = "upper"  # above a value
    LOWER = "lower"  # below a value
    DELTA = "delta"  # more than that much from when it was last told
    PERIODIC = "periodic"  # every so many seconds
    CLOCK_ALIGNED = "clock_aligned"
    TARGET_DELTA = "target_delta"  # that far from its target
    TARGET_DELTA_RELATIVE = "target_delta_relative"


IN_SECONDS = frozenset({MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED})


@dataclass(frozen=True, slots=True)
class StreamRate:
    """How values are sent that nobody acknowledges: every so often, or so many at once. N11"""

    interval_s: int | None = None
    values_max: int | None = None

    def __post_init__(self) -> None:
        if not self.interval_s and not self.values_max:  # N11.FR.09
            raise InvalidError("a stream has an interval, a number of values, or both")


@dataclass(frozen=True, slots=True)
class WantedMonitor:
    """`name` is that of the variable that is watched, as in `SettingName`."""

    name: str
    type: MonitorType
    value: Decimal
    severity: int = 8
    during_transaction: bool = False  # only while something charges there
    stream: StreamRate | None = None

    @property
    def identity(self) -> tuple[str, MonitorType, int]:
        """N04.FR.10: a variable has one monitor of each type and severity."""
        return self.name.casefold(), self.type, self.severity


@dataclass(frozen=True, slots=True)
class Applies:
    """Which stations. Empty: any. Texts may have * in them, and any case."""

    vendor: str = ""
    model: str = ""
    firmware: str = ""
    site: SiteId | None = None
    stations: tuple[StationId, ...] = ()
    label: str = ""  # one of the station's labels

    def to(self, station: Station) -> bool:
        if self.stations and station.key.station not in self.stations:
            return False
        if self.site is not None and station.site != self.site:
            return False
        if self.label and label_of(self.label) not in station.labels:
            return False
        told = (station.vendor, station.model, station.firmware)
        wanted = (self.vendor, self.model, self.firmware)
        return all(map(_is_like, told, wanted))


@dataclass(frozen=True, slots=True)
class Template:
    """Of several that apply, those of higher rank have the last word."""

    tenant: TenantId
    id: str
    name: str
    applies: Applies
    settings: Mapping[str, str]
    created_at: datetime
    changed_at: datetime
    monitors: tuple[WantedMonitor, ...] = ()
    monitoring_base: str | None = None
    monitoring_level: int | None = None
    restarts: bool = False  # a station that needs it, once nobody charges there
    is_active: bool = True
    rank: int = 0


def check(template: Template) -> None:
    """
    Raises:
        InvalidError: it cannot be carried out; the text says what is wrong.
    """
    if not 0 < len(template.name) <= NAME_LENGTH_MAX:
        raise InvalidError(f"name: 1 to {NAME_LENGTH_MAX} characters")
    if len(template.settings) > SETTINGS_MAX or len(template.monitors) > MONITORS_MAX:
        raise InvalidError(f"at most {SETTINGS_MAX} settings and {MONITORS_MAX} monitors")
    if len(template.applies.stations) > STATIONS_MAX:
        raise InvalidError(f"at most {STATIONS_MAX} stations by name; give them a site instead")
    for name, value in template.settings.items():
        _check_setting(name, value)
    for monitor in template.monitors:
        check_monitor(monitor)
    level = template.monitoring_level
    if level is not None and not 0 <= level <= SEVERITY_MAX:
        raise InvalidError(f"monitoring_level is 0 to {SEVERITY_MAX}")


def _check_setting(name: str, value: str) -> None:
    if name_from(name).component == NETWORK:  # B09.FR.21
        raise InvalidError(f"{name}: network profiles are set as such, lest a station is lost")
    check_door(name)
    if is_secret(name):
        raise InvalidError(f"{name} is a secret, which is never kept; write it to each station")
    neutral = NEUTRAL.get(name)
    if neutral and neutral.is_fixed:
        raise InvalidError(f"{name} is what the maker decided; nobody can write it")
    if len(value) > VALUE_LENGTH_MAX:
        raise InvalidError(f"{name}: at most {VALUE_LENGTH_MAX} characters")


def check_monitor(monitor: WantedMonitor) -> None:
    name_from(monitor.name)
    if not 0 <= monitor.severity <= SEVERITY_MAX:
        raise InvalidError(f"severity is 0 (danger) to {SEVERITY_MAX} (of use to programmers)")
    if monitor.type is MonitorType.DELTA and monitor.value < 0:  # N04.FR.14
        raise InvalidError("a difference is not negative")
    if monitor.type in IN_SECONDS and monitor.value < 1:
        raise InvalidError("a monitor that tells periodically has an interval from 1 s on")


def _is_like(told: str | None, wanted: str) -> bool:
    return not wanted or fnmatchcase((told or "").casefold(), wanted.casefold())


# -- several templates as one


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one station is to be like, by all templates that apply to it."""

    settings: Mapping[str, str]
    monitors: tuple[WantedMonitor, ...] = ()
    monitoring_base: str | None = None
    monitoring_level: int | None = None
    restarts: bool = False

    @property
    def has_monitoring(self) -> bool:
        asked = (self.monitors, self.monitoring_base, self.monitoring_level is not None)
        return any(asked)


def wanted_of(station: Station, templates: Iterable[Template]) -> Wanted:
    settings: dict[str, str] = {}
    monitors: dict[object, WantedMonitor] = {}
    base: str | None = None
    level: int | None = None
    restarts = False
    for template in sorted(templates, key=lambda each: (each.rank, each.created_at)):
        if not template.is_active or not template.applies.to(station):
            continue
        settings.update(template.settings)
        monitors.update((monitor.identity, monitor) for monitor in template.monitors)
        base = template.monitoring_base or base
        level = level if template.monitoring_level is None else template.monitoring_level
        restarts = restarts or template.restarts
    return Wanted(settings, tuple(monitors.values()), base, level, restarts)


# -- drift


class Standing(StrEnum):
    """How one setting stands to what it is to be."""

    IN_STEP = "in_step"
    DIFFERS = "differs"
    MISSING = "missing"  # the station has not told of such a setting
    READ_ONLY = "read_only"
    HIDDEN = "hidden"  # it can be written, but nobody can tell whether it was
    REFUSED = "refused"
    AFTER_RESTART = "after_restart"


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    wanted: str
    actual: str | None
    standing: Standing
    why: str | None = None


def standing_of(
    name: str, wanted: str, setting: Setting | None, booted_at: datetime | None
) -> Difference:
    if setting is None:
        return Difference(name, wanted, None, Standing.MISSING)
    is_same = is_equal(setting.value, wanted, setting.kind)
    standing, why = Standing.DIFFERS, None
    if is_same and setting.is_pending(booted_at):
        standing = Standing.AFTER_RESTART
    elif is_same:
        standing = Standing.IN_STEP
    elif setting.refused is not None and is_equal(setting.refused, wanted, setting.kind):
        standing, why = Standing.REFUSED, setting.refused_why
    elif setting.access is Access.READ_ONLY:
        standing = Standing.READ_ONLY
    elif is_hidden(setting.name, setting.access):
        standing = Standing.HIDDEN
    return Difference(name, wanted, setting.value, standing, why)


def is_equal(actual: str | None, wanted: str, kind: str | None = None) -> bool:
    """Whether two texts say the same: `True` is true, `60.0` is 60, and lists may have spaces.

    The order of a list counts, unless the station said that its members have none.
    """
    if actual is None:
        return False
    one, other = _parts(actual), _parts(wanted)
    return sorted(one) == sorted(other) if kind == "MemberList" else one == other


def _parts(value: str) -> list[str]:
    return [_plain(part.strip()) for part in value.split(",")]


def _plain(value: str) -> str:
    folded = value.casefold()
    if folded in {"true", "false"}:
        return folded
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return str(number.normalize()) if number.is_finite() else value
