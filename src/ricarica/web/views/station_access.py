"""A station's reservations, local list, availability and attempts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ricarica.reservations.model import ReservationState
from ricarica.stations.availability import AvailabilityState
from ricarica.web.translations import msgid
from ricarica.web.views.access import (
    TROUBLE_LABELS,
    VERDICT_LABELS,
    VERDICT_SYMBOLS,
    AttemptRow,
)
from ricarica.web.views.commands import NOTHING, Told
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

RESERVATION_LABELS: Mapping[str, str] = {
    ReservationState.ASKED: msgid("Asked for"),
    ReservationState.HELD: msgid("Held"),
    ReservationState.REFUSED: msgid("Refused"),
    ReservationState.CANCELLED: msgid("Cancelled"),
    ReservationState.USED: msgid("Used"),
    ReservationState.EXPIRED: msgid("Expired"),
    ReservationState.REMOVED: msgid("Given up by the station"),
    ReservationState.UNUSED: msgid("Came and did not charge"),
}
RESERVATION_SYMBOLS: Mapping[str, str] = {
    ReservationState.ASKED: "pending",
    ReservationState.HELD: "reserved",
    ReservationState.REFUSED: "faulted",
    ReservationState.CANCELLED: "close",
    ReservationState.USED: "done",
    ReservationState.EXPIRED: "offline",
    ReservationState.REMOVED: "faulted",
    ReservationState.UNUSED: "offline",
}
AVAILABILITY_LABELS: Mapping[str, str] = {
    AvailabilityState.DONE: msgid("It is so"),
    AvailabilityState.SCHEDULED: msgid("When the transaction has ended"),
    AvailabilityState.REFUSED: msgid("The station refused"),
    AvailabilityState.DIFFERS: msgid("The station shows otherwise"),
}


@dataclass(frozen=True, slots=True)
class ReservationRow:
    number: int
    token: str
    evse: int | None
    connector_type: str | None
    expires_at: datetime
    state: str
    detail: str | None
    is_open: bool
    transaction: str | None


@dataclass(frozen=True, slots=True)
class AvailabilityRow:
    evse: int
    connector: int
    operative: bool
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LocalListView:
    version: int
    told_version: int | None
    told_at: datetime | None
    sent_at: datetime | None
    tokens: tuple[str, ...]
    left_out: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class StationAccessPage(Page):
    """GET /stations/{id}/access, and what is posted below it"""

    template: ClassVar[str] = "stations/access.html"
    section: ClassVar[Section | None] = Section.STATIONS
    reservation_labels: ClassVar[Mapping[str, str]] = RESERVATION_LABELS
    reservation_symbols: ClassVar[Mapping[str, str]] = RESERVATION_SYMBOLS
    availability_labels: ClassVar[Mapping[str, str]] = AVAILABILITY_LABELS
    trouble_labels: ClassVar[Mapping[str, str]] = TROUBLE_LABELS
    verdict_labels: ClassVar[Mapping[str, str]] = VERDICT_LABELS
    verdict_symbols: ClassVar[Mapping[str, str]] = VERDICT_SYMBOLS
    head: StationHead
    reservations: tuple[ReservationRow, ...]
    availability: tuple[AvailabilityRow, ...]
    attempts: tuple[AttemptRow, ...]
    local_list: LocalListView | None
    evses: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    can_reserve: bool = False
    names_plugs: bool = False
    """Whether the dialect can hold a type of connector."""
    told: Told = NOTHING
