"""A transaction, and how facts change it.

Per transaction the result depends on the set of its facts alone, not on their order: what is
counted along the way (the tallies) is counted again from the beginning when an old fact comes late.

What every message makes a few of are structs of msgspec rather than dataclasses: a transaction is
replaced in a microsecond instead of twenty, and the garbage collector need not follow them.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.kernel.quantities import ZERO
from ricarica.transactions.terms import Limits, Terms

CLOCKS_DIFFER = timedelta(minutes=10)  # a station's may be that much behind
TOLD_LATE = timedelta(days=1)  # a start of ours may be told after an outage
WHOLE_WH = Decimal(1)  # 1.6 tells starts and stops in whole Wh, cutting off what readings have


class ChargingState(StrEnum):
    EV_CONNECTED = "ev_connected"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    IDLE = "idle"


# The car asks for nothing, though it could: parking. A station that withholds power is no parking.
PARKING = frozenset({ChargingState.SUSPENDED_EV, ChargingState.IDLE})

Ranges = tuple[tuple[int, int], ...]


class Flag(StrEnum):
    """Why someone should look at a transaction."""

    ORPHAN = "orphan"  # its start was never told
    GAP = "gap"  # sequence numbers are missing
    REGISTER_BACKWARDS = "register_backwards"  # the meter was reset, or counted down
    IMPLAUSIBLE_ENERGY = "implausible_energy"  # more than can have flown; it is not billed
    IMPLAUSIBLE_TIME = "implausible_time"  # absurd, in the future, or its end before its start
    SUPERSEDED = "superseded"  # ended because another one started in its place
    CONTRADICTED = "contradicted"  # its start or end was told again with other values
    COST_DIFFERS = "cost_differs"  # the station came to another amount than we
    LOST_END = "lost_end"  # the station, when asked, said that it was over and all was told


class ToldStart(msgspec.Struct, frozen=True, gc=False):
    """By which a start of ours is recognised in what a station tells."""

    number: int | None  # of our command
    token: str | None  # folded
    evse: EvseNumber | None
    at: datetime
    received_at: datetime


class Arrangement(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is to hold for the transaction that a start of ours leads to."""

    number: int  # of the command
    token: str  # folded
    until: datetime
    evse: EvseNumber | None = None
    limits: Limits | None = None
    payment: str | None = None
    profile: str | None = None  # that went along with it, as those who understand it wrote it
    since: datetime | None = None
    accepted: bool = False  # the station waits for the driver

    def is_met_by(self, start: "ToldStart") -> bool:
        """By the number, where the station can name it; else by who started where, and when."""
        if start.number is not None:
            return start.number == self.number
        is_there = not self.evse or not start.evse or start.evse == self.evse
        return start.token == self.token and is_there and self._is_then(start)

    def _is_then(self, start: "ToldStart") -> bool:
        """It may be told late, and by a clock that differs from ours.

        A payment's token is nobody else's, so whatever begins with it is paid by that.
        """
        if self.payment is not None:
            return True
        is_before = self.since is not None and start.at < self.since - CLOCKS_DIFFER
        return not is_before and min(start.at, start.received_at) <= self.until


class EntryKind(StrEnum):
    STARTED = "started"
    PROGRESSED = "progressed"
    ENDED = "ended"
    NOTE = "note"  # ours: a correction, an automatic end; `detail` says why


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A line of a transaction's timeline."""

    station: StationKey
    ref: str
    kind: EntryKind
    at: datetime
    received_at: datetime
    seq_no: int | None = None
    trigger: str | None = None
    charging_state: ChargingState | None = None
    offline: bool = False
    detail: str | None = None


class RegisterPoint(msgspec.Struct, frozen=True, order=True, gc=False):
    """What the energy register showed at a moment."""

    at: datetime
    register_wh: Decimal


class StatePoint(msgspec.Struct, frozen=True, order=True, gc=False):
    """A state the transaction came into; `seq_no` orders those of one moment, −1 if not told."""

    at: datetime
    seq_no: int
    state: ChargingState


class Peak(msgspec.Struct, frozen=True, gc=False):
    """Where the register was before it fell, and what was counted by then."""

    register_wh: Decimal
    energy_wh: Decimal


class EnergyTally(msgspec.Struct, frozen=True, gc=False):
    """Energy counted along the register, up to `last`."""

    last: RegisterPoint | None = None
    energy_wh: Decimal = ZERO
    backwards: bool = False
    peaks: tuple[Peak, ...] = ()  # it is below them, the lowest last; not stored, see `counted_on`

    def step(self, point: RegisterPoint) -> "EnergyTally":
        """Count on to a point that is not before the last."""
        if self.last is None:
            return EnergyTally(point, self.energy_wh, self.backwards)
        gained_wh = point.register_wh - self.last.register_wh
        if -WHOLE_WH < gained_wh < 0:
            return replace(self, last=replace(self.last, at=point.at))
        if gained_wh < 0:
            # The register was reset: what it shows now is not known to be ours, so it is not
            # billed; counting goes on from here.
            return EnergyTally(point, self.energy_wh, backwards=True, peaks=self._with_peak())
        energy_wh, peaks = self.energy_wh + gained_wh, self.peaks
        while peaks and point.register_wh >= peaks[-1].register_wh:
            # It is back where it was before it fell: not a reset, but a glitch, or a meter that
            # is told of in two resolutions. What seemed to flow below was counted before.
            energy_wh = peaks[-1].energy_wh + point.register_wh - peaks[-1].register_wh
            peaks = peaks[:-1]
        return EnergyTally(point, energy_wh, self.backwards, peaks)

    def _with_peak(self) -> tuple[Peak, ...]:
        assert self.last is not None, "what never was anywhere does not fall"
        if self.peaks and self.peaks[-1].energy_wh == self.energy_wh:
            return self.peaks  # it only falls further
        return (*self.peaks, Peak(self.last.register_wh, self.energy_wh))


