"""Stations come, boot, report and go."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from ricarica.kernel.clock import is_plausible
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import (
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TariffId,
    TenantId,
)
from ricarica.stations.commands import BringInStep, BringOthersInStep, HangUp, Topic, Trigger
from ricarica.stations.events import (
    ConnectorStatusChanged,
    StationBooted,
    StationChanged,
    StationConnected,
    StationDisconnected,
    StationRegistered,
)
from ricarica.stations.facts import (
    BootAnswer,
    Booted,
    Connected,
    Disconnected,
    ErrorChange,
    Knocked,
    StatusReported,
)
from ricarica.stations.habits import PLAIN, Habits, checked
from ricarica.stations.model import (
    BY_CERTIFICATE,
    PASSWORD_BYTES_MIN,
    Acceptance,
    Admittance,
    Connector,
    ConnectorStatus,
    ImpostorError,
    Shown,
    Station,
    UnknownStations,
    admitted,
    checked_labels,
    is_impostor,
    is_newer,
    may_stay,
    secret_for,
    secrets_in,
    seen,
    without_password,
)
from ricarica.stations.ports import StationStore

PIN = re.compile(r"[0-9a-f]{64}")
POWER_MAX_W = Decimal(500_000)  # of one outlet: CCS ends at 500 A and 1,000 V
STATUSES_WITHIN = timedelta(minutes=1)  # a station has told of its connectors after its boot
READY = ConnectorStatus.AVAILABLE
BROUGHT_AT_ONCE_MAX = 500  # stations, in one commit
ASKED_AT_ONCE_MAX = 500  # connectors; as many more a minute later
CONNECTORS_MAX = 500  # of one station: what it makes up must not fill the disk
# After a station took a new password: who was cut off before it stored it can still come in.
OLD_PASSWORD_HOLDS = timedelta(hours=24)
UNPROVEN_MAX = 8  # passwords that a station may have taken; each is tried when it knocks
PENDING_MAX = 1_000  # strangers in the inbox of one tenant; more would be an attack


@dataclass(frozen=True, slots=True)
class StationPolicy:
    """The operator's choices for all stations."""

    unknown: UnknownStations = UnknownStations.PENDING
    heartbeat: timedelta = timedelta(minutes=5)
    retry: timedelta = timedelta(minutes=1)  # how soon a pending station asks again
    # Stations that come back together shall not call together: ± this share of the interval.
    jitter: Callable[[], float] = lambda: 0.0
    power_max_w: Decimal = POWER_MAX_W
    hides_tokens: bool = False  # from the log of messages, up to their last characters
    # What is known of a vendor's model and firmware.
    known_habits: Callable[[str, str, str], Habits] = lambda *_: PLAIN


@dataclass(frozen=True, slots=True)
class Preparation:
    """What an operator says of a station; None leaves it as it is."""

    acceptance: Acceptance | None = None
    security_profile: int | None = None
    password: str | None = None
    name: str | None = None
    site: SiteId | None = None
    tariff: TariffId | None = None
    pedantic: bool | None = None
    habits: Habits | None = None
    certificate_name: str | None = None  # empty: its serial number or its identity
    certificate_pin: str | None = None  # empty: any key
    labels: tuple[str, ...] | None = None


