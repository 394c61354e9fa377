"""A transaction as the station knows it, and the events it has to tell about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ricarica.simulator.meter import Sample


@dataclass(frozen=True, slots=True)
class Token:
    """What a driver shows. 1.6 knows only the uid."""

    uid: str
    kind: str = "ISO14443"
    info: tuple[tuple[str, str], ...] = ()
    """More about it, by type: of a payment card its brand, its last digits …"""

    def is_same(self, other: "Token | None") -> bool:
        return other is not None and self.uid.casefold() == other.uid.casefold()


class EventKind(StrEnum):
    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(slots=True, eq=False)
class Transaction:
    """One run of charging. `number` is what a 1.6 server calls it, once it has said so."""

    ref: str
    evse: int
    connector: int
    started_at: datetime
    start_wh: Decimal
    token: Token | None = None
    group: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    number: int | None = None
    next_seq_no: int = 0
    is_authorized: bool = True
    is_suspended: bool = False
    is_confirmed: bool = False
    is_resumed: bool = False
    has_priority: bool = False
    last_charging_state: str | None = None
    shown_cost: Decimal | None = None
    next_sample_at: datetime | None = None
    points_reached: set[str] = field(default_factory=set)
    stop_token: Token | None = None
    stop_reason: str | None = None
    ended_at: datetime | None = None

    def take_seq_no(self) -> int:
        taken, self.next_seq_no = self.next_seq_no, self.next_seq_no + 1
        return taken

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class TransactionEvent:
    """A fact that must reach the server, however late. `trigger` and `reason` are words of 2.x."""

    kind: EventKind
    transaction: Transaction
    at: datetime
    trigger: str
    seq_no: int
    charging_state: str
    register_wh: Decimal
    offline: bool = False
    sample: Sample | None = None
    token: Token | None = None
    reason: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Members that only 2.1 has: of the event, and under `info` those of its transaction."""
