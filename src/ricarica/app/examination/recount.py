"""One transaction against what is known of it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ricarica.app.examination.findings import Bounds
from ricarica.tariffs.model import prices_from
from ricarica.transactions.counting import energy_of, parking_of, priced, weighed
from ricarica.transactions.model import (
    RANGES_MAX,
    Entry,
    EntryKind,
    Flag,
    Ranges,
    RegisterPoint,
    StatePoint,
    Transaction,
    has_number,
    with_number,
)
from ricarica.transactions.recognition import NO_REFS
from ricarica.transactions.repeats import was_assumed
from ricarica.transactions.sql import COST_DECIMALS, DECIMALS, NO_NUMBER

LOOK = "look at its page; if its events do not explain it, report this"
BILL = "do not bill it before someone has looked at its page"
# What is told has more digits than is kept: each number may be off by half of the last.
ROUNDING_WH = Decimal(1).scaleb(-DECIMALS)
ROUNDING_COST = Decimal(1).scaleb(-COST_DECIMALS)
WH_PER_KWH = 1_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is stored of a transaction beside its own row."""

    entries: list[Entry]
    registers: list[RegisterPoint]


@dataclass(frozen=True, slots=True)
class Breach:
    invariant: str
    text: str
    remedy: str


def breaches(transaction: Transaction, evidence: Evidence, bounds: Bounds) -> Iterator[Breach]:
    for rule in RULES:
        yield from rule(transaction, evidence)
    yield from _energy_of_time(transaction, bounds)
    if bounds.readings_since is None or transaction.started_at >= bounds.readings_since:
        yield from _energy(transaction, evidence)


def _number(transaction: Transaction, _evidence: Evidence) -> Iterator[Breach]:
    if transaction.ref in NO_REFS:
        text = f"{transaction.ref} is what stations send for none"
        yield Breach("I8", text, LOOK)


def _end(transaction: Transaction, evidence: Evidence) -> Iterator[Breach]:
    kinds = {entry.kind for entry in evidence.entries}
    if transaction.ended_at is None:
        if EntryKind.ENDED in kinds:
            yield Breach("I7", "its end was told, and it runs", LOOK)
        return
    if not transaction.end_reason:
        yield Breach("I7", "it has ended, and nobody said why", LOOK)
    if was_assumed(transaction) and EntryKind.NOTE not in kinds:
        yield Breach("I18", "we ended it, and no note says why", LOOK)
    if not was_assumed(transaction) and EntryKind.ENDED not in kinds:
        yield Breach("I7", "it has ended, and no event told so", LOOK)
    if transaction.ended_at < transaction.started_at:
        yield Breach("I5", "it ended before it began", BILL)


def _start(transaction: Transaction, evidence: Evidence) -> Iterator[Breach]:
    told = {entry.at for entry in evidence.entries if entry.kind is EntryKind.STARTED}
    if Flag.ORPHAN in transaction.flags:
        if told:
            yield Breach("I6", "its start was told, and the flag says that it was not", LOOK)
    elif transaction.started_at not in told:
        yield Breach("I6", f"no event says that it began at {transaction.started_at}", LOOK)


def _numbers(transaction: Transaction, evidence: Evidence) -> Iterator[Breach]:
    """Which events were told."""
    numbers = {entry.seq_no for entry in evidence.entries}
    if None in numbers and has_number(transaction.seen, NO_NUMBER):
        numbers.add(NO_NUMBER)  # some stations begin at -1, which as an event's is kept as none
    told = sorted(number for number in numbers if number is not None)
    seen: Ranges = ()
    for number in told:
        seen = with_number(seen, number)
        if not has_number(transaction.seen, number):
            yield Breach("I6", f"event {number} was told, and the transaction knows of none", LOOK)
            return
    if seen != transaction.seen and len(transaction.seen) < RANGES_MAX:
        yield Breach("I1", f"it knows of events {transaction.seen}, of which some are lost", LOOK)
    has_gap = transaction.last_seq_no is not None and len(transaction.seen) > 1
    if has_gap is not (Flag.GAP in transaction.flags):
        yield Breach("I6", "its flag of missing events is wrong", LOOK)


def _parking(transaction: Transaction, evidence: Evidence) -> Iterator[Breach]:
    points = [
        StatePoint(entry.at, -1 if entry.seq_no is None else entry.seq_no, entry.charging_state)
        for entry in evidence.entries
        if entry.charging_state is not None
    ]
    counted, known = parking_of(transaction, points), transaction.parking
    if counted != known:
        text = f"it parked {known.parked}, and by its events {counted.parked}"
        yield Breach("I6", text, BILL)


def _energy(transaction: Transaction, evidence: Evidence) -> Iterator[Breach]:
    counted, known = energy_of(transaction, evidence.registers), transaction.energy
    off_wh = abs(counted.energy_wh - known.energy_wh)
    if off_wh > ROUNDING_WH * (len(evidence.registers) + 1):
        text = f"it has {known.energy_wh} Wh, and by its readings {counted.energy_wh} Wh"
        yield Breach("I6", text, BILL)
    elif counted.backwards is not known.backwards:
        yield Breach("I6", "its flag of a register that fell is wrong", BILL)


def _energy_of_time(transaction: Transaction, bounds: Bounds) -> Iterator[Breach]:
    if transaction.energy.energy_wh < 0:
        yield Breach("I5", f"it has {transaction.energy.energy_wh} Wh", BILL)
    if weighed(transaction, bounds.power_max_w).flags - transaction.flags:
        text = (
            f"{transaction.energy.energy_wh} Wh cannot have flown in its time, and no flag says so"
        )
        yield Breach("I5", text, BILL)
    if Flag.IMPLAUSIBLE_ENERGY in transaction.flags and transaction.cost_incl is not None:
        yield Breach("I5", "its energy cannot be, and it is billed", BILL)


def _cost(transaction: Transaction, _evidence: Evidence) -> Iterator[Breach]:
    known, expected = transaction.cost_incl, priced(transaction).cost_incl
    if transaction.tariff is None:
        if known is not None:
            yield Breach("I4", f"it costs {known}, and has no tariff", BILL)
        return
    if known is None or expected is None:
        if known is not expected:
            yield Breach("I4", f"it costs {known}, and by tariff and use {expected}", BILL)
        return
    per_kwh = prices_from(transaction.tariff).per_kwh
    if abs(known - expected) > ROUNDING_COST + 2 * per_kwh * ROUNDING_WH / WH_PER_KWH:
        yield Breach("I4", f"it costs {known}, and by tariff and use {expected}", BILL)


def _times(transaction: Transaction, _evidence: Evidence) -> Iterator[Breach]:
    if transaction.parking.parked < timedelta():
        yield Breach("I5", f"it parked {transaction.parking.parked}", BILL)


RULES: tuple[Callable[[Transaction, Evidence], Iterator[Breach]], ...] = (
    _number,
    _start,
    _end,
    _times,
    _numbers,
    _parking,
    _cost,
)
