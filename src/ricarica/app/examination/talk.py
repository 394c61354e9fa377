"""Whether what was said agrees with what is stored: the log of messages, the outbox, the audit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from ricarica.access.sql import AUDIT
from ricarica.app.examination.findings import MOST, Bounds, broken, pages, row_of
from ricarica.cli.ports import Finding
from ricarica.engine.outbox import DECODER
from ricarica.engine.redaction import SECRETIVE, redacted
from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE
from ricarica.kernel.clock import is_plausible
from ricarica.storage.database import Database, Row
from ricarica.transactions.events import TransactionEnded, TransactionStarted
from ricarica.transactions.model import has_number, ranges_from
from ricarica.transactions.recognition import NO_REFS
from ricarica.transactions.sql import TRANSACTIONS

REPORT = "report this: it is a fault of Ricarica's"
API_KEY = re.compile(r"\bric_[A-Za-z0-9_-]{43}")
OF_TRANSACTIONS = ("StartTransaction", "StopTransaction", "TransactionEvent")
AT_ONCE = 500  # names in one query


@dataclass(frozen=True, slots=True)
class Said:
    """What an answered message says of a transaction."""

    row: str
    transaction: tuple[str, str, str]  # tenant, station and ref
    ends: bool = False
    seq_no: int | None = None
    start: tuple[object, ...] | None = None  # what tells it from other starts


@dataclass(slots=True)
class Starts:
    """The starts of one station, each with the number that it was answered first."""

    station: tuple[str, str] = ("", "")
    answers: dict[tuple[object, ...], str] = field(default_factory=dict)

    def contradicted(self, said: Said) -> str | None:
        """The other number that the same start was answered, if there is one."""
        if said.transaction[:2] != self.station:
            self.station, self.answers = said.transaction[:2], {}
        if said.start is None:
            return None
        first = self.answers.setdefault(said.start, said.transaction[2])
        return None if first == said.transaction[2] else first


async def what_was_answered_is_stored(database: Database, _bounds: Bounds) -> list[Finding]:
    aside = set(await database.fetch(sa.select(*PUT_ASIDE.c["tenant", "station", "at"])))
    found: list[Finding] = []
    starts = Starts()
    async for rows in _answered(database):
        said = [
            each for row in rows if (row[0], row[1], row[3]) not in aside for each in _said(row)
        ]
        known = await _transactions(database, {each.transaction for each in said})
        for each in said:
            found += _complaints(each, known.get(each.transaction))
            if other := starts.contradicted(each):
                text = f"a start was answered {each.transaction[2]}, and before that {other}"
                found.append(broken("I8", each.row, text, REPORT))
        if len(found) >= MOST:
            break
    return found[:MOST]


def _answered(database: Database) -> Any:
    columns = MESSAGES.c
    return pages(
        database,
        MESSAGES,
        columns.from_station,
        columns.outcome == "answered",
        columns.action.in_(OF_TRANSACTIONS),
        columns.flags == "",  # what was mended, or could not be read, does not say what it meant
    )


def _said(row: Row) -> Iterator[Said]:
    tenant, station, id_, at, _, _, action, request_text, response_text, *_ = row
    request, response = _object(request_text), _object(response_text)
    name = row_of(MESSAGES, tenant, station, id_)
    if action == "StartTransaction":
        ref, ends, seq_no = response.get("transactionId"), False, None
        start = _start(request, at)
    elif action == "StopTransaction":
        ref, ends, seq_no, start = request.get("transactionId"), True, None, None
    else:
        info = request.get("transactionInfo")
        ref = info.get("transactionId") if isinstance(info, dict) else None
        number = request.get("seqNo")
        seq_no = number if isinstance(number, int) else None
        ends, start = request.get("eventType") == "Ended", None
    if ref is not None and str(ref) not in NO_REFS:
        yield Said(name, (tenant, station, str(ref)), ends, seq_no, start)


def _start(request: dict[str, Any], received_at: datetime) -> tuple[object, ...] | None:
    """None: its clock was never set, and so tells every start alike."""
    try:
        at = msgspec.convert(request.get("timestamp"), datetime)
    except msgspec.ValidationError:
        return None
    if at.tzinfo is None or not is_plausible(at, received_at):
        return None
    token = str(request.get("idTag", "")).strip().casefold()
    return (request.get("connectorId"), token, at, request.get("meterStart"))


def _object(text: str | None) -> dict[str, Any]:
    """What was too long was cut, and cannot be read any more."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


async def _transactions(
    database: Database, keys: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Row]:
    wanted = sorted(keys)
    columns = TRANSACTIONS.c
    key = sa.tuple_(columns.tenant, columns.station, columns.ref)
    found = {}
    for start in range(0, len(wanted), AT_ONCE):
        query = sa.select(
            columns.tenant, columns.station, columns.ref, columns.ended_at, columns.seen
        ).where(key.in_(wanted[start : start + AT_ONCE]))
        found.update({row[:3]: row for row in map(tuple, await database.fetch(query))})
    return found


