"""Prices in 2.1, said and read: TariffType and ours. I07–I11"""

from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.tariffs.commands import ClearPlans, GetPlans, SetDefaultPlan
from ricarica.tariffs.plan import (
    Bound,
    Conditions,
    Current,
    Plan,
    Price,
    PriceList,
    Tax,
    Text,
)
from ricarica.tariffs.stationed import Assignment
from ricarica.transactions.commands import ChangePrices
from ricarica.translation.route import Origin, Phrase, Phrases
from ricarica.translation.times import seconds_for
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.words import text_for

DAYS = tuple(v2.DayOfWeek)
CURRENT = {Current.AC: v2.EvseKind.AC, Current.DC: v2.EvseKind.DC}
CURRENT_FROM = {word: current for current, word in CURRENT.items()}
PRICE_STEP = Decimal("0.000001")  # of a price a minute: what no bill can show
# Ours, theirs, for conditions that are plain numbers, and for those that are times in seconds.
NUMBERS = (
    ("from_energy_wh", "min_energy"),
    ("until_energy_wh", "max_energy"),
    ("from_current_a", "min_current"),
    ("until_current_a", "max_current"),
    ("from_power_w", "min_power"),
    ("until_power_w", "max_power"),
    ("payment_brand", "payment_brand"),
    ("payment_recognition", "payment_recognition"),
)
DURATIONS = (
    ("from_duration", "min_time"),
    ("until_duration", "max_time"),
    ("from_charging", "min_charging_time"),
    ("until_charging", "max_charging_time"),
    ("from_idle", "min_idle_time"),
    ("until_idle", "max_idle_time"),
)


# -- saying


def tariff_for(plan: Plan) -> v2.Tariff:
    return v2.Tariff(
        tariff_id=plan.id,
        currency=plan.currency,
        valid_from=plan.valid_from,
        description=[text_for(each.content, each.language) for each in plan.texts[:10]] or None,
        energy=v2.TariffEnergy(
            [
                v2.TariffEnergyPrice(price.amount, _conditions_for(price.conditions))
                for price in plan.energy.prices
            ],
            _taxes_for(plan.energy),
        )
        if plan.energy
        else None,
        charging_time=_time_for(plan.charging),
        idle_time=_time_for(plan.idle),
        fixed_fee=_fixed_for(plan.fixed),
        reservation_time=_time_for(plan.reserved),
        reservation_fixed=_fixed_for(plan.reservation),
        min_cost=_bound_for(plan.minimum),
        max_cost=_bound_for(plan.maximum),
    )


def _time_for(listed: PriceList | None) -> v2.TariffTime | None:
    if listed is None:
        return None
    prices = [
        v2.TariffTimePrice(
            price.amount.quantize(PRICE_STEP, ROUND_HALF_EVEN).normalize() + 0,
            _conditions_for(price.conditions),
        )
        for price in listed.prices
    ]
    return v2.TariffTime(prices, _taxes_for(listed))


def _fixed_for(listed: PriceList | None) -> v2.TariffFixed | None:
    if listed is None:
        return None
    prices = [
        v2.TariffFixedPrice(
            price_fixed=price.amount, conditions=_fixed_conditions_for(price.conditions)
        )
        for price in listed.prices
    ]
    return v2.TariffFixed(prices, _taxes_for(listed))


def _taxes_for(listed: PriceList) -> list[v2.TaxRate] | None:
    rates = [v2.TaxRate(tax.name[:20], tax.percent, tax.stack or None) for tax in listed.taxes]
    return rates or None


def _bound_for(bound: Bound | None) -> v2.Price | None:
    return v2.Price(bound.excl, bound.incl) if bound else None


def _moments_for(conditions: Conditions) -> dict[str, Any]:
    """What prices of every kind can depend on."""
    return {
        "start_time_of_day": _clock(conditions.from_time),
        "end_time_of_day": _clock(conditions.until_time),
        "day_of_week": [DAYS[day] for day in conditions.days] or None,
        "valid_from_date": conditions.from_date.isoformat() if conditions.from_date else None,
        "valid_to_date": conditions.until_date.isoformat() if conditions.until_date else None,
        "evse_kind": CURRENT[conditions.current] if conditions.current else None,
    }


def _conditions_for(conditions: Conditions | None) -> v2.TariffConditions | None:
    if conditions is None:
        return None
    told = _moments_for(conditions)
    told |= {theirs: getattr(conditions, ours) for ours, theirs in NUMBERS[:6]}
    for ours, theirs in DURATIONS:
        told[theirs] = seconds_for(getattr(conditions, ours))
    return v2.TariffConditions(**told)


def _fixed_conditions_for(conditions: Conditions | None) -> v2.TariffConditionsFixed | None:
    if conditions is None:
        return None
    told = _moments_for(conditions)
    told |= {theirs: getattr(conditions, ours) for ours, theirs in NUMBERS[6:]}
    return v2.TariffConditionsFixed(**told)


def _clock(at: time | None) -> str | None:
    return at.strftime("%H:%M") if at else None


# -- reading


def plan_from(tariff: v2.Tariff) -> Plan:
    return Plan(
        id=tariff.tariff_id,
        currency=tariff.currency,
        energy=_listed(
            ((price.price_kwh, price.conditions) for price in tariff.energy.prices),
            tariff.energy.tax_rates,
        )
        if tariff.energy
        else None,
        charging=_time_from(tariff.charging_time),
        idle=_time_from(tariff.idle_time),
        fixed=_fixed_from(tariff.fixed_fee),
        reserved=_time_from(tariff.reservation_time),
        reservation=_fixed_from(tariff.reservation_fixed),
        minimum=_bound_from(tariff.min_cost),
        maximum=_bound_from(tariff.max_cost),
        valid_from=tariff.valid_from,
        texts=tuple(
            Text(message.language or "", message.content) for message in tariff.description or ()
        ),
    )


