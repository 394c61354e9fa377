"""Settings of stations, as the stations tell them."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationKey

SETTINGS_MAX = 10_000  # of one station; a device model of 2.x has a few thousand variables
NAME_LENGTH_MAX = 250  # component, variable and instances of 50 characters each, and the signs


class Access(StrEnum):
    READ_ONLY = "read_only"
    READ_WRITE = "read_write"
    WRITE_ONLY = "write_only"


@dataclass(frozen=True, slots=True)
class Setting:
    """`name` is the station's own, see `SettingName`. value None: told without one, or secret."""

    station: StationKey
    name: str
    value: str | None
    access: Access | None
    reported_at: datetime
    unit: str | None = None
    kind: str | None = None  # boolean, integer, decimal, string, list …
    choices: str | None = None  # comma-separated values it may take
    needs_reboot: bool = False  # a value was accepted that holds after the next reboot
    neutral: str | None = None  # our own word for it, see `names`
    lowest: Decimal | None = None  # of a number; of a text, how short or long it may be
    highest: Decimal | None = None
    elements_max: int | None = None  # of a list
    persistent: bool | None = None  # outlives a reboot
    constant: bool | None = None  # never changes while the station runs
    monitorable: bool | None = None
    refused: str | None = None  # the value it was last told to take, and would not
    refused_why: str | None = None

    def is_pending(self, booted_at: datetime | None) -> bool:
        """Whether it waits for a reboot that has not been since."""
        return self.needs_reboot and (booted_at is None or booted_at <= self.reported_at)


@dataclass(frozen=True, slots=True)
class SettingName:
    """Where a setting is in a station.

    As text `component#instance@evse/connector.variable#instance:attribute`, all but the variable
    optional: `HeartbeatInterval`, `OCPPCommCtrlr.HeartbeatInterval`, `EVSE@1.Power:MaxSet`,
    `OCPPCommCtrlr.MessageAttempts#TransactionEvent`.
    """

    variable: str
    variable_instance: str | None = None
    component: str | None = None  # None: a flat list of keys, without components
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    attribute: str | None = None  # None: the actual value

    def __str__(self) -> str:
        place = "" if self.component is None else f"{self.component}{self._place()}."
        instance = f"#{self.variable_instance}" if self.variable_instance else ""
        attribute = f":{self.attribute}" if self.attribute else ""
        return f"{place}{self.variable}{instance}{attribute}"

    def _place(self) -> str:
        instance = f"#{self.component_instance}" if self.component_instance else ""
        connector = "" if self.connector is None else f"/{self.connector}"
        evse = "" if self.evse is None else f"@{self.evse}{connector}"
        return instance + evse


_NAME = re.compile(
    r"(?:(?P<component>[^#@.:]+)(?:#(?P<component_instance>[^@.]+))?"
    r"(?:@(?P<evse>\d+)(?:/(?P<connector>\d+))?)?\.)?"
    r"(?P<variable>[^#:]+)(?:#(?P<variable_instance>[^:]+))?"
    r"(?::(?P<attribute>Actual|Target|MinSet|MaxSet))?"
)


def name_from(text: str) -> SettingName:
    """Read a name such as `EVSE@1.Power:MaxSet`."""
    found = _NAME.fullmatch(text)
    if found is None or len(text) > NAME_LENGTH_MAX:
        raise InvalidError(
            f"{text[:60]!r} is no name of a setting; write HeartbeatInterval or "
            "OCPPCommCtrlr.HeartbeatInterval"
        )
    parts = found.groupdict()
    return SettingName(
        variable=parts["variable"],
        variable_instance=parts["variable_instance"],
        component=parts["component"],
        component_instance=parts["component_instance"],
        evse=int(parts["evse"]) if parts["evse"] else None,
        connector=int(parts["connector"]) if parts["connector"] else None,
        attribute=None if parts["attribute"] == "Actual" else parts["attribute"],
    )


NETWORK = "NetworkConfiguration"  # the component; an instance for each slot
SECRET_VARIABLES = frozenset(
    {
        "apnpassword",
        "authorizationkey",
        "basicauthpassword",
        "password",
        "sharedsecret",
        "simpin",
        "vpnkey",
        "vpnpassword",
    }
)

# By what a station comes in, and where that is changed such that both sides know of it.
DOOR = {
    "authorizationkey": "password",
    "basicauthpassword": "password",
    "securityprofile": "security-profile",
    "security_profile": "security-profile",
}


def opens_the_door(name: str) -> bool:
    return _order_for(name) is not None


def check_door(name: str) -> None:
    """
    Raises:
        InvalidError: whoever writes it as a setting may lock the station out. A01, A05
    """
    if order := _order_for(name):
        shown = name.strip()[:60]
        raise InvalidError(
            f"{shown} is what the station comes in by, and no setting; "
            f"change it by POST /stations/{{identity}}/{order}, lest it is locked out"
        )


def _order_for(name: str) -> str | None:
    if name.startswith(f"{NETWORK}#"):
        return None  # by which it does not come in, or it is not written: B09.FR.21
    parts = (part.strip().casefold() for part in re.split(r"[.:#]", name))
    return next((DOOR[part] for part in parts if part in DOOR), None)


def is_secret(name: str) -> bool:
    """Whether its value is never kept or shown."""
    variable = name.rpartition(".")[2].partition(":")[0].partition("#")[0]
    return variable.casefold() in SECRET_VARIABLES


def is_hidden(name: str, access: Access | None) -> bool:
    """Whether a value must not be kept: what stations never tell, nobody else shall. B07.FR.03"""
    return access is Access.WRITE_ONLY or is_secret(name)


class ModelState(StrEnum):
    ASKED = "asked"
    TOLD = "told"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """How far we know all that a station is built of, and of which firmware that is true."""

    station: StationKey
    number: int  # names the report that was asked for
    state: ModelState
    asked_at: datetime
    firmware: str | None = None
    parts: int = 0  # of that report, so far
    told_at: datetime | None = None
    detail: str | None = None
