"""What stations told, by their own journals: the truth that the database is held against."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from ricarica.simulator.journal import Entry
from tests.simulation.clients import Client

REGISTER = "Energy.Active.Import.Register"
NAMELESS = -1  # how a 1.6 station calls a transaction of which it lost the number


@dataclass(slots=True)
class Session:
    """One transaction, as its station told it."""

    station: str
    ref: str | None  # None: its start was never acknowledged
    start: Entry | None = None
    end: Entry | None = None
    between: list[Entry] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        return [each for each in (self.start, *self.between, self.end) if each]

    @property
    def is_whole(self) -> bool:
        """It began, it ended, and everything between was taken."""
        ends = self.start is not None and self.end is not None
        return ends and all(each.acked for each in self.entries)


def sessions_of(client: Client) -> list[Session]:
    entries = client.station.journal.entries
    is_v16 = client.plan.dialect.family == "v16"
    return list(_of_v16(client, entries) if is_v16 else _of_v2(client, entries))


def nameless_of(client: Client) -> list[Entry]:
    """What a station told of a transaction whose name it does not know."""
    return [
        each
        for each in client.station.journal.entries
        if each.payload.get("transactionId") == NAMELESS
    ]


def _of_v16(client: Client, entries: list[Entry]) -> Iterator[Session]:
    by_number: dict[int, Session] = {}
    for entry in entries:
        if entry.kind == "StartTransaction":
            number = entry.answer["transactionId"] if entry.answer else None
            session = Session(client.plan.identity, str(number) if number else None, entry)
            if number:
                by_number[number] = session
            yield session
    for entry in entries:
        number = entry.payload.get("transactionId", NAMELESS)
        if entry.kind == "StartTransaction" or number not in by_number:
            continue
        if entry.kind == "StopTransaction":
            by_number[number].end = entry
        else:
            by_number[number].between.append(entry)


def _of_v2(client: Client, entries: list[Entry]) -> Iterator[Session]:
    sessions: dict[str, Session] = {}
    for entry in entries:
        ref = entry.payload["transactionInfo"]["transactionId"]
        session = sessions.setdefault(ref, Session(client.plan.identity, ref))
        match entry.payload["eventType"]:
            case "Started":
                session.start = entry
            case "Ended":
                session.end = entry
            case _:
                session.between.append(entry)
    yield from sessions.values()


def at_of(entry: Entry) -> datetime:
    return msgspec.convert(entry.payload["timestamp"], datetime)


def readings_of(entry: Entry) -> list[tuple[datetime, Decimal]]:
    """Every reading of the energy register in a message, in Wh."""
    payload = entry.payload
    return [
        (msgspec.convert(value["timestamp"], datetime), _wh(sampled))
        for value in payload.get("meterValue") or payload.get("transactionData") or ()
        for sampled in value["sampledValue"]
        if sampled.get("measurand", REGISTER) == REGISTER and "phase" not in sampled
    ]


def registers_of(entry: Entry) -> list[tuple[datetime, Decimal]]:
    """The readings, and the register that a start or a stop carries apart."""
    names = [name for name in ("meterStart", "meterStop") if name in entry.payload]
    return readings_of(entry) + [(at_of(entry), Decimal(entry.payload[name])) for name in names]


def _wh(sampled: dict[str, Any]) -> Decimal:
    unit = sampled.get("unit") or sampled.get("unitOfMeasure", {}).get("unit", "Wh")
    return Decimal(str(sampled["value"])) * (1000 if unit == "kWh" else 1)


def energy_of(session: Session) -> Decimal:
    """What went into the car: what the register gained, told in whatever messages.

    By a clock that was wrong for a while, a reading may lie behind the end; it is not the car's.
    One may lie before the start too, and was told after it.
    """
    points = {
        (entry is not session.start, *point)
        for entry in session.entries
        for point in registers_of(entry)
    }
    told = [(at, register_wh) for _, at, register_wh in sorted(points)]
    if session.end:
        end = at_of(session.end)
        told = [point for point in told if point[0] <= end]
    gained = (later[1] - earlier[1] for earlier, later in pairwise(told))
    return sum((each for each in gained if each > 0), Decimal(0))
