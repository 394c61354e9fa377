"""/messages/put-aside: what stations told that could not be read, and so has had no effect yet."""

from litestar import get, post

from ricarica.access.model import Permission
from ricarica.engine.queries.telling import AsideMessage, AsideQueries
from ricarica.engine.redaction import redacted
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationId
from ricarica.storage.pages import Wanted
from ricarica.web.addresses import NumberInPath
from ricarica.web.builders.lists import pager_of
from ricarica.web.sessions import needs
from ricarica.web.views.aside import AsidePage, AsideRow
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

PATH = "/messages/put-aside"
ON_A_PAGE = 50
NUMBER_MAX = 2**63 - 1  # what the database can hold


@get(PATH, opt=needs(Permission.READ))
async def aside_page(visitor: Visiting) -> Html:
    return await _shown(visitor)


@post(f"{PATH}/{{number:int}}/replay", opt=needs(Permission.EDIT_STATIONS))
async def replay(visitor: Visiting, number: NumberInPath) -> Html:
    """Read once more, after an upgrade that knows how. What still cannot be read stays."""
    queries = AsideQueries(visitor.database)
    known = await queries.by_id(visitor.tenant, number) if number <= NUMBER_MAX else None
    if known is None:
        raise NotFoundError("this message is not put aside any more")
    try:
        await visitor.house.engine.replay(visitor.actor, known.station, known.id)
    except InvalidError as error:
        return await _shown(visitor, str(error))
    return visitor.lead_to(PATH, Notice.MESSAGE_READ)


HANDLERS = (aside_page, replay)


async def _shown(visitor: Visitor, error: str | None = None) -> Html:
    station = visitor.query.get("station", "").strip()
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await AsideQueries(visitor.database).messages(
        visitor.tenant, StationId(station) if station else None, wanted
    )
    pager = pager_of(PATH, visitor.query, found.next)
    page = AsidePage(tuple(map(_row, found.items)), pager, station, error)
    return await visitor.show(page, 422 if error else 200)


def _row(message: AsideMessage) -> AsideRow:
    shown = redacted(message.action, message.payload.encode()).decode()
    station = message.station.station
    return AsideRow(message.id, station, message.at, message.action, message.why, shown)
