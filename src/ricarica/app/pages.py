"""The pages beside the API: which address is whose when something goes wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from ricarica.access.authentication import Authentication
from ricarica.api.errors import EXCEPTION_HANDLERS
from ricarica.app.config import Config
from ricarica.app.wiring import Node
from ricarica.stations.model import UnknownStations
from ricarica.web.application import routes
from ricarica.web.assets import AssetsNotBuiltError, load_assets
from ricarica.web.errors import error_handlers
from ricarica.web.house import Choices, House
from ricarica.web.rendering import Pages

log = structlog.get_logger("ricarica.serve")

Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]
PROGRAMS = ("/api", "/files/", "/health", "/metrics")  # what no person looks at


@dataclass(frozen=True, slots=True)
class People:
    """What an application needs to show pages."""

    routes: Sequence[ControllerRouterHandler]
    exception_handlers: dict[int | type[Exception], Handler] = field(default_factory=dict)


def people_of(node: Node, authentication: Authentication, config: Config) -> People:
    try:
        pages = Pages(load_assets())
    except AssetsNotBuiltError as error:
        log.warning("serve.without_pages", reason=str(error))
        return People([without_pages])
    house = House(
        node.engine,
        authentication,
        node.parts.clock.now,
        node.parts.ids,
        pages,
        Choices(
            config.time_zone,
            config.currency,
            are_cookies_secure=config.secure_cookies,
            are_unknown_refused=config.unknown_stations is UnknownStations.REFUSE,
        ),
    )
    return People(routes(house), _each_its_own(error_handlers(house)))


def _each_its_own(
    for_people: Mapping[int | type[Exception], Handler],
) -> dict[int | type[Exception], Handler]:
    """For addresses that lead nowhere: programs get problem details, people get a page."""

    def chosen(page: Handler, problem: Handler) -> Handler:
        def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
            is_program = request.url.path.startswith(PROGRAMS)
            return (problem if is_program else page)(request, error)

        return handle

    return {kind: chosen(page, EXCEPTION_HANDLERS[kind]) for kind, page in for_people.items()}


@get("/", include_in_schema=False, sync_to_thread=False)
def without_pages() -> Response[str]:
    text = "The pages' styles and scripts are missing: run `npm ci && npm run build`.\n"
    return Response(text, status_code=503, media_type="text/plain")
