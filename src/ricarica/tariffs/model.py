"""Prices, and what a transaction costs by them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from enum import StrEnum

import msgspec

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TariffId, TenantId
from ricarica.kernel.quantities import ZERO, kwh_from

# Whatever has an end in decimals is exact; a third of a minute is cut where no bill can see it.
EXACT = Context(prec=60)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_MINUTE = Decimal(60_000_000)
PERCENT = Decimal("0.01")

PRICE_MAX = Decimal(1_000_000)  # of any currency's unit; more is a slip of the keyboard
PRICE_DECIMALS_MAX = 6  # what the database keeps
NAME_LENGTH_MAX = 200  # what a list can still show


class LineKind(StrEnum):
    ENERGY = "energy"
    TIME = "time"
    PARKING = "parking"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Prices:
    """What is charged, excluding VAT. `currency` is an ISO 4217 code such as EUR.

    Time is either one or the other: a minute in which the car asks for nothing though it could
    (`parked`) costs `per_idle_minute`, every other minute of the transaction `per_minute`.
    """

    currency: str
    per_kwh: Decimal = ZERO
    per_minute: Decimal = ZERO
    per_idle_minute: Decimal = ZERO
    per_session: Decimal = ZERO
    vat_percent: Decimal = ZERO


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What is charged for: `parked` is the part of `elapsed` in which the car only stood there."""

    energy_wh: Decimal
    elapsed: timedelta
    parked: timedelta = timedelta()


class CostLine(msgspec.Struct, frozen=True, gc=False):
    """`quantity` of `unit` at `price` each; `excl` is what they come to without VAT."""

    kind: LineKind
    quantity: Decimal
    unit: str
    price: Decimal
    excl: Decimal


class Cost(msgspec.Struct, frozen=True, gc=False):
    """Exact; it is rounded once, where it is shown or billed. `incl` is `excl` plus `vat`."""

    currency: str
    lines: tuple[CostLine, ...]
    excl: Decimal
    vat: Decimal
    incl: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices under a name. A change makes a new revision; what has begun keeps its prices."""

    tenant: TenantId
    id: TariffId
    name: str
    prices: Prices
    created_at: datetime
    revised_at: datetime
    revision: int = 1
    is_default: bool = False  # the one of its tenant that holds where no other is chosen


def cost_of(prices: Prices, usage: Usage) -> Cost:
    """The one cost function. Never less for more energy, more charging time or more parking."""
    with localcontext(EXACT):
        lines = tuple(_lines(prices, usage))
        excl = sum((line.excl for line in lines), ZERO)
        vat = excl * prices.vat_percent * PERCENT
        return Cost(prices.currency, lines, excl, vat, excl + vat)


def usage_since(usage: Usage, before: Sequence[Usage]) -> Usage:
    """What is left of it without what was used before. What is told late of the time before
    counts with it: nobody parked longer since than that lasted."""
    elapsed = max(usage.elapsed - sum((each.elapsed for each in before), timedelta()), timedelta())
    parked = max(usage.parked - sum((each.parked for each in before), timedelta()), timedelta())
    energy_wh = usage.energy_wh - sum((each.energy_wh for each in before), ZERO)
    return Usage(energy_wh, elapsed, min(parked, elapsed))


def cost_since(prices: Prices, usage: Usage, before: Sequence[Usage]) -> Cost:
    """Of what was used after prices changed: by the new ones, and no second fee for a session."""
    return cost_of(going_on(prices), usage_since(usage, before))


def going_on(prices: Prices) -> Prices:
    """For what has begun by other prices."""
    return replace(prices, per_session=ZERO)


def together(costs: Sequence[Cost]) -> Cost:
    """Of one transaction, whose prices changed while it ran; at least one cost."""
    with localcontext(EXACT):
        return Cost(
            costs[0].currency,
            tuple(line for cost in costs for line in cost.lines),
            sum((cost.excl for cost in costs), ZERO),
            sum((cost.vat for cost in costs), ZERO),
            sum((cost.incl for cost in costs), ZERO),
        )


def _lines(prices: Prices, usage: Usage) -> Iterator[CostLine]:
    """One line for each price that anything was used of."""
    energy_wh = max(usage.energy_wh, ZERO)
    if prices.per_kwh and energy_wh:
        kwh = kwh_from(energy_wh)
        yield CostLine(LineKind.ENERGY, kwh, "kWh", prices.per_kwh, kwh * prices.per_kwh)
    parked = max(usage.parked, timedelta())
    yield from _time_line(
        LineKind.TIME, max(usage.elapsed - parked, timedelta()), prices.per_minute
    )
    yield from _time_line(LineKind.PARKING, parked, prices.per_idle_minute)
    if prices.per_session:
        once = Decimal(1)
        yield CostLine(LineKind.SESSION, once, "session", prices.per_session, prices.per_session)


def _time_line(kind: LineKind, time: timedelta, price: Decimal) -> Iterator[CostLine]:
    if price and time:
        microseconds = Decimal(time // MICROSECOND)
        # Divided last, so that 50 s at 0.15 a minute are 0.125 and not 0.1249….
        excl = microseconds * price / MICROSECONDS_PER_MINUTE
        yield CostLine(kind, microseconds / MICROSECONDS_PER_MINUTE, "min", price, excl)


def check_prices(prices: Prices) -> None:
    """Raise `InvalidError` for what cannot be charged."""
    code = prices.currency
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        raise InvalidError(f"currency is an ISO 4217 code such as EUR, not {code!r}")
    for name in ("per_kwh", "per_minute", "per_idle_minute", "per_session"):
        _check_number(name, getattr(prices, name), PRICE_MAX)
    _check_number("vat_percent", prices.vat_percent, Decimal(100))


def _check_number(name: str, value: Decimal, largest: Decimal) -> None:
    if not value.is_finite() or not 0 <= value <= largest:
        raise InvalidError(f"{name} is a number from 0 to {largest}, not {value}")
    if value != round(value, PRICE_DECIMALS_MAX):
        raise InvalidError(f"{name} has at most {PRICE_DECIMALS_MAX} decimals; {value} has more")


def checked_name(name: str) -> str:
    trimmed = name.strip()
    if not trimmed or len(trimmed) > NAME_LENGTH_MAX:
        raise InvalidError(f"a tariff's name has 1 to {NAME_LENGTH_MAX} characters")
    return trimmed


def prices_text(prices: Prices) -> bytes:
    """The prices as a transaction keeps them, whatever becomes of the tariff."""
    return msgspec.json.encode(prices)


def prices_from(text: bytes) -> Prices:
    return msgspec.json.decode(text, type=Prices)
