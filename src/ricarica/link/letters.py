"""What crosses between sockets and decisions. Every letter can go through bytes."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ricarica.kernel.ids import StationKey


class Letter(msgspec.Struct, frozen=True, tag=True):
    pass


# -- a station knocks


class Knock(Letter, frozen=True):
    """A WebSocket handshake, before anything of it has had an effect."""

    tenant: str
    identity: str  # as in the path, percent-decoded once
    subprotocols: tuple[str, ...]  # as offered, in the client's order
    secure: bool  # over TLS
    username: bytes | None
    password: bytes | None
    remote: str  # address of the peer, without port
    at: datetime


class Verdict(StrEnum):
    """What a door answers to a knock."""

    WELCOME = "welcome"
    NO_COMMON_DIALECT = "no_common_dialect"  # 101 without the header, then close
    UNAUTHORIZED = "unauthorized"  # 401, also for a station that is not known
    UNAVAILABLE = "unavailable"  # 503: nothing can be stored now


class Admission(Letter, frozen=True):
    verdict: Verdict
    key: StationKey | None = None
    subprotocol: str | None = None
    authenticated: bool = False  # by a password, not by its name alone
    introduced: bool = False  # it has booted and was accepted before


# -- a connection lives


class Opened(Letter, frozen=True):
    """The handshake is done, and older connections of the station have given way."""

    key: StationKey
    subprotocol: str
    remote: str
    secure: bool
    at: datetime


class Closed(Letter, frozen=True):
    key: StationKey
    epoch: int
    reason: str
    at: datetime


class Delivered(Letter, frozen=True):
    """A CALL or SEND of a station."""

    key: StationKey
    epoch: int
    subprotocol: str
    message_id: str
    action: str
    payload: bytes
    digest: bytes  # of action and payload: the same for a repeat
    wants_answer: bool  # False for SEND
    at: datetime
    flags: tuple[str, ...] = ()  # how it departed from the rules, e.g. `message_id_reuse`


class Noted(Letter, frozen=True):
    """A frame that never became a message, or an alarm: for the log."""

    key: StationKey
    epoch: int
    kind: str
    text: str
    at: datetime


# -- answers


class Answer(Letter, frozen=True):
    payload: bytes


class Refusal(Letter, frozen=True):
    """A CALLERROR; `code` is already in the words of the station's dialect."""

    code: str
    description: str
    details: bytes = b"{}"


class Withheld(Letter, frozen=True):
    """Nothing could be committed: say nothing and close, so that the station keeps its record."""

    close_code: int = 1013
    reason: str = "try again later"


Reply = Answer | Refusal | Withheld


# -- we call a station


class Ask(Letter, frozen=True):
    key: StationKey
    action: str
    payload: bytes
    timeout_s: float


class Outcome(StrEnum):
    ANSWERED = "answered"  # CALLRESULT
    REFUSED = "refused"  # CALLERROR
    UNREACHED = "unreached"  # not connected, or gone before the frame was written
    UNKNOWN = "unknown"  # written, never answered


class Told(Letter, frozen=True):
    outcome: Outcome
    message_id: str | None = None
    payload: bytes | None = None
    code: str | None = None
    description: str | None = None
    details: bytes | None = None
    duration_ms: int = 0
