"""Reading images, updates and campaigns for screens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ricarica.firmware.campaigns import Campaign, Target, TargetState
from ricarica.firmware.images import Image, Root
from ricarica.firmware.sql import (
    CAMPAIGNS,
    IMAGES,
    LINKS,
    ROOTS,
    TARGETS,
    UPDATES,
    campaign_from,
    image_from,
    link_from,
    root_from,
    target_from,
    update_from,
)
from ricarica.firmware.updates import Link, Update
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.model import Acceptance, label_of
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

CANDIDATES_MAX = 20_000  # as many as a campaign takes


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stations; None or empty: any. `text` is in identity or name."""

    stations: tuple[StationId, ...] = ()
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    site: str | None = None
    dialect: str | None = None
    text: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateView:
    update: Update
    image: str | None  # its name
    downloads: int = 0


@dataclass(frozen=True, slots=True)
class CampaignView:
    campaign: Campaign
    image: Image | None
    counts: dict[TargetState, int]

    @property
    def size(self) -> int:
        return sum(self.counts.values())


class FirmwareQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def images(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[Image]:
        """The latest first; withdrawn ones too."""
        query = sa.select(*IMAGES.c[:-1]).where(IMAGES.c.tenant == tenant)
        order = Order(IMAGES.c.added_at, IMAGES.c.id, descending=True, is_time=True)
        return await page_of(self._database, query, order, wanted, image_from)

    async def image(self, tenant: TenantId, image: str) -> Image | None:
        query = sa.select(*IMAGES.c[:-1]).where(IMAGES.c.tenant == tenant, IMAGES.c.id == image)
        rows = await self._database.fetch(query)
        return image_from(rows[0]) if rows else None

    async def roots(self, tenant: TenantId) -> list[Root]:
        query = sa.select(ROOTS).where(ROOTS.c.tenant == tenant)
        return [
            root_from(row) for row in await self._database.fetch(query.order_by(ROOTS.c.vendor))
        ]

    async def link(self, digest: str) -> tuple[Link, Image] | None:
        rows = await self._database.fetch(sa.select(LINKS).where(LINKS.c.digest == digest))
        if not rows:
            return None
        link = link_from(rows[0])
        image = await self.image(link.station.tenant, link.image)
        return None if image is None else (link, image)

    async def updates(
        self, tenant: TenantId, station: StationId | None = None, wanted: Wanted = FIRST
    ) -> Page[UpdateView]:
        """The latest first."""
        joined = UPDATES.outerjoin(LINKS, _same_number()).outerjoin(IMAGES, _same_image())
        query = (
            sa.select(*UPDATES.c[:-1], IMAGES.c.name, LINKS.c.downloads)
            .select_from(joined)
            .where(UPDATES.c.tenant == tenant)
        )
        if station is not None:
            query = query.where(UPDATES.c.station == station)
        order = Order(UPDATES.c.ordered_at, UPDATES.c.station, descending=True, is_time=True)
        return await page_of(self._database, query, order, wanted, _view)

    async def update(self, station: StationKey, number: int) -> UpdateView | None:
        query = sa.select(*UPDATES.c[:-1]).where(
            UPDATES.c.tenant == station.tenant,
            UPDATES.c.station == station.station,
            UPDATES.c.number == number,
        )
        rows = await self._database.fetch(query)
        return UpdateView(update_from(rows[0]), None) if rows else None

    async def campaigns(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[CampaignView]:
        """The latest first."""
        query = sa.select(*CAMPAIGNS.c[:-1]).where(CAMPAIGNS.c.tenant == tenant)
        order = Order(CAMPAIGNS.c.created_at, CAMPAIGNS.c.id, descending=True, is_time=True)
        page = await page_of(self._database, query, order, wanted, campaign_from)
        views = [await self._campaign_view(campaign) for campaign in page.items]
        return Page(tuple(views), page.next)

    async def campaign(self, tenant: TenantId, campaign: str) -> CampaignView | None:
        query = sa.select(*CAMPAIGNS.c[:-1]).where(
            CAMPAIGNS.c.tenant == tenant, CAMPAIGNS.c.id == campaign
        )
        rows = await self._database.fetch(query)
        return await self._campaign_view(campaign_from(rows[0])) if rows else None

    async def targets(
        self, tenant: TenantId, campaign: str, wanted: Wanted = FIRST
    ) -> Page[Target]:
        """By identity."""
        query = sa.select(*TARGETS.c[:-1]).where(
            TARGETS.c.tenant == tenant, TARGETS.c.campaign == campaign
        )
        order = Order(TARGETS.c.station, TARGETS.c.campaign)
        return await page_of(self._database, query, order, wanted, target_from)

    async def candidates(self, tenant: TenantId, which: Selection) -> list[StationKey]:
        """Accepted stations that fit, by identity."""
        columns = STATIONS.c
        query = sa.select(columns.station).where(
            columns.tenant == tenant,
            columns.acceptance == Acceptance.ACCEPTED,
            *_wheres(which),
        )
        rows = await self._database.fetch(query.order_by(columns.station).limit(CANDIDATES_MAX + 1))
        return [StationKey(tenant, StationId(name)) for (name,) in rows]

    async def _campaign_view(self, campaign: Campaign) -> CampaignView:
        states = (
            sa.select(TARGETS.c.state, sa.func.count())
            .where(TARGETS.c.tenant == campaign.tenant, TARGETS.c.campaign == campaign.id)
            .group_by(TARGETS.c.state)
        )
        rows = await self._database.fetch(states)
        counts = Counter({TargetState(state): int(count) for state, count in rows})
        return CampaignView(campaign, await self.image(campaign.tenant, campaign.image), counts)


def _wheres(which: Selection) -> Iterable[sa.ColumnElement[bool]]:
    columns = STATIONS.c
    if which.stations:
        lowered = [station.casefold() for station in which.stations]
        yield columns.folded.in_(lowered)
    pairs = (
        (columns.vendor, which.vendor),
        (columns.model, which.model),
        (columns.firmware, which.firmware),
        (columns.site, which.site),
        (columns.dialect, which.dialect),
    )
    yield from (column == value for column, value in pairs if value)
    if which.label:
        yield columns.labels.contains(f",{label_of(which.label)},", autoescape=True)
    if which.text:
        text = which.text.strip().lower()
        yield sa.or_(
            columns.folded.contains(text, autoescape=True),
            sa.func.lower(columns.name).contains(text, autoescape=True),
        )


def _same_number() -> sa.ColumnElement[bool]:
    return sa.and_(
        LINKS.c.tenant == UPDATES.c.tenant,
        LINKS.c.station == UPDATES.c.station,
        LINKS.c.number == UPDATES.c.number,
    )


def _same_image() -> sa.ColumnElement[bool]:
    return sa.and_(IMAGES.c.tenant == UPDATES.c.tenant, IMAGES.c.id == UPDATES.c.image)


def _view(row: Row) -> UpdateView:
    *columns, image, downloads = row
    return UpdateView(update_from(tuple(columns)), image, downloads or 0)
