"""What can go wrong in our own terms. Each door maps these to its own codes in one table."""

from collections.abc import Sequence
from typing import Any


class RicaricaError(Exception):
    """Something we refuse or cannot do; the text tells its reader what to do about it."""


class NotFoundError(RicaricaError):
    """Nothing by that name is known here."""


class ConflictError(RicaricaError):
    """It contradicts what is there already."""


class InvalidError(RicaricaError):
    """A value given does not make sense; the text names it and what would."""


class ForbiddenError(RicaricaError):
    """Known, but not allowed to do this."""


class StorageUnavailableError(RicaricaError):
    """Nothing can be committed now, so nothing may be acknowledged."""


class FencedError(RicaricaError):
    """Somebody else has taken over; what we know of `rows` is no longer ours to write."""

    def __init__(self, message: str, rows: Sequence[tuple[Any, ...]]) -> None:
        super().__init__(message)
        self.rows = rows


class LostUpdateError(RicaricaError):
    """Another writer changed the row in between; read again and decide again."""
