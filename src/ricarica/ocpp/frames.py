"""The five kinds of JSON arrays that OCPP-J exchanges, message types 2 to 6.

`read` takes a text and never raises; `write` gives compact JSON. Payloads stay raw here.
"""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec

from ricarica.ocpp.errors import ErrorKind

DEEPEST = 32  # levels of nesting: the schemas need 12, the rest is for customData

# The specifications say 36 characters; stations have sent more, and integers.
MessageId = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
)
EMPTY = msgspec.Raw(b"{}")


class Call(
    msgspec.Struct, frozen=True, array_like=True, tag=2, forbid_unknown_fields=True, gc=False
):
    id: MessageId
    action: str
    payload: msgspec.Raw


class CallResult(
    msgspec.Struct, frozen=True, array_like=True, tag=3, forbid_unknown_fields=True, gc=False
):
    id: MessageId
    payload: msgspec.Raw = EMPTY


class CallError(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """Read leniently, for it is never answered: stations leave out its last elements."""

    id: MessageId
    code: str
    description: str | None = ""
    details: msgspec.Raw = EMPTY


class CallResultError(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    id: MessageId
    code: str
    description: str | None = ""
    details: msgspec.Raw = EMPTY


class Send(
    msgspec.Struct, frozen=True, array_like=True, tag=6, forbid_unknown_fields=True, gc=False
):
    id: MessageId
    action: str
    payload: msgspec.Raw


Frame = Call | CallResult | CallError | CallResultError | Send
CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = range(2, 7)


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """A text that is no frame, with what could be made out of it."""

    kind: ErrorKind
    description: str
    message_type: int | None = None
    id: MessageId | None = None


_frame_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_id_decoder: msgspec.json.Decoder[MessageId] = msgspec.json.Decoder(MessageId)
_type_decoder = msgspec.json.Decoder(int)
_encoder = msgspec.json.Encoder()


def write(frame: Frame) -> str:
    return _encoder.encode(frame).decode()


def read(text: str | bytes) -> Frame | Unreadable:
    if is_deeper_than(DEEPEST, text):
        return _diagnosed(text, f"nested deeper than {DEEPEST} levels")
    try:
        frame = _frame_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        found = _read_around_controls(text)
        if found is None:
            return _diagnosed(text, str(error))
        frame = found
    if isinstance(frame, CallError | CallResultError):
        return frame
    match memoryview(frame.payload)[0]:
        case 0x7B:  # {
            return _without_nul(frame) if ESCAPED_NUL in bytes(frame.payload) else frame
        case 0x6E:  # null: some stations say so for an empty object
            return msgspec.structs.replace(frame, payload=EMPTY)
    message_type = int(frame.__struct_config__.tag or 0)
    return Unreadable(ErrorKind.FORMATION, "the payload is no object", message_type, frame.id)


ESCAPED_NUL = b"\\u0000"
# But not an escaped backslash with "u0000" behind it.
_REALLY_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def _without_nul(frame: Call | CallResult | Send) -> Call | CallResult | Send:
    """With U+FFFD for it: no database keeps a NUL, and a name must be the same when read again.

    The id of the message is no such name: its answer has the one that came.
    """
    legible = _REALLY_ESCAPED.sub(rb"\1\\ufffd", bytes(frame.payload))
    return msgspec.structs.replace(frame, payload=msgspec.Raw(legible))


# Blanks of JSON among them are none of these.
_CONTROLS = [code for code in range(0x20) if code not in {0x09, 0x0A, 0x0D}]
_STAND_INS = {code: 0xE000 + code for code in _CONTROLS}  # characters that mean nothing
_CONTROLS_AGAIN = {stand_in: code for code, stand_in in _STAND_INS.items()}


def _read_around_controls(text: str | bytes) -> Frame | None:
    """A frame with control characters in its texts, which JSON does not allow; None if it is not.

    Some stations send the NUL that ends a text in their memory. It stays in the payload, so that
    whoever decides about that knows that it was there.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    legible = text.strip("\0").translate(_STAND_INS)
    if legible == text:
        return None
    try:
        frame = _frame_decoder.decode(legible)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(frame, CallError | CallResultError):
        return frame
    payload = bytes(frame.payload).decode().translate(_CONTROLS_AGAIN)
    return msgspec.structs.replace(frame, payload=msgspec.Raw(payload.encode()))


def is_deeper_than(levels: int, text: str | bytes) -> bool:
    """Whether arrays and objects are nested deeper; counting brackets clears most texts."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    if text.count("{") + text.count("[") <= levels:
        return False
    return any(depth > levels for depth in _depths(text))


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            yield depth
        elif found[0] in "]}":
            depth -= 1


_CALL_HEAD = re.compile(r'\s*\[\s*2\s*,\s*("(?:[^"\\]|\\.){1,255}"|-?\d{1,18})\s*,\s*"[^"\\]*"\s*,')


def _diagnosed(text: str | bytes, description: str) -> Unreadable:
    """Why a text is no frame, and whom to answer: what fails here is rare and may be slow."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    try:
        elements = [] if is_deeper_than(DEEPEST, text) else _array_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        elements = []
    if not elements:
        return _broken(text, description)
    message_type, message_id = _type_of(elements), _id_of(elements)
    if message_type is None or message_id is None:
        return Unreadable(ErrorKind.FRAMEWORK, "no message type or no message id", message_type)
    if not CALL <= message_type <= SEND:
        text = f"there is no message type {message_type}"
        return Unreadable(ErrorKind.MESSAGE_TYPE, text, message_type, message_id)
    text = "the elements of the message are not those of its type"
    return Unreadable(ErrorKind.MALFORMED_CALL, text, message_type, message_id)


def _broken(text: str, description: str) -> Unreadable:
    """No JSON array at all. If it begins as a call does, then its payload is what is broken."""
    head = _CALL_HEAD.match(text)
    message_id = _decoded_id(head[1]) if head else None
    if message_id is None:
        return Unreadable(ErrorKind.FRAMEWORK, f"not a JSON array: {description}")
    return Unreadable(ErrorKind.FORMATION, description, CALL, message_id)


def _type_of(elements: list[msgspec.Raw]) -> int | None:
    try:
        return _type_decoder.decode(elements[0])
    except msgspec.DecodeError:
        return None


def _id_of(elements: list[msgspec.Raw]) -> MessageId | None:
    return _decoded_id(elements[1]) if len(elements) > 1 else None


def _decoded_id(raw: msgspec.Raw | str) -> MessageId | None:
    try:
        return _id_decoder.decode(raw)
    except msgspec.DecodeError:
        return None
