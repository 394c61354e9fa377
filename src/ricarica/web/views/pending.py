"""Stations that knocked and that nobody has registered."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.web.views.lists import Choice
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class PendingStation:
    id: StationId
    is_connected: bool
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    dialect: str | None = None
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    remote: str | None = None
    is_secure: bool = False


@dataclass(frozen=True, slots=True)
class PendingPage(Page):
    """GET /pending; POST /pending/{id}/approve (`name`, `site`) and /pending/{id}/refuse."""

    template: ClassVar[str] = "pending/page.html"
    section: ClassVar[Section | None] = Section.PENDING
    stations: tuple[PendingStation, ...]
    sites: tuple[Choice, ...] = ()
    are_unknown_refused: bool = False
    """The policy lets no unknown station wait here."""

    @property
    def watches(self) -> tuple[str, ...]:
        return ("pending",)