def _complaints(said: Said, transaction: Row | None) -> Iterator[Finding]:
    ref = said.transaction[2]
    if transaction is None:
        text = f"it was answered, and its transaction {ref} is not there"
        yield broken("I1", said.row, text, REPORT)
        return
    ended_at, seen = transaction[3:]
    if said.ends and ended_at is None:
        text = f"the end of {ref} was answered, and it runs"
        yield broken("I1", said.row, text, REPORT)
    if said.seq_no is not None and not has_number(ranges_from(seen), said.seq_no):
        text = f"event {said.seq_no} of {ref} was answered, and is not there"
        yield broken("I1", said.row, text, REPORT)


async def messages_have_an_outcome(database: Database, _bounds: Bounds) -> list[Finding]:
    columns = MESSAGES.c
    rows = await database.fetch(
        sa.select(columns.tenant, columns.station, columns.id)
        .where(sa.or_(columns.outcome == "", columns.duration_ms < 0))
        .limit(MOST)
    )
    text = "it has no outcome, or was answered before it was asked"
    found = [broken("I9", row_of(MESSAGES, *row), text, REPORT) for row in rows]
    of_ours = (columns.tenant, columns.station, columns.message_id)
    repeated = await database.fetch(
        sa.select(*of_ours, sa.func.count())
        .where(~columns.from_station, columns.message_id != "")
        .group_by(*of_ours)
        .having(sa.func.count() > 1)
        .limit(MOST)
    )
    for tenant, station, message_id, count in repeated:
        name = row_of(MESSAGES, tenant, station)
        text = f"our message {message_id} has {count} outcomes"
        found.append(broken("I9", name, text, REPORT))
    return found[:MOST]


async def secrets_stay_secret(database: Database, _bounds: Bounds) -> list[Finding]:
    found: list[Finding] = []
    remedy = "change the secret, delete the row, and report this"
    async for rows in pages(database, MESSAGES, MESSAGES.c.action.in_(sorted(SECRETIVE))):
        for row in rows:
            said = [text.encode() for text in row[7:9] if text is not None]
            if any(redacted(row[6], text) != text for text in said):
                name = row_of(MESSAGES, *row[:3])
                found.append(broken("I17", name, f"a secret is in this {row[6]}", remedy))
    for table, column in (
        (MESSAGES, MESSAGES.c.request),
        (OUTBOX, OUTBOX.c.body),
        (PUT_ASIDE, PUT_ASIDE.c.payload),
        (AUDIT, sa.cast(AUDIT.c.detail, sa.Text)),
    ):
        key = table.primary_key.columns
        query = sa.select(*key, column).where(column.contains("ric_", autoescape=True))
        for *values, text in await database.fetch(query.limit(MOST)):
            if API_KEY.search(text):
                found.append(broken("I17", row_of(table, *values), "an API key is in it", remedy))
    return found[:MOST]


async def events_have_a_cause(database: Database, _bounds: Bounds) -> list[Finding]:
    ended = TransactionEnded.__name__
    kinds = OUTBOX.c.kind.in_([TransactionStarted.__name__, ended])
    found: list[Finding] = []
    async for rows in pages(database, OUTBOX, kinds):
        told = [(row, str(DECODER.decode(row[5])["transaction"])) for row in rows]
        known = await _ends(database, {name for _, name in told})
        for row, name in told:
            place = row_of(OUTBOX, *row[:2])
            if (row[0], name) not in known:
                text = f"it tells of transaction {name}, which is not there"
                found.append(broken("I1", place, text, REPORT))
            elif row[3] == ended and known[row[0], name] is None:
                text = f"it tells the end of transaction {name}, which runs"
                found.append(broken("I1", place, text, REPORT))
    return found[:MOST]


async def _ends(database: Database, ids: Iterable[str]) -> dict[tuple[str, str], datetime | None]:
    columns = TRANSACTIONS.c
    query = sa.select(columns.tenant, columns.id, columns.ended_at)
    rows = await database.fetch(query.where(columns.id.in_(sorted(ids))))
    return {(tenant, id_): ended_at for tenant, id_, ended_at in rows}


async def people_are_named(database: Database, _bounds: Bounds) -> list[Finding]:
    columns = AUDIT.c
    query = sa.select(columns.tenant, columns.id).where(
        sa.or_(columns.actor == "", columns.action == "", columns.outcome == "")
    )
    text = "it does not say who did what, or what came of it"
    rows = await database.fetch(query.limit(MOST))
    return [broken("I18", row_of(AUDIT, *row), text, REPORT) for row in rows]
