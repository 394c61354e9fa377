"""How an action finds its handler, and a command its words."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ricarica.certificates.inquiries import Question
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.payload import Payload
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.stations.habits import PLAIN, Habits


class Origin(NamedTuple):
    """Where a message comes from, and when it came."""

    station: StationKey
    dialect: Dialect
    received_at: datetime
    habits: Habits = PLAIN
    certificate: str = ""  # the common name in the one that the station came with


Handler = Callable[[Any, Origin, Slices], Awaitable[Payload | None]]


class Part(NamedTuple):
    """Where a message belongs that is one of several with which a station answers a request."""

    kind: str  # the action of the request, e.g. GetReport
    number: int  # its requestId
    seq_no: int  # -1: such messages have no numbers
    is_last: bool


def no_tokens(_request: Any) -> Iterable[str]:
    return ()


def no_questions(_request: Any) -> Sequence[Question]:
    return ()


@dataclass(frozen=True, slots=True)
class Route:
    """An action that stations send.

    `tokens` names the uids the handler will ask for, so that a batch reads them together.
    `before_acceptance`: a station that was not accepted yet may send it. `kept`: its content
    must outlive any fault of ours, so a message its handler fails on is put aside and answered
    with `answer_when_put_aside`, lest the station deletes it after its last attempt.
    `part_of`: it answers an earlier request of ours, perhaps with others like it.
    `ask_first`: what strangers on the internet have to be asked before it can be handled; the
    handler waits for nobody, and finds what they said in the slice.
    """

    action: str
    request: type[Payload]
    handle: Handler
    tokens: Callable[[Any], Iterable[str]] = no_tokens
    before_acceptance: bool = False
    answer_when_put_aside: Callable[[Any], Payload] | None = None
    part_of: Callable[[Any], Part] | None = None
    ask_first: Callable[[Any], Sequence[Question]] = no_questions


@dataclass(frozen=True, slots=True)
class Phrase:
    """How a dialect says a command, and how it reads what the station answers.

    `also`: other actions that it says some of these commands with, as `request_for` decides.
    """

    action: str
    request_for: Callable[[Any], Payload]
    result_from: Callable[[Any], Result]
    timeout_s: float = 30
    # What the answer tells us that we want to remember, e.g. a setting's new value.
    remember: Callable[[Any, Any, Origin, Slices], Awaitable[None]] | None = None
    also: tuple[str, ...] = ()


Phrases = dict[type, Phrase]
