"""What every OCPP message is made of."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

MOST_DIGITS = 64  # no quantity of a charging station needs more, and arithmetic on more is a trap

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware time. `wire.encode` writes it in UTC, with milliseconds at most."""

# Databases and most other peers have no larger integers.
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

CustomData = dict[str, Any]
"""What a vendor adds to an object of 2.x, its names and numbers as they came."""


# Nothing decoded from JSON can be part of a reference cycle, so the collector need not look.
class Payload(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", gc=False):
    """An object of a message. A member that is None is absent on the wire."""


class Measured(Payload, frozen=True):
    """An object with decimal numbers, which msgspec would also read from a string like "NaN"."""

    NUMBERS: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.NUMBERS:
            number = getattr(self, name)
            if number is not None and not (
                number.is_finite() and -MOST_DIGITS < number.adjusted() < MOST_DIGITS
            ):
                raise ValueError(f"`{name}` is out of range")
