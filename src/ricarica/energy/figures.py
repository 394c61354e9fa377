"""Numbers that can be reckoned with: what people type may be none."""

from decimal import Decimal
from typing import Any

import msgspec

DIGITS_MAX = 15  # before or after the point; no quantity of energy has more


def is_sound(value: Any) -> bool:
    """Whether all numbers in it are finite, and none is absurd."""
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) < DIGITS_MAX
    if isinstance(value, msgspec.Struct):
        return all(is_sound(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, tuple):
        return all(map(is_sound, value))
    return True
