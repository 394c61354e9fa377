"""How images, updates and campaigns lie in the database."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa

from ricarica.firmware.campaigns import (
    UNDER_WAY,
    Campaign,
    CampaignState,
    Plan,
    Target,
    TargetState,
)
from ricarica.firmware.images import Image, Root
from ricarica.firmware.updates import OPEN, Link, Update, UpdateKind, UpdateState
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import CONNECTORS
from ricarica.storage.columns import Boolean, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

RECENT = 10  # updates of a station that a word of it could be about
STUCK_AT_ONCE = 200  # updates that are given up in one look
WAITING_AT_ONCE = 300  # stations that are looked at in one step of a campaign
DOWN = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)

IMAGES = sa.Table(
    "firmware_images",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("vendor", Text(), nullable=False),
    sa.Column("model", Text(), nullable=False),
    sa.Column("firmware", Text(), nullable=False),
    sa.Column("size", Integer(), nullable=False),
    sa.Column("sha256", Text(), nullable=False),
    sa.Column("md5", Text(), nullable=False),
    sa.Column("added_at", Instant(), nullable=False),
    sa.Column("added_by", Text(), nullable=False),
    sa.Column("signature", Text()),
    sa.Column("certificate", Text()),
    sa.Column("signer", Text()),
    sa.Column("withdrawn_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)

ROOTS = sa.Table(
    "firmware_roots",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("fingerprint", Text(), primary_key=True),
    sa.Column("vendor", Text(), nullable=False),
    sa.Column("pem", Text(), nullable=False),
    sa.Column("subject", Text(), nullable=False),
    sa.Column("until", Instant(), nullable=False),
    sa.Column("added_at", Instant(), nullable=False),
)

UPDATES = sa.Table(
    "firmware_updates",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("kind", Text(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("ordered_at", Instant(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("image", Text()),
    sa.Column("firmware", Text()),
    sa.Column("is_signed", Boolean(), nullable=False),
    sa.Column("status", Text()),
    sa.Column("detail", Text()),
    sa.Column("ordered_by", Text(), nullable=False),
    sa.Column("campaign", Text()),
    sa.Column("checksum", Text()),
    sa.Column("due_at", Instant()),
    sa.Column("locations", Json()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_firmware_updates_state_changed_at", "state", "changed_at"),
)

LINKS = sa.Table(
    "firmware_links",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("digest", Text(), nullable=False),
    sa.Column("image", Text(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
    sa.Column("downloads", Integer(), nullable=False),
    sa.Column("bytes", Integer(), nullable=False),
    sa.Column("used_at", Instant()),
    sa.Index("ix_firmware_links_digest", "digest", unique=True),
)

CAMPAIGNS = sa.Table(
    "firmware_campaigns",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("image", Text(), nullable=False),
    sa.Column("plan", Json(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("created_by", Text(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("wave", Integer(), nullable=False),
    sa.Column("wave_at", Instant()),
    sa.Column("forgiven", Integer(), nullable=False),
    sa.Column("why", Text()),
    sa.Column("version", Integer(), nullable=False),
)

TARGETS = sa.Table(
    "firmware_targets",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("campaign", Text(), primary_key=True),
    sa.Column("wave", Integer(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("next_at", Instant(), nullable=False),
    sa.Column("attempts", Integer(), nullable=False),
    sa.Column("number", Integer()),
    sa.Column("why", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_firmware_targets_tenant_campaign_wave", "tenant", "campaign", "wave"),
)


def image_from(row: Row) -> Image:
    return Image(TenantId(row[0]), *row[1:])


def root_from(row: Row) -> Root:
    return Root(TenantId(row[0]), *row[1:])


def update_from(row: Row) -> Update:
    tenant, station, number, kind, state, *rest, checksum, due_at, locations = row
    key = StationKey(TenantId(tenant), StationId(station))
    given = (*rest, checksum, due_at, tuple(locations or ()))
    return Update(key, number, UpdateKind(kind), UpdateState(state), *given)


def link_from(row: Row) -> Link:
    tenant, station, *rest = row
    return Link(StationKey(TenantId(tenant), StationId(station)), *rest)


def campaign_from(row: Row) -> Campaign:
    tenant, number, name, image, plan, state, *rest = row
    read = msgspec.convert(plan, Plan)
    return Campaign(TenantId(tenant), number, name, image, read, CampaignState(state), *rest)


def target_from(row: Row) -> Target:
    tenant, station, campaign, wave, state, *rest = row
    key = StationKey(TenantId(tenant), StationId(station))
    return Target(key, campaign, wave, TargetState(state), *rest)


def _update_row(update: Update) -> Row:
    return (
        update.station.tenant,
        update.station.station,
        update.number,
        update.kind,
        update.state,
        update.ordered_at,
        update.changed_at,
        update.image,
        update.firmware,
        update.is_signed,
        update.status,
        update.detail,
        update.ordered_by,
        update.campaign,
        update.checksum,
        update.due_at,
        list(update.locations),
    )


def _image_row(image: Image) -> Row:
    return (
        image.tenant,
        image.id,
        image.name,
        image.vendor,
        image.model,
        image.firmware,
        image.size,
        image.sha256,
        image.md5,
        image.added_at,
        image.added_by,
        image.signature,
        image.certificate,
        image.signer,
        image.withdrawn_at,
    )


def _campaign_row(campaign: Campaign) -> Row:
    return (
        campaign.tenant,
        campaign.id,
        campaign.name,
        campaign.image,
        msgspec.to_builtins(campaign.plan),
        campaign.state,
        campaign.created_at,
        campaign.created_by,
        campaign.changed_at,
        campaign.wave,
        campaign.wave_at,
        campaign.forgiven,
        campaign.why,
    )


def _target_row(target: Target) -> Row:
    return (
        target.station.tenant,
        target.station.station,
        target.campaign,
        target.wave,
        target.state,
        target.changed_at,
        target.next_at,
        target.attempts,
        target.number,
        target.why,
    )


# Written at several nodes and seldom read: what is remembered is never believed.
NEVER = 0.0
FEW = 1_000  # entries to remember within a batch, and no more after it

IMAGE_SHELF = Shelf[Image](
    IMAGES,
    key=lambda image: (image.tenant, image.id),
    write=_image_row,
    read=image_from,
    fresh_s=NEVER,
    remembered_max=FEW,
)
UPDATE_SHELF = Shelf[Update](
    UPDATES,
    key=lambda update: (update.station.tenant, update.station.station, update.number),
    write=_update_row,
    read=update_from,
    fresh_s=NEVER,
    remembered_max=FEW,
)
CAMPAIGN_SHELF = Shelf[Campaign](
    CAMPAIGNS,
    key=lambda campaign: (campaign.tenant, campaign.id),
    write=_campaign_row,
    read=campaign_from,
    fresh_s=NEVER,
    remembered_max=FEW,
)
TARGET_SHELF = Shelf[Target](
    TARGETS,
    key=lambda target: (target.station.tenant, target.station.station, target.campaign),
    write=_target_row,
    read=target_from,
    fresh_s=NEVER,
    remembered_max=FEW,
)


class SqlFirmwareStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def image(self, tenant: TenantId, image: str) -> Image | None:
        return await self._work.get(IMAGE_SHELF, (tenant, image))

    async def alike(self, tenant: TenantId, sha256: str) -> Image | None:
        found = await self._work.find(
            IMAGE_SHELF,
            IMAGES.c.tenant == tenant,
            IMAGES.c.sha256 == sha256,
            IMAGES.c.withdrawn_at.is_(None),
        )
        return found[0] if found else None

    def save_image(self, image: Image) -> None:
        self._work.put(IMAGE_SHELF, image)

    async def roots(self, tenant: TenantId) -> list[Root]:
        rows = await self._work.fetch(sa.select(ROOTS).where(ROOTS.c.tenant == tenant))
        return [root_from(row) for row in rows]

    def save_root(self, root: Root) -> None:
        row = (
            root.tenant,
            root.fingerprint,
            root.vendor,
            root.pem,
            root.subject,
            root.until,
            root.added_at,
        )
        self._work.add(ROOTS, row, if_new=True)

    def remove_root(self, tenant: TenantId, fingerprint: str) -> None:
        columns = ROOTS.c
        which = (columns.tenant == tenant, columns.fingerprint == fingerprint)
        self._work.run(sa.delete(ROOTS).where(*which))

    async def update(self, station: StationKey, number: int) -> Update | None:
        return await self._work.get(UPDATE_SHELF, (station.tenant, station.station, number))

    async def recent_updates(self, station: StationKey, kind: UpdateKind) -> list[Update]:
        columns = UPDATES.c
        numbers = (
            sa.select(columns.number)
            .where(
                columns.tenant == station.tenant,
                columns.station == station.station,
                columns.kind == kind,
                columns.number > 0,
            )
            .order_by(columns.ordered_at.desc(), columns.number)
            .limit(RECENT)
        )
        rows = await self._work.fetch(numbers)
        found = [await self.update(station, number) for (number,) in rows]
        return [update for update in found if update is not None]

    async def stuck_updates(self) -> list[Update]:
        columns = UPDATES.c
        keys = (
            sa.select(columns.tenant, columns.station, columns.number)
            .where(columns.state.in_(OPEN))
            .order_by(columns.changed_at)
            .limit(STUCK_AT_ONCE)
        )
        rows = await self._work.fetch(keys)
        found = [await self._update(tuple(row)) for row in rows]
        return [update for update in found if update is not None]

    async def _update(self, key: Row) -> Update | None:
        return await self._work.get(UPDATE_SHELF, key)

    def save_update(self, update: Update) -> None:
        self._work.put(UPDATE_SHELF, update)

    def add_link(self, link: Link) -> None:
        row = (
            link.station.tenant,
            link.station.station,
            link.number,
            link.digest,
            link.image,
            link.expires_at,
            link.downloads,
            link.bytes,
            link.used_at,
        )
        self._work.add(LINKS, row)

    def count_download(self, link: Link, size: int, at: datetime) -> None:
        columns = LINKS.c
        self._work.run(
            sa.update(LINKS)
            .where(
                columns.tenant == link.station.tenant,
                columns.station == link.station.station,
                columns.number == link.number,
            )
            .values(downloads=columns.downloads + 1, bytes=columns.bytes + size, used_at=at)
        )


class SqlCampaignStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, tenant: TenantId, campaign: str) -> Campaign | None:
        return await self._work.get(CAMPAIGN_SHELF, (tenant, campaign))

    async def running(self) -> list[tuple[TenantId, str]]:
        columns = CAMPAIGNS.c
        query = sa.select(columns.tenant, columns.id)
        rows = await self._work.fetch(query.where(columns.state == CampaignState.RUNNING))
        return [(TenantId(tenant), number) for tenant, number in rows]

    def save(self, campaign: Campaign) -> None:
        self._work.put(CAMPAIGN_SHELF, campaign)

    def add_targets(self, targets: list[Target]) -> None:
        self._work.add_all(TARGETS, [(*_target_row(target), 1) for target in targets])

    async def left(self, campaign: Campaign) -> list[Target]:
        under_way = await self._work.find(
            TARGET_SHELF, *_wave(campaign), TARGETS.c.state.in_(sorted(UNDER_WAY))
        )
        waiting = (
            sa.select(TARGETS)
            .where(*_wave(campaign), TARGETS.c.state == TargetState.WAITING)
            .order_by(TARGETS.c.next_at, TARGETS.c.station)
            .limit(WAITING_AT_ONCE)
        )
        found = [*under_way, *await self._work.look_up(TARGET_SHELF, waiting)]
        return sorted(found, key=lambda target: (target.next_at, target.station))

    async def counts(self, campaign: Campaign) -> Mapping[TargetState, int]:
        states = (
            sa.select(TARGETS.c.state, sa.func.count())
            .where(*_wave(campaign))
            .group_by(TARGETS.c.state)
        )
        return {TargetState(state): int(n) for state, n in await self._work.fetch(states)}

    async def waves(self, campaign: Campaign) -> int:
        last = sa.select(sa.func.max(TARGETS.c.wave)).where(*_of(campaign))
        [(wave,)] = await self._work.fetch(last)
        return 0 if wave is None else int(wave) + 1

    def save_target(self, target: Target) -> None:
        self._work.put(TARGET_SHELF, target)

    def cancel_waiting(self, campaign: Campaign) -> None:
        self._work.run(
            sa.update(TARGETS)
            .where(*_of(campaign), TARGETS.c.state == TargetState.WAITING)
            .values(
                state=TargetState.CANCELLED,
                changed_at=campaign.changed_at,
                version=TARGETS.c.version + 1,
            )
        )

    async def is_available(self, station: StationKey) -> bool:
        columns = CONNECTORS.c
        statuses = sa.select(columns.status).where(
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.evse > 0,
        )
        rows = await self._work.fetch(statuses)
        return not rows or any(status not in DOWN for (status,) in rows)


def _of(campaign: Campaign) -> tuple[sa.ColumnElement[bool], ...]:
    return (TARGETS.c.tenant == campaign.tenant, TARGETS.c.campaign == campaign.id)


def _wave(campaign: Campaign) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_of(campaign), TARGETS.c.wave == campaign.wave)
