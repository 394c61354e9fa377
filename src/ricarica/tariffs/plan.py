"""Prices as a station can count by them: lists of prices with conditions, taxes and bounds.

It is richer than our `Prices`: whatever a station may hold can be read into it and said again.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from ricarica.kernel.quantities import ZERO
from ricarica.tariffs.model import Prices, Tariff

VAT = "vat"
ID_LENGTH_MAX = 60  # of the name by which a station knows a plan
REVISION_DIGITS = 12  # far more revisions than anybody makes


class Current(StrEnum):
    """What kind of outlet a price is for."""

    AC = "ac"
    DC = "dc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """When a price holds: all of these together. None: whenever. Times are the station's own.

    From is inclusive, until exclusive; energy, times and durations count from the start.
    """

    from_time: time | None = None
    until_time: time | None = None  # before `from_time`: of the next day
    days: tuple[int, ...] = ()  # 0 is Monday; none: every day
    from_date: date | None = None
    until_date: date | None = None
    current: Current | None = None
    from_energy_wh: Decimal | None = None
    until_energy_wh: Decimal | None = None
    from_current_a: Decimal | None = None
    until_current_a: Decimal | None = None
    from_power_w: Decimal | None = None
    until_power_w: Decimal | None = None
    from_duration: timedelta | None = None
    until_duration: timedelta | None = None
    from_charging: timedelta | None = None
    until_charging: timedelta | None = None
    from_idle: timedelta | None = None
    until_idle: timedelta | None = None
    payment_brand: str | None = None
    payment_recognition: str | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """`stack` 0 is of the net price, 1 of the result of all with 0, and so on. I12.FR.13"""

    name: str
    percent: Decimal
    stack: int = 0


@dataclass(frozen=True, slots=True)
class Price:
    """Excluding taxes: of a kWh, a minute, or once."""

    amount: Decimal
    conditions: Conditions | None = None


@dataclass(frozen=True, slots=True)
class PriceList:
    """Of those whose conditions hold, the first counts."""

    prices: tuple[Price, ...]
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    excl: Decimal | None = None
    incl: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Text:
    language: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    id: str
    currency: str
    energy: PriceList | None = None  # per kWh
    charging: PriceList | None = None  # per minute
    idle: PriceList | None = None  # per minute
    fixed: PriceList | None = None
    reserved: PriceList | None = None  # per minute
    reservation: PriceList | None = None  # once
    minimum: Bound | None = None
    maximum: Bound | None = None
    valid_from: datetime | None = None
    texts: tuple[Text, ...] = ()

    @property
    def lists(self) -> tuple[PriceList, ...]:
        every = (
            self.energy,
            self.charging,
            self.idle,
            self.fixed,
            self.reserved,
            self.reservation,
        )
        return tuple(each for each in every if each is not None)


@dataclass(frozen=True, slots=True)
class Counting:
    """What a station says of how it counts costs itself; None: it did not say."""

    enabled: bool | None = None
    elements_max: int | None = None  # prices in a list
    conditions: bool | None = None


def plan_name(tariff: Tariff) -> str:
    """Another content has another name, so that no station mixes them up. I08.FR.08"""
    return f"{tariff.id[: ID_LENGTH_MAX - REVISION_DIGITS - 1]}.{tariff.revision}"


def plan_of(tariff: Tariff, texts: tuple[Text, ...] = ()) -> Plan:
    prices = tariff.prices
    taxes = (Tax(VAT, prices.vat_percent),) if prices.vat_percent else ()

    def listed(amount: Decimal) -> PriceList | None:
        return PriceList((Price(amount),), taxes) if amount else None

    return Plan(
        id=plan_name(tariff),
        currency=prices.currency,
        # A plan without any price could not be told from one that was cut off: free is a price.
        energy=PriceList((Price(prices.per_kwh),), taxes),
        charging=listed(prices.per_minute),
        idle=listed(prices.per_idle_minute),
        fixed=listed(prices.per_session),
        texts=texts,
    )


def prices_of(plan: Plan) -> Prices | None:
    """The plan in our own terms; None, where it says more than those can."""
    if plan.minimum or plan.maximum or plan.reserved or plan.reservation:
        return None
    if any(len(each.prices) != 1 or each.prices[0].conditions for each in plan.lists):
        return None
    taxes = {each.taxes for each in plan.lists}
    if len(taxes) > 1 or any(len(each) > 1 for each in taxes):
        return None
    [tax] = next(iter(taxes), ()) or (Tax(VAT, ZERO),)
    return Prices(
        plan.currency,
        per_kwh=_amount(plan.energy),
        per_minute=_amount(plan.charging),
        per_idle_minute=_amount(plan.idle),
        per_session=_amount(plan.fixed),
        vat_percent=tax.percent,
    )


def _amount(listed: PriceList | None) -> Decimal:
    return listed.prices[0].amount if listed else ZERO


def obstacle(plan: Plan, counting: Counting) -> str | None:
    """Why a station that counts like this cannot take the plan; None: it can."""
    if counting.enabled is False:
        return "its own counting of costs is switched off"
    most = max((len(each.prices) for each in plan.lists), default=0)
    if counting.elements_max is not None and most > counting.elements_max:
        return f"it takes {counting.elements_max} prices in a list, not {most}"
    has_conditions = any(price.conditions for each in plan.lists for price in each.prices)
    if has_conditions and counting.conditions is False:
        return "it takes no prices with conditions"
    return None
