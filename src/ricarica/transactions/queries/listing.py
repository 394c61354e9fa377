"""Reading transactions for screens: in a list, and one with everything about it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from ricarica.authorization.model import TokenKind, shown_uid
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId, TransactionId
from ricarica.kernel.money import Money
from ricarica.stations.sql import SITES, STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of
from ricarica.tariffs.model import Cost, Prices, prices_from
from ricarica.transactions.counting import cost_along
from ricarica.transactions.facts import SignedReading
from ricarica.transactions.model import ChargingState, Entry, EntryKind, Transaction
from ricarica.transactions.readings import Context, Measurand, Reading
from ricarica.transactions.sql import (
    ENTRIES,
    NO_NUMBER,
    READINGS,
    SAMPLES,
    SIGNED,
    TRANSACTIONS,
    reading_from,
    readings_from,
    token_folded,
    transaction_from,
)

NEWEST_FIRST = Order(TRANSACTIONS.c.started_at, TRANSACTIONS.c.id, descending=True, is_time=True)
# C04.FR.04: nor is a code found out by looking for it.
IS_NO_CODE = TRANSACTIONS.c.token_kind.is_distinct_from(TokenKind.KEY_CODE.value)
ENTRIES_MAX = 1_000  # lines of a timeline; a page with more helps nobody
READINGS_MAX = 20_000  # a day of ten measurands each minute is 14,400


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """None: any. Times are those of its start: from `since`, and before `until`.

    `text` is looked for in station and token, in any case, or is a transaction's whole name.
    """

    station: StationId | None = None
    evse: EvseNumber | None = None
    token: str | None = None
    running: bool | None = None
    flagged: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


ANY = TransactionFilter()


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction, and what a list says of its station. None: the station has no site."""

    transaction: Transaction
    site: str | None = None
    connected: bool = False

    @property
    def cost(self) -> Money | None:
        """Including VAT, unrounded; None where no tariff applies."""
        cost_incl, currency = self.transaction.cost_incl, self.transaction.currency
        return None if cost_incl is None or currency is None else Money(cost_incl, currency)


@dataclass(frozen=True, slots=True)
class TransactionDetail:
    """`prices` are those of its start, and `cost` what it comes to by them so far."""

    view: TransactionView
    entries: tuple[Entry, ...]  # oldest first
    prices: Prices | None = None
    cost: Cost | None = None


class TransactionQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def transactions(
        self, tenant: TenantId, filter_: TransactionFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[TransactionView]:
        """The one that started last comes first."""
        query = views(tenant).where(*_wheres(filter_))
        return await page_of(self._database, query, NEWEST_FIRST, wanted, view_from)

    async def by_ids(
        self, tenant: TenantId, transactions: Collection[TransactionId]
    ) -> dict[TransactionId, TransactionView]:
        """For rows of a list that show themselves anew."""
        if not transactions:
            return {}
        query = views(tenant).where(TRANSACTIONS.c.id.in_(transactions))
        found = map(view_from, await self._database.fetch(query))
        return {view.transaction.id: view for view in found}

    async def last_uses(
        self, tenant: TenantId, tokens: Collection[str]
    ) -> dict[str, tuple[datetime, StationId]]:
        """When and where each of these tokens started a transaction last, by the token as given."""
        columns = TRANSACTIONS.c
        by_folded = {token_folded(token): token for token in tokens}
        if not by_folded:
            return {}
        last = (
            sa.select(columns.token_folded, sa.func.max(columns.started_at).label("at"))
            .where(columns.tenant == tenant, columns.token_folded.in_(list(by_folded)))
            .group_by(columns.token_folded)
            .subquery()
        )
        is_last = sa.and_(
            columns.token_folded == last.c.token_folded, columns.started_at == last.c.at
        )
        rows = await self._database.fetch(
            sa.select(columns.token_folded, columns.started_at, columns.station)
            .select_from(TRANSACTIONS.join(last, is_last))
            .where(columns.tenant == tenant)
        )
        return {by_folded[folded]: (at, station) for folded, at, station in rows}

    async def transaction(
        self, tenant: TenantId, transaction: TransactionId
    ) -> TransactionDetail | None:
        view = (await self.by_ids(tenant, [transaction])).get(transaction)
        if view is None:
            return None
        entries = await self._entries(view.transaction)
        text = view.transaction.tariff
        if text is None:
            return TransactionDetail(view, entries)
        return TransactionDetail(view, entries, prices_from(text), cost_along(view.transaction))

    async def readings(
        self,
        transaction: Transaction,
        measurands: Collection[Measurand] = (),
        since: datetime | None = None,
        limit: int = READINGS_MAX,
    ) -> list[Reading]:
        """Oldest first; of all measurands, if none is given."""
        chosen = frozenset(measurands)
        told = [*await self._sampled(transaction, since, limit)]
        told += await self._before(transaction, since, limit)
        # What was told twice in different company lies there twice.
        unique = dict.fromkeys(each for each in told if not chosen or each.measurand in chosen)
        return sorted(unique, key=lambda each: (each.at, each.measurand, each.phase or ""))[:limit]

    async def signed(self, transaction: Transaction) -> list[SignedReading]:
        """What meters signed of it, oldest first."""
        columns = SIGNED.c
        query = sa.select(
            columns.at,
            columns.context,
            columns.method,
            columns.encoding,
            columns.data,
            columns.public_key,
        ).where(*_belongs(SIGNED, transaction))
        rows = await self._database.fetch(query.order_by(columns.at).limit(ENTRIES_MAX))
        return [SignedReading(at, Context(context), *rest) for at, context, *rest in rows]

    async def _sampled(
        self, transaction: Transaction, since: datetime | None, limit: int
    ) -> Iterator[Reading]:
        columns = SAMPLES.c
        query = sa.select(columns.readings, columns.at).where(*_belongs(SAMPLES, transaction))
        if since is not None:
            query = query.where(columns.at >= since)
        rows = await self._database.fetch(query.order_by(columns.at).limit(limit))
        return chain.from_iterable(readings_from(text, at) for text, at in rows)

    async def _before(
        self, transaction: Transaction, since: datetime | None, limit: int
    ) -> list[Reading]:
        """Those from before there were samples that are not moved yet."""
        columns = READINGS.c
        query = sa.select(
            columns.measurand,
            columns.value,
            columns.at,
            columns.context,
            columns.phase,
            columns.location,
            columns.name,
        ).where(*_belongs(READINGS, transaction))
        if since is not None:
            query = query.where(columns.at >= since)
        rows = await self._database.fetch(query.order_by(columns.at).limit(limit))
        return [reading_from(row) for row in rows]

    async def _entries(self, transaction: Transaction) -> tuple[Entry, ...]:
        rows = await self._database.fetch(
            sa.select(*ENTRIES.c)
            .where(*_belongs(ENTRIES, transaction))
            .order_by(ENTRIES.c.at, ENTRIES.c.seq_no, ENTRIES.c.received_at)
            .limit(ENTRIES_MAX)
        )
        return tuple(entry_from(row) for row in rows)


def views(tenant: TenantId) -> sa.Select[Any]:
    """All transactions of a tenant, for `view_from` to read."""
    at_station = sa.and_(
        STATIONS.c.tenant == TRANSACTIONS.c.tenant, STATIONS.c.station == TRANSACTIONS.c.station
    )
    in_site = sa.and_(SITES.c.tenant == STATIONS.c.tenant, SITES.c.id == STATIONS.c.site)
    return (
        sa.select(*TRANSACTIONS.c[:-1], SITES.c.name, STATIONS.c.connected)
        .select_from(TRANSACTIONS.outerjoin(STATIONS, at_station).outerjoin(SITES, in_site))
        .where(TRANSACTIONS.c.tenant == tenant)
    )


def view_from(row: Row) -> TransactionView:
    *told, site, connected = row
    transaction = transaction_from(tuple(told))
    if transaction.token is not None:
        shown = shown_uid(transaction.token, transaction.token_kind)
        if shown != transaction.token:
            transaction = replace(transaction, token=shown)
    return TransactionView(transaction, site, bool(connected))


def power_of(running: Collection[Transaction]) -> Decimal:
    return sum((t.power_w for t in running if t.power_w is not None), Decimal(0))


def _wheres(filter_: TransactionFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = TRANSACTIONS.c
    if filter_.station is not None:
        yield columns.station == filter_.station
    if filter_.evse is not None:
        yield columns.evse == filter_.evse
    if filter_.token is not None:
        yield sa.and_(columns.token_folded == token_folded(filter_.token), IS_NO_CODE)
    if filter_.running is not None:
        ended_at = columns.ended_at
        yield ended_at.is_(None) if filter_.running else ended_at.is_not(None)
    if filter_.flagged is not None:
        yield (columns.flags != "") if filter_.flagged else (columns.flags == "")
    yield from _wheres_of_time_and_text(filter_)


def _wheres_of_time_and_text(filter_: TransactionFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = TRANSACTIONS.c
    if filter_.since is not None:
        yield columns.started_at >= filter_.since
    if filter_.until is not None:
        yield columns.started_at < filter_.until
    if filter_.text:
        text = filter_.text.strip().casefold()
        yield sa.or_(
            sa.func.lower(columns.station).contains(text, autoescape=True),
            sa.and_(columns.token_folded.contains(text, autoescape=True), IS_NO_CODE),
            columns.id == text,
            columns.ref == filter_.text.strip(),
        )


def _belongs(table: sa.Table, transaction: Transaction) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.tenant == transaction.station.tenant,
        table.c.station == transaction.station.station,
        table.c.ref == transaction.ref,
    )


def entry_from(row: Row) -> Entry:
    tenant, station, ref, at, kind, seq_no, state, detail, received_at, trigger, offline = row
    return Entry(
        StationKey(tenant, station),
        ref,
        EntryKind(kind),
        at,
        received_at,
        seq_no=None if seq_no == NO_NUMBER else seq_no,
        trigger=trigger,
        charging_state=ChargingState(state) if state else None,
        offline=offline,
        detail=detail or None,
    )
