"""How security events and networks lie in the database."""

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from ricarica.kernel.ids import EventId, StationId, StationKey, TenantId
from ricarica.security.model import (
    Apn,
    Move,
    NetworkProfile,
    SecurityEvent,
    Slot,
    StationNetworks,
    Vpn,
)
from ricarica.storage.columns import Blob, Boolean, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for what no station owns

EVENTS = sa.Table(
    "security_events",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("kind", Text(), primary_key=True),
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("info", Text(), primary_key=True),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("id", Integer(), nullable=False),
    sa.Column("is_critical", Boolean(), nullable=False),
    sa.Column("acknowledged_at", Instant()),
    sa.Column("acknowledged_by", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_security_events_id", "tenant", "id"),
)

PROFILES = sa.Table(
    "network_profiles",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("name", Text(), primary_key=True),
    sa.Column("url", Text(), nullable=False),
    sa.Column("security_profile", Integer(), nullable=False),
    sa.Column("revised_at", Instant(), nullable=False),
    sa.Column("interface", Text(), nullable=False),
    sa.Column("message_timeout_s", Integer(), nullable=False),
    sa.Column("identity", Text()),
    sa.Column("apn", Json()),
    sa.Column("vpn", Json()),
    sa.Column("sealed", Blob()),
    sa.Column("version", Integer(), nullable=False),
)

NETWORKS = sa.Table(
    "station_networks",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("content", Json(), nullable=False),
    sa.Column("due_at", Instant()),  # by when a station that moves has to be back
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_station_networks_due_at", "due_at"),
)


def event_row(event: SecurityEvent) -> Row:
    return (
        event.station.tenant,
        event.station.station,
        event.kind,
        event.at,
        event.info,
        event.received_at,
        event.id,
        event.is_critical,
        event.acknowledged_at,
        event.acknowledged_by,
    )


def event_from(row: Row) -> SecurityEvent:
    tenant, station, kind, at, info, received_at, id, is_critical, when, who = row
    return SecurityEvent(
        StationKey(TenantId(tenant), StationId(station)),
        kind,
        at,
        info,
        received_at,
        EventId(id),
        bool(is_critical),
        when,
        who,
    )


def profile_row(profile: NetworkProfile) -> Row:
    return (
        profile.tenant,
        profile.name,
        profile.url,
        profile.security_profile,
        profile.revised_at,
        profile.interface,
        profile.message_timeout_s,
        profile.identity,
        _plain(profile.apn),
        _plain(profile.vpn),
        profile.sealed,
    )


def profile_from(row: Row) -> NetworkProfile:
    tenant, name, url, level, revised_at, interface, timeout_s, identity, apn, vpn, sealed = row
    return NetworkProfile(
        TenantId(tenant),
        name,
        url,
        level,
        revised_at,
        interface,
        timeout_s,
        identity,
        None if apn is None else msgspec.convert(apn, Apn),
        None if vpn is None else msgspec.convert(vpn, Vpn),
        None if sealed is None else bytes(sealed),
    )


class _Content(msgspec.Struct):
    """What is known of one station's networks; its slots by number."""

    slots: list[Slot]
    order: list[int]
    active: int | None
    read_at: str | None
    move: Move | None


def networks_row(networks: StationNetworks) -> Row:
    content = _Content(
        list(networks.slots.values()),
        list(networks.order),
        networks.active,
        networks.read_at.isoformat() if networks.read_at else None,
        networks.move,
    )
    due_at = networks.move.until if networks.move else None
    return (
        networks.station.tenant,
        networks.station.station,
        msgspec.to_builtins(content),
        due_at,
    )


def networks_from(row: Row) -> StationNetworks:
    tenant, station, kept, _ = row
    content = msgspec.convert(kept, _Content, strict=False)
    return StationNetworks(
        StationKey(TenantId(tenant), StationId(station)),
        {slot.number: slot for slot in content.slots},
        tuple(content.order),
        content.active,
        _instant(content.read_at),
        content.move,
    )


def _instant(text: str | None) -> Any:
    from datetime import datetime

    return None if text is None else datetime.fromisoformat(text)


def _plain(part: Apn | Vpn | None) -> Mapping[str, Any] | None:
    return None if part is None else msgspec.to_builtins(part)


EVENT_SHELF = Shelf[SecurityEvent](
    EVENTS,
    key=lambda event: event_row(event)[:5],
    write=event_row,
    read=event_from,
    remembered_max=1_000,  # a repeat comes soon, if at all
)
PROFILE_SHELF = Shelf[NetworkProfile](
    PROFILES,
    key=lambda profile: (profile.tenant, profile.name),
    write=profile_row,
    read=profile_from,
    fresh_s=FRESH_S,
    remembered_max=1_000,
)
NETWORKS_SHELF = Shelf[StationNetworks](
    NETWORKS,
    key=lambda networks: (networks.station.tenant, networks.station.station),
    write=networks_row,
    read=networks_from,
    remembered_max=20_000,  # asked for when a station comes
)


class SqlSecurityStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def is_known(self, event: SecurityEvent) -> bool:
        return await self._work.get(EVENT_SHELF, event_row(event)[:5]) is not None

    def add_event(self, event: SecurityEvent) -> None:
        self._work.put(EVENT_SHELF, event)

    async def unacknowledged(
        self, tenant: TenantId, ids: tuple[EventId, ...]
    ) -> list[SecurityEvent]:
        return await self._work.find(
            EVENT_SHELF,
            EVENTS.c.tenant == tenant,
            EVENTS.c.id.in_(ids),
            EVENTS.c.acknowledged_at.is_(None),
        )

    def save_event(self, event: SecurityEvent) -> None:
        self._work.put(EVENT_SHELF, event)

    async def profile(self, tenant: TenantId, name: str) -> NetworkProfile | None:
        return await self._work.get(PROFILE_SHELF, (tenant, name))

    async def profiles(self, tenant: TenantId) -> list[NetworkProfile]:
        return await self._work.find(PROFILE_SHELF, PROFILES.c.tenant == tenant)

    def save_profile(self, profile: NetworkProfile) -> None:
        self._work.put(PROFILE_SHELF, profile)

    def remove_profile(self, profile: NetworkProfile) -> None:
        self._work.remove(PROFILE_SHELF, profile)

    async def networks(self, station: StationKey) -> StationNetworks | None:
        return await self._work.get(NETWORKS_SHELF, (station.tenant, station.station))

    async def all_networks(self, tenant: TenantId) -> list[StationNetworks]:
        return await self._work.find(NETWORKS_SHELF, NETWORKS.c.tenant == tenant)

    def save_networks(self, networks: StationNetworks) -> None:
        self._work.put(NETWORKS_SHELF, networks)
