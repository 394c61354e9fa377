"""The log of frames between us and a station."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager


class Direction(StrEnum):
    FROM_STATION = "from-station"
    TO_STATION = "to-station"


class MessageKind(StrEnum):
    CALL = "call"
    RESULT = "result"
    ERROR = "error"
    SEND = "send"
    NOTE = "note"
    """Something about the connection, or a frame that never became a message."""


DIRECTION_LABELS: Mapping[Direction, str] = {
    Direction.FROM_STATION: msgid("From the station"),
    Direction.TO_STATION: msgid("To the station"),
}
MESSAGE_KIND_LABELS: Mapping[MessageKind, str] = {
    MessageKind.CALL: msgid("Request"),
    MessageKind.RESULT: msgid("Answer"),
    MessageKind.ERROR: msgid("Error"),
    MessageKind.SEND: msgid("Send"),
    MessageKind.NOTE: msgid("Note"),
}


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    at: datetime
    direction: Direction
    kind: MessageKind
    action: str | None
    message_id: str | None
    text: str
    """The frame as it went over the wire, or as much of it as was kept."""
    took_ms: int | None = None
    """From the request to this answer."""
    problem: str | None = None
    """What was wrong with it, e.g. the code of an error."""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """The query of GET /stations/{id}/messages, as typed."""

    action: str = ""
    direction: str = ""
    q: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.action, self.direction, self.q))


@dataclass(frozen=True, slots=True)
class MessageLog:
    """GET /fragments/stations/{id}/messages with the page's own query; newest first."""

    template: ClassVar[str] = "stations/log.html"
    station: StationId
    messages: tuple[Message, ...]
    pager: Pager = field(default_factory=Pager)
    query: str = ""
    """This page's own query, to be asked for again; with a cursor in it the log stands still."""
    is_live: bool = True
