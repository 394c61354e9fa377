"""Stations, their places and their connectors."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, SiteId, StationKey, TariffId, TenantId
from ricarica.stations.habits import Habits

PASSWORD_BYTES_MIN = 16  # A00.FR.205: anything shorter can be guessed
SALT_LENGTH = 16
SECRET_LENGTH = SALT_LENGTH + hashlib.sha256().digest_size
LABELS_MAX = 20  # of one station: they are words to find it by, not a description
LABEL_LENGTH_MAX = 40
RIGHT_WITHIN = timedelta(seconds=30)  # a clock that was set shows our time, give or take that
SEEN_EVERY_S = 60  # a heartbeat alone is written down at most this often


class Acceptance(StrEnum):
    """What the operator decided about a station."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    BLOCKED = "blocked"


class UnknownStations(StrEnum):
    """What becomes of a station that nobody has registered."""

    REFUSE = "refuse"
    PENDING = "pending"  # it may connect, and waits in the inbox for approval
    ACCEPT = "accept"


class ConnectorStatus(StrEnum):
    """The union of what the dialects can say; `OCCUPIED` is what 2.x says for half of them."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    OCCUPIED = "occupied"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


BY_CERTIFICATE = 3  # the security profile in which a station shows one instead of a password


class Admittance(StrEnum):
    """The answer to a knock."""

    WELCOME = "welcome"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of an answer
    NOT_SECURE = "not_secure"
    WRONG_CERTIFICATE = "wrong_certificate"


@dataclass(frozen=True, slots=True)
class Site:
    """A place with stations. Coordinates in degrees, WGS 84."""

    tenant: TenantId
    id: SiteId
    name: str
    address: str = ""
    city: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    tariff: TariffId | None = None


class ImpostorError(RicaricaError):
    """A station is not the one whose certificate it has shown."""


@dataclass(frozen=True, slots=True)
class Station:
    """A charging station. What its boot told is None until it booted."""

    key: StationKey
    acceptance: Acceptance
    registered_at: datetime
    name: str = ""
    site: SiteId | None = None
    tariff: TariffId | None = None
    security_profile: int | None = None  # None: whatever it comes with
    secret: bytes | None = field(default=None, repr=False)  # see `secret_for`; one or several
    pedantic: bool = False  # take its words literally, mend nothing
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    boot_reason: str | None = None
    booted_at: datetime | None = None
    dialect: str | None = None  # the one it spoke last
    connected: bool = False
    epoch: int = 0  # counts its connections; what an older one brings is void
    remote: str | None = None
    secure: bool = False
    connection_changed_at: datetime | None = None
    last_seen_at: datetime | None = None
    node: str | None = None  # at which gateway it is connected, where there are several
    habits: Habits | None = None  # None: those that are known of its model
    # What it was told to come with from now on. It holds once it has come so; until then the old
    # one does too, lest a station that did not hear us is locked out. Of several passwords, the
    # oldest is the first.
    pending_secret: bytes | None = field(default=None, repr=False)
    pending_profile: int | None = None
    pending_until: datetime | None = None  # then the old password is not good any more
    # What its certificate has to be, where the operator says so. Otherwise it names the station
    # by its serial number, which it tells of itself, or by its identity.
    certificate_name: str | None = None
    certificate_pin: str | None = None  # SHA-256 of its public key, hex
    labels: tuple[str, ...] = ()  # words of the operator's, by which stations are chosen

    @property
    def is_protected(self) -> bool:
        """Whether nobody comes in by its name alone."""
        return self.secret is not None or self.security_profile == BY_CERTIFICATE


@dataclass(frozen=True, slots=True)
class Connector:
    """An outlet of an EVSE; (0, 0) stands for the station as a whole."""

    station: StationKey
    evse: EvseNumber
    number: ConnectorNumber
    status: ConnectorStatus
    at: datetime
    epoch: int  # the connection it was reported over
    error: str | None = None
    detail: str | None = None


def label_of(text: str) -> str:
    """As labels are compared: in any case, with single blanks."""
    return " ".join(text.casefold().split())


def checked_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """
    Raises:
        InvalidError: too many, or one is no word to find a station by.
    """
    known = tuple(sorted({label_of(label) for label in labels} - {""}))
    if len(known) > LABELS_MAX:
        raise InvalidError(f"a station has at most {LABELS_MAX} labels")
    if any(len(label) > LABEL_LENGTH_MAX or "," in label for label in known):
        raise InvalidError(f"a label has 1 to {LABEL_LENGTH_MAX} characters and no comma")
    return known


def secret_for(password: bytes, salt: bytes) -> bytes:
    """What is kept of a station's password: 16 bytes of salt and an HMAC-SHA256.

    Station passwords are long and mostly random, so a fast digest is enough, and 100,000
    stations that reconnect at once do not cost hours of argon2.
    """
    return salt + hmac.new(salt, password, hashlib.sha256).digest()


def secrets_in(secret: bytes | None) -> tuple[bytes, ...]:
    """Of each password by itself."""
    whole = secret or b""
    return tuple(
        whole[start : start + SECRET_LENGTH] for start in range(0, len(whole), SECRET_LENGTH)
    )


def knows_password(secret: bytes, password: bytes) -> bool:
    """Whether this is the password: as it was set, or with the hex digits of it at either end.

    1.6 sets an AuthorizationKey as hex digits, and most stations send the bytes they stand for.
    """
    return any(
        hmac.compare_digest(each, secret_for(candidate, each[:SALT_LENGTH]))
        for each in secrets_in(secret)
        for candidate in _spellings(password)
    )


def without_password(secret: bytes | None, password: bytes) -> bytes | None:
    """What is left when this password is not good any more."""
    left = (each for each in secrets_in(secret) if not knows_password(each, password))
    return b"".join(left) or None


def _spellings(password: bytes) -> Collection[bytes]:
    digits = password.hex().encode()
    try:
        return (password, digits, digits.upper(), bytes.fromhex(password.decode("ascii")))
    except ValueError:
        return (password, digits, digits.upper())


def admittance_of(
    station: Station,
    password: bytes | None,
    *,
    secure: bool,
    certificate: str | None = None,
    certificate_key: str | None = None,
) -> Admittance:
    """Whether the one who knocks may come in as this station.

    A00.FR.001, FR.002: one profile at a time.

    Args:
        certificate: The common name in the client's certificate, which was verified.
        certificate_key: SHA-256 of its public key, hex.
    """
    if station.acceptance is Acceptance.BLOCKED:
        return Admittance.BLOCKED
    if (station.security_profile or 0) >= 2 and not secure:
        return Admittance.NOT_SECURE
    if station.security_profile == BY_CERTIFICATE:  # A00.FR.407
        shown = certificate is not None and is_its_own(station, certificate, certificate_key)
        return Admittance.WELCOME if shown else Admittance.WRONG_CERTIFICATE
    if station.secret is None:
        needs_one = (station.security_profile or 0) in (1, 2)
        return Admittance.WRONG_PASSWORD if needs_one else Admittance.WELCOME
    # A00.FR.207, A00.FR.324; that its name is the station's was looked at by the door
    if password is None or not knows_password(station.secret, password):
        return Admittance.WRONG_PASSWORD
    return Admittance.WELCOME


@dataclass(frozen=True, slots=True)
class Shown:
    """By what someone who knocks proves to be a station."""

    password: bytes | None
    secure: bool
    certificate: str | None = None
    certificate_key: str | None = None


def admitted(station: Station, shown: Shown, at: datetime) -> tuple[Admittance, Station]:
    """Whether it may come in; and the station with what it has proven to have taken over.

    A01.FR.05: it may still come as before.
    """
    station = _as_it_is(station, at)
    for candidate in _expected(station, shown.password):
        if _admittance(candidate, shown) is Admittance.WELCOME:
            return Admittance.WELCOME, candidate
    return _admittance(station, shown), station


def _as_it_is(station: Station, at: datetime) -> Station:
    """A01.FR.03: it took a new password, and has had its time to come with it.

    What was made up after that one, it may have taken as well.
    """
    until = station.pending_until
    if station.pending_secret is None or until is None or at < until:
        return station
    secret = station.pending_secret
    return replace(station, secret=secret, pending_secret=None, pending_until=None)


def _expected(station: Station, password: bytes | None) -> Iterator[Station]:
    """The station as it may be now, after what it was told."""
    proven = _with_password(station, password)
    if (profile := station.pending_profile) is not None:
        for each in (*proven, station):
            yield replace(each, security_profile=profile, pending_profile=None)
    yield from proven


def _with_password(station: Station, password: bytes | None) -> tuple[Station, ...]:
    """The station, if it comes with a new password: those of before are not good any more."""
    if password is None:
        return ()
    given = secrets_in(station.secret) + secrets_in(station.pending_secret)
    for number, secret in enumerate(given):
        if secret != station.secret and knows_password(secret, password):
            newer = b"".join(given[number + 1 :]) or None
            # Which one it took last is not known any more, so the one that it has stays good.
            return (replace(station, secret=secret, pending_secret=newer, pending_until=None),)
    return ()


def _admittance(station: Station, shown: Shown) -> Admittance:
    return admittance_of(
        station,
        shown.password,
        secure=shown.secure,
        certificate=shown.certificate,
        certificate_key=shown.certificate_key,
    )


def is_its_own(station: Station, common_name: str, key: str | None) -> bool:
    """Whether a certificate is this station's. A00.FR.405"""
    if station.certificate_pin is not None and station.certificate_pin != key:
        return False
    if station.certificate_name is not None:
        return common_name == station.certificate_name
    return is_named(station, common_name)


