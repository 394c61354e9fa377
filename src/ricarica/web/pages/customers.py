"""/tokens/{uid}/customer: what stations know of whoever has a token, and having them forget."""

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.authorization.commands import TellCustomer
from ricarica.authorization.model import Token, TokenRef
from ricarica.authorization.queries import CustomerQueries
from ricarica.authorization.reports import who_of
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices
from ricarica.stations.queries import StationFilter, StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.web.pages.station import told
from ricarica.web.pages.tokens import known_token
from ricarica.web.sessions import needs
from ricarica.web.views.access import CustomerPage, CustomerRow
from ricarica.web.visitor import Html, Visiting, Visitor

EDIT = needs(Permission.EDIT_TOKENS)


@get("/tokens/{token:str}/customer", opt=EDIT)
async def customer_page(visitor: Visiting, token: FromPath[str]) -> Html:
    return await _page(visitor, await known_token(visitor, token))


@post("/tokens/{token:str}/customer", opt=EDIT)
async def ask(visitor: Visiting, token: FromPath[str]) -> Html:
    known, form = await known_token(visitor, token), visitor.form

    async def prepare(slices: Slices) -> tuple[StationKey, TellCustomer]:
        key = await slices.stations.resolve(visitor.tenant, form.get("station", ""))
        await slices.stations.get(key)
        command = TellCustomer(
            slices.ids.wire_number(),
            bool(form.get("report")),
            bool(form.get("clear")),
            TokenRef(known.uid, known.kind),
        )
        return key, await slices.customers.prepare(key, command, slices.now)

    try:
        key, command = await visitor.carry_out(prepare)
    except (InvalidError, NotFoundError) as error:
        return await _page(visitor, known, problem=str(error))
    detail = {"who": who_of(command), "report": command.report, "clear": command.clear}
    result = await told(visitor, key, "customer-information", command, detail)
    return await _page(visitor, known, outcome=result.outcome, outcome_detail=result.words)


HANDLERS = (customer_page, ask)


async def _page(visitor: Visitor, token: Token, **said: str) -> Html:
    who = who_of(TellCustomer(0, report=True, clear=False, token=TokenRef(token.uid)))
    reports = await CustomerQueries(visitor.database).reports(visitor.tenant)
    rows = tuple(
        CustomerRow(
            each.station.station,
            each.asked_at,
            each.report,
            each.clear,
            each.state,
            each.text,
            each.detail,
        )
        for each in reports
        if each.who == who
    )
    page = CustomerPage(token.uid, rows, await _stations(visitor), **said)
    return await visitor.show(page, 422 if page.problem else 200)


async def _stations(visitor: Visitor) -> tuple[str, ...]:
    """Those that are there and know of customers."""
    there = StationFilter(connected=True)
    found = await StationQueries(visitor.database).stations(
        visitor.tenant, there, Wanted(LIMIT_MAX)
    )
    sayable = visitor.house.engine.commands.sayable
    return tuple(
        view.station.key.station
        for view in found.items
        if TellCustomer in sayable(view.station.dialect or "")
    )
