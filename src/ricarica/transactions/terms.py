"""What few transactions have besides: limits, prices changed on the way, costs told by the station.

A transaction without any of it carries none of this, and costs nothing for it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from ricarica.tariffs.model import Cost, Prices, Usage

Value = TypeVar("Value", Decimal, int, timedelta)

TOLERANCE = Decimal("0.01")  # of the currency: stations round on the way, we round once


class LimitKind(StrEnum):
    COST = "cost"
    ENERGY = "energy"
    TIME = "time"
    SOC = "soc"


class Limits(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a transaction is to stop; None: never for that. E16"""

    cost: Decimal | None = None  # including tax, in the currency of its prices
    energy_wh: Decimal | None = None
    time: timedelta | None = None  # since its start
    soc_percent: int | None = None

    @property
    def kinds(self) -> frozenset[LimitKind]:
        values = (self.cost, self.energy_wh, self.time, self.soc_percent)
        return frozenset(
            kind for kind, value in zip(LimitKind, values, strict=True) if value is not None
        )


class CountedAs(StrEnum):
    """What decided the total that a station came to. I12.FR.38, I12.FR.39"""

    NORMAL = "normal"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


class Amounts(msgspec.Struct, frozen=True, gc=False):
    excl: Decimal | None = None
    incl: Decimal | None = None


class CountedPeriod(msgspec.Struct, frozen=True, gc=False):
    """A time in which the station's prices did not change; volumes by its own words for them."""

    since: datetime
    tariff: str | None
    volumes: dict[str, Decimal]


class CountedCost(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a station says that it cost. I12"""

    at: datetime
    currency: str
    total: Amounts
    counted_as: CountedAs = CountedAs.NORMAL
    parts: dict[str, Amounts] = {}
    energy_wh: Decimal = Decimal(0)
    charging: timedelta = timedelta()
    idle: timedelta = timedelta()
    periods: tuple[CountedPeriod, ...] = ()
    failure: str | None = None  # why it could not count everything; empty: it did not say


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """A closed part of a transaction whose prices were changed while it ran."""

    usage: Usage
    cost: Cost
    prices: Prices | None = None  # None: it was closed when they were not kept


class Check(msgspec.Struct, frozen=True, gc=False):
    """What a station answered when it was asked about a transaction. E14"""

    at: datetime
    ongoing: bool | None
    queued: bool  # it has more to tell


class Terms(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    wanted: Limits | None = None  # ours
    kept: Limits | None = None  # those that the station said it sees to itself
    said: Limits | None = None  # told the station last …
    said_in: int | None = None  # … in the answer to the event of this number
    text: str | None = None  # for the driver, with the next answer
    token_seq_no: int | None = None  # of the event that named its token, see `identifying`
    stopped_for: LimitKind | None = None  # the limit for which we asked the station to stop …
    asked_at: datetime | None = None  # … the last time
    tariff: str | None = None  # the name of the prices by which the station counts
    counted: CountedCost | None = None
    stretches: tuple[Stretch, ...] = ()
    spent: Decimal | None = None  # taken from the token's credit; None: it has none
    credit: Decimal | None = None  # what it may cost for the token's credit's sake
    payment: str | None = None  # the reference of the payment it was begun with
    check: Check | None = None
    told: dict[str, str] = {}  # in the station's words, e.g. how many phases it uses

    @property
    def limits(self) -> Limits | None:
        """Ours, with that of the credit."""
        return tighter(self.wanted, None if self.credit is None else Limits(cost=self.credit))


NO_TERMS = Terms()


class Say(msgspec.Struct, frozen=True, gc=False):
    """What the answer to an event tells the station besides."""

    limits: Limits | None = None
    text: str | None = None


def tighter(one: Limits | None, other: Limits | None) -> Limits | None:
    """Of each kind the lower one."""
    if one is None or other is None:
        return one or other
    return Limits(
        cost=_lower(one.cost, other.cost),
        energy_wh=_lower(one.energy_wh, other.energy_wh),
        time=_lower(one.time, other.time),
        soc_percent=_lower(one.soc_percent, other.soc_percent),
    )


def only(limits: Limits, kinds: frozenset[LimitKind]) -> Limits | None:
    """Those of these kinds; None, if there are none of them."""
    left = Limits(
        cost=limits.cost if LimitKind.COST in kinds else None,
        energy_wh=limits.energy_wh if LimitKind.ENERGY in kinds else None,
        time=limits.time if LimitKind.TIME in kinds else None,
        soc_percent=limits.soc_percent if LimitKind.SOC in kinds else None,
    )
    return left if left.kinds else None


def exceeds(one: Limits, other: Limits) -> bool:
    """Whether any limit that both have is higher in the one."""
    both = only(other, one.kinds)
    return both is not None and tighter(one, both) != one


def merged(known: Limits | None, told: Limits) -> Limits:
    """What is told anew of some kinds, with what holds of the others. E16.FR.17"""
    if known is None:
        return told
    return Limits(
        cost=known.cost if told.cost is None else told.cost,
        energy_wh=known.energy_wh if told.energy_wh is None else told.energy_wh,
        time=known.time if told.time is None else told.time,
        soc_percent=known.soc_percent if told.soc_percent is None else told.soc_percent,
    )


def reached(
    limits: Limits, usage: Usage, cost: Decimal | None, soc: Decimal | None
) -> LimitKind | None:
    """The first of the limits that is reached."""
    if limits.cost is not None and cost is not None and cost >= limits.cost:
        return LimitKind.COST
    if limits.energy_wh is not None and usage.energy_wh >= limits.energy_wh:
        return LimitKind.ENERGY
    if limits.time is not None and usage.elapsed >= limits.time:
        return LimitKind.TIME
    if limits.soc_percent is not None and soc is not None and soc >= limits.soc_percent:
        return LimitKind.SOC
    return None


def differs(counted: CountedCost, ours: Amounts, currency: str | None) -> bool:
    """Whether a station came to another amount than we; it may say it without the tax only."""
    theirs, known = counted.total.incl, ours.incl
    if theirs is None:
        theirs, known = counted.total.excl, ours.excl
    if counted.failure is not None or theirs is None or known is None:
        return False
    return counted.currency != currency or abs(theirs - known) > TOLERANCE


def left_to_us(terms: Terms) -> Limits | None:
    """The limits that the station did not say it keeps, so that we see to them."""
    limits = terms.limits
    if limits is None:
        return None
    kept = terms.kept.kinds if terms.kept else frozenset[LimitKind]()
    return only(limits, limits.kinds - kept)


def to_say(terms: Terms, supported: frozenset[LimitKind]) -> Limits | None:
    """Our limits, as far as the station has not been told them or keeps looser ones."""
    limits = terms.limits
    wanted = only(limits, supported) if limits else None
    if wanted is None:
        return None
    # E16.FR.07, E16.FR.08: ours is the last word, and needed only where the driver's is higher
    is_loose = terms.kept is not None and exceeds(terms.kept, wanted)
    if terms.said is None:
        return wanted if terms.kept is None or is_loose else None
    return wanted if is_loose or wanted != terms.said else None


def with_said(terms: Terms, say: Say, seq_no: int | None) -> Terms:
    """E16.FR.02: once; but a repeat of the same event is given the same answer."""
    if say.limits is None:
        return replace(terms, text=None)
    return replace(terms, said=say.limits, said_in=seq_no, text=None)


def _lower(one: Value | None, other: Value | None) -> Value | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
