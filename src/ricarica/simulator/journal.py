"""What a station told, and what of it was acknowledged: the oracle when a server was killed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, eq=False)
class Entry:
    """One thing told. `kind` is the action; `key` says which fact it was, across repeats."""

    at: datetime
    station: str
    kind: str
    key: str
    payload: dict[str, Any]
    sent_at: datetime
    acked: bool = False
    acked_at: datetime | None = None
    answer: dict[str, Any] | None = None
    dropped: str | None = None

    def as_json(self) -> str:
        return json.dumps(
            {
                "at": self.at.isoformat(),
                "station": self.station,
                "kind": self.kind,
                "key": self.key,
                "payload": self.payload,
                "acked": self.acked,
                "acked_at": self.acked_at.isoformat() if self.acked_at else None,
                "answer": self.answer,
                "dropped": self.dropped,
            },
            default=str,
            separators=(",", ":"),
        )


@dataclass(slots=True)
class Journal:
    """Facts in the order told. `sink` is called on each acknowledgement or loss."""

    entries: list[Entry] = field(default_factory=list)
    sink: Callable[[Entry], None] | None = None
    entries_max: int = 20_000  # a month of one busy station; the sink has the rest

    def note(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        if len(self.entries) > self.entries_max:
            del self.entries[: self.entries_max // 2]
        return entry

    def acknowledge(self, entry: Entry, at: datetime, answer: dict[str, Any]) -> None:
        entry.acked, entry.acked_at, entry.answer = True, at, answer
        self._tell(entry)

    def drop(self, entry: Entry, why: str) -> None:
        entry.dropped = why
        self._tell(entry)

    def acknowledged(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.acked and _is_of(entry, kinds))

    def unacknowledged(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if not entry.acked and _is_of(entry, kinds))

    def _tell(self, entry: Entry) -> None:
        if self.sink is not None:
            self.sink(entry)


def _is_of(entry: Entry, kinds: tuple[str, ...]) -> bool:
    return not kinds or entry.kind in kinds
