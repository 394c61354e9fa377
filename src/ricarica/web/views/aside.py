"""What stations told that could not be read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.web.views.lists import Pager
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class AsideRow:
    """`why`: what went wrong with it, in the words of whoever could not read it."""

    id: int
    station: StationId
    at: datetime
    action: str
    why: str
    json: str


@dataclass(frozen=True, slots=True)
class AsidePage(Page):
    """GET /messages/put-aside; POST /messages/put-aside/{id}/replay"""

    template: ClassVar[str] = "messages/aside.html"
    section: ClassVar[Section | None] = Section.MESSAGES
    rows: tuple[AsideRow, ...]
    pager: Pager = field(default_factory=Pager)
    station: str = ""
    error: str | None = None
