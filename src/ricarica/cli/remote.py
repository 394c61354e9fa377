"""Asking a running server over its REST API."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ricarica.kernel.errors import ConflictError, ForbiddenError, NotFoundError, RicaricaError

TIMEOUT_S = 10.0
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

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        return asyncio.run(self._ask("GET", path, query or {}, None, TIMEOUT_S))

    def post(
        self, path: str, body: bytes, query: Mapping[str, str], timeout_s: float = TIMEOUT_S
    ) -> Any:
        return asyncio.run(self._ask("POST", path, query, body, timeout_s))

    def items(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """Of all pages."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(
                path, {**query, "limit": "500", **({"cursor": cursor} if cursor else {})}
            )
            yield from page["items"]
            cursor = page["next"]

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Any:
        import aiohttp

        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.request(method, url, params=query, data=body) as response,
            ):
                content = await response.json(content_type=None)
                status = response.status
        except aiohttp.InvalidURL as error:
            raise RefusedRequestError(f"{self.url} is not the address of a server") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ServerError(f"no Ricarica answers at {self.url}; is it running?") from error
        return content if status < 400 else _complain(status, content)


def _complain(status: int, problem: Any) -> None:
    detail = problem.get("detail", "") if isinstance(problem, dict) else ""
    if status == 401:
        raise ForbiddenError(f"{detail or 'nobody is known'}; {KEY_HINT}")
    raise KINDS.get(status, ServerError)(detail or f"the server answered {status}")
