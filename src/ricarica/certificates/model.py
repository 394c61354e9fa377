"""Certificates of stations, whom stations trust, and what was said of a car's contract."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ricarica.kernel.ids import StationKey, TenantId

# A03.FR.02: a station renews by itself a month ahead. Who has not by then is asked to.
RENEW_BEFORE = timedelta(days=21)
WARN_BEFORE = timedelta(days=30)
CSR_LENGTH_MAX = 5_500  # characters, of a SignCertificate in every dialect
CHAIN_LENGTH_MAX = 10_000  # characters, of a CertificateSigned in every dialect
REQUESTS_MAX = 20  # kept of one station; more would be one that asks without end
REQUESTS_PER_HOUR_MAX = 10  # new keys of one station: a signature is not free everywhere
INSTALLED_MAX = 200  # certificates of one station; a store of stations has a few dozen places
SIGN_ATTEMPTS_MAX = 8  # of an authority that cannot be reached: half a day with doubled waits
SIGN_AGAIN = timedelta(minutes=5)


class Purpose(StrEnum):
    """What a certificate of a station is for."""

    STATION = "station"  # it shows it to us
    V2G = "v2g"  # it shows it to cars, by ISO 15118-2
    V2G20 = "v2g20"  # by ISO 15118-20


class RootKind(StrEnum):
    """Whose certificates a root is there to verify."""

    CSMS = "csms"  # ours
    MANUFACTURER = "manufacturer"  # of firmware
    V2G = "v2g"  # of stations and of the providers of contracts
    MO = "mo"  # of contracts in cars
    OEM = "oem"  # of cars


class HashAlgorithm(StrEnum):
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class HashData(NamedTuple):
    """How a certificate is named without showing it, as OCSP does (RFC 6960 §4.1.1).

    Hashes and the serial number are lower-case hex digits, the latter without leading zeros.
    """

    algorithm: HashAlgorithm
    issuer_name: str
    issuer_key: str
    serial: str


def hash_data(algorithm: HashAlgorithm, issuer_name: str, issuer_key: str, serial: str) -> HashData:
    """Stations write them in capitals, with leading zeros, with colons: all mean the same."""
    plain = [each.strip().lower().replace(":", "") for each in (issuer_name, issuer_key, serial)]
    return HashData(algorithm, plain[0], plain[1], plain[2].lstrip("0") or "0")


class RequestState(StrEnum):
    WAITING = "waiting"  # for the authority
    ISSUED = "issued"  # the station does not have it yet
    INSTALLED = "installed"  # the station accepted it
    SUPERSEDED = "superseded"  # it has a newer one, and has not come with that yet
    REVOKED = "revoked"  # by an operator
    REFUSED = "refused"  # by the station
    FAILED = "failed"  # the authority refused, or was never reached


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A key of a station, from its request to the certificate in use.

    `id` is a digest of the public key: a station that asks again for the same key means the
    same request.
    """

    station: StationKey
    id: str
    purpose: Purpose
    csr: str  # PEM
    received_at: datetime
    state: RequestState = RequestState.WAITING
    request_id: int | None = None  # the station's own number for it, to be said back
    is_typed: bool = False  # the station said what it is for, and wants to hear it again
    root: HashData | None = None  # whom it wants it from
    attempts: int = 0  # at the authority
    next_try_at: datetime | None = None
    chain: str | None = None  # PEM: its own first, without the root
    serial: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    detail: str | None = None  # why it failed or was refused
    warned_at: datetime | None = None
    renewal_asked_at: datetime | None = None
    proven_at: datetime | None = None  # when the station came with it first

    def __post_init__(self) -> None:
        assert self.state is not RequestState.ISSUED or self.chain, "issued means there is one"


@dataclass(frozen=True, slots=True)
class Root:
    """A root certificate that stations ought to trust, or ought to forget."""

    tenant: TenantId
    id: str  # SHA-256 of it, hex
    kind: RootKind
    name: str
    pem: str
    not_before: datetime
    not_after: datetime
    added_at: datetime
    stations: tuple[str, ...] | None = None  # where it belongs; None: everywhere
    is_unwanted: bool = False  # is to be deleted from stations
    warned_at: datetime | None = None

    def belongs_to(self, station: StationKey) -> bool:
        return self.stations is None or station.station in self.stations


class InstalledKind(StrEnum):
    CSMS = "csms"
    MANUFACTURER = "manufacturer"
    V2G = "v2g"
    MO = "mo"
    OEM = "oem"
    V2G_CHAIN = "v2g_chain"  # the station's own, for cars


class Installed(NamedTuple):
    """A certificate that a station has, as it says itself. M03"""

    kind: InstalledKind
    hashes: HashData
    children: tuple[HashData, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What a station has told of its certificates."""

    station: StationKey
    listed_at: datetime | None = None  # the last time; None: it never told
    listed: frozenset[InstalledKind] = frozenset()  # of which kinds it has told
    installed: tuple[Installed, ...] = ()
    refused: frozenset[str] = frozenset()  # roots that it did not take; others come first

    def has(self, kind: InstalledKind, names: frozenset[HashData]) -> Installed | None:
        return next(
            (each for each in self.installed if each.kind is kind and each.hashes in names), None
        )


@dataclass(frozen=True, slots=True)
class AuthorityKeys:
    """A certificate authority of ours. The key is sealed, see `ports.Vault`."""

    tenant: TenantId
    purpose: str  # of what it signs: station or v2g
    chain: str  # PEM: the one that signs first, the root last
    sealed_key: bytes = field(repr=False)
    created_at: datetime


class ShownCertificate(NamedTuple):
    """What somebody who says to be a station has shown; whoever verified it says who signed it.

    `key`: SHA-256 of its public key, hex. `authority`: of which tenant, if it is one of ours.
    """

    name: str
    organization: str | None
    key: str
    authority: str


class Source(StrEnum):
    """Where it is asked whether a certificate was revoked."""

    OCSP = "ocsp"
    CRL = "crl"


class Standing(StrEnum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # to who was asked
    FAILED = "failed"  # nobody could be asked


class Inquiry(NamedTuple):
    """A question to whoever issued a certificate."""

    hashes: HashData
    source: Source
    urls: tuple[str, ...]
    issuer: str | None = None  # PEM, where it is known: what answers can then be verified


class Finding(NamedTuple):
    """`answer`: the whole of an OCSP response, DER."""

    standing: Standing
    next_update: datetime
    answer: bytes | None = None
    why: str | None = None


class ContractStatus(StrEnum):
    """What is to be said of a contract certificate, whatever its token is worth."""

    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CHAIN_ERROR = "chain_error"  # it cannot be verified, or is invalid
    SIGNATURE_ERROR = "signature_error"


class ContractShown(NamedTuple):
    """A car shows a contract. C07"""

    emaid: str
    chain: str | None = None  # PEM, its own first
    hashes: tuple[tuple[HashData, str], ...] = ()  # each with the address of its responder


class CarAction(StrEnum):
    INSTALL = "install"
    UPDATE = "update"


class CarRequest(NamedTuple):
    """A car asks for its contract certificate; the content is for others to read, and has the
    contracts that it likes best too. M01, M02"""

    schema: str
    action: CarAction
    exi: str  # base64
    chains_max: int | None = None  # ISO 15118-20: how many contracts it takes


class CarAnswer(NamedTuple):
    """`exi` None: there is none, and `why` says the reason."""

    exi: str | None
    remaining: int | None = None
    why: str | None = None
