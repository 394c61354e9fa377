"""Reading tokens for screens."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from ricarica.authorization.book import AccessBook
from ricarica.authorization.lists import LocalList
from ricarica.authorization.model import (
    HIDDEN,
    Attempt,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Verdict,
)
from ricarica.authorization.reports import CustomerReport
from ricarica.authorization.rules import AccessRule
from ricarica.authorization.sql import (
    ACCESS_BOOKS,
    ATTEMPTS,
    CUSTOMER_REPORTS,
    LOCAL_LISTS,
    TOKENS,
    attempt_from,
    book_from,
    list_from,
    report_from,
    token_from,
)
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

IS_NO_CODE = TOKENS.c.kind != TokenKind.KEY_CODE
BY_UID = Order(TOKENS.c.folded, TOKENS.c.folded)
LISTS_SHOWN_MAX = 1_000
GROUPS_SHOWN_MAX = 1_000
REPORTS_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """None: any. `text` is looked for in uid, label and group, in any case.

    `in_full`: with the codes that are typed in, for those who may see them. C04.FR.04
    """

    text: str | None = None
    status: TokenStatus | None = None
    kind: TokenKind | None = None
    group: str | None = None
    expired_at: datetime | None = None  # those that have expired by then
    in_full: bool = False


ANY = TokenFilter()


class TokenQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tokens(
        self, tenant: TenantId, filter_: TokenFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[Token]:
        """By uid. A masked code among them would be known by its place."""
        query = sa.select(*TOKENS.c[:-1]).where(TOKENS.c.tenant == tenant, *_wheres(filter_))
        return await page_of(self._database, query, BY_UID, wanted, token_from)

    async def token(self, tenant: TenantId, uid: str, *, in_full: bool = False) -> Token | None:
        """Without `in_full` there are no codes: whoever finds one has guessed it."""
        query = sa.select(*TOKENS.c[:-1]).where(
            TOKENS.c.tenant == tenant, TOKENS.c.folded.in_(TokenRef(uid).spellings)
        )
        rows = await self._database.fetch(query if in_full else query.where(IS_NO_CODE))
        return token_from(rows[0]) if rows else None

    async def codes_among(self, tenant: TenantId, uids: Collection[str]) -> frozenset[str]:
        """Those that are typed in, folded."""
        folded = {TokenRef(uid).folded for uid in uids}
        if not folded:
            return frozenset()
        rows = await self._database.fetch(
            sa.select(TOKENS.c.folded).where(
                TOKENS.c.tenant == tenant, TOKENS.c.folded.in_(folded), ~IS_NO_CODE
            )
        )
        return frozenset(row[0] for row in rows)


async def without_codes(
    database: Database, tenant: TenantId, rules: Sequence[AccessRule]
) -> tuple[AccessRule, ...]:
    """Rules as they are shown to those who may not see codes. C04.FR.04"""
    named = {rule.whom.uid for rule in rules if rule.whom.uid}
    codes = await TokenQueries(database).codes_among(tenant, named)
    return tuple(
        replace(rule, whom=replace(rule.whom, uid=HIDDEN))
        if rule.whom.uid and TokenRef(rule.whom.uid).folded in codes
        else rule
        for rule in rules
    )


def _wheres(filter_: TokenFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = TOKENS.c
    if not filter_.in_full:
        yield IS_NO_CODE
    if filter_.text:
        text = filter_.text.strip().casefold()
        yield sa.or_(
            columns.folded.contains(text, autoescape=True),
            sa.func.lower(columns.label).contains(text, autoescape=True),
            sa.func.lower(columns.group_id).contains(text, autoescape=True),
        )
    if filter_.status is not None:
        yield columns.status == filter_.status
    if filter_.kind is not None:
        yield columns.kind == filter_.kind
    if filter_.group is not None:
        yield columns.group_id == filter_.group
    if filter_.expired_at is not None:
        yield columns.expires_at <= filter_.expired_at


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A station's local list without its entries."""

    station: StationId
    version: int
    entries: int
    told_at: datetime | None
    left_out: int
    trouble: str | None


LATEST = Order(ATTEMPTS.c.at, ATTEMPTS.c.id, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """None: any. `text` is looked for in the uid, in any case."""

    text: str | None = None
    station: StationId | None = None
    verdict: Verdict | None = None
    refused: bool = False  # all but those that were accepted


ANY_ATTEMPT = AttemptFilter()


class AttemptQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def attempts(
        self, tenant: TenantId, which: AttemptFilter = ANY_ATTEMPT, wanted: Wanted = FIRST
    ) -> Page[Attempt]:
        """The latest first."""
        query = sa.select(*ATTEMPTS.c).where(ATTEMPTS.c.tenant == tenant, *_tried(which))
        return await page_of(self._database, query, LATEST, wanted, attempt_from)

    async def attempt(self, tenant: TenantId, number: int) -> Attempt | None:
        rows = await self._database.fetch(
            sa.select(*ATTEMPTS.c).where(ATTEMPTS.c.tenant == tenant, ATTEMPTS.c.id == number)
        )
        return attempt_from(rows[0]) if rows else None


class AccessQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def book(self, tenant: TenantId) -> AccessBook:
        rows = await self._database.fetch(
            sa.select(*ACCESS_BOOKS.c[:-1]).where(ACCESS_BOOKS.c.tenant == tenant)
        )
        return book_from(rows[0]) if rows else AccessBook(tenant)

    async def local_list(self, station: StationKey) -> LocalList | None:
        columns = LOCAL_LISTS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(
                columns.tenant == station.tenant, columns.station == station.station
            )
        )
        return list_from(rows[0]) if rows else None

    async def local_lists(self, tenant: TenantId) -> list[ListSummary]:
        """Of all stations that have one, or were asked for one, by identity."""
        columns = LOCAL_LISTS.c
        rows = await self._database.fetch(
            sa.select(
                columns.station,
                columns.list_version,
                columns.held_count,
                columns.told_at,
                columns.left_out,
                columns.trouble,
            )
            .where(columns.tenant == tenant)
            .order_by(columns.station)
            .limit(LISTS_SHOWN_MAX)
        )
        return [ListSummary(*row) for row in rows]

    async def groups(self, tenant: TenantId) -> dict[str, int]:
        """How many tokens each group has, by its name."""
        rows = await self._database.fetch(
            sa.select(TOKENS.c.group_id, sa.func.count())
            .where(TOKENS.c.tenant == tenant, TOKENS.c.group_id.is_not(None))
            .group_by(TOKENS.c.group_id)
            .order_by(TOKENS.c.group_id)
            .limit(GROUPS_SHOWN_MAX)
        )
        return {group: int(count) for group, count in rows}


class CustomerQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reports(
        self, tenant: TenantId, station: StationId | None = None
    ) -> list[CustomerReport]:
        """What is still kept, the latest first."""
        columns = CUSTOMER_REPORTS.c
        query = sa.select(*columns[:-1]).where(columns.tenant == tenant)
        if station is not None:
            query = query.where(columns.station == station)
        ordered = query.order_by(columns.asked_at.desc()).limit(REPORTS_SHOWN_MAX)
        return [report_from(row) for row in await self._database.fetch(ordered)]


def _tried(which: AttemptFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = ATTEMPTS.c
    if which.text:
        text = which.text.strip().lower()
        yield sa.func.lower(columns.uid).contains(text, autoescape=True)
    if which.station is not None:
        yield columns.station == which.station
    if which.verdict is not None:
        yield columns.verdict == which.verdict
    if which.refused:
        yield columns.verdict != Verdict.ACCEPTED