class StationService:
    def __init__(self, store: StationStore, outgoing: Outgoing, policy: StationPolicy) -> None:
        self._store = store
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self.policy = policy

    # -- coming and going

    async def resolve(self, tenant: TenantId, identity: str) -> StationKey:
        """The key of a station by its identity in any case; as written, if it is unknown."""
        canonical = await self._store.canonical(tenant, identity)
        return StationKey(tenant, canonical or StationId(identity))

    async def is_alone_called(self, key: StationKey, name: str) -> bool:
        """Whether no other station has it for its identity or its serial number, which a station
        tells of itself: it may tell that of another."""
        return all(each == key.station for each in await self._store.called(key.tenant, name))

    async def admit(self, knocked: Knocked) -> Admittance:
        """Decide about a handshake. A stranger is written into the inbox, if that is allowed."""
        station = await self._store.get(knocked.station)
        if station is not None:
            shown = Shown(
                knocked.password, knocked.secure, knocked.certificate, knocked.certificate_key
            )
            admittance, proven = admitted(station, shown, knocked.at)
            if proven is not station:
                # A01.FR.03, A05.FR.07: from now on the old one is not good any more
                self._store.save(proven)
                self._announce(StationChanged(proven.key))
            return admittance
        if self.policy.unknown is UnknownStations.REFUSE:
            return Admittance.UNKNOWN
        if self.policy.unknown is UnknownStations.ACCEPT:
            self._register(knocked.station, Acceptance.ACCEPTED, knocked.at)
            return Admittance.WELCOME
        if await self._store.pending_count(knocked.station.tenant) >= PENDING_MAX:
            return Admittance.UNKNOWN
        self._register(knocked.station, Acceptance.PENDING, knocked.at)
        return Admittance.WELCOME

    async def speaks_unasked(self, key: StationKey) -> bool:
        """Whether its operator said what it speaks, for one that does not offer anything."""
        station = await self._store.get(key)
        return bool(station and station.habits and station.habits.speaks)

    async def connect(self, connected: Connected) -> int:
        """A connection stands; returns its epoch, greater than that of every one before."""
        station = await self._known(connected.station)
        self._store.save(
            replace(
                station,
                connected=True,
                epoch=station.epoch + 1,
                dialect=connected.dialect,
                remote=connected.remote,
                secure=connected.secure,
                connection_changed_at=connected.at,
                last_seen_at=connected.at,
                node=connected.node or None,
            )
        )
        self._announce(StationConnected(connected.station, connected.dialect))
        return station.epoch + 1

    async def disconnect(self, disconnected: Disconnected) -> None:
        station = await self._store.get(disconnected.station)
        if station is None or station.epoch != disconnected.epoch or not station.connected:
            return
        self._store.save(
            replace(
                station,
                connected=False,
                connection_changed_at=disconnected.at,
                last_seen_at=disconnected.at,
                node=None,
            )
        )
        self._announce(StationDisconnected(disconnected.station, disconnected.reason))

    # -- what they tell

    async def boot(self, booted: Booted) -> BootAnswer:
        """B01–B03: take note of a station that started, and tell it how to go on. B01.FR.02

        Raises:
            ImpostorError: it came by the certificate of another one.
        """
        station = await self._known(booted.station)
        if is_impostor(station, booted.certificate, booted.serial):
            raise ImpostorError("its serial number is not the one in its certificate")
        accepted = station.acceptance is Acceptance.ACCEPTED
        self._store.save(
            replace(
                station,
                vendor=booted.vendor,
                model=booted.model,
                serial=booted.serial,
                firmware=booted.firmware,
                iccid=booted.iccid,
                imsi=booted.imsi,
                boot_reason=booted.reason,
                booted_at=booted.at if accepted else station.booted_at,
                last_seen_at=booted.at,
            )
        )
        self._announce(
            StationBooted(
                booted.station, station.acceptance, booted.vendor, booted.model, booted.firmware
            )
        )
        interval = self.policy.heartbeat if accepted else self.policy.retry
        return BootAnswer(station.acceptance, self._jittered(interval), booted.at)

    async def report_status(self, told: StatusReported) -> ErrorChange | None:
        """What became of the connector's error, if it is not as it was."""
        is_placed = is_plausible(told.at, told.received_at)
        # By an absurd clock, one status would stand before all that follow.
        reported = told if is_placed else replace(told, at=told.received_at)
        station = await self._known(reported.station)
        known = await self._store.connector(reported.station, reported.evse, reported.connector)
        if not is_newer(reported.at, station.epoch, known, reported.received_at):
            return None
        if known is None and await self._store.connector_count(station.key) >= CONNECTORS_MAX:
            return None
        self._store.save_connector(
            Connector(
                reported.station,
                reported.evse,
                reported.connector,
                reported.status,
                at=reported.at,
                epoch=station.epoch,
                error=reported.error,
                detail=reported.detail,
            )
        )
        if known is None or (known.status, known.error) != (reported.status, reported.error):
            self._announce(
                ConnectorStatusChanged(
                    reported.station,
                    reported.evse,
                    reported.connector,
                    reported.status,
                    reported.at,
                    reported.error,
                )
            )
        before = known.error if known else None
        return ErrorChange(before, reported.error) if before != reported.error else None

    async def ask_for_statuses(self, now: datetime) -> None:
        """Some stations tell only of some connectors after their boot; ask for the others."""
        before = now - STATUSES_WITHIN
        since = before - STATUSES_WITHIN
        for connector in await self._store.unreported(since, before, ASKED_AT_ONCE_MAX):
            # Asked for connector 0, some connect anew and never stop doing so.
            self._tell(connector.station, Trigger(Topic.STATUS, connector.evse, connector.number))

    def heard_from(self, station: Station, at: datetime) -> None:
        """Any message is a sign of life. G02.FR.04"""
        if (alive := seen(station, at)) is not station:
            self._store.save(alive)

    def habits_of(self, station: Station) -> Habits:
        """What was said of this very station, else what is known of its model."""
        if station.habits is not None:
            return station.habits
        told = (station.vendor or "", station.model or "", station.firmware or "")
        return self.policy.known_habits(*told)

    async def bring_in_step(self, behind: StationKey, order: BringOthersInStep) -> None:
        """Have stations looked after, in the order of their names: some now, the others after
        them."""
        there = await self._store.connected(behind, BROUGHT_AT_ONCE_MAX)
        for key, site in there:
            if order.concerns(key.station, site):
                self._tell(key, BringInStep(order.kind))
        if len(there) == BROUGHT_AT_ONCE_MAX:
            self._tell(there[-1][0], order)

    async def evse_to_start(self, key: StationKey) -> EvseNumber | None:
        """Where a cable waits, else the first that is free; None if it told of neither."""
        connectors = await self._store.connectors_of(key)
        for status in (ConnectorStatus.PREPARING, ConnectorStatus.OCCUPIED, READY):
            at = [each.evse for each in connectors if each.evse and each.status is status]
            if at:
                return min(at)
        return None

    async def get(self, key: StationKey) -> Station:
        return await self._known(key)

    async def outlets(self, key: StationKey) -> list[tuple[EvseNumber, ConnectorNumber]]:
        """The connectors that the station has told of."""
        known = await self._store.connectors_of(key)
        return sorted((each.evse, each.number) for each in known if each.evse)

    async def evses(self, key: StationKey) -> list[EvseNumber]:
        """Those that it has told of."""
        return await self._store.evses(key)

    async def site_tariff(self, station: Station) -> TariffId | None:
        if station.site is None:
            return None
        site = await self._store.site(station.key.tenant, station.site)
        return site.tariff if site else None

    # -- what the operator decides

    async def prepare(self, key: StationKey, preparation: Preparation, at: datetime) -> Station:
        """Register a station before it connects, or change what was decided about it."""
        known = await self._store.get(key)
        station = known or Station(key, Acceptance.ACCEPTED, registered_at=at)
        prepared = _prepared(station, preparation)
        if preparation.site:
            await self._known_site(key.tenant, preparation.site)
        self._store.save(prepared)
        if known is None:
            self._announce(StationRegistered(key, prepared.acceptance))
        else:
            self._announce(StationChanged(key))
        if known and known.connected:
            self._tell_about(known, prepared)
        return prepared

    async def expect_password(self, key: StationKey, password: str) -> None:
        """A01: from now on it may come with this one too.

        Raises:
            ConflictError: it has been given so many without coming with any of them.
        """
        station = await self._known(key)
        pending = station.pending_secret or b""
        if len(secrets_in(pending)) >= UNPROVEN_MAX:
            raise ConflictError(
                "it has not come with any of the last passwords that it was given; "
                "have it connect anew first"
            )
        secret = pending + (_secret(password) or b"")
        self._store.save(replace(station, pending_secret=secret))

    async def forget_password(self, key: StationKey, password: str) -> bool:
        """A01: it did not get this one; whether it could have come with it until now."""
        station = await self._known(key)
        kept = replace(
            station,
            secret=without_password(station.secret, password.encode()),
            pending_secret=without_password(station.pending_secret, password.encode()),
        )
        if kept == station:
            return False
        self._store.save(kept)
        return True

    async def password_taken(self, key: StationKey, at: datetime) -> None:
        """A01.FR.03: it says that it took it. Should it have lost it since, it has some time."""
        station = await self._known(key)
        if station.pending_secret is not None:
            self._store.save(replace(station, pending_until=at + OLD_PASSWORD_HOLDS))

    async def expect_profile(self, key: StationKey, profile: int | None) -> None:
        """A05: from now on it may come by this security profile; once it has, by no other."""
        station = await self._known(key)
        if station.pending_profile != profile:
            self._store.save(replace(station, pending_profile=profile))

    async def remove(self, key: StationKey) -> None:
        station = await self._known(key)
        await self._store.remove(station)
        self._announce(StationChanged(key))
        self._tell(key, HangUp("this station is not registered any more"))

    def _tell_about(self, known: Station, prepared: Station) -> None:
        """What was decided about a connected station holds at once."""
        if may_stay(known, prepared):
            if known.acceptance is not prepared.acceptance:
                # B02.FR.09: let it boot again now, rather than at its next attempt
                self._tell(known.key, Trigger(Topic.BOOT))
        else:
            self._tell(known.key, HangUp("what lets this station in has changed"))

    def _register(self, key: StationKey, acceptance: Acceptance, at: datetime) -> None:
        self._store.save(Station(key, acceptance, registered_at=at))
        self._announce(StationRegistered(key, acceptance))

    async def _known(self, key: StationKey) -> Station:
        station = await self._store.get(key)
        if station is None:
            raise NotFoundError(f"no station {key.station} is registered; add it first")
        return station

    async def _known_site(self, tenant: TenantId, site: SiteId) -> None:
        if await self._store.site(tenant, site) is None:
            raise InvalidError(f"there is no site {site}; create it first")

    def _jittered(self, interval: timedelta) -> timedelta:
        seconds = round(interval.total_seconds() * (1 + self.policy.jitter()))
        return timedelta(seconds=max(seconds, 1))


