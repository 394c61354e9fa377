"""The pages as routes, for an application that has an API too."""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from ricarica.web import live
from ricarica.web.assets import DIST
from ricarica.web.errors import error_handlers
from ricarica.web.house import House
from ricarica.web.once import provide_visitor
from ricarica.web.pages import (
    access,
    alerts,
    aside,
    audit,
    bulk,
    calls,
    customers,
    displays,
    energy,
    entry,
    firmware,
    logs,
    messages,
    money,
    monitoring,
    network,
    overview,
    pending,
    profile,
    security,
    settings,
    sites,
    station,
    station_access,
    station_security,
    stations,
    swaps,
    tariffs,
    templates,
    tokens,
    transactions,
)
from ricarica.web.sessions import gate

FORM_MAX = 64 * 1024  # bytes; the longest value of a setting has 2,500 characters
FOR_EVER_S = 365 * 24 * 3600  # names of built files carry a hash

HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *entry.HANDLERS,
    *overview.HANDLERS,
    *stations.HANDLERS,
    *sites.HANDLERS,
    *station.HANDLERS,
    *settings.HANDLERS,
    *monitoring.HANDLERS,
    *alerts.HANDLERS,
    *templates.HANDLERS,
    *messages.HANDLERS,
    *network.HANDLERS,
    *aside.HANDLERS,
    *firmware.HANDLERS,
    *logs.HANDLERS,
    *calls.HANDLERS,
    *bulk.HANDLERS,
    *transactions.HANDLERS,
    *tokens.HANDLERS,
    *access.HANDLERS,
    *customers.HANDLERS,
    *displays.HANDLERS,
    *station_access.HANDLERS,
    *tariffs.HANDLERS,
    *money.HANDLERS,
    *swaps.HANDLERS,
    *pending.HANDLERS,
    *security.HANDLERS,
    *station_security.HANDLERS,
    *profile.HANDLERS,
    *audit.HANDLERS,
    *energy.HANDLERS,
    *live.HANDLERS,
)


def routes(house: House) -> list[ControllerRouterHandler]:
    """All that people see."""
    pages = Router(
        path="/",
        route_handlers=HANDLERS,
        guards=[gate(house)],
        dependencies={"visitor": Provide(provide_visitor(house))},
        exception_handlers=error_handlers(house),
        include_in_schema=False,
        request_max_body_size=FORM_MAX,
    )
    built = create_static_files_router(
        "/static/dist",
        [DIST],
        cache_control=CacheControlHeader(max_age=FOR_EVER_S, immutable=True, public=True),
        name="built",
    )
    return [pages, built]
