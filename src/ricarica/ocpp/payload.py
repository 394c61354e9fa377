"""What every OCPP message is made of."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware time. `wire.encode` writes it in UTC, with milliseconds at most."""

CustomData = dict[str, Any]
"""What a vendor adds to an object of 2.x, its names and numbers as they came."""


# Nothing decoded from JSON can be part of a reference cycle, so the collector need not look.
class Payload(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", gc=False):
    """An object of a message. A member that is None is absent on the wire."""
