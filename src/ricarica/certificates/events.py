"""What others hear of certificates."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.certificates.model import Purpose, RootKind
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class CertificateRequested:
    station: StationKey
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class CertificateIssued:
    station: StationKey
    purpose: Purpose
    not_after: datetime


@dataclass(frozen=True, slots=True)
class CertificateInstalled:
    """The station took it."""

    station: StationKey
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class CertificateRefused:
    """The station did not take it. An operator has to look."""

    station: StationKey
    purpose: Purpose
    why: str


@dataclass(frozen=True, slots=True)
class CertificateRevoked:
    """By an operator: whoever shows it is not let in any more."""

    station: StationKey
    purpose: Purpose
    serial: str


@dataclass(frozen=True, slots=True)
class SigningFailed:
    """The authority refused, or was never reached. A02: an operator has to look."""

    station: StationKey
    purpose: Purpose
    why: str


@dataclass(frozen=True, slots=True)
class CertificateExpires:
    """Soon, and nothing has come in its place."""

    station: StationKey
    purpose: Purpose
    not_after: datetime


@dataclass(frozen=True, slots=True)
class RootExpires:
    kind: RootKind
    name: str
    not_after: datetime
    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class TrustStoreChanged:
    """A station told which certificates it has, or which root it took or lost."""

    station: StationKey


@dataclass(frozen=True, slots=True)
class RootsChanged:
    """An operator decided which roots stations trust."""

    station: StationKey | None = None
