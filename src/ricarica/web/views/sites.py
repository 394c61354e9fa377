"""Places with stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class SiteRow:
    id: str
    name: str
    address: str
    stations: int
    connected: int
    tariff: str | None = None
    is_on_map: bool = False


@dataclass(frozen=True, slots=True)
class SitesPage(Page):
    """GET /sites"""

    template: ClassVar[str] = "sites/page.html"
    section: ClassVar[Section | None] = Section.STATIONS
    rows: tuple[SiteRow, ...]
    pager: Pager = field(default_factory=Pager)


@dataclass(frozen=True, slots=True)
class SiteForm(Page):
    """GET and POST /sites/new and /sites/{id}/edit; `typed` by field name."""

    template: ClassVar[str] = "sites/form.html"
    section: ClassVar[Section | None] = Section.STATIONS
    id: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    tariffs: tuple[Choice, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
