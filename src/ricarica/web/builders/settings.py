"""A station's settings, by component where it has components."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from ricarica.configuration.model import Access, Setting, is_hidden, opens_the_door
from ricarica.kernel.ids import StationId
from ricarica.web.views.stations import Setting as Shown
from ricarica.web.views.stations import SettingGroup

BOOLEAN = ("true", "false")
ONE_OF = "OptionList"  # as 2.x names what takes one of its choices; lists take several
CHOICES_MAX = 50  # of more, one is typed rather than picked


def groups_from(
    settings: Sequence[Setting], *, may_write: bool, booted_at: datetime | None = None
) -> tuple[SettingGroup, ...]:
    ordered = sorted(settings, key=lambda setting: (_component(setting.name), setting.name))
    return tuple(
        SettingGroup(
            component or None,
            tuple(setting_from(each, may_write=may_write, booted_at=booted_at) for each in members),
        )
        for component, members in groupby(ordered, key=lambda setting: _component(setting.name))
    )


def setting_from(setting: Setting, *, may_write: bool, booted_at: datetime | None = None) -> Shown:
    return Shown(
        setting.station.station,
        setting.name,
        setting.name.partition(".")[2] or setting.name,
        setting.value,
        setting.unit,
        is_read_only=setting.access is Access.READ_ONLY,
        needs_restart=setting.is_pending(booted_at),
        choices=_choices(setting),
        limits=_limits(setting),
        may_write=may_write and not opens_the_door(setting.name),
        neutral=setting.neutral,
        kind=setting.kind,
        lowest=_plain(setting.lowest),
        highest=_plain(setting.highest),
        members=_members(setting),
        refused=setting.refused,
        refused_why=setting.refused_why,
        is_hidden=is_hidden(setting.name, setting.access),
    )


def unknown_setting(station: StationId, name: str) -> Shown:
    """One that the station has not told of."""
    return Shown(station, name, name, None, may_write=True)


def _component(name: str) -> str:
    """What stands before the first dot; empty for a flat list of keys."""
    component, dot, _ = name.partition(".")
    return component if dot else ""


def _choices(setting: Setting) -> tuple[str, ...]:
    """What can be picked; not for lists, which take several of them."""
    if setting.kind == "boolean":
        spelt = setting.value in (None, "", *BOOLEAN)
        return BOOLEAN if spelt else ()
    if setting.choices is None or setting.kind != ONE_OF:
        return ()
    choices = tuple(each.strip() for each in setting.choices.split(",") if each.strip())
    is_among = setting.value is None or setting.value in choices
    return choices if is_among and len(choices) <= CHOICES_MAX else ()


def _members(setting: Setting) -> tuple[str, ...]:
    """What can be ticked: of a list without an order, if all that is in it is known."""
    if setting.kind != "MemberList" or setting.choices is None:
        return ()
    members = tuple(each.strip() for each in setting.choices.split(",") if each.strip())
    known = {part.strip() for part in (setting.value or "").split(",") if part.strip()}
    return members if known <= set(members) and len(members) <= CHOICES_MAX else ()


def _limits(setting: Setting) -> str | None:
    """What the station says of allowed values; of a text, of its length."""
    low, high = _plain(setting.lowest), _plain(setting.highest)
    if low is None and high is None:
        return None
    return f"{low or '…'}–{high or '…'}"


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def evses_of(settings: Sequence[Setting]) -> tuple[int, ...]:
    """The EVSEs that occur among them."""
    return tuple(sorted({evse for each in settings if (evse := evse_of(each.name)) is not None}))


def evse_of(name: str) -> int | None:
    component, dot, _ = name.partition(".")
    number = component.partition("@")[2].partition("/")[0]
    return int(number) if dot and number.isdigit() else None
