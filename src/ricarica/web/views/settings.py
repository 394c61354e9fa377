"""One's own preferences, and for administrators the keys and people of the installation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.access.model import Role
from ricarica.web.views.lists import Pager
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    id: str
    name: str
    prefix: str
    role: Role
    created_at: datetime
    used_at: datetime | None = None
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """Shown once, in the answer to POST /settings/api-keys."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class OperatorRow:
    name: str
    role: Role
    created_at: datetime
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class ProfilePage(Page):
    """GET /settings"""

    template: ClassVar[str] = "settings/page.html"
    section: ClassVar[Section | None] = Section.SETTINGS
    api_keys: tuple[ApiKeyRow, ...] = ()
    operators: tuple[OperatorRow, ...] = ()
    new_key: NewApiKey | None = None
    version: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    at: datetime
    actor: str
    kind_msg: str | None
    """What whoever did it is, unless it is a person."""
    action: str
    subject: str
    outcome: str
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditPage(Page):
    """GET /settings/audit"""

    template: ClassVar[str] = "settings/audit.html"
    section: ClassVar[Section | None] = Section.SETTINGS
    rows: tuple[AuditRow, ...]
    filter: Mapping[str, str]
    pager: Pager = field(default_factory=Pager)
