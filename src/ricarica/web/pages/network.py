"""/messages: what all stations and we say to each other."""

from datetime import timedelta

from litestar import get
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine.commands import ASKABLE
from ricarica.engine.queries.messages import MessageFilter as Which
from ricarica.engine.queries.messages import NetworkMessages
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.ids import StationId, TransactionId
from ricarica.storage.pages import Wanted
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.web.addresses import with_query
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.messages import FROM_STATION, messages_from
from ricarica.web.sessions import needs
from ricarica.web.views.network import AGES, NetworkFilter, NetworkLog, NetworkMessage, NetworkPage
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
ASKED = ("station", "action", "direction", "outcome", "q", "age", "transaction")
AROUND = timedelta(minutes=5)  # a transaction: what led to it, and what came after


@get("/messages", opt=needs(Permission.READ))
async def network_page(visitor: Visiting) -> Html:
    log = await log_of(visitor)
    routes = visitor.house.engine.dispatcher.routes.values()
    actions = sorted(ASKABLE.union(*routes))
    return await visitor.show(NetworkPage(log, filter_of(visitor), tuple(actions)))


@get("/fragments/messages", opt=needs(Permission.READ))
async def network_part(visitor: Visiting) -> Html:
    return visitor.part(await log_of(visitor))


@get("/messages/export/{kind:str}", opt=needs(Permission.READ))
async def export(visitor: Visiting, kind: FromPath[str]) -> Html:
    """The API has it as a file; it knows moments rather than ages."""
    typed = filter_of(visitor)
    since = visitor.now - AGES.get(typed.age, AGES[""])
    asked = {
        "station": typed.station,
        "action": typed.action,
        "direction": typed.direction,
        "outcome": typed.outcome,
        "q": typed.q,
        "transaction": typed.transaction,
        "since": since.isoformat(),
        "format": kind,
    }
    given = {name: value for name, value in asked.items() if value}
    return visitor.lead_to(with_query("/api/v1/messages/export", given))


HANDLERS = (network_page, network_part, export)


def filter_of(visitor: Visitor) -> NetworkFilter:
    return NetworkFilter(**{name: visitor.query.get(name, "").strip() for name in ASKED})


async def log_of(visitor: Visitor) -> NetworkLog:
    """A page of the log; with a cursor in what was asked, it stands still."""
    typed = filter_of(visitor)
    after = visitor.query.get("after") or None
    found = await NetworkMessages(visitor.database).messages(
        visitor.tenant, await _which(visitor, typed), visitor.now, Wanted(ON_A_PAGE, after)
    )
    query = {name: visitor.query[name] for name in ASKED if visitor.query.get(name)}
    if after:
        query["after"] = after
    lines = tuple(
        NetworkMessage(heard.station, line)
        for heard in found.items
        for line in messages_from((heard.message,))
    )
    return NetworkLog(
        lines,
        pager_of("/messages", query, found.next),
        with_query("", query).removeprefix("?"),
        is_live=after is None,
    )


async def _which(visitor: Visitor, typed: NetworkFilter) -> Which:
    age = AGES.get(typed.age, AGES[""])
    which = Which(
        typed.action or None,
        FROM_STATION.get(typed.direction),
        typed.outcome or None,
        visitor.now - age,
        None,
        typed.q or None,
        StationId(typed.station) if typed.station else None,
    )
    if not typed.transaction:
        return which
    found = await TransactionQueries(visitor.database).transaction(
        visitor.tenant, TransactionId(typed.transaction)
    )
    if found is None:
        raise NotFoundError(f"there is no transaction {typed.transaction}")
    known = found.view.transaction
    return Which(
        since=known.started_at - AROUND,
        until=(known.ended_at or visitor.now) + AROUND,
        text=known.ref,
        station=known.station.station,
    )
