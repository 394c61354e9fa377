"""The settings of one station: one store, which 1.6 sees as keys and 2.x as variables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class Kind(StrEnum):
    """How a value is written, in the words of 2.x."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE_TIME = "dateTime"
    OPTION = "OptionList"
    MEMBERS = "MemberList"
    SEQUENCE = "SequenceList"


class Access(StrEnum):
    READ_WRITE = "ReadWrite"
    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"


class Outcome(StrEnum):
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    REBOOT_REQUIRED = "RebootRequired"


@dataclass(frozen=True, slots=True)
class Place:
    """Where 2.x keeps a variable."""

    component: str
    variable: str
    instance: str | None = None
    evse: int | None = None
    connector: int | None = None

    def matches(self, component: str, variable: str, instance: str | None) -> bool:
        return (component.casefold(), variable.casefold(), (instance or "").casefold()) == (
            self.component.casefold(),
            self.variable.casefold(),
            (self.instance or "").casefold(),
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """`name` is ours; `key` is the word of 1.6 and `place` that of 2.x, where they have one."""

    name: str
    value: str
    kind: Kind = Kind.STRING
    key: str | None = None
    place: Place | None = None
    access: Access = Access.READ_WRITE
    needs_reboot: bool = False
    unit: str | None = None
    lowest: int | None = None
    highest: int | None = None
    choices: tuple[str, ...] = ()

    def allows(self, value: str) -> bool:
        match self.kind:
            case Kind.INTEGER | Kind.DECIMAL:
                return self._allows_number(value)
            case Kind.BOOLEAN:
                return value.casefold() in ("true", "false")
            case Kind.OPTION:
                return not self.choices or value in self.choices
            case Kind.MEMBERS | Kind.SEQUENCE:
                return not self.choices or set(as_list(value)) <= set(self.choices)
            case _:
                return self._allows_text(value)

    def _allows_number(self, value: str) -> bool:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return False
        if self.kind is Kind.INTEGER and number != number.to_integral_value():
            return False
        too_low = self.lowest is not None and number < self.lowest
        return not too_low and (self.highest is None or number <= self.highest)

    def _allows_text(self, value: str) -> bool:
        too_short = self.lowest is not None and len(value) < self.lowest
        return not too_short and (self.highest is None or len(value) <= self.highest)


@dataclass(frozen=True, slots=True)
class Described:
    """One variable of a device model with its value now. `setting` is set if it can be changed."""

    place: Place
    value: str | None
    kind: Kind
    access: Access = Access.READ_ONLY
    unit: str | None = None
    lowest: int | None = None
    highest: int | None = None
    choices: str | None = None
    setting: Setting | None = None
    is_monitorable: bool = False
    bounds: "Bounds | None" = None


@dataclass(slots=True)
class Bounds:
    """What can be wished of a value that the station itself controls. (B05, remark)"""

    target: str = ""
    min_set: str = ""
    max_set: str = ""


@dataclass(slots=True)
class Settings:
    """Current values. `on_change` hears the name of what changed."""

    catalogue: tuple[Setting, ...]
    values: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[str], None] | None = None
    _by_name: dict[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name = {setting.name: setting for setting in self.catalogue}
        for setting in self.catalogue:
            self.values.setdefault(setting.name, setting.value)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def override(self, values: dict[str, str]) -> None:
        """Values that this station left the factory with."""
        unknown = values.keys() - self._by_name.keys()
        assert not unknown, f"no such settings: {sorted(unknown)}"
        self.values.update(values)

    def with_name(self, name: str) -> Setting:
        return self._by_name[name]

    def replace(self, setting: Setting) -> None:
        """One of this station is not like those of others."""
        self._by_name[setting.name] = setting
        self.catalogue = tuple(self._by_name.values())

    def integer(self, name: str) -> int:
        return int(Decimal(self.values[name]))

    def seconds(self, name: str) -> timedelta:
        return timedelta(seconds=self.integer(name))

    def flag(self, name: str) -> bool:
        return self.values[name].casefold() == "true"

    def members(self, name: str) -> tuple[str, ...]:
        return as_list(self.values[name])

    def with_key(self, key: str) -> Setting | None:
        """1.6 keys are compared without regard to case."""
        wanted = key.casefold()
        return next(
            (found for found in self.catalogue if found.key and found.key.casefold() == wanted),
            None,
        )

    def with_keys(self) -> Iterator[Setting]:
        return (setting for setting in self.catalogue if setting.key is not None)

    def at_place(self, component: str, variable: str, instance: str | None) -> Setting | None:
        return next(
            (
                found
                for found in self.catalogue
                if found.place is not None and found.place.matches(component, variable, instance)
            ),
            None,
        )

    def change(self, setting: Setting, value: str) -> Outcome:
        if setting.access is Access.READ_ONLY or not setting.allows(value):
            return Outcome.REJECTED
        self.values[setting.name] = value
        if self.on_change is not None:
            self.on_change(setting.name)
        return Outcome.REBOOT_REQUIRED if setting.needs_reboot else Outcome.ACCEPTED


def as_list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
