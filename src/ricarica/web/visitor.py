"""One request: who visits, what they sent, and how they are answered."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from ricarica.access.model import Actor, NotAuthenticatedError, Permission
from ricarica.engine.orders import note_order
from ricarica.kernel.errors import LostUpdateError
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.stations.queries import StationQueries
from ricarica.storage.database import Database
from ricarica.web.addresses import safe_next
from ricarica.web.formats import Formats
from ricarica.web.headers import page_headers
from ricarica.web.house import House
from ricarica.web.sessions import actor_of, csrf_token_for
from ricarica.web.translations import preferred_language
from ricarica.web.typed import Form, merged, shown_in
from ricarica.web.views.visit import Notice, Page, Theme, View, Viewer, Visit

T = TypeVar("T")

ATTEMPTS = 3  # at a change that another writer crossed

Html = Response[str]


class Visitor:
    """Handlers get one for each request."""

    def __init__(
        self, house: House, request: Request[Any, Any, Any], form: Mapping[str, str]
    ) -> None:
        self.house = house
        self.request = request
        self.form: Form = form
        self.now: datetime = house.now()
        self.query: Mapping[str, str] = request.query_params
        self.leads_to: str | None = None
        """Where whoever sends the same form once more is led; None: it came to nothing."""

    # -- who

    @property
    def actor(self) -> Actor:
        """
        Raises:
            NotAuthenticatedError: nobody is logged in; pages behind the gate never see that.
        """
        actor = actor_of(self.request)
        if actor is None:
            raise NotAuthenticatedError("nobody is logged in")
        return actor

    @property
    def tenant(self) -> TenantId:
        return self.actor.tenant

    @property
    def language(self) -> str:
        return _language(self.request)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    def may(self, permission: Permission) -> bool:
        return self.actor.may(permission)

    @property
    def is_part(self) -> bool:
        """A script asks, and puts the answer into the page."""
        return self.request.headers.get("HX-Request") == "true"

    def asked(self, name: str) -> list[str]:
        """All values that the address has under this name."""
        values: list[str] = self.request.query_params.getall(name, [])
        return values

    def edits(self, now: Form) -> None:
        """The form changes what is there: `now` is what its page would show by now."""
        self.form = merged(self.form, now)

    # -- what there is, and changing it

    @property
    def database(self) -> Database:
        return self.house.database

    async def carry_out(self, work: Callable[[Slices], Awaitable[T]]) -> T:
        """In one unit of work, again when another writer was faster."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self.house.engine.carry_out(self.actor, work)
            except LostUpdateError:
                continue
        return await self.house.engine.carry_out(self.actor, work)

    def audit(self, slices: Slices, action: str, subject: str, **detail: object) -> None:
        """In the same commit as the change it tells of."""
        slices.access.audit(self.actor, action, subject, slices.now, detail=detail)

    # -- what stations are told

    async def tell(self, key: StationKey, command: object) -> Result:
        """What became of it; the log says who gave it."""
        return await self.house.engine.commands.tell(key, command, self.actor.name)

    async def note(
        self, key: StationKey, name: str, outcome: str, detail: Mapping[str, object]
    ) -> None:
        """In the audit log: who told the station what, and how it ended."""

        async def write(slices: Slices) -> None:
            note_order(slices, self.actor, key, name, outcome, detail)

        await self.carry_out(write)

    # -- answers

    async def show(self, page: Page, status: int = 200) -> Html:
        """A whole page. 422: its form made no sense."""
        waiting = 0
        if actor_of(self.request) is not None:
            waiting = await StationQueries(self.database).pending_count(self.tenant)
        visit = visit_of(self.house, self.request, self.now, waiting)
        visit = replace(visit, shown=shown_in(self.form))
        self.leads_to = visit.path if status < 400 else None
        return html_of(self.house, page, visit, status)

    def part(self, fragment: View) -> Html:
        """A part of a page, to be put into its place."""
        return html_of(self.house, fragment, visit_of(self.house, self.request, self.now))

    def lead_to(
        self, path: str, done: Notice | None = None, cookies: tuple[Cookie, ...] = ()
    ) -> Html:
        """Another page, which may say what was done."""
        query = f"{'&' if '?' in path else '?'}done={done}" if done else ""
        self.leads_to = path + query
        headers = {**page_headers(self.house.choices.tiles_url), "Location": self.leads_to}
        return Response(
            "", media_type=MediaType.HTML, status_code=303, headers=headers, cookies=list(cookies)
        )


Visiting = NamedDependency[Visitor]


def visit_of(
    house: House, request: Request[Any, Any, Any], now: datetime, pending_stations: int = 0
) -> Visit:
    actor = actor_of(request)
    cookies, done = request.cookies, request.query_params.get("done")
    theme = cookies.get("theme")
    return Visit(
        Viewer(actor.name, actor.role) if actor else None,
        now,
        _place(request),
        csrf_token_for(request),
        _language(request),
        Theme(theme) if theme in set(Theme) else Theme.AUTO,
        house.choices.time_zone,
        pending_stations,
        Notice(done) if done in set(Notice) else None,
        mark=house.ids.new(),
        is_editing=request.url.path.endswith("/edit"),
    )


def _language(request: Request[Any, Any, Any]) -> str:
    accepted = request.headers.get("Accept-Language", "")
    return preferred_language(request.cookies.get("lang"), accepted)


def html_of(house: House, view: View, visit: Visit, status: int = 200) -> Html:
    return Response(
        house.pages.render(view, visit),
        status_code=status,
        media_type=MediaType.HTML,
        headers=dict(page_headers(house.choices.tiles_url)),
    )


def _place(request: Request[Any, Any, Any]) -> str:
    """Where a switch of language leads back to: here, but what was done is not said again."""
    if request.method == "POST":
        return _page_before(request)
    raw = request.scope.get("raw_path") or b"/"
    return _without_notice(
        raw.split(b"?")[0].decode("ascii", "replace"), request.query_params.multi_items()
    )


def _page_before(request: Request[Any, Any, Any]) -> str:
    """Where its form was: what a form is sent to is often no page."""
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.headers.get("Host"):
        return "/"
    return _without_notice(safe_next(before.path), parse_qsl(before.query))


def _without_notice(path: str, query: Iterable[tuple[str, str]]) -> str:
    kept = [(name, value) for name, value in query if name != "done"]
    return path + (f"?{urlencode(kept)}" if kept else "")
