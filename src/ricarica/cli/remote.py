"""Asking a running server over its REST API."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import msgspec

from ricarica.kernel.errors import ConflictError, ForbiddenError, NotFoundError, RicaricaError

TIMEOUT_S = 10.0
ENCODER = msgspec.json.Encoder(decimal_format="number")
FILE_TIMEOUT_S = 3_600.0  # a gigabyte over a slow line
KEY_HINT = "give --key or RICARICA_API_KEY; `ricarica api-key create` makes one"


class ServerError(RicaricaError):
    """The server cannot be asked, or cannot do it."""


class RefusedRequestError(RicaricaError):
    """What was asked makes no sense to the server; the text says why."""


KINDS: Mapping[int, type[RicaricaError]] = {
    400: RefusedRequestError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: RefusedRequestError,
}


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    key: str | None

    def get(
        self, path: str, query: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        return asyncio.run(self._ask("GET", path, query or {}, None, timeout_s))

    def post(
        self,
        path: str,
        body: object = b"",
        query: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """`body`: JSON already, or what is to become JSON."""
        return asyncio.run(self._ask("POST", path, query or {}, _json(body), timeout_s))

    def put(self, path: str, body: object) -> Any:
        return asyncio.run(self._ask("PUT", path, {}, _json(body), TIMEOUT_S))

    def delete(self, path: str, timeout_s: float = TIMEOUT_S) -> Any:
        return asyncio.run(self._ask("DELETE", path, {}, None, timeout_s))

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Any:
        """A form with a file as its last field."""
        return asyncio.run(self._upload(path, fields, file))

    def download(self, path: str, query: Mapping[str, str], target: BinaryIO) -> None:
        """A file, block by block."""
        asyncio.run(self._download(path, query, target))

    def items(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        """Of all pages."""
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(path, {**(query or {}), "limit": "500", **more})
            yield from page["items"]
            cursor = page["next"]

    def _known(self) -> dict[str, str]:
        if self.key and not self.key.isprintable():
            raise RefusedRequestError(f"the key is cut off or has more than a line; {KEY_HINT}")
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    async def _upload(self, path: str, fields: Mapping[str, str], file: Path) -> Any:
        import aiohttp

        with file.open("rb") as content:
            form = aiohttp.FormData()
            for name, value in fields.items():
                form.add_field(name, value)
            form.add_field("file", content, filename=file.name)
            return await self._ask("POST", path, {}, form, FILE_TIMEOUT_S)

    async def _download(self, path: str, query: Mapping[str, str], target: BinaryIO) -> None:
        import aiohttp

        headers = self._known()
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        timeout = aiohttp.ClientTimeout(total=FILE_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(url, params=query) as response,
            ):
                if response.status >= 400:
                    _complain(response.status, await response.json(content_type=None))
                async for block in response.content.iter_any():
                    target.write(block)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ServerError(f"no Ricarica answers at {self.url}; is it running?") from error

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any, timeout_s: float
    ) -> Any:
        import aiohttp

        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else {}
        headers |= self._known()
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.request(method, url, params=query, data=body) as response,
            ):
                content = None if response.status == 204 else await response.json(content_type=None)
                status = response.status
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise RefusedRequestError(f"{self.url} is not the address of a server") from error
        except TimeoutError as error:
            raise ServerError(
                f"{self.url} did not answer within {timeout_s:g} s; it may yet do what it was asked"
            ) from error
        except (aiohttp.ClientError, ValueError) as error:
            raise ServerError(f"no Ricarica answers at {self.url}; is it running?") from error
        return content if status < 400 else _complain(status, content)


def path_to(*parts: str | int) -> str:
    """An address of the API; names are encoded with nothing spared.

    Raises:
        RefusedRequestError: a name is missing, or no text.
    """
    return "/" + "/".join(_encoded(str(part)) for part in parts)


def _encoded(name: str) -> str:
    if not name:
        raise RefusedRequestError("a name is empty; type it after the command")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError as error:
        raise RefusedRequestError(
            "a name is no text in the encoding of this terminal; set LC_ALL to one with UTF-8"
        ) from error


def query_of(**asked: object) -> dict[str, str]:
    """Without what was not asked for."""
    return {name: _word(value) for name, value in asked.items() if value is not None}


def given(**typed: object) -> dict[str, object]:
    """A body without what was not typed."""
    return {name: value for name, value in typed.items() if value is not None}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(body: object) -> bytes:
    return body if isinstance(body, bytes) else ENCODER.encode(body)


def _complain(status: int, problem: Any) -> None:
    detail = problem.get("detail", "") if isinstance(problem, dict) else ""
    if status == 401:
        raise ForbiddenError(f"{detail.partition(';')[0] or 'nobody is known'}; {KEY_HINT}")
    raise KINDS.get(status, ServerError)(detail or f"the server answered {status}")