def _prepared(station: Station, said: Preparation) -> Station:
    profile = said.security_profile
    if profile is not None and profile not in range(BY_CERTIFICATE + 1):
        raise InvalidError(f"security_profile is 0, 1, 2 or 3, not {profile}")
    return replace(
        station,
        acceptance=said.acceptance or station.acceptance,
        security_profile=station.security_profile if profile is None else profile,
        pending_profile=station.pending_profile if profile is None else None,
        secret=station.secret if said.password is None else _secret(said.password),
        pending_secret=station.pending_secret if said.password is None else None,
        pending_until=station.pending_until if said.password is None else None,
        certificate_name=_said(said.certificate_name, station.certificate_name),
        certificate_pin=_said(_pin(said.certificate_pin), station.certificate_pin),
        name=station.name if said.name is None else said.name,
        site=station.site if said.site is None else (said.site or None),
        tariff=station.tariff if said.tariff is None else (said.tariff or None),
        pedantic=station.pedantic if said.pedantic is None else said.pedantic,
        habits=station.habits if said.habits is None else checked(said.habits),
        labels=station.labels if said.labels is None else checked_labels(said.labels),
    )


def _said(said: str | None, known: str | None) -> str | None:
    """An empty text takes it away."""
    return known if said is None else (said or None)


def _pin(said: str | None) -> str | None:
    """As other tools write it: with colons, in capitals."""
    if not said:
        return said
    plain = said.strip().lower().removeprefix("sha256:").replace(":", "")
    if not PIN.fullmatch(plain):
        raise InvalidError("certificate_pin is the SHA-256 of a public key: 64 hex digits")
    return plain


def _secret(password: str) -> bytes | None:
    if not password:
        return None
    encoded = password.encode()
    if len(encoded) < PASSWORD_BYTES_MIN:
        raise InvalidError(f"a station's password has at least {PASSWORD_BYTES_MIN} characters")
    return secret_for(encoded, secrets.token_bytes(16))
