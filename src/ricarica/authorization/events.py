from dataclasses import dataclass

from ricarica.authorization.model import TokenStatus, Verdict
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class TokenChanged:
    """An operator added, changed or removed a token."""

    uid: str
    status: TokenStatus | None  # None: it is gone
    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """An operator changed who may charge where and when, or what local lists shall have."""

    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class TokenJudged:
    """A driver identified at a station."""

    station: StationKey
    uid: str  # empty for a code that was typed in
    verdict: Verdict

    @property
    def passing(self) -> bool:
        """Who was let in is not kept here: the attempt is, and the transaction. Who was not may
        be what somebody wants to be alerted of."""
        return self.verdict is Verdict.ACCEPTED


@dataclass(frozen=True, slots=True)
class LocalListChanged:
    """A station took a list, refused one, or told which version it has."""

    station: StationKey
    version: int
    entries: int
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerReported:
    """A station told all that it knows of a customer, or that it forgot it."""

    station: StationKey
    number: int
