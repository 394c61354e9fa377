"""How tokens, and what is laid down about them, lie in the database."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from ricarica.authorization.book import AccessBook, ListDefinition
from ricarica.authorization.lists import Held, ListTrouble, LocalList
from ricarica.authorization.model import (
    Attempt,
    CodeGuard,
    EnergyTransfer,
    Token,
    TokenKind,
    TokenStatus,
    Treatment,
    Verdict,
)
from ricarica.authorization.reports import CustomerReport
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.sql import STATIONS
from ricarica.storage.columns import Boolean, Exact, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for so long a token that was blocked on another node may still charge

TOKENS = sa.Table(
    "tokens",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("folded", Text(), primary_key=True),
    sa.Column("uid", Text(), nullable=False),
    sa.Column("kind", Text(), nullable=False),
    sa.Column("status", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("group_id", Text()),
    sa.Column("expires_at", Instant()),
    sa.Column("label", Text(), nullable=False),
    sa.Column("concurrent_max", Integer()),
    sa.Column("language", Text()),
    sa.Column("second_language", Text()),
    sa.Column("message", Text()),
    sa.Column("priority", Integer()),
    sa.Column("transfers", Text()),  # with commas between
    sa.Column("tariff", Text()),
    sa.Column("credit", Exact(4)),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_tokens_created_at", "tenant", "created_at"),
    sa.Index("ix_tokens_group_id", "tenant", "group_id"),
)

# One row for a tenant: it is asked for with every token, and changed by hand.
ACCESS_BOOKS = sa.Table(
    "access_books",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("content", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

CODE_GUARDS = sa.Table(
    "code_guards",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("wrong", Integer(), nullable=False),
    sa.Column("last_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)

ATTEMPTS = sa.Table(
    "authorization_attempts",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Integer(), primary_key=True, autoincrement=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("uid", Text(), nullable=False),
    sa.Column("kind", Text()),
    sa.Column("verdict", Text(), nullable=False),
    # For the list, the latest first, and to throw the oldest away.
    sa.Index("ix_authorization_attempts_at", "at"),
)

LOCAL_LISTS = sa.Table(
    "local_lists",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("list_version", Integer(), nullable=False),
    sa.Column("held", Text(), nullable=False),
    sa.Column("held_count", Integer(), nullable=False),
    sa.Column("told_version", Integer()),
    sa.Column("told_at", Instant()),
    sa.Column("sent_at", Instant()),
    sa.Column("is_unsure", Boolean(), nullable=False),
    sa.Column("forgotten", Text(), nullable=False),
    sa.Column("left_out", Integer(), nullable=False),
    sa.Column("trouble", Text()),
    sa.Column("version", Integer(), nullable=False),
)

CUSTOMER_REPORTS = sa.Table(
    "customer_reports",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("asked_at", Instant(), nullable=False),
    sa.Column("content", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_customer_reports_asked_at", "asked_at"),
)


def token_row(token: Token) -> Row:
    treatment = token.treatment
    return (
        token.tenant,
        token.folded,
        token.uid,
        token.kind,
        token.status,
        token.created_at,
        token.group,
        token.expires_at,
        token.label,
        token.concurrent_max,
        treatment.language,
        treatment.second_language,
        treatment.message,
        treatment.priority,
        ",".join(treatment.transfers) or None,
        token.tariff,
        token.credit,
    )


def token_from(row: Row) -> Token:
    tenant, _, uid, kind, status, created_at, group, expires_at, label, most, *rest = row
    language, second, message, priority, transfers, tariff, credit = rest
    allowed = tuple(map(EnergyTransfer, transfers.split(","))) if transfers else ()
    return Token(
        tenant,
        uid,
        TokenKind(kind),
        TokenStatus(status),
        created_at,
        group,
        expires_at,
        label,
        most,
        Treatment(language, second, message, priority, allowed),
        tariff,
        credit,
    )


def _book_row(book: AccessBook) -> Row:
    return (book.tenant, msgspec.json.encode(book).decode())


def book_from(row: Row) -> AccessBook:
    return msgspec.json.decode(row[1], type=AccessBook)


def _guard_row(guard: CodeGuard) -> Row:
    return (guard.station.tenant, guard.station.station, guard.wrong, guard.last_at)


def _guard_from(row: Row) -> CodeGuard:
    tenant, station, wrong, last_at = row
    return CodeGuard(StationKey(tenant, station), wrong, last_at)


def attempt_from(row: Row) -> Attempt:
    tenant, station, number, at, uid, kind, verdict = row
    key = StationKey(TenantId(tenant), StationId(station))
    return Attempt(key, number, at, uid, TokenKind(kind) if kind else None, Verdict(verdict))


def _list_row(known: LocalList) -> Row:
    return (
        known.station.tenant,
        known.station.station,
        known.version,
        msgspec.json.encode(known.held).decode(),
        len(known.held),
        known.told_version,
        known.told_at,
        known.sent_at,
        known.is_unsure,
        "\n".join(sorted(known.forgotten)),
        known.left_out,
        known.trouble,
    )


def list_from(row: Row) -> LocalList:
    tenant, station, version, held, _, told_version, told_at, sent_at, *rest = row
    is_unsure, forgotten, left_out, trouble = rest
    return LocalList(
        StationKey(tenant, station),
        version,
        msgspec.json.decode(held, type=tuple[Held, ...]),
        told_version,
        told_at,
        sent_at,
        is_unsure,
        frozenset(filter(None, forgotten.split("\n"))),
        left_out,
        ListTrouble(trouble) if trouble else None,
    )


def _report_row(report: CustomerReport) -> Row:
    key = report.station
    content = msgspec.json.encode(report).decode()
    return (key.tenant, key.station, report.number, report.asked_at, content)


def report_from(row: Row) -> CustomerReport:
    return msgspec.json.decode(row[4], type=CustomerReport)


def _by_station(entity: CodeGuard | LocalList) -> tuple[str, str]:
    return entity.station.tenant, entity.station.station


TOKEN_SHELF = Shelf[Token](
    TOKENS, lambda token: (token.tenant, token.folded), token_row, token_from, FRESH_S
)
BOOK_SHELF = Shelf[AccessBook](
    ACCESS_BOOKS,
    lambda book: (book.tenant,),
    _book_row,
    book_from,
    FRESH_S,
    keeps_absence=True,  # most have none, and every token asks
)
GUARD_SHELF = Shelf[CodeGuard](
    CODE_GUARDS, _by_station, _guard_row, _guard_from, remembered_max=1_000
)
LIST_SHELF = Shelf[LocalList](
    LOCAL_LISTS,
    _by_station,
    _list_row,
    list_from,
    remembered_max=200,  # the longest have ten thousand entries
)
REPORT_SHELF = Shelf[CustomerReport](
    CUSTOMER_REPORTS,
    lambda report: (report.station.tenant, report.station.station, report.number),
    _report_row,
    report_from,
    remembered_max=50,
)


class SqlTokenStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, tenant: TenantId, folded_uid: str) -> Token | None:
        return await self._work.get(TOKEN_SHELF, (tenant, folded_uid))

    async def listed(
        self, tenant: TenantId, definitions: Sequence[ListDefinition], most: int
    ) -> list[Token]:
        wanted = sa.or_(*map(_matches, definitions))
        rows = await self._work.fetch(
            sa.select(*TOKENS.c[:-1])
            .where(TOKENS.c.tenant == tenant, TOKENS.c.status == TokenStatus.ACTIVE, wanted)
            .order_by(TOKENS.c.folded)
            .limit(most)
        )
        return [token_from(row) for row in rows]

    def save(self, token: Token) -> None:
        self._work.put(TOKEN_SHELF, token)

    def remove(self, token: Token) -> None:
        self._work.remove(TOKEN_SHELF, token)


def _matches(definition: ListDefinition) -> sa.ColumnElement[bool]:
    said: list[sa.ColumnElement[bool]] = [sa.true()]
    if definition.kind is not None:
        said.append(TOKENS.c.kind == definition.kind)
    if definition.group is not None:
        said.append(sa.func.lower(TOKENS.c.group_id) == definition.group.strip().lower())
    return sa.and_(*said)


class SqlAccessBookStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def book(self, tenant: TenantId) -> AccessBook:
        return await self._work.get(BOOK_SHELF, (tenant,)) or AccessBook(tenant)

    def save(self, book: AccessBook) -> None:
        self._work.put(BOOK_SHELF, book)

    async def guard(self, station: StationKey) -> CodeGuard:
        key = (station.tenant, station.station)
        return await self._work.get(GUARD_SHELF, key) or CodeGuard(station)

    def save_guard(self, guard: CodeGuard) -> None:
        self._work.put(GUARD_SHELF, guard)

    def add_attempt(self, attempt: Attempt) -> None:
        key, kind = attempt.station, attempt.kind
        row = (key.tenant, key.station, attempt.number, attempt.at, attempt.uid, kind)
        self._work.add(ATTEMPTS, (*row, attempt.verdict))


class SqlLocalListStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey) -> LocalList | None:
        return await self._work.get(LIST_SHELF, (station.tenant, station.station))

    def save(self, known: LocalList) -> None:
        self._work.put(LIST_SHELF, known)

    async def unseen(self, since: datetime, most: int) -> list[StationKey]:
        columns, there = LOCAL_LISTS.c, STATIONS.c
        rows = await self._work.fetch(
            sa.select(columns.tenant, columns.station)
            .join_from(
                LOCAL_LISTS,
                STATIONS,
                sa.and_(there.tenant == columns.tenant, there.station == columns.station),
            )
            .where(there.connected, columns.told_at < since)
            .where(sa.func.coalesce(columns.trouble, "") != ListTrouble.UNSUPPORTED)
            .order_by(columns.told_at)
            .limit(most)
        )
        return [StationKey(TenantId(tenant), StationId(station)) for tenant, station in rows]


class SqlCustomerReportStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey, number: int) -> CustomerReport | None:
        return await self._work.get(REPORT_SHELF, (station.tenant, station.station, number))

    def save(self, report: CustomerReport) -> None:
        self._work.put(REPORT_SHELF, report)
