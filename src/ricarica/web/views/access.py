"""Who may charge where and when: rules, groups, local lists, attempts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.authorization.model import TokenKind, Verdict
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.visit import Page, Section

EFFECT_LABELS: Mapping[str, str] = {
    "confine": msgid("They may charge only here and then"),
    "keep": msgid("Only they may charge here and then"),
}
DAY_LABELS: tuple[str, ...] = (
    msgid("Mon"),
    msgid("Tue"),
    msgid("Wed"),
    msgid("Thu"),
    msgid("Fri"),
    msgid("Sat"),
    msgid("Sun"),
)
VERDICT_LABELS: Mapping[str, str] = {
    Verdict.ACCEPTED: msgid("Accepted"),
    Verdict.BLOCKED: msgid("Blocked"),
    Verdict.EXPIRED: msgid("Expired"),
    Verdict.UNKNOWN: msgid("Unknown"),
    Verdict.INVALID: msgid("Invalid"),
    Verdict.CONCURRENT: msgid("Charges elsewhere"),
    Verdict.NO_CREDIT: msgid("No credit"),
    Verdict.NOT_HERE: msgid("Not here"),
    Verdict.NOT_NOW: msgid("Not now"),
    Verdict.WRONG_EVSE_TYPE: msgid("Wrong kind of outlet"),
}
VERDICT_SYMBOLS: Mapping[str, str] = {
    verdict: "done" if verdict is Verdict.ACCEPTED else "unavailable" for verdict in Verdict
}
TROUBLE_LABELS: Mapping[str, str] = {
    "failed": msgid("The station did not take it"),
    "unsupported": msgid("The station has no list"),
}
LISTED_KINDS: tuple[str, ...] = (
    TokenKind.ISO14443,
    TokenKind.ISO15693,
    TokenKind.EMAID,
    TokenKind.MAC_ADDRESS,
    TokenKind.EVCCID,
    TokenKind.VIN,
    TokenKind.LOCAL,
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    id: str
    label: str
    token: str | None
    group: str | None
    effect: str
    site: str | None
    station: str | None
    evse: int | None
    current: str | None
    days: tuple[int, ...]
    begins: str
    ends: str
    zone: str
    since: datetime | None
    until: datetime | None
    concurrent_max: int | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class RulesPage(Page):
    """GET /tokens/rules"""

    template: ClassVar[str] = "tokens/rules.html"
    section: ClassVar[Section | None] = Section.TOKENS
    effect_labels: ClassVar[Mapping[str, str]] = EFFECT_LABELS
    day_labels: ClassVar[tuple[str, ...]] = DAY_LABELS
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, slots=True)
class RuleForm(Page):
    """GET and POST /tokens/rules/new and /tokens/rules/{id}/edit"""

    template: ClassVar[str] = "tokens/rule.html"
    section: ClassVar[Section | None] = Section.TOKENS
    effect_labels: ClassVar[Mapping[str, str]] = EFFECT_LABELS
    day_labels: ClassVar[tuple[str, ...]] = DAY_LABELS
    id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    sites: tuple[Choice, ...] = ()
    groups: tuple[str, ...] = ()
    problem: str = ""

    def value(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class GroupRow:
    id: str
    label: str
    is_master: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class GroupsPage(Page):
    """GET and POST /tokens/groups"""

    template: ClassVar[str] = "tokens/groups.html"
    section: ClassVar[Section | None] = Section.TOKENS
    rows: tuple[GroupRow, ...]
    open_kinds: tuple[str, ...] = ()
    openable: ClassVar[tuple[str, ...]] = (
        TokenKind.LOCAL,
        TokenKind.CENTRAL,
        TokenKind.EMAID,
        TokenKind.EVCCID,
        TokenKind.MAC_ADDRESS,
        TokenKind.VIN,
    )
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ListRow:
    id: str
    label: str
    group: str | None
    kind: str | None
    site: str | None
    station: str | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class StationListRow:
    station: str
    version: int
    entries: int
    told_at: datetime | None
    left_out: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class ListsPage(Page):
    """GET /tokens/lists"""

    template: ClassVar[str] = "tokens/lists.html"
    section: ClassVar[Section | None] = Section.TOKENS
    trouble_labels: ClassVar[Mapping[str, str]] = TROUBLE_LABELS
    rows: tuple[ListRow, ...]
    stations: tuple[StationListRow, ...]


@dataclass(frozen=True, slots=True)
class ListForm(Page):
    """GET and POST /tokens/lists/new and /tokens/lists/{id}/edit"""

    template: ClassVar[str] = "tokens/list.html"
    section: ClassVar[Section | None] = Section.TOKENS
    kinds: ClassVar[tuple[str, ...]] = LISTED_KINDS
    id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    sites: tuple[Choice, ...] = ()
    groups: tuple[str, ...] = ()
    problem: str = ""

    def value(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """`make`: the uid to make a token of, where that makes sense and the viewer may."""

    at: datetime
    station: str
    uid: str
    kind: str | None
    verdict: str
    make: str = ""


@dataclass(frozen=True, slots=True)
class AttemptsPage(Page):
    """GET /tokens/attempts"""

    template: ClassVar[str] = "tokens/attempts.html"
    section: ClassVar[Section | None] = Section.TOKENS
    verdict_labels: ClassVar[Mapping[str, str]] = VERDICT_LABELS
    verdict_symbols: ClassVar[Mapping[str, str]] = VERDICT_SYMBOLS
    rows: tuple[AttemptRow, ...]
    q: str = ""
    verdict: str = ""
    pager: Pager = field(default_factory=Pager)


@dataclass(frozen=True, slots=True)
class CustomerRow:
    station: str
    asked_at: datetime
    report: bool
    clear: bool
    state: str
    text: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class CustomerPage(Page):
    """GET and POST /tokens/{uid}/customer"""

    template: ClassVar[str] = "tokens/customer.html"
    section: ClassVar[Section | None] = Section.TOKENS
    state_labels: ClassVar[Mapping[str, str]] = {
        "asked": msgid("Asked"),
        "gathering": msgid("It tells"),
        "told": msgid("Told"),
        "refused": msgid("Refused"),
    }
    uid: str
    rows: tuple[CustomerRow, ...]
    stations: tuple[str, ...] = ()
    outcome: str | None = None
    outcome_detail: str = ""
    problem: str = ""
