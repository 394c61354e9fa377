"""/: the whole network, and its parts that stay live."""

from datetime import timedelta

from litestar import get

from ricarica.access.model import Permission
from ricarica.alerts.model import AlertState
from ricarica.alerts.queries import AlertQueries
from ricarica.stations.queries import StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.transactions.queries.live import LiveQueries
from ricarica.transactions.queries.overview import STEP, OverviewQueries
from ricarica.web.builders.overview import (
    attention_from,
    figures_from,
    midnight,
    network_from,
    power_from,
    running_from,
)
from ricarica.web.sessions import needs
from ricarica.web.views.overview import (
    Attention,
    Figures,
    Network,
    OverviewPage,
    PowerHistory,
    Running,
)
from ricarica.web.visitor import Html, Visiting, Visitor

HISTORY = timedelta(hours=6)  # a shift
YOUNG = timedelta(minutes=30)  # a network with less history is looked at closely
FINE_STEP = timedelta(minutes=1)
ALERTS_SHOWN = Wanted(50)
RUNNING_SHOWN = 12
RUNNING_COUNTED = 1_000  # whoever has more reads the figures


@get("/", opt=needs(Permission.READ))
async def overview_page(visitor: Visiting) -> Html:
    choices = visitor.house.choices
    page = OverviewPage(
        await _figures(visitor),
        await _power(visitor),
        await _network(visitor),
        await _attention(visitor),
        await _running(visitor),
        choices.tiles_url,
        choices.tiles_attribution,
    )
    return await visitor.show(page)


@get("/fragments/overview/figures", opt=needs(Permission.READ))
async def figures_part(visitor: Visiting) -> Html:
    return visitor.part(await _figures(visitor))


@get("/fragments/overview/power", opt=needs(Permission.READ))
async def power_part(visitor: Visiting) -> Html:
    return visitor.part(await _power(visitor))


@get("/fragments/overview/network", opt=needs(Permission.READ))
async def network_part(visitor: Visiting) -> Html:
    return visitor.part(await _network(visitor))


@get("/fragments/overview/attention", opt=needs(Permission.READ))
async def attention_part(visitor: Visiting) -> Html:
    return visitor.part(await _attention(visitor))


@get("/fragments/overview/running", opt=needs(Permission.READ))
async def running_part(visitor: Visiting) -> Html:
    return visitor.part(await _running(visitor))


HANDLERS = (
    overview_page,
    figures_part,
    power_part,
    network_part,
    attention_part,
    running_part,
)


async def _figures(visitor: Visitor) -> Figures:
    today = midnight(visitor.now, visitor.house.choices.time_zone)
    return figures_from(await OverviewQueries(visitor.database).figures(visitor.tenant, today))


async def _power(visitor: Visitor) -> PowerHistory:
    """In fine steps until there is enough for coarse ones."""
    history = await _power_in(visitor, STEP, HISTORY)
    if len(history.chart.times) * STEP > YOUNG:
        return history
    return await _power_in(visitor, FINE_STEP, YOUNG)


async def _power_in(visitor: Visitor, step: timedelta, length: timedelta) -> PowerHistory:
    # Whole steps, so that the curve moves on rather than changes.
    until = visitor.now - timedelta(seconds=visitor.now.timestamp() % step.total_seconds())
    queries = OverviewQueries(visitor.database)
    points = await visitor.house.curves.power(
        queries, visitor.tenant, until - length, visitor.now, step
    )
    return power_from(points, until, step)


async def _network(visitor: Visitor) -> Network:
    dots = await LiveQueries(visitor.database).dots(visitor.tenant)
    sites = await StationQueries(visitor.database).sites(visitor.tenant, Wanted(LIMIT_MAX))
    return network_from(dots, sites.items)


async def _attention(visitor: Visitor) -> Attention:
    found = await OverviewQueries(visitor.database).attention(visitor.tenant, visitor.now)
    open_now = (AlertState.OPEN,)
    alerts = await AlertQueries(visitor.database).alerts(
        visitor.tenant, open_now, None, ALERTS_SHOWN
    )
    return attention_from(found, alerts.items)


async def _running(visitor: Visitor) -> Running:
    views = await LiveQueries(visitor.database).running(visitor.tenant, limit=RUNNING_COUNTED)
    return running_from(views[:RUNNING_SHOWN], len(views))
