"""Tariffs: what charging costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.tariffs.model import Prices
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class TariffRow:
    """`stations` counts those it applies to."""

    id: str
    name: str
    prices: Prices
    is_default: bool = False
    stations: int = 0
    revised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TariffsPage(Page):
    """GET /tariffs"""

    template: ClassVar[str] = "tariffs/page.html"
    section: ClassVar[Section | None] = Section.TARIFFS
    rows: tuple[TariffRow, ...]


@dataclass(frozen=True, slots=True)
class TariffForm(Page):
    """GET and POST /tariffs/new and /tariffs/{id}/edit; `errors` by field name.

    Prices are excluding VAT, as they were typed.
    """

    template: ClassVar[str] = "tariffs/form.html"
    section: ClassVar[Section | None] = Section.TARIFFS
    id: str = ""
    is_new: bool = True
    name: str = ""
    currency: str = "EUR"
    per_kwh: str = ""
    per_minute: str = ""
    per_idle_minute: str = ""
    per_session: str = ""
    vat_percent: str = ""
    is_default: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
