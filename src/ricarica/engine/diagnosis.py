"""Why can a station not connect, or not charge? What is known is weighed here, and nothing asked.

Each finding has a code, whose words are in `diagnosis_texts`, and the values that stand in them.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.engine.refusals import Reason, Refusals
from ricarica.kernel.ids import StationId, TenantId
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Station

RECENT = timedelta(hours=24)  # of what was refused; older things may have been mended since
FLAPPING = 10  # connections within an hour
SKEW_MAX = timedelta(minutes=5)  # by which a tariff or an offline start goes wrong
SILENT_HEARTBEATS = 3
CERTIFICATE_DAYS_MIN = 14
REFUSED_MAX = 5  # tokens; the attempts have a page of their own


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing
    WARNING = "warning"
    BAD = "bad"  # that is why


Value = str | int


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    level: Level
    values: Mapping[str, Value] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """What came of looking at the address under which stations are to find us.

    None: it was not looked at, as something before it failed already.
    """

    url: str
    host: str
    addresses: tuple[str, ...] = ()
    problem: str | None = None  # no name, no answer, no TLS
    names_fit: bool | None = None
    is_trusted: bool | None = None  # by what usual clients trust
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a name. `station` None: nobody has registered it."""

    identity: str
    now: datetime
    heartbeat: timedelta
    station: Station | None = None
    has_password: bool = False
    awaits_password: bool = False
    connectors: Sequence[Connector] = ()
    alike: Sequence[StationId] = ()  # registered ones that are written nearly so
    refusals: Refusals | None = None
    connections_in_hour: int = 0
    skew: timedelta | None = None  # how far its clock is ahead of ours
    mended: int = 0  # messages of a day
    errors: Sequence[tuple[str, str, datetime]] = ()  # of its last messages: action, outcome
    put_aside: int = 0
    refused_tokens: Sequence[tuple[str, str, datetime]] = ()  # verdict, what was shown, when
    certificate_until: datetime | None = None
    address: Address | None = None
    are_strangers_refused: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    identity: str
    is_registered: bool
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return all(each.level in (Level.OK, Level.NOTE) for each in self.findings)


Doctor = Callable[[TenantId, str], Awaitable[Diagnosis]]


def diagnosed(known: Known) -> Diagnosis:
    """The worst first."""
    found = [finding for rule in RULES for finding in rule(known)]
    ranks = {Level.BAD: 0, Level.WARNING: 1, Level.NOTE: 2, Level.OK: 3}
    found.sort(key=lambda finding: ranks[finding.level])
    return Diagnosis(known.identity, known.station is not None, tuple(found))


# -- the way here


def _address(known: Known) -> Iterator[Finding]:
    address = known.address
    if address is None:
        yield Finding("address_unknown", Level.NOTE)
        return
    said: Mapping[str, Value] = {"url": address.url, "host": address.host}
    if not address.addresses:
        yield Finding("name_unknown", Level.BAD, said)
        return
    if address.problem is not None:
        yield Finding("address_dead", Level.BAD, {**said, "problem": address.problem})
        return
    if address.names_fit is False:  # A00.FR.510
        yield Finding("certificate_names", Level.BAD, said)
    elif address.is_trusted is False:
        yield Finding("certificate_trust", Level.NOTE, said)
    ends = list(_expiry(known.now, address.not_after))
    yield from ends
    if not ends and address.names_fit is not False:
        yield Finding("address_ok", Level.OK, said)


def _expiry(now: datetime, until: datetime | None) -> Iterator[Finding]:
    if until is None:
        return
    days = (until - now).days
    if until <= now:
        yield Finding("certificate_expired", Level.BAD, {"date": f"{until:%Y-%m-%d}"})
    elif days < CERTIFICATE_DAYS_MIN:
        yield Finding("certificate_expires", Level.WARNING, {"days": days})


# -- who it is


def _registration(known: Known) -> Iterator[Finding]:
    station = known.station
    if station is None:
        if known.alike:
            names = ", ".join(known.alike)
            yield Finding("identity_alike", Level.BAD, {"identity": known.identity, "names": names})
        elif known.refusals is None:
            yield Finding("never_came", Level.BAD, {"identity": known.identity})
        else:
            code = "unknown_refused" if known.are_strangers_refused else "unknown"
            yield Finding(code, Level.BAD, {"identity": known.identity})
        return
    match station.acceptance:
        case Acceptance.PENDING:
            yield Finding("pending", Level.BAD)
        case Acceptance.BLOCKED:
            yield Finding("blocked", Level.BAD)
        case Acceptance.ACCEPTED:
            yield Finding("registered", Level.OK)


