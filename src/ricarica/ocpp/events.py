"""What a session tells its driver."""

from typing import Any

import msgspec

from ricarica.ocpp.errors import ErrorKind
from ricarica.ocpp.frames import MessageId


class CallReceived(msgspec.Struct, frozen=True, gc=False):
    """The peer asks. Answer with `Session.answer` or `Session.refuse`; the next comes after."""

    id: MessageId
    action: str
    payload: msgspec.Raw
    digest: bytes
    """Of action and payload: a repeated message has the same."""
    message_id_reused: bool = False
    """The id was another message's before, as after a station's reboot."""


class SendReceived(msgspec.Struct, frozen=True):
    """The peer tells and wants no answer (2.1)."""

    id: MessageId
    action: str
    payload: msgspec.Raw


class Repeated(msgspec.Struct, frozen=True):
    """The peer said again what it had said: it gets the same answer, now or when there is one."""

    id: MessageId
    action: str


class Answered(msgspec.Struct, frozen=True):
    """The peer answered our call. `id` is for `Session.reject_result`."""

    tag: Any
    id: MessageId
    action: str
    payload: msgspec.Raw


class Refused(msgspec.Struct, frozen=True):
    """The peer answered our call with an error."""

    tag: Any
    id: MessageId
    action: str
    code: str
    description: str
    details: msgspec.Raw


class BadAnswer(msgspec.Struct, frozen=True):
    """The peer's answer to our call is no proper frame; nobody knows what it did."""

    tag: Any
    id: MessageId
    action: str
    description: str


class TimedOut(msgspec.Struct, frozen=True):
    """No answer came in time. The peer may have done what we asked all the same.

    `was_hurried`: it had less time than it was given, for something urgent waited.
    """

    tag: Any
    id: MessageId
    action: str
    was_hurried: bool = False


class Abandoned(msgspec.Struct, frozen=True):
    """The session ended first. What was not `sent` was certainly not done."""

    tag: Any
    id: MessageId
    action: str
    sent: bool


class LateAnswer(msgspec.Struct, frozen=True):
    """The answer to a call that had timed out. An error comes with its code."""

    tag: Any
    id: MessageId
    action: str
    payload: msgspec.Raw | None = None
    code: str | None = None


class UnsolicitedAnswer(msgspec.Struct, frozen=True):
    """An answer to nothing that we remember having asked: to be counted, never an error."""

    id: MessageId


class ResultRefused(msgspec.Struct, frozen=True):
    """The peer could not make sense of our answer (2.1, CALLRESULTERROR)."""

    id: MessageId
    code: str
    description: str


class Garbled(msgspec.Struct, frozen=True):
    """A text that is no message. `answered` if the dialect has an answer for that."""

    kind: ErrorKind
    description: str
    answered: bool


class Overrun(msgspec.Struct, frozen=True):
    """The peer calls faster than it is answered, without end: close the connection."""


Event = (
    CallReceived
    | SendReceived
    | Repeated
    | Answered
    | Refused
    | BadAnswer
    | TimedOut
    | Abandoned
    | LateAnswer
    | UnsolicitedAnswer
    | ResultRefused
    | Garbled
    | Overrun
)
