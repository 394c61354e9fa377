"""What this slice tells stations."""

from dataclasses import dataclass

from ricarica.certificates.model import HashData, InstalledKind, Purpose, RootKind


@dataclass(frozen=True, slots=True)
class DeliverCertificate:
    """A02, A03: the certificate that the station asked for; its own first, without the root."""

    id: str  # of the request
    chain: str  # PEM
    purpose: Purpose | None = None  # None: the station did not say what it is for
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class InstallRoot:
    """M05"""

    kind: RootKind
    certificate: str  # PEM
    id: str = ""  # of the root among ours; empty for one that is not kept here


@dataclass(frozen=True, slots=True)
class DeleteInstalled:
    """M04, by the hashes that the station itself reported."""

    hashes: HashData


@dataclass(frozen=True, slots=True)
class ListInstalled:
    """M03. None: of all kinds, which 1.6 has no word for."""

    kind: InstalledKind | None = None


@dataclass(frozen=True, slots=True)
class IssueCertificate:
    """Have an authority sign what a station asked for. It is no message; the engine does it."""

    id: str  # of the request