def is_named(station: Station, common_name: str) -> bool:
    """Whether a certificate is this station's: by its serial number, as OCPP has it, or by its
    identity, which is all that is known of one that never booted."""
    identity = station.key.station
    return common_name == station.serial or common_name.casefold() == identity.casefold()


def is_impostor(station: Station, common_name: str, serial: str | None) -> bool:
    """Whether it tells of another serial number than the certificate that let it in. B01.FR.11"""
    if station.security_profile != BY_CERTIFICATE or not common_name or serial is None:
        return False
    if station.certificate_name is not None:
        return False  # its operator said what the certificate names
    return not is_named(replace(station, serial=serial), common_name)


@dataclass(frozen=True, slots=True)
class LetIn:
    """What a connection stands on: its station's credentials when it was let in."""

    security_profile: int | None
    secret: bytes | None = field(repr=False)
    certificate_name: str | None
    certificate_pin: str | None


def let_in_as(station: Station) -> LetIn:
    return LetIn(
        station.security_profile,
        station.secret,
        station.certificate_name,
        station.certificate_pin,
    )


def may_stay(known: Station | LetIn, changed: Station) -> bool:
    """Whether a connection still stands on what let it in, after its station was changed."""
    if changed.acceptance is Acceptance.BLOCKED:  # B03.FR.03: nothing is said to it any more
        return False
    profile = changed.security_profile or 0
    if profile >= 2 and not changed.secure:
        return False
    if profile == BY_CERTIFICATE:
        shown = (known.certificate_name, known.certificate_pin)
        is_same = shown == (changed.certificate_name, changed.certificate_pin)
        return known.security_profile == BY_CERTIFICATE and is_same
    if changed.secret is None:
        return profile not in (1, 2)
    return changed.secret == known.secret  # who knows the old password must not stay by it


def is_newer(
    reported_at: datetime, epoch: int, known: Connector | None, received_at: datetime
) -> bool:
    """A status never gives way to an older one of the same connection, by the station's clock;
    unless that clock was ahead, and has been set since."""
    if known is None or epoch > known.epoch or reported_at >= known.at:
        return True
    was_ahead = known.at - received_at > RIGHT_WITHIN
    return was_ahead and abs(reported_at - received_at) <= RIGHT_WITHIN


def seen(station: Station, at: datetime) -> Station:
    """The station with its last sign of life, unless it would be written too often."""
    last = station.last_seen_at
    if last is not None and 0 <= (at - last).total_seconds() < SEEN_EVERY_S:
        return station
    return replace(station, last_seen_at=at)
