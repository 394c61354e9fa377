"""/transactions: what was charged, and one of them as it happens."""

from litestar import get
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.ids import TransactionId
from ricarica.kernel.slashes import name_in
from ricarica.stations.queries import StationQueries
from ricarica.storage.pages import Wanted
from ricarica.transactions.commands import StopCharging
from ricarica.transactions.queries.listing import TransactionDetail, TransactionQueries
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.transactions import (
    CHARTED,
    filter_from,
    live_from,
    row_from,
    which_from,
)
from ricarica.web.pages.money import terms_of
from ricarica.web.sessions import needs
from ricarica.web.views.transactions import (
    TransactionLive,
    TransactionPage,
    TransactionRows,
    TransactionsPage,
)
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
ROWS_ASKED_MAX = 200  # rows that refresh themselves at once; a page has fewer


@get("/transactions", opt=needs(Permission.READ))
async def transactions_page(visitor: Visiting) -> Html:
    typed = filter_from(visitor.query)
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    which = which_from(typed, visitor.house.choices.time_zone)
    found = await TransactionQueries(visitor.database).transactions(visitor.tenant, which, wanted)
    page = TransactionsPage(
        tuple(map(row_from, found.items)),
        pager_of("/transactions", visitor.query, found.next),
        typed,
    )
    return await visitor.show(page)


@get("/fragments/transactions/rows", opt=needs(Permission.READ))
async def rows_part(visitor: Visiting) -> Html:
    ids = list(map(TransactionId, visitor.asked("id")[:ROWS_ASKED_MAX]))
    found = await TransactionQueries(visitor.database).by_ids(visitor.tenant, ids)
    return visitor.part(TransactionRows(tuple(map(row_from, found.values()))))


@get("/transactions/{transaction:str}", opt=needs(Permission.READ))
async def transaction_page(visitor: Visiting, transaction: FromPath[str]) -> Html:
    detail = await _detail(visitor, transaction)
    known = detail.view.transaction
    station = await StationQueries(visitor.database).station(visitor.tenant, known.station.station)
    dialect = station.station.dialect if station else None
    can_stop = StopCharging in visitor.house.engine.commands.sayable(dialect or "")
    page = TransactionPage(
        await _live(visitor, detail),
        known.ref,
        dialect,
        may_stop=known.is_running
        and detail.view.connected
        and can_stop
        and visitor.may(Permission.COMMAND),
        terms=await terms_of(visitor, detail.view, dialect),
        facts=known.terms.told if known.terms else {},
    )
    return await visitor.show(page)


@get("/fragments/transactions/{transaction:str}", opt=needs(Permission.READ))
async def transaction_part(visitor: Visiting, transaction: FromPath[str]) -> Html:
    return visitor.part(await _live(visitor, await _detail(visitor, transaction)))


HANDLERS = (transactions_page, rows_part, transaction_page, transaction_part)


async def _detail(visitor: Visitor, part: str) -> TransactionDetail:
    name = name_in(part)
    found = await TransactionQueries(visitor.database).transaction(
        visitor.tenant, TransactionId(name)
    )
    if found is None:
        raise NotFoundError(f"there is no transaction {name}")
    return found


async def _live(visitor: Visitor, detail: TransactionDetail) -> TransactionLive:
    queries = TransactionQueries(visitor.database)
    readings = await queries.readings(detail.view.transaction, CHARTED)
    return live_from(detail, readings, visitor.now)