def _refusals(known: Known) -> Iterator[Finding]:
    """Why it was turned away lately, unless it has been let in since."""
    refusals = known.refusals
    if refusals is None or known.now - refusals.last_at > RECENT:
        return
    seen: set[Reason] = set()
    since = _came_at(known.station)
    for refusal in reversed(refusals.last):
        if refusal.reason in seen:
            continue
        seen.add(refusal.reason)
        is_over = since is not None and refusal.at < since
        offered = refusal.offered.replace(",", ", ") or "-"
        yield Finding(
            f"refused_{refusal.reason.value}",
            Level.NOTE if is_over else Level.BAD,
            {"remote": refusal.remote, "offered": offered, "count": refusals.count},
            refusal.at,
        )


def _came_at(station: Station | None) -> datetime | None:
    return station.connection_changed_at if station and station.connected else None


def _security(known: Known) -> Iterator[Finding]:
    station = known.station
    if station is None:
        return
    if known.awaits_password:
        yield Finding("password_awaited", Level.NOTE)
    if station.pending_profile is not None:
        yield Finding("profile_awaited", Level.NOTE, {"profile": station.pending_profile})
    profile = station.security_profile or 0
    if profile in (1, 2) and not known.has_password:
        yield Finding("password_missing", Level.BAD, {"profile": profile})
    until = known.certificate_until
    if until is not None and until <= known.now:
        yield Finding("own_certificate_expired", Level.WARNING, {"date": f"{until:%Y-%m-%d}"})


# -- whether it is here


def _connection(known: Known) -> Iterator[Finding]:
    station = known.station
    if station is None:
        return
    since = station.connection_changed_at
    if not station.connected:
        if since is None:
            yield Finding("never_connected", Level.BAD)
        else:
            yield Finding("disconnected", Level.BAD, {}, since)
    elif station.booted_at is None:
        yield Finding("never_booted", Level.WARNING)
    else:
        yield Finding("connected", Level.OK, {"dialect": station.dialect or ""}, since)
    if known.connections_in_hour >= FLAPPING:
        yield Finding("flapping", Level.WARNING, {"count": known.connections_in_hour})
    yield from _silence(known, station)


def _silence(known: Known, station: Station) -> Iterator[Finding]:
    if not station.connected or station.last_seen_at is None:
        return
    silent = known.now - station.last_seen_at
    if silent > known.heartbeat * SILENT_HEARTBEATS:
        minutes = int(silent.total_seconds() // 60)
        yield Finding("silent", Level.WARNING, {"minutes": minutes})


# -- what it says


def _messages(known: Known) -> Iterator[Finding]:
    if known.skew is not None and abs(known.skew) > SKEW_MAX:
        minutes = int(abs(known.skew).total_seconds() // 60)
        code = "clock_ahead" if known.skew > timedelta() else "clock_behind"
        yield Finding(code, Level.WARNING, {"minutes": minutes})
    if known.mended:
        yield Finding("mended", Level.NOTE, {"count": known.mended})
    if known.put_aside:
        yield Finding("put_aside", Level.WARNING, {"count": known.put_aside})
    for action, outcome, at in known.errors[:3]:
        yield Finding("error", Level.WARNING, {"action": action, "outcome": outcome}, at)


# -- whether one can charge there


def _outlets(known: Known) -> Iterator[Finding]:
    for connector in known.connectors:
        said: Mapping[str, Value] = {"evse": connector.evse, "why": connector.error or "-"}
        if connector.status is ConnectorStatus.FAULTED:
            yield Finding("faulted", Level.BAD, said, connector.at)
        elif connector.status is ConnectorStatus.UNAVAILABLE:
            yield Finding("unavailable", Level.WARNING, said, connector.at)


def _tokens(known: Known) -> Iterator[Finding]:
    for verdict, token, at in known.refused_tokens[:REFUSED_MAX]:
        yield Finding("token_refused", Level.NOTE, {"verdict": verdict, "token": token}, at)


RULES: tuple[Callable[[Known], Iterator[Finding]], ...] = (
    _registration,
    _refusals,
    _security,
    _address,
    _connection,
    _messages,
    _outlets,
    _tokens,
)
