"""What went wrong, as problem details. RFC 9457"""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException

from ricarica.access.model import NotAuthenticatedError, TooManyAttemptsError
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

log = structlog.get_logger("ricarica.api")

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5  # a database that restarts is mostly back by then

A_TIME = "a time is written as 2026-05-04T12:00:00Z"
# What the framework says, and what would help.
REMEDIES = {
    "'data'": "send a JSON object",
    "Invalid RFC3339 encoded datetime": f"{A_TIME}; a `+` of its offset is %2B in an address",
}

STATUS: dict[type[RicaricaError], HTTPStatus] = {
    NotAuthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
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


class Member(msgspec.Struct, frozen=True):
    """What is wrong with one member of the body, or one parameter."""

    name: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Problem details as RFC 9457 has them; `type` leads to its explanation in the docs."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Member, ...] = ()


class ProblemResponse(Response[bytes]):
    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(
            msgspec.json.encode(problem),
            status_code=problem.status,
            media_type=PROBLEM_JSON,
            headers=headers,
        )
        self.problem = problem


Anyone = Request[Any, Any, Any]


def from_our_error(_: Anyone, error: RicaricaError) -> ProblemResponse:
    kinds = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return ProblemResponse(_problem(next(kinds), str(error)), _headers(error))


def from_http_error(_: Anyone, error: HTTPException) -> ProblemResponse:
    status = HTTPStatus(error.status_code)
    headers = {str(name): str(value) for name, value in (error.headers or {}).items()}
    if isinstance(error, ValidationException):
        return ProblemResponse(_invalid(error), headers)
    return ProblemResponse(_problem(status, _remedy(status, error, headers)), headers)


def from_any_error(request: Anyone, error: Exception) -> ProblemResponse:
    """Our fault. The one who asked learns nothing of our insides."""
    log.error("unexpected", path=request.url.path, method=request.method, exc_info=error)
    text = "something broke here; the log of the server says what"
    return ProblemResponse(_problem(HTTPStatus.INTERNAL_SERVER_ERROR, text))


def from_unreadable(_: Anyone, error: Exception) -> ProblemResponse:
    """What the framework does not foresee of a body: bytes that are no text, endless nesting."""
    why = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else "is nested too deeply"
    return ProblemResponse(_problem(HTTPStatus.BAD_REQUEST, f"the body {why}"))


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    RicaricaError: from_our_error,
    HTTPException: from_http_error,
    UnicodeDecodeError: from_unreadable,
    RecursionError: from_unreadable,
    Exception: from_any_error,
}


def _remedy(status: HTTPStatus, error: HTTPException, headers: dict[str, str]) -> str:
    """What the framework leaves at the name of the status."""
    if status is HTTPStatus.METHOD_NOT_ALLOWED and "allow" in headers:
        return f"this address answers to {headers['allow']}"
    if isinstance(error, NotFoundException):
        return "there is no such address; /api/docs has all there are"
    return error.detail


def _problem(status: HTTPStatus, detail: str, errors: tuple[Member, ...] = ()) -> Problem:
    anchor = status.phrase.lower().replace(" ", "-")
    return Problem(f"/api/docs#{anchor}", status.phrase, status.value, detail, errors)


def _invalid(error: ValidationException) -> Problem:
    """The request could be read, but a value of it does not make sense."""
    members = tuple(
        Member(_name(each), _complaint(each["message"]))
        for each in (error.extra if isinstance(error.extra, list) else [])
    )
    detail = "; ".join(f"{each.name}: {each.detail}" for each in members) or error.detail
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, members)


def _name(message: dict[str, Any]) -> str:
    name = str(message.get("key", "body"))
    return "body" if name == "data" else name


def _complaint(message: str) -> str:
    return REMEDIES.get(message, message)


def _headers(error: RicaricaError) -> dict[str, str]:
    match error:
        case NotAuthenticatedError():
            return {"WWW-Authenticate": "Bearer"}
        case TooManyAttemptsError():
            return {"Retry-After": str(error.wait_s)}
        case StorageUnavailableError():
            return {"Retry-After": str(RETRY_AFTER_S)}
        case _:
            return {}
