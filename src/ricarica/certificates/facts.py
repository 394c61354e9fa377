"""What stations tell and ask of certificates, and what they are answered."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.certificates.model import HashData, Installed, InstalledKind, Purpose
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class CertificateAsked:
    """A station wants a key of its own signed. A02, A03"""

    station: StationKey
    csr: str  # PEM
    at: datetime
    purpose: Purpose = Purpose.STATION
    is_typed: bool = False  # it said what for
    request_id: int | None = None
    root: HashData | None = None
    names: tuple[str, ...] = ()  # by which it is known besides its own, e.g. to cars


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a request was taken up; `why` it was not."""

    is_accepted: bool
    why: str | None = None


@dataclass(frozen=True, slots=True)
class InstalledListed:
    """A station told which certificates of a kind it has; None: of all kinds. M03"""

    station: StationKey
    kind: InstalledKind | None
    installed: tuple[Installed, ...]
    at: datetime
