"""/pending: stations that knocked and that nobody has registered."""

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import SiteId
from ricarica.slices import Slices
from ricarica.stations.model import Acceptance
from ricarica.stations.queries import StationQueries, StationView
from ricarica.stations.service import Preparation
from ricarica.storage.pages import Wanted
from ricarica.web.pages.choices import sites_of
from ricarica.web.pages.messages import station_view
from ricarica.web.sessions import needs
from ricarica.web.views.pending import PendingPage, PendingStation
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

SHOWN_MAX = 100  # the first to come; when they are decided on, the next appear
NAME_LENGTH_MAX = 200


@get("/pending", opt=needs(Permission.READ))
async def pending_page(visitor: Visiting) -> Html:
    queries = StationQueries(visitor.database)
    waiting = await queries.pending(visitor.tenant, Wanted(SHOWN_MAX))
    page = PendingPage(
        tuple(map(_pending, waiting.items)),
        await sites_of(visitor),
        visitor.house.choices.are_unknown_refused,
    )
    return await visitor.show(page)


@post("/pending/{station:str}/approve", opt=needs(Permission.EDIT_STATIONS))
async def approve(visitor: Visiting, station: FromPath[str]) -> Html:
    name, site = visitor.form.get("name", "").strip(), visitor.form.get("site", "")
    preparation = Preparation(
        Acceptance.ACCEPTED,
        name=name[:NAME_LENGTH_MAX] or None,
        site=SiteId(site) if site else None,
    )
    await _decided(visitor, station, preparation)
    return visitor.lead_to("/pending", Notice.STATION_APPROVED)


@post("/pending/{station:str}/refuse", opt=needs(Permission.EDIT_STATIONS))
async def refuse(visitor: Visiting, station: FromPath[str]) -> Html:
    await _decided(visitor, station, Preparation(Acceptance.BLOCKED))
    return visitor.lead_to("/pending", Notice.STATION_REFUSED)


HANDLERS = (pending_page, approve, refuse)


async def _decided(visitor: Visitor, part: str, preparation: Preparation) -> None:
    """
    Raises:
        ConflictError: somebody else decided already.
    """
    key = (await station_view(visitor, part)).station.key

    async def decide(slices: Slices) -> None:
        if (await slices.stations.get(key)).acceptance is not Acceptance.PENDING:
            raise ConflictError(f"somebody has decided about {key.station} already")
        prepared = await slices.stations.prepare(key, preparation, slices.now)
        visitor.audit(
            slices, "station.prepare", f"station:{key.station}", status=prepared.acceptance
        )

    await visitor.carry_out(decide)


def _pending(view: StationView) -> PendingStation:
    station = view.station
    return PendingStation(
        station.key.station,
        station.connected,
        station.registered_at,
        station.last_seen_at,
        station.dialect,
        station.vendor,
        station.model,
        station.serial,
        station.firmware,
        station.remote,
        station.secure,
    )
