"""/stations/{id}/messages: what a station and we said to each other."""

from collections.abc import Mapping

from litestar import get
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine.queries.messages import MessageQueries
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.kernel.slashes import name_in
from ricarica.stations.queries import StationQueries, StationView
from ricarica.storage.pages import Wanted
from ricarica.web.addresses import path_to, with_query
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.messages import filter_from, messages_from, which_from
from ricarica.web.builders.stations import head_from
from ricarica.web.sessions import needs
from ricarica.web.views.lists import Pager
from ricarica.web.views.messages import MessageLog
from ricarica.web.views.stations import MessagesPage
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 30  # requests, each with its answer
ASKED = ("q", "action", "direction", "after", "limit")


@get("/stations/{station:str}/messages", opt=needs(Permission.READ))
async def messages_page(visitor: Visiting, station: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    key = view.station.key
    page = MessagesPage(
        head_from(view),
        await log_of(visitor, key, visitor.query),
        filter_from(visitor.query),
        await MessageQueries(visitor.database).actions(key),
    )
    return await visitor.show(page)


@get("/fragments/stations/{station:str}/messages", opt=needs(Permission.READ))
async def log_part(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key
    return visitor.part(await log_of(visitor, key, visitor.query))


HANDLERS = (messages_page, log_part)


async def station_view(visitor: Visitor, part: str) -> StationView:
    """
    Raises:
        NotFoundError: there is no such station.
    """
    identity = name_in(part)
    view = await StationQueries(visitor.database).station(visitor.tenant, identity)
    if view is None:
        raise NotFoundError(f"there is no station {identity}")
    return view


async def log_of(
    visitor: Visitor, key: StationKey, asked: Mapping[str, str], most: int = ON_A_PAGE
) -> MessageLog:
    """A page of the log; with a cursor in what was asked, it stands still.

    A page with fewer than usual says so in its own query, for the sake of its refreshes.
    """
    rows = min(int(asked["limit"]), most) if asked.get("limit", "").isdigit() else most
    after = asked.get("after") or None
    which = which_from(filter_from(asked))
    found = await MessageQueries(visitor.database).messages(key, which, Wanted(rows, after))
    query = {name: asked[name] for name in ASKED if asked.get(name)}
    if rows < ON_A_PAGE:
        query["limit"] = str(rows)
    return MessageLog(
        key.station,
        messages_from(found.items),
        pager_of(path_to("stations", key.station, "messages"), query, found.next)
        if rows == ON_A_PAGE
        else Pager(),
        with_query("", query).removeprefix("?"),
        is_live=after is None,
    )
