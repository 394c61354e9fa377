"""Reading what stations answer."""

from datetime import datetime
from typing import Any, NamedTuple

from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import RemoteProtocolError
from ricarica.translation.quirks import mending


class Heard(NamedTuple):
    """An answer as it was read; `error`: nobody can read it."""

    response: Any = None
    flags: tuple[str, ...] = ()
    error: str = ""


def read(payload: bytes, action: str, dialect: Dialect) -> Heard:
    """Taken at its word."""
    try:
        return Heard(wire.decode(payload, _response_type(dialect, action)))
    except RemoteProtocolError as error:
        return Heard(error=str(error))


def mended(payload: bytes, action: str, dialect: Dialect, at: datetime) -> Heard:
    """What is not as it should be, as far as it is known what was meant."""
    try:
        found = mending.mended(payload, _response_type(dialect, action), at)
    except RemoteProtocolError as error:
        return Heard(error=str(error))
    return Heard(found.payload, found.flags)


def _response_type(dialect: Dialect, action: str) -> Any:
    response = actions.response_type(dialect, action)
    assert response is not None, "only what is answered is asked"
    return response
