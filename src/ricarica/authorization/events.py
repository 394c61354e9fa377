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
class TokenJudged:
    """A driver identified at a station."""

    station: StationKey
    uid: str
    verdict: Verdict