Told = v2.TariffConditions | v2.TariffConditionsFixed | None


def _listed(prices: Iterable[tuple[Decimal, Told]], taxes: list[v2.TaxRate] | None) -> PriceList:
    return PriceList(
        tuple(Price(amount, _conditions_from(told)) for amount, told in prices),
        tuple(Tax(rate.type, rate.tax, rate.stack or 0) for rate in taxes or ()),
    )


def _time_from(told: v2.TariffTime | None) -> PriceList | None:
    if told is None:
        return None
    return _listed(((each.price_minute, each.conditions) for each in told.prices), told.tax_rates)


def _fixed_from(told: v2.TariffFixed | None) -> PriceList | None:
    if told is None:
        return None
    return _listed(((each.price_fixed, each.conditions) for each in told.prices), told.tax_rates)


def _bound_from(told: v2.Price | None) -> Bound | None:
    return Bound(told.excl_tax, told.incl_tax) if told else None


def _conditions_from(told: Told) -> Conditions | None:
    if told is None:
        return None
    read: dict[str, Any] = {ours: getattr(told, theirs, None) for ours, theirs in NUMBERS}
    for ours, theirs in DURATIONS:
        seconds: int | None = getattr(told, theirs, None)
        read[ours] = None if seconds is None else timedelta(seconds=seconds)
    return Conditions(
        from_time=_time_of(told.start_time_of_day),
        until_time=_time_of(told.end_time_of_day),
        days=tuple(DAYS.index(day) for day in told.day_of_week or ()),
        from_date=_date_of(told.valid_from_date),
        until_date=_date_of(told.valid_to_date),
        current=CURRENT_FROM[told.evse_kind] if told.evse_kind else None,
        **read,
    )


def _time_of(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _date_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


# -- commands

# What a station has already it need not be given. I07.FR.04
ACCEPTED = frozenset({v2.TariffSetStatus.Accepted, v2.TariffSetStatus.DuplicateTariffId})


def set_result_from(response: v2.SetDefaultTariffResponse) -> Result:
    result = result_from(response)
    is_there = response.status in ACCEPTED
    return Result(Outcome.ACCEPTED, result.status, result.detail) if is_there else result


async def remember_default(
    command: SetDefaultPlan, response: Any, origin: Origin, slices: Slices
) -> None:
    result = set_result_from(response)
    if result.outcome is Outcome.ACCEPTED:
        await slices.station_plans.installed(origin.station, command.plan.id)
    else:
        await slices.station_plans.refused(origin.station, result.words)


def assignment_from(told: v2.TariffAssignment) -> Assignment:
    return Assignment(
        told.tariff_id,
        told.tariff_kind is v2.TariffKind.DefaultTariff,
        tuple(told.evse_ids or ()),
        tuple(told.id_tokens or ()),
        told.valid_from,
    )


def plans_result_from(response: v2.GetTariffsResponse) -> Result:
    status = response.status
    if status is v2.TariffGetStatus.Rejected:
        return result_from(response)
    names = [told.tariff_id for told in response.tariff_assignments or ()]
    return Result(Outcome.ACCEPTED, str(status), answer={"plans": names})


async def remember_plans(_command: GetPlans, response: Any, origin: Origin, slices: Slices) -> None:
    if response.status is not v2.TariffGetStatus.Rejected:
        told = tuple(map(assignment_from, response.tariff_assignments or ()))
        await slices.station_plans.told(origin.station, told, origin.received_at)


def cleared_result_from(response: v2.ClearTariffsResponse) -> Result:
    """I10.FR.06: that there was none to clear is as good."""
    statuses = [each.status for each in response.clear_tariffs_result]
    failed = [status for status in statuses if status is v2.TariffClearStatus.Rejected]
    return Result(
        Outcome.REFUSED if failed else Outcome.ACCEPTED,
        str((failed or statuses)[0]),
        answer={"plans": [e.tariff_id for e in response.clear_tariffs_result if e.tariff_id]},
    )


async def remember_cleared(
    command: ClearPlans, response: Any, origin: Origin, slices: Slices
) -> None:
    if cleared_result_from(response).outcome is Outcome.ACCEPTED:
        await slices.station_plans.cleared(origin.station, command.plans)


PHRASES: Phrases = {
    SetDefaultPlan: Phrase(
        "SetDefaultTariff",
        lambda command: v2.SetDefaultTariffRequest(
            evse_id=command.evse, tariff=tariff_for(command.plan)
        ),
        set_result_from,
        remember=remember_default,
    ),
    GetPlans: Phrase(
        "GetTariffs",
        lambda command: v2.GetTariffsRequest(evse_id=command.evse),
        plans_result_from,
        remember=remember_plans,
    ),
    ClearPlans: Phrase(
        "ClearTariffs",
        lambda command: v2.ClearTariffsRequest(list(command.plans) or None, command.evse),
        cleared_result_from,
        remember=remember_cleared,
    ),
    ChangePrices: Phrase(
        "ChangeTransactionTariff",
        lambda command: v2.ChangeTransactionTariffRequest(
            tariff=tariff_for(command.plan), transaction_id=command.ref
        ),
        result_from,
    ),
}
