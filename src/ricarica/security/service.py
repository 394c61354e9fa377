"""Security events, passwords and security profiles of stations. A01, A04, A05"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ricarica.certificates.service import CertificateService
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EventId, Ids, StationKey, TenantId
from ricarica.security.commands import RaiseProfile, SetPassword
from ricarica.security.events import (
    PasswordChanged,
    PasswordRefused,
    SecurityEventAcknowledged,
    SecurityEventReported,
)
from ricarica.security.facts import SecurityEventTold
from ricarica.security.model import CRITICAL, SecurityEvent
from ricarica.security.ports import SecurityStore
from ricarica.stations.model import BY_CERTIFICATE, Station
from ricarica.stations.service import StationService

KIND_LENGTH_MAX = 50
INFO_LENGTH_MAX = 255
PASSWORD_BYTES = 20  # the longest key that 1.6 knows


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """The operator's choices."""

    offers_tls: bool = True  # so that a station can be asked to come that way
    stations_url: str | None = None  # under which stations reach us


class SecurityService:
    def __init__(
        self,
        store: SecurityStore,
        stations: StationService,
        certificates: CertificateService,
        outgoing: Outgoing,
        ids: Ids,
        policy: SecurityPolicy,
    ) -> None:
        self._store = store
        self._stations = stations
        self._certificates = certificates
        self._announce = outgoing.announce
        self._ids = ids
        self.policy = policy

    # -- what stations saw

    async def record(self, told: SecurityEventTold) -> None:
        """A04: keep it, whatever it is called. A repeat is no new one."""
        kind = told.kind[:KIND_LENGTH_MAX]
        event = SecurityEvent(
            told.station,
            kind,
            told.at,
            (told.info or "")[:INFO_LENGTH_MAX],
            told.received_at,
            self._ids.event(),
            is_critical=kind in CRITICAL,
        )
        if await self._store.is_known(event):
            return
        self._store.add_event(event)
        self._announce(
            SecurityEventReported(
                event.station, event.kind, event.is_critical, event.at, event.info
            )
        )

    async def acknowledge(
        self, tenant: TenantId, ids: Iterable[EventId], by: str, at: datetime
    ) -> int:
        """Somebody has looked at them; returns of how many that was not known before."""
        waiting = await self._store.unacknowledged(tenant, tuple(ids))
        for event in waiting:
            self._store.save_event(replace(event, acknowledged_at=at, acknowledged_by=by))
            self._announce(SecurityEventAcknowledged(event.station, event.kind, by))
        return len(waiting)

    # -- passwords

    async def new_password(self, station: StationKey) -> SetPassword:
        """A01: make one up, and take it from the station from now on, beside those of before.

        The old one holds until the station has shown the new one, or has had a day for it after
        it said that it took it. Its answer may be lost, and a station that cannot come in cannot
        be helped.
        """
        password = _random_key(self._ids)
        await self._stations.expect_password(station, password)
        return SetPassword(password)

    async def password_answered(
        self, station: StationKey, told: SetPassword, refused_for: str | None, at: datetime
    ) -> None:
        """A01.FR.03, FR.04"""
        if refused_for is None:
            await self._stations.password_taken(station, at)
            self._announce(PasswordChanged(station))
        elif await self._stations.forget_password(station, told.password):
            self._announce(PasswordRefused(station, refused_for))

    # -- security profiles

    async def prepare_profile(
        self, key: StationKey, profile: int, at: datetime, *, force: bool = False
    ) -> int | None:
        """A05: from now on the station may come by this profile, and once it has, by no lower.

        Returns what it was told before and has not come by yet; it may still do so, if the
        order does not get through.

        Raises:
            InvalidError: there is no such profile.
            ConflictError: something is missing, and the station would not come back; or it
                would be a step down. `force` has it all the same.
        """
        if profile not in range(1, BY_CERTIFICATE + 1):
            raise InvalidError(f"a security profile is 1, 2 or 3, not {profile}")
        station = await self._stations.get(key)
        problems = await self.problems_of(station, profile, at)
        if problems and not force:
            raise ConflictError(f"not yet: {'; '.join(problems)}")
        await self._stations.expect_profile(key, profile)
        return station.pending_profile

    async def problems_of(self, station: Station, profile: int, at: datetime) -> list[str]:
        """What would keep a station from coming back by a security profile."""
        current = station.security_profile or 0
        problems = []
        if station.pending_profile not in (None, profile):
            told = station.pending_profile
            problems.append(f"it was told security profile {told} before, and has not come by it")
        if profile < current:
            problems.append(f"it has security profile {current}, and may not be led to less")
        if profile >= 2 and not self.policy.offers_tls:
            problems.append("stations cannot reach this server by TLS; set tls_certificate")
        has_password = station.secret is not None or station.pending_secret is not None
        if profile in (1, 2) and not has_password:
            problems.append("it has no password; change it first")
        if profile == BY_CERTIFICATE and not await self._certificates.has_certificate(
            station.key, at
        ):
            problems.append("it has no certificate of ours; have it ask for one first")
        return problems

    async def profile_answered(
        self, station: StationKey, told: RaiseProfile, refused_for: str | None
    ) -> None:
        if refused_for is not None:
            await self._stations.expect_profile(station, told.before)


def _random_key(ids: Ids) -> str:
    """40 hex digits of an unguessable text: 160 bits."""
    return hashlib.sha256(ids.secret().encode()).digest()[:PASSWORD_BYTES].hex()