class ParkingTally(msgspec.Struct, frozen=True, gc=False):
    """Time counted in which the car asked for nothing, up to `last`."""

    last: StatePoint | None = None
    parked: timedelta = timedelta()

    def step(self, point: StatePoint) -> "ParkingTally":
        return ParkingTally(point, self.until(point.at))

    def until(self, at: datetime) -> timedelta:
        """The parked time by then, if the state stays what it is."""
        if self.last is None or self.last.state not in PARKING:
            return self.parked
        return self.parked + max(at - self.last.at, timedelta())


def energy_along(
    points: Iterable[RegisterPoint],
    order: Callable[[RegisterPoint], tuple[int, RegisterPoint]] | None = None,
) -> EnergyTally:
    """By their time, unless another order is given."""
    counted = EnergyTally()
    for point in sorted(set(points), key=order):
        counted = counted.step(point)
    return counted


def parking_along(points: Iterable[StatePoint]) -> ParkingTally:
    counted = ParkingTally()
    for point in sorted(set(points)):
        counted = counted.step(point)
    return counted


class Transaction(msgspec.Struct, frozen=True, gc=False):
    station: StationKey
    ref: str  # its name between us and the station
    id: TransactionId  # its name among us
    evse: EvseNumber
    started_at: datetime
    received_at: datetime
    connector: ConnectorNumber | None = None
    token: str | None = None
    token_kind: str | None = None
    group: str | None = None
    verdict: str | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    end_received_at: datetime | None = None
    register_start_wh: Decimal | None = None
    register_stop_wh: Decimal | None = None
    energy: EnergyTally = EnergyTally()
    parking: ParkingTally = ParkingTally()
    last_at: datetime | None = None  # the latest moment told of it
    power_w: Decimal | None = None
    soc_percent: Decimal | None = None
    seen: Ranges = ()  # sequence numbers
    last_seq_no: int | None = None  # that of its end
    repeat_key: str | None = None  # tells a repeat of its start, where the station gave no name
    flags: frozenset[Flag] = frozenset()
    remote_start: int | None = None
    reservation: int | None = None
    tariff: bytes | None = None  # prices as they were at its start
    cost_excl: Decimal | None = None
    cost_incl: Decimal | None = None
    currency: str | None = None
    cost_shown_at: datetime | None = None
    updated_at: datetime | None = None  # by our clock
    terms: Terms | None = None

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    @property
    def is_complete(self) -> bool:
        """Its start, its end and everything between were told."""
        if self.is_running or Flag.ORPHAN in self.flags:
            return False
        return self.last_seq_no is None or len(self.seen) == 1

    def elapsed(self, now: datetime) -> timedelta:
        return max((self.ended_at or now) - self.started_at, timedelta())

    @property
    def charging_state(self) -> ChargingState | None:
        return self.parking.last.state if self.parking.last else None

    def flagged(self, *flags: Flag) -> "Transaction":
        return replace(self, flags=self.flags | set(flags)) if flags else self


RANGES_MAX = 100  # a station that skips more often than that has a gap anyhow


def with_number(seen: Ranges, number: int) -> Ranges:
    """The ranges with one more number: (0–2, 5–5) and 3 give (0–3, 5–5)."""
    spread = sorted([*seen, (number, number)])
    merged = [spread[0]]
    for low, high in spread[1:]:
        last_low, last_high = merged[-1]
        if low <= last_high + 1:
            merged[-1] = (last_low, max(last_high, high))
        else:
            merged.append((low, high))
    if len(merged) > RANGES_MAX:
        merged[:2] = [(merged[0][0], merged[1][1])]
    return tuple(merged)


def has_number(seen: Ranges, number: int) -> bool:
    return any(low <= number <= high for low, high in seen)


def ranges_text(seen: Ranges) -> str:
    return ",".join(f"{low}-{high}" for low, high in seen)


RANGE = re.compile(r"(-?\d+)-(-?\d+)")  # some stations begin at -1


def ranges_from(text: str) -> Ranges:
    return tuple((int(low), int(high)) for low, high in RANGE.findall(text))


class ExpectedStart(msgspec.Struct, frozen=True):
    """`number` names our request, `due_at` is when we stop waiting."""

    station: StationKey
    number: int
    at: datetime
    due_at: datetime
    token: str
    evse: EvseNumber | None = None
