"""What can be wrong with a message, and each dialect's word for it."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from ricarica.ocpp.dialects import Dialect

DESCRIPTION_LENGTH = 255  # OCPP-J 1.6 §4.2.3 and 2.x §4.2.3


class ErrorKind(StrEnum):
    """Why a call is refused. `code_word` says it in a dialect."""

    FORMATION = "formation"
    """The payload is no object, or its JSON is broken."""
    MISSING_MEMBER = "missing member"
    TYPE = "type"
    """A value of another type, or one that is too long."""
    PROPERTY = "property"
    """A value that is not one of those allowed."""
    OCCURRENCE = "occurrence"
    """Too few or too many items."""
    MALFORMED_CALL = "malformed call"
    """Not the four elements of a call."""
    FRAMEWORK = "framework"
    """No message of OCPP-J."""
    MESSAGE_TYPE = "message type"
    NOT_IMPLEMENTED = "not implemented"
    """The action is unknown."""
    NOT_SUPPORTED = "not supported"
    """The action is known, but not supported here."""
    PROTOCOL = "protocol"
    SECURITY = "security"
    """The peer may not say this, or not yet."""
    INTERNAL = "internal"
    GENERIC = "generic"


_SAME_IN_ALL: Mapping[ErrorKind, str] = {
    ErrorKind.TYPE: "TypeConstraintViolation",
    ErrorKind.PROPERTY: "PropertyConstraintViolation",
    ErrorKind.FRAMEWORK: "RpcFrameworkError",
    ErrorKind.MESSAGE_TYPE: "MessageTypeNotSupported",
    ErrorKind.NOT_IMPLEMENTED: "NotImplemented",
    ErrorKind.NOT_SUPPORTED: "NotSupported",
    ErrorKind.PROTOCOL: "ProtocolError",
    ErrorKind.SECURITY: "SecurityError",
    ErrorKind.INTERNAL: "InternalError",
    ErrorKind.GENERIC: "GenericError",
}
_PECULIAR: Mapping[ErrorKind, Callable[[Dialect], str]] = {
    ErrorKind.FORMATION: lambda dialect: dialect.formation_violation,
    ErrorKind.MISSING_MEMBER: lambda dialect: dialect.missing_member,
    ErrorKind.OCCURRENCE: lambda dialect: dialect.occurrence_violation,
    ErrorKind.MALFORMED_CALL: lambda dialect: dialect.malformed_call,
}


def code_word(kind: ErrorKind, dialect: Dialect) -> str:
    """The error code of a CALLERROR in that dialect."""
    return _SAME_IN_ALL.get(kind) or _PECULIAR[kind](dialect)


class RemoteProtocolError(Exception):
    """The peer said something that OCPP does not allow."""

    def __init__(self, kind: ErrorKind, description: str) -> None:
        super().__init__(description)
        self.kind = kind
        self.description = shortened(description)


class LocalProtocolError(ValueError):
    """We are about to say something that the dialect does not allow."""


def shortened(description: str) -> str:
    if len(description) <= DESCRIPTION_LENGTH:
        return description
    return description[: DESCRIPTION_LENGTH - 1] + "…"
