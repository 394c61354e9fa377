"""The log of messages of all stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager
from ricarica.web.views.messages import Message
from ricarica.web.views.visit import Page, Section

# How far back is looked: there is no index over all stations, so further takes longer.
AGES: Mapping[str, timedelta] = {
    "hour": timedelta(hours=1),
    "": timedelta(days=1),
    "week": timedelta(days=7),
    "all": timedelta(days=3_650),
}
AGE_LABELS: Mapping[str, str] = {
    "hour": msgid("Last hour"),
    "week": msgid("Last week"),
    "all": msgid("All that is kept"),
}


@dataclass(frozen=True, slots=True)
class NetworkFilter:
    """The query of GET /messages, as typed."""

    station: str = ""
    action: str = ""
    direction: str = ""
    outcome: str = ""
    q: str = ""
    age: str = ""
    transaction: str = ""

    @property
    def is_set(self) -> bool:
        return any(
            (self.station, self.action, self.direction, self.outcome, self.q, self.age)
        ) or bool(self.transaction)


@dataclass(frozen=True, slots=True)
class NetworkMessage:
    station: StationId
    message: Message


@dataclass(frozen=True, slots=True)
class NetworkLog:
    """GET /fragments/messages with the page's own query; newest first."""

    template: ClassVar[str] = "messages/log.html"
    lines: tuple[NetworkMessage, ...]
    pager: Pager = field(default_factory=Pager)
    query: str = ""
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class NetworkPage(Page):
    """GET /messages"""

    template: ClassVar[str] = "messages/page.html"
    section: ClassVar[Section | None] = Section.MESSAGES
    log: NetworkLog
    filter: NetworkFilter = field(default_factory=NetworkFilter)
    actions: tuple[str, ...] = ()

    @property
    def watches(self) -> tuple[str, ...]:
        return ("network",) if self.log.is_live else ()
