"""Tokens: who may charge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.authorization.model import EnergyTransfer, TokenKind, TokenStatus
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager
from ricarica.web.views.visit import Page, Section

TOKEN_STATUS_LABELS: Mapping[str, str] = {
    "active": msgid("May charge"),
    "blocked": msgid("Blocked"),
    "expired": msgid("Expired"),
}
TOKEN_STATUS_SYMBOLS: Mapping[str, str] = {
    "active": "done",
    "blocked": "unavailable",
    "expired": "offline",
}
TOKEN_KINDS: tuple[str, ...] = tuple(kind.value for kind in TokenKind)


@dataclass(frozen=True, slots=True)
class TokenRow:
    uid: str
    kind: str
    status: TokenStatus
    label: str = ""
    group: str | None = None
    expires_at: datetime | None = None
    is_expired: bool = False
    concurrent_max: int | None = None
    last_used_at: datetime | None = None
    last_used_station: str | None = None

    @property
    def standing(self) -> str:
        """Key of its label: blocked, expired or active."""
        if self.status is TokenStatus.BLOCKED:
            return "blocked"
        return "expired" if self.is_expired else "active"


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """The query of GET /tokens, as typed."""

    q: str = ""
    standing: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.q, self.standing))


@dataclass(frozen=True, slots=True)
class TokensPage(Page):
    """GET /tokens"""

    template: ClassVar[str] = "tokens/page.html"
    section: ClassVar[Section | None] = Section.TOKENS
    rows: tuple[TokenRow, ...]
    pager: Pager = field(default_factory=Pager)
    filter: TokenFilter = field(default_factory=TokenFilter)


@dataclass(frozen=True, slots=True)
class TokenForm(Page):
    """GET and POST /tokens/new and /tokens/{uid}/edit; `errors` by field name."""

    template: ClassVar[str] = "tokens/form.html"
    section: ClassVar[Section | None] = Section.TOKENS
    uid: str = ""
    is_new: bool = True
    kind: str = TokenKind.ISO14443.value
    status: str = TokenStatus.ACTIVE.value
    label: str = ""
    group: str = ""
    expires_at: str = ""
    """As a `datetime-local` field writes it, in the visit's time zone."""
    concurrent_max: str = ""
    language: str = ""
    second_language: str = ""
    message: str = ""
    priority: str = ""
    transfers: tuple[str, ...] = ()
    tariff: str = ""
    credit: str = ""
    tariffs: tuple[tuple[str, str], ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    transfer_choices: ClassVar[tuple[str, ...]] = tuple(EnergyTransfer)
