"""Requests, counted by route: what a caller asks for never becomes a name in our memory."""

from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ricarica.kernel.histogram import Histogram

Scope = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]
NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class RequestCounts:
    """`duration_s`: until the answer begins, for a stream of events has no end."""

    answered: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    duration_s: Histogram = field(default_factory=Histogram)

    def count(self, scope: Scope, status: int, duration_s: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.answered[method, route_of(scope), str(status)] += 1
        self.duration_s.observe(duration_s)


def route_of(scope: Scope) -> str:
    """The pattern of the address, which the framework leaves in the scope once it has found it."""
    return scope.get("path_template") or NO_ROUTE


def counted(app: App, counts: RequestCounts, monotonic: Callable[[], float]) -> App:
    async def with_counting(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun = monotonic()

        async def noting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                counts.count(scope, message["status"], monotonic() - begun)
            await send(message)

        await app(scope, receive, noting)

    return with_counting
