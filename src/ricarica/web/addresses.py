"""Addresses of our own pages, and names of things within them."""

from collections.abc import Awaitable, Callable, Mapping
from string import punctuation
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlencode

from litestar.params import PathParameter

from ricarica.kernel.slashes import SLASH_WITHIN
from ricarica.storage.pages import ID_MAX

NumberInPath = Annotated[int, PathParameter(le=ID_MAX)]

Scope = Any
App = Callable[[Scope, Any, Any], Awaitable[None]]


def whole_names(app: App) -> App:
    """Keep slashes within names apart from those between the parts of an address.

    Servers decode an address before it is cut into parts, so that the token `A/B`, in an
    address `A%2FB`, would become two parts.
    """

    async def with_whole_names(scope: Scope, receive: Any, send: Any) -> None:
        raw = scope.get("raw_path", b"").split(b"?")[0]
        if b"%2f" in raw.lower():
            parts = (unquote(part).replace("/", SLASH_WITHIN) for part in raw.decode().split("/"))
            scope = {**scope, "path": "/".join(parts)}
        await app(scope, receive, send)

    return with_whole_names


def path_to(*parts: str) -> str:
    """An address of ours; names are encoded with nothing spared."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def with_query(path: str, query: Mapping[str, str], **more: str) -> str:
    """Empty values are left out."""
    shown = {name: value for name, value in {**query, **more}.items() if value}
    return f"{path}?{urlencode(shown)}" if shown else path


def safe_next(asked: str) -> str:
    """Where to go on to: only within this site, whatever a link from outside says."""
    is_ours = asked.startswith("/") and not asked.startswith(("//", "/\\"))
    # A header takes no letters beyond those of Latin.
    return quote(asked, safe=punctuation) if is_ours and asked.isprintable() else "/"
