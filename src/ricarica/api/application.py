"""The API as routes, and as an application of its own."""

from collections.abc import Iterable
from typing import Any

from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import File
from litestar.types import ControllerRouterHandler

import ricarica
from ricarica.access.model import SESSION_COOKIE
from ricarica.api import (
    access,
    alerts,
    aside,
    away,
    bulk,
    campaigns,
    certificates,
    commands,
    customers,
    device_model,
    displays,
    doctor,
    energy,
    events,
    firmware,
    forwards,
    logs,
    messages,
    monitoring,
    offers,
    payments,
    people,
    plans,
    raw_commands,
    reports,
    reservations,
    security,
    settings,
    sites,
    stations,
    swaps,
    tariffs,
    templates_of_settings,
    terms,
    tokens,
    transactions,
    transfers,
    upkeep,
)
from ricarica.api.caller import House, of_station, provide_caller
from ricarica.api.documentation import TEMPLATES, ExactNumbers, render_plugins
from ricarica.api.errors import EXCEPTION_HANDLERS
from ricarica.api.gate import gate
from ricarica.api.health import Vitals, health_handlers
from ricarica.api.replies import JsonResponse, wanted
from ricarica.api.sent import Sent

PREFIX = "/api/v1"
BODY_MAX = 1024 * 1024  # bytes; the largest payload a station takes is smaller

HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *sites.HANDLERS,
    *stations.HANDLERS,
    *messages.HANDLERS,
    *aside.HANDLERS,
    *settings.HANDLERS,
    *device_model.HANDLERS,
    *templates_of_settings.HANDLERS,
    *monitoring.HANDLERS,
    *alerts.HANDLERS,
    *commands.HANDLERS,
    *raw_commands.HANDLERS,
    *tokens.HANDLERS,
    *access.HANDLERS,
    *reservations.HANDLERS,
    *displays.HANDLERS,
    *customers.HANDLERS,
    *tariffs.HANDLERS,
    *transactions.HANDLERS,
    *terms.HANDLERS,
    *payments.HANDLERS,
    *plans.HANDLERS,
    *swaps.HANDLERS,
    *people.HANDLERS,
    *events.HANDLERS,
    *energy.HANDLERS,
    *firmware.HANDLERS,
    *campaigns.HANDLERS,
    *logs.HANDLERS,
    *forwards.HANDLERS,
    *upkeep.HANDLERS,
    *reports.HANDLERS,
    *away.HANDLERS,
    *bulk.HANDLERS,
    *offers.HANDLERS,
    *certificates.HANDLERS,
    *security.HANDLERS,
    *doctor.HANDLERS,
)


def routes(house: House, vitals: Vitals) -> list[ControllerRouterHandler]:
    """All that the API answers to, for an application that has pages too."""
    return [
        Router(
            path=PREFIX,
            route_handlers=HANDLERS,
            guards=[gate(house.authentication)],
            dependencies={
                "caller": Provide(provide_caller(house)),
                "of_station": Provide(of_station),
                "page": Provide(wanted, sync_to_thread=False),
                "away": Provide(away.when_away, sync_to_thread=False),
                "how": Provide(raw_commands.manner, sync_to_thread=False),
            },
            exception_handlers=EXCEPTION_HANDLERS,
            request_class=Sent,
            response_class=JsonResponse,
            request_max_body_size=BODY_MAX,
        ),
        docs_style,
        transfers.router(house),
        *health_handlers(vitals),
    ]


def openapi_config() -> OpenAPIConfig:
    """Serves `/api/openapi.json` and `/api/docs`."""
    return OpenAPIConfig(
        title="Ricarica",
        version=ricarica.__version__,
        description="Run a network of charging stations from programs.",
        path="/api",
        render_plugins=render_plugins(),
        use_handler_docstrings=True,
        security=[{"key": []}, {"session": []}],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key."),
                "session": SecurityScheme(
                    type="apiKey",
                    name=SESSION_COOKIE,
                    security_scheme_in="cookie",
                    description="A browser that logged in; changes also carry `X-CSRF-Token`.",
                ),
            }
        ),
    )


def application(
    house: House, vitals: Vitals, pages: Iterable[ControllerRouterHandler] = (), **options: Any
) -> Litestar:
    """The API, with whatever pages are to stand beside it."""
    return Litestar(
        [*routes(house, vitals), *pages],
        openapi_config=openapi_config(),
        exception_handlers={**EXCEPTION_HANDLERS, **options.pop("exception_handlers", {})},
        logging_config=None,
        plugins=[ExactNumbers(), *options.pop("plugins", ())],
        **options,
    )


def health_only(vitals: Vitals) -> Litestar:
    """For a process that serves no people and no programs, but those that watch over it."""
    return Litestar(
        list(health_handlers(vitals)),
        openapi_config=None,
        exception_handlers=EXCEPTION_HANDLERS,
        logging_config=None,
    )


@get("/api/docs.css", include_in_schema=False, sync_to_thread=False)
def docs_style() -> File:
    return File(TEMPLATES / "docs.css", media_type="text/css", content_disposition_type="inline")
