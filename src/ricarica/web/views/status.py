"""How something is doing. Each status has a symbol of the same name, a colour and a word."""

from collections.abc import Mapping
from enum import StrEnum

from ricarica.web.translations import msgid


class Status(StrEnum):
    """State of an EVSE or connector: the values of `ConnectorStatus`, and two of our own.

    Offline wins over what was reported last: we then know nothing newer.
    """

    AVAILABLE = "available"
    PREPARING = "preparing"
    OCCUPIED = "occupied"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"
    OFFLINE = "offline"
    UNKNOWN = "unknown"

    @property
    def symbol(self) -> str:
        """Name in the sprite, and of the colour."""
        return "suspended" if self.startswith("suspended") else self.value


STATUS_LABELS: Mapping[Status, str] = {
    Status.AVAILABLE: msgid("Available"),
    Status.PREPARING: msgid("Preparing"),
    Status.OCCUPIED: msgid("Occupied"),
    Status.CHARGING: msgid("Charging"),
    Status.SUSPENDED_EV: msgid("Paused by the car"),
    Status.SUSPENDED_EVSE: msgid("Paused by the station"),
    Status.FINISHING: msgid("Finishing"),
    Status.RESERVED: msgid("Reserved"),
    Status.UNAVAILABLE: msgid("Unavailable"),
    Status.FAULTED: msgid("Faulted"),
    Status.OFFLINE: msgid("Offline"),
    Status.UNKNOWN: msgid("Unknown"),
}
