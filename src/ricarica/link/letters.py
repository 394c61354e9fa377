"""What crosses between sockets and decisions. Every letter can go through bytes."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from ricarica.kernel.ids import StationKey

ANYWHERE = "*"  # as a gateway's name: whichever holds the station


class Letter(msgspec.Struct, frozen=True, tag=True, gc=False):
    pass


# -- a station knocks


class ClientCertificate(msgspec.Struct, frozen=True, gc=False):
    """What a client has shown, and TLS has verified. It proves nothing yet of whose it is."""

    name: str  # the common name
    organization: str | None
    key: str  # SHA-256 of its public key, hex
    # Of which tenant, where an authority of a tenant's own has signed it; empty: one that whoever
    # runs this server trusts.
    authority: str = ""


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
    certificate: ClientCertificate | None = None
    crowded: bool = False  # too many come at once: only those who charge may come in
    turned_away: str = ""  # for what, where the door has decided already and only tells of it


class Verdict(StrEnum):
    """What a door answers to a knock."""

    WELCOME = "welcome"
    NO_COMMON_DIALECT = "no_common_dialect"  # 101 without the header, then close
    UNAUTHORIZED = "unauthorized"  # 401, also for a station that is not known
    UNAVAILABLE = "unavailable"  # 503: nothing can be stored now
    CROWDED = "crowded"  # 503: too many come at once, and this one does not charge


class Admission(Letter, frozen=True):
    verdict: Verdict
    key: StationKey | None = None
    subprotocol: str | None = None
    authenticated: bool = False  # by a password, not by its name alone
    introduced: bool = False  # it has booted and was accepted before
    held_by: str = ""  # the gateway where it is connected, by the last that was heard


# -- a connection lives


class Opened(Letter, frozen=True):
    """The handshake is done, and older connections of the station have given way."""

    key: StationKey
    subprotocol: str
    remote: str
    secure: bool
    at: datetime
    node: str = ""  # the gateway's; empty where there is only one
    certificate: str = ""  # the common name in the one it has shown
    certificate_key: str = ""  # SHA-256 of its public key, hex


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
    asked_for: bool = False  # a call of ours over this connection made the station say it


class LateAnswer(msgspec.Struct, frozen=True, gc=False):
    """To a call of ours that had timed out."""

    message_id: str
    action: str
    payload: bytes | None  # None: it was an error


class Noted(Letter, frozen=True):
    """A frame that never became a message, or an alarm: for the log."""

    key: StationKey
    epoch: int
    kind: str
    text: str
    at: datetime
    misread: str = ""  # the id of an answer of ours that the station could not make sense of
    late: LateAnswer | None = None


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
    node: str = ""  # the gateway that holds the station; empty: this one
    is_urgent: bool = False  # a person waits: before what is only upkeep


class HangUp(Letter, frozen=True):
    """Close the station's connection, unless it is newer than `epoch` (None: whichever it is)."""

    key: StationKey
    code: int
    reason: str
    node: str = ""
    epoch: int | None = None


class Outcome(StrEnum):
    ANSWERED = "answered"  # CALLRESULT
    REFUSED = "refused"  # CALLERROR
    UNREACHED = "unreached"  # not connected, or gone before the frame was written
    UNKNOWN = "unknown"  # written, never answered


# Why nobody knows, as the code of an outcome that is unknown; without one, no answer came in time.
LOST = "lost"  # the connection
UNREADABLE = "unreadable"  # the answer


class Told(Letter, frozen=True):
    outcome: Outcome
    message_id: str | None = None
    payload: bytes | None = None
    code: str | None = None
    description: str | None = None
    details: bytes | None = None
    duration_ms: int = 0
    waited_ms: int = 0  # of these, until it was sent
    behind: str = ""  # the action that the station had to answer first


# -- between gateways


class Challenge(Letter, frozen=True):
    """Someone else came as a station that is connected at `node`: is that one to give way?"""

    node: str
    key: StationKey
    remote: str
    credential: bytes
    authenticated: bool


class Ruled(Letter, frozen=True):
    ruling: str  # of `station_gateway.duplicates.Ruling`


# -- between processes only


class Welcomed(Letter, frozen=True):
    """What a core answers to `Opened`: from now on, letters of this connection go to it."""

    core: str
    epoch: int


class Posted(Letter, frozen=True):
    """A letter from a gateway to the core that decides for the station."""

    gateway: str
    number: int  # of the reply
    letter: Delivered | Closed | Noted


class Replied(Letter, frozen=True):
    number: int
    epoch: int  # of the letter that it answers
    reply: Answer | Refusal | Withheld


class CoreLives(Letter, frozen=True):
    core: str
    leaving: bool = False


class Comes(Letter, frozen=True):
    """A process that joins the others, and has written its name into the database."""

    node: str


class Unknown(Letter, frozen=True):
    """The name is not in the database of the one who says so."""

    by: str


class Unheard(Letter, frozen=True):
    """The node that says so was cut off: what it told from then on did not come to the others."""

    since: datetime


class Happened(Letter, frozen=True):
    """An event that was committed, for whoever watches at another node."""

    id: int
    tenant: str
    kind: str
    at: datetime
    station: str | None
    body: bytes  # JSON


class Written(Letter, frozen=True):
    """Rows that a node wrote: what others remember of them is of yesterday."""

    rows: tuple[tuple[str, tuple[Any, ...]], ...]  # the table, and the key


class NodeGone(Letter, frozen=True):
    node: str


class Bring(Letter, frozen=True):
    """Whoever decides for this station is to look after it; `kind` empty: in every respect."""

    key: StationKey
    kind: str
    anew: bool
