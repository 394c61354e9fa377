"""What stations are told, whatever they speak; and what becomes of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, SiteId, StationId


class Outcome(StrEnum):
    """How a command ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # the station said no, or could not
    UNSUPPORTED = "unsupported"  # the station, or its dialect, has no word for it
    UNREACHED = "unreached"  # it never left
    UNKNOWN = "unknown"  # it left, and nothing came back: ask before trying again


_DONE = frozenset({"Scheduled", "RebootRequired", "Unlocked"})
_UNSAYABLE = frozenset({"NotImplemented", "NotSupported"})


def outcome_of(status: str | None) -> Outcome:
    """What a station's own word for how it went means; None where the answer has no such word."""
    if status is None or status.startswith("Accepted") or status in _DONE:
        return Outcome.ACCEPTED
    return Outcome.UNSUPPORTED if status in _UNSAYABLE else Outcome.REFUSED


@dataclass(frozen=True, slots=True)
class Wait:
    """A station is asked one thing at a time: for what a command waited, and how long."""

    behind: str  # the action that it had to answer first
    ms: int


@dataclass(frozen=True, slots=True)
class Result:
    """`status` is the station's own word, e.g. RebootRequired; `answer` what it told besides."""

    outcome: Outcome
    status: str | None = None
    detail: str | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    waited: Wait | None = None

    @property
    def words(self) -> str:
        """What the station said of it, as far as it said anything."""
        return " ".join(filter(None, (self.status, self.detail)))


def check_place(evse: EvseNumber | None, connector: ConnectorNumber | None) -> None:
    """Without the EVSE, a dialect would name the whole station, and so say more than was meant.

    Raises:
        InvalidError: a connector of nobody knows which EVSE.
    """
    if evse is None and connector is not None:
        raise InvalidError(
            f"name the EVSE of connector {connector}; what 1.6 calls a connector is an EVSE here"
        )


@dataclass(frozen=True, slots=True)
class Reset:
    """`when_idle`: wait for running transactions to end. `hard`: cut the controller's power.

    `resume`: at once, and what charges goes on after it. B13
    """

    evse: EvseNumber | None = None
    when_idle: bool = False
    hard: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Of a connector, of an EVSE, or (without both) of the whole station.

    Raises:
        InvalidError: a connector of nobody knows which EVSE.
    """

    operative: bool
    evse: EvseNumber | None = None
    connector: ConnectorNumber | None = None

    def __post_init__(self) -> None:
        check_place(self.evse, self.connector)


@dataclass(frozen=True, slots=True)
class Unlock:
    evse: EvseNumber
    connector: ConnectorNumber = ConnectorNumber(1)


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the station's connection. It is no message: whatever it speaks, its socket is closed."""

    reason: str


@dataclass(frozen=True, slots=True)
class BringInStep:
    """Compare what is wanted of a station with what is, and tell it what is missing.

    It is no message itself. `kind`: of what, e.g. settings or local_list. `anew`: also what was
    in vain before, or said a moment ago.
    """

    kind: str
    anew: bool = False


@dataclass(frozen=True, slots=True)
class BringOthersInStep:
    """The same for the connected stations that come behind the one this is told.

    `places`: of these sites, or these stations; each None: any.
    """

    kind: str
    places: frozenset[tuple[SiteId | None, StationId | None]]

    def concerns(self, station: StationId, site: SiteId | None) -> bool:
        meant = ((None, None), (site, None), (None, station), (site, station))
        return not self.places.isdisjoint(meant)


class Topic(StrEnum):
    """What a station can be asked to report at once."""

    BOOT = "boot"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    READINGS = "readings"
    TRANSACTION = "transaction"
    FIRMWARE = "firmware"
    FIRMWARE_PUBLISHING = "firmware_publishing"
    DIAGNOSTICS = "diagnostics"
    LOG = "log"
    # Of these, what is asked for is a request to sign a new certificate.
    CERTIFICATE = "certificate"
    V2G_CERTIFICATE = "v2g_certificate"
    V2G20_CERTIFICATE = "v2g20_certificate"
    COMBINED_CERTIFICATE = "combined_certificate"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Trigger:
    """`custom`: the station's own word, with `Topic.CUSTOM`. Without an EVSE none is named: some
    stations never recover from being asked for connector 0.

    Raises:
        InvalidError: a connector of nobody knows which EVSE.
    """

    topic: Topic
    evse: EvseNumber | None = None
    connector: ConnectorNumber | None = None
    custom: str | None = None

    def __post_init__(self) -> None:
        check_place(self.evse, self.connector)


@dataclass(frozen=True, slots=True)
class TransferData:
    vendor: str
    message: str | None = None
    data: str | None = None
