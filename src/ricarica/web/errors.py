"""What went wrong, as pages. The one place where our errors become statuses of HTTP."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import MediaType, Response
from litestar.exceptions import HTTPException

from ricarica.access.model import SESSION_COOKIE, NotAuthenticatedError, TooManyAttemptsError
from ricarica.engine.jobs import UnexpectedError
from ricarica.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    LostUpdateError,
    NotFoundError,
    RicaricaError,
    StorageUnavailableError,
)
from ricarica.kernel.money import CurrencyMismatchError
from ricarica.web.addresses import with_query
from ricarica.web.headers import page_headers
from ricarica.web.house import House
from ricarica.web.once import SentAlreadyError
from ricarica.web.sessions import Anyone, ForeignFormError
from ricarica.web.views.entry import ErrorPage
from ricarica.web.visitor import Html, html_of, visit_of

log = structlog.get_logger("ricarica.web")

Handler = Callable[[Anyone, Any], Html]

STATUS: Mapping[type[RicaricaError], HTTPStatus] = {
    NotAuthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    ForeignFormError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    LostUpdateError: HTTPStatus.CONFLICT,
    InvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CurrencyMismatchError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    UnexpectedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    RicaricaError: HTTPStatus.BAD_REQUEST,
}
# Their page says it all; the error's own text would only repeat it, in English.
SELF_EXPLAINING = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE})


def error_handlers(house: House) -> dict[int | type[Exception], Handler]:
    """The one table of answers."""

    # Functions rather than methods, for the framework copies its handlers deeply.
    def answering(answer: Callable[[House, Anyone, Any], Html]) -> Handler:
        def handle(request: Anyone, error: Any) -> Html:
            return answer(house, request, error)

        return handle

    return {
        RicaricaError: answering(from_our_error),
        HTTPException: answering(from_http_error),
        Exception: answering(from_any_error),
    }


def from_our_error(house: House, request: Anyone, error: RicaricaError) -> Html:
    if isinstance(error, NotAuthenticatedError) and _is_page(request):
        return _to_login(house, request)
    if isinstance(error, SentAlreadyError):
        return _led_to(house, error.leads_to)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return from_any_error(house, request, error)
    return _page(house, request, status, None if status in SELF_EXPLAINING else str(error))


def from_http_error(house: House, request: Anyone, error: HTTPException) -> Html:
    return _page(house, request, HTTPStatus(error.status_code))


def from_any_error(house: House, request: Anyone, error: Exception) -> Html:
    """Our fault. Whoever asked learns nothing of our insides but where the log has more."""
    reference = house.ids.new()
    log.error(
        "unexpected",
        path=request.url.path,
        method=request.method,
        reference=reference,
        exc_info=error,
    )
    return _page(house, request, HTTPStatus.INTERNAL_SERVER_ERROR, reference=reference)


def _page(
    house: House,
    request: Anyone,
    status: HTTPStatus,
    detail: str | None = None,
    reference: str | None = None,
) -> Html:
    view = ErrorPage(status.value, reference, detail)
    visit = visit_of(house, request, house.now())
    return html_of(house, view, visit, status.value)


def _to_login(house: House, request: Anyone) -> Html:
    """And from there back to where one wanted to go."""
    query = request.url.query  # names stay encoded, or a `#` within one would end the address
    asked = request.scope["raw_path"].split(b"?")[0].decode("ascii", "replace")
    asked += f"?{query}" if query else ""
    wanted = asked if request.method == "GET" else "/"
    ended = "true" if SESSION_COOKIE in request.cookies else ""
    return _led_to(house, with_query("/login", {"next": wanted, "ended": ended}))


def _led_to(house: House, path: str) -> Html:
    headers = {**page_headers(house.choices.tiles_url), "Location": path}
    return Response("", media_type=MediaType.HTML, status_code=303, headers=headers)


def _is_page(request: Anyone) -> bool:
    """A whole page is asked for, and not a part of one by a script."""
    is_part = request.headers.get("HX-Request") == "true"
    return not is_part and not request.url.path.startswith(("/live", "/fragments"))
