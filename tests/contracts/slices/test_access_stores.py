"""What is laid down about tokens, held and shown, as the databases keep it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from ricarica.authorization.book import AccessBook, ListDefinition, TokenGroup
from ricarica.authorization.lists import Held, ListTrouble, LocalList
from ricarica.authorization.model import (
    Attempt,
    CodeGuard,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Verdict,
)
from ricarica.authorization.queries import (
    AccessQueries,
    AttemptFilter,
    AttemptQueries,
    CustomerQueries,
)
from ricarica.authorization.reports import CustomerReport
from ricarica.authorization.rules import AccessRule, Current, Effect, When, Where, Whom
from ricarica.authorization.sql import (
    SqlAccessBookStore,
    SqlCustomerReportStore,
    SqlLocalListStore,
    SqlTokenStore,
)
from ricarica.displays.model import (
    Content,
    DisplayState,
    Format,
    Message,
    Moment,
    Priority,
    Shown,
    ShownState,
    Template,
)
from ricarica.displays.queries import DisplayQueries
from ricarica.displays.sql import SqlDisplayStore
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TransactionId,
)
from ricarica.reservations.model import Reservation, ReservationState
from ricarica.reservations.queries import ReservationFilter, ReservationQueries
from ricarica.reservations.sql import SqlReservationStore
from ricarica.stations.availability import AvailabilityState, WantedAvailability
from ricarica.stations.model import Acceptance, Station
from ricarica.stations.queries import StationQueries
from ricarica.stations.sql import SqlAvailabilityStore, SqlStationStore
from ricarica.storage.open import OpenDatabase
from ricarica.storage.pages import Wanted
from ricarica.storage.work import Remembered, Work

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
RULE = AccessRule(
    "r",
    Whom(group="FLEET"),
    Where(SiteId("depot"), StationId("CP-1"), EvseNumber(2), Current.DC),
    When(frozenset({0, 6}), time(22), time(6, 30), "Europe/Rome", NOON, NOON + timedelta(days=9)),
    Effect.KEEP,
    "Nights",
    3,
    is_on=False,
)
BOOK = AccessBook(
    DEFAULT_TENANT,
    (RULE,),
    (TokenGroup("MASTERS", "Janitors", is_master=True),),
    (ListDefinition("l", "Fleet", "FLEET", TokenKind.ISO14443, SiteId("depot")),),
    frozenset({TokenKind.LOCAL}),
)


@asynccontextmanager
async def committed(database: OpenDatabase) -> AsyncIterator[Work]:
    """One unit of work, by somebody who remembers nothing."""
    work = Work(database, Remembered(lambda: 0.0))
    work.begin()
    yield work
    work.keep()
    await work.commit()


async def test_a_book_comes_back_as_it_was_written(database: OpenDatabase) -> None:
    async with committed(database) as work:
        store = SqlAccessBookStore(work)
        assert await store.book(DEFAULT_TENANT) == AccessBook(DEFAULT_TENANT)
        store.save(BOOK)

    async with committed(database) as work:
        assert await SqlAccessBookStore(work).book(DEFAULT_TENANT) == BOOK
    assert await AccessQueries(database).book(DEFAULT_TENANT) == BOOK


async def test_that_there_is_no_book_is_remembered_until_there_is_one(
    database: OpenDatabase,
) -> None:
    remembered = Remembered(lambda: 0.0)
    work = Work(database, remembered)
    work.begin()
    await SqlAccessBookStore(work).book(DEFAULT_TENANT)
    async with committed(database) as other:
        await SqlAccessBookStore(other).book(DEFAULT_TENANT)
        SqlAccessBookStore(other).save(BOOK)

    later = Work(database, remembered)
    assert await SqlAccessBookStore(later).book(DEFAULT_TENANT) == AccessBook(DEFAULT_TENANT)
    remembered.forget_places([("access_books", (DEFAULT_TENANT,))])
    told = Work(database, remembered)
    assert await SqlAccessBookStore(told).book(DEFAULT_TENANT) == BOOK


async def test_guards_are_those_of_their_stations(database: OpenDatabase) -> None:
    async with committed(database) as work:
        store = SqlAccessBookStore(work)
        assert await store.guard(KEY) == CodeGuard(KEY)
        store.save_guard(CodeGuard(KEY, 4, NOON))

    async with committed(database) as work:
        assert await SqlAccessBookStore(work).guard(KEY) == CodeGuard(KEY, 4, NOON)


async def test_attempts_are_read_page_by_page_the_latest_first(database: OpenDatabase) -> None:
    async with committed(database) as work:
        for number in range(5):
            verdict = Verdict.ACCEPTED if number % 2 else Verdict.UNKNOWN
            kind = TokenKind.EMAID if number % 2 else None
            at = NOON + timedelta(minutes=number // 2)
            attempt = Attempt(KEY, number, at, f"A{number}", kind, verdict)
            SqlAccessBookStore(work).add_attempt(attempt)
    queries = AttemptQueries(database)

    first = await queries.attempts(DEFAULT_TENANT, wanted=Wanted(2))
    second = await queries.attempts(DEFAULT_TENANT, wanted=Wanted(2, first.next))
    refused = await queries.attempts(DEFAULT_TENANT, AttemptFilter("a", KEY.station, refused=True))

    assert [each.uid for each in (*first.items, *second.items)] == ["A4", "A3", "A2", "A1"]
    assert [each.uid for each in refused.items] == ["A4", "A2", "A0"]
    assert first.items[1].kind is TokenKind.EMAID


async def test_tokens_for_lists_are_found_by_group_and_kind(database: OpenDatabase) -> None:
    card = Token(DEFAULT_TENANT, "A", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON, "Fleet")
    async with committed(database) as work:
        store = SqlTokenStore(work)
        for token in (
            card,
            replace(card, uid="B", kind=TokenKind.EMAID),
            replace(card, uid="C", status=TokenStatus.BLOCKED),
            replace(card, uid="D", group=None),
        ):
            assert await store.get(DEFAULT_TENANT, token.folded) is None
            store.save(token)

    async with committed(database) as work:
        store = SqlTokenStore(work)
        fleet = [ListDefinition("f", group="FLEET")]
        cards = [ListDefinition("k", kind=TokenKind.ISO14443)]
        found = [await store.listed(DEFAULT_TENANT, each, 10) for each in (fleet, cards)]

    assert [[token.uid for token in each] for each in found] == [["A", "B"], ["A", "D"]]


async def test_a_local_list_comes_back_as_it_was(database: OpenDatabase) -> None:
    known = LocalList(
        KEY,
        7,
        (Held("A", TokenKind.VIN, "d1"),),
        6,
        NOON,
        NOON,
        is_unsure=True,
        forgotten=frozenset({"b", "c"}),
        left_out=2,
        trouble=ListTrouble.FAILED,
    )
    async with committed(database) as work:
        assert await SqlLocalListStore(work).get(KEY) is None
        SqlLocalListStore(work).save(known)

    async with committed(database) as work:
        assert await SqlLocalListStore(work).get(KEY) == known
    async with committed(database) as work:
        station = Station(KEY, Acceptance.ACCEPTED, NOON, connected=True)
        assert await SqlStationStore(work).get(KEY) is None
        SqlStationStore(work).save(station)
    async with committed(database) as work:
        store = SqlLocalListStore(work)
        assert await store.unseen(NOON, 9) == []
        assert await store.unseen(NOON + timedelta(seconds=1), 9) == [KEY]
    [summary] = await AccessQueries(database).local_lists(DEFAULT_TENANT)
    assert (summary.version, summary.entries, summary.trouble) == (7, 1, "failed")


async def test_a_report_about_a_customer_comes_back_with_its_parts(
    database: OpenDatabase,
) -> None:
    report = CustomerReport(
        KEY, 9, NOON, "04…C3", report=True, clear=False, parts={1: "b", 0: "a"}, last=1
    )
    async with committed(database) as work:
        assert await SqlCustomerReportStore(work).get(KEY, 9) is None
        SqlCustomerReportStore(work).save(report)

    [found] = await CustomerQueries(database).reports(DEFAULT_TENANT, KEY.station)
    assert (found, found.text) == (report, "ab")


async def test_a_reservation_comes_back_as_it_was(database: OpenDatabase) -> None:
    held = Reservation(
        KEY,
        5,
        TokenRef("A", TokenKind.EMAID),
        NOON,
        NOON + timedelta(hours=1),
        EvseNumber(2),
        "cCCS2",
        "FLEET",
        ReservationState.USED,
        NOON,
        TransactionId("t-1"),
        "detail",
    )
    async with committed(database) as work:
        assert await SqlReservationStore(work).get(KEY, 5) is None
        SqlReservationStore(work).save(held)
        assert await SqlReservationStore(work).get(KEY, 6) is None
        SqlReservationStore(work).save(replace(held, number=6, state=ReservationState.HELD))

    async with committed(database) as work:
        store = SqlReservationStore(work)
        [there] = await store.open_at(KEY, EvseNumber(2), NOON)
        assert there.number == 6
        assert await store.open_at(KEY, EvseNumber(1), NOON) == []

    queries = ReservationQueries(database)
    assert await queries.reservation(KEY, 5) == held
    open_ = await queries.reservations(DEFAULT_TENANT, ReservationFilter(open_at=NOON))
    assert [each.number for each in open_.items] == [6]
    first = await queries.reservations(DEFAULT_TENANT, wanted=Wanted(1))
    second = await queries.reservations(DEFAULT_TENANT, wanted=Wanted(1, first.next))
    assert [each.number for each in (*first.items, *second.items)] == [6, 5]


async def test_messages_on_displays_come_back_as_they_were(database: OpenDatabase) -> None:
    contents = (Content("Hello", Format.UTF8, "en"), Content("Ciao", language="it"))
    template = Template(
        DEFAULT_TENANT,
        "t",
        7,
        "Hello",
        contents,
        NOON,
        Priority.IN_FRONT,
        Moment.IDLE,
        NOON,
        NOON + timedelta(days=1),
        SiteId("depot"),
        is_on=False,
    )
    shown = Shown(KEY, Message(7, contents), ShownState.REFUSED, NOON, "t", "d1", "Full")
    state = DisplayState(KEY, 3, NOON, NOON, (7, 8))
    async with committed(database) as work:
        store = SqlDisplayStore(work)
        assert await store.template(DEFAULT_TENANT, "t") is None
        assert await store.shown(KEY, 7) is None
        assert await store.state(KEY) is None
        store.save_template(template)
        store.save(shown)
        store.save_state(state)
        assert await store.templates(DEFAULT_TENANT) == [template]
        assert await store.shown_at(KEY) == [shown]

    async with committed(database) as work:
        store = SqlDisplayStore(work)
        assert await store.templates(DEFAULT_TENANT) == [template]
        assert await store.shown_at(KEY) == [shown]
        assert await store.state(KEY) == state
        store.remove(shown)
        assert await store.shown_at(KEY) == []
    queries = DisplayQueries(database)
    assert await queries.template(DEFAULT_TENANT, "t") == template
    assert await queries.at(KEY) == []


async def test_what_is_wanted_in_service_comes_back(database: OpenDatabase) -> None:
    place = (KEY, EvseNumber(2), ConnectorNumber(1))
    state = AvailabilityState.SCHEDULED
    wanted = WantedAvailability(*place, operative=False, state=state, at=NOON)
    async with committed(database) as work:
        store = SqlAvailabilityStore(work)
        assert await store.get(KEY, wanted.evse, wanted.connector) is None
        store.save(wanted)

    assert await StationQueries(database).availability(KEY) == [wanted]
