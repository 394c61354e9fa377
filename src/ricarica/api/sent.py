"""What a program sent, read as what its handler takes: wrong types are refused by name."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.types import Empty

from ricarica.kernel.errors import InvalidError

QUERY_MAX = 8192  # characters: what proxies let pass; the longest cursor has a few hundred
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # in JSON it can only be written like this
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_PLACE = re.compile(r" - at `\$\.?(.*)`$")


class Sent(Request[Any, Any, Any]):
    """Its body is read by the type of the handler's `data`: once, exactly, and strictly.

    The framework would first make floats of numbers, `true` of 1, and a time of any number.
    """

    async def json(self) -> Any:
        if self._json is not Empty:
            return self._json
        body = await self.body()
        if _NUL.search(body):
            raise InvalidError("the body holds the character U+0000, which no text has")
        self._json = self._connection_state.json = self._read(body)
        return self._json

    def _read(self, body: bytes) -> Any:
        try:
            return _decoder(self.route_handler).decode(body)
        except msgspec.ValidationError as error:
            raise ValidationException(extra=[_complaint(str(error))]) from error
        except msgspec.DecodeError as error:
            raise self._unreadable(body, str(error)) from error

    def _unreadable(self, body: bytes, why: str) -> HTTPException:
        coding = self.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            return _unsupported(f"the body is sent as it is, without Content-Encoding: {coding}")
        kind = self.content_type[0]
        if kind and "json" not in kind:
            return _unsupported("send JSON, with `Content-Type: application/json`")
        if _HALF.search(body):
            why = "a character of two \\u escapes lacks one of them"
        return ClientException(f"the body is no JSON: {why}")


def check_address(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """What no name and no search may be made of.

    Raises:
        InvalidError: it holds a character that no text has.
        HTTPException: it is too long.
    """
    query = connection.scope.get("query_string", b"")
    if len(query) > QUERY_MAX:
        text = f"what follows the ? has at most {QUERY_MAX} characters"
        raise HTTPException(text, status_code=HTTPStatus.REQUEST_URI_TOO_LONG)
    if "\0" in connection.scope["path"] or b"%00" in query:
        raise InvalidError("the address holds the character U+0000, which no text has")


@cache
def _decoder(handler: BaseRouteHandler) -> msgspec.json.Decoder[Any]:
    taken = handler.parsed_fn_signature.parameters.get("data")
    return msgspec.json.Decoder(Any if taken is None else taken.raw)


def _complaint(text: str) -> dict[str, str]:
    found = _PLACE.search(text)
    place = found[1] if found else ""
    return {"key": place or "body", "message": text[: found.start()] if found else text}


def _unsupported(text: str) -> HTTPException:
    return HTTPException(text, status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
