"""A station's settings, by component where it has components."""

from collections.abc import Sequence
from itertools import groupby

from ricarica.configuration.model import Access, Setting
from ricarica.kernel.ids import StationId
from ricarica.web.views.stations import Setting as Shown
from ricarica.web.views.stations import SettingGroup

BOOLEAN = ("true", "false")
ONE_OF = "OptionList"  # as 2.x names what takes one of its choices; lists take several
CHOICES_MAX = 50  # of more, one is typed rather than picked


def groups_from(settings: Sequence[Setting], *, may_write: bool) -> tuple[SettingGroup, ...]:
    ordered = sorted(settings, key=lambda setting: (_component(setting.name), setting.name))
    return tuple(
        SettingGroup(
            component or None, tuple(setting_from(each, may_write=may_write) for each in members)
        )
        for component, members in groupby(ordered, key=lambda setting: _component(setting.name))
    )


def setting_from(setting: Setting, *, may_write: bool) -> Shown:
    return Shown(
        setting.station.station,
        setting.name,
        setting.name.partition(".")[2] or setting.name,
        setting.value,
        setting.unit,
        is_read_only=setting.access is Access.READ_ONLY,
        needs_restart=setting.needs_reboot,
        choices=_choices(setting),
        may_write=may_write,
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
