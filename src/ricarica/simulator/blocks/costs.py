"""E16, I07–I12: counting what charging costs by prices of the server's, and stopping at limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator import charging
from ricarica.simulator.core import Block, EventAnswer, Station, event_of
from ricarica.simulator.evse import ChargingState, Evse
from ricarica.simulator.prices import cents, elements, has_conditions, rounded, taxed
from ricarica.simulator.settings import Access, Kind, Place, Setting
from ricarica.simulator.transaction import EventKind, Transaction, TransactionEvent

MINUTE = timedelta(minutes=1)
REACHED = {
    "max_cost": "CostLimitReached",
    "max_energy": "EnergyLimitReached",
    "max_time": "TimeLimitReached",
    "max_soc": "SoCLimitReached",
}
WORDS = {
    "maxCost": "max_cost",
    "maxEnergy": "max_energy",
    "maxTime": "max_time",
    "maxSoC": "max_soc",
}
DAYS = tuple(v2.DayOfWeek)


@dataclass(slots=True)
class Count:
    """What one transaction has used and cost so far."""

    tariff: v2.Tariff | None = None
    is_told: bool = False
    limits: dict[str, Decimal] = field(default_factory=dict)
    reached: str | None = None
    seen_wh: Decimal = Decimal(0)
    seen_at: datetime | None = None
    energy_wh: Decimal = Decimal(0)
    charging: timedelta = timedelta()
    idle: timedelta = timedelta()
    costs: dict[str, Decimal] = field(default_factory=dict)
    periods: list[v2.ChargingPeriod] = field(default_factory=list)
    told_at: datetime | None = None
    message: str | None = None


@dataclass(slots=True)
class Costs:
    defaults: dict[int, v2.Tariff] = field(default_factory=dict)
    waiting: dict[int, list[v2.Tariff]] = field(default_factory=dict)
    counts: dict[str, Count] = field(default_factory=dict)
    fails: bool = False
    """It can count nothing, and says so."""
    errs_by: Decimal = Decimal(0)
    """It counts so much too much."""


def count_of(station: Station, ref: str) -> Count:
    return station.memory(Costs).counts.setdefault(ref, Count())


# -- what the server wants


def _set_default(station: Station, request: v2.SetDefaultTariffRequest) -> Payload | None:
    if not _is_on(station, "tariff_enabled"):
        return None
    return v2.SetDefaultTariffResponse(status=_installed(station, request))


def _installed(station: Station, request: v2.SetDefaultTariffRequest) -> v2.TariffSetStatus:
    costs, tariff = station.memory(Costs), request.tariff
    if request.evse_id and request.evse_id not in station.evses:
        return v2.TariffSetStatus.Rejected
    most = station.settings.integer("tariff_elements_max")
    if max(elements(tariff), default=0) > most:
        return v2.TariffSetStatus.TooManyElements
    if has_conditions(tariff) and not _is_on(station, "tariff_conditions"):
        return v2.TariffSetStatus.ConditionNotSupported
    evses = [request.evse_id] if request.evse_id else list(station.evses)
    for evse in evses:
        there = costs.defaults.get(evse)
        if there is not None and there.tariff_id == tariff.tariff_id:
            return v2.TariffSetStatus.DuplicateTariffId
    for evse in evses:
        if tariff.valid_from is None or tariff.valid_from <= station.now:
            costs.defaults[evse] = tariff
        else:
            costs.waiting.setdefault(evse, []).append(tariff)
    return v2.TariffSetStatus.Accepted


def _get(station: Station, request: v2.GetTariffsRequest) -> Payload:
    costs = station.memory(Costs)
    evses = [request.evse_id] if request.evse_id else list(station.evses)
    by_id: dict[str, list[int]] = {}
    for evse in evses:
        if (tariff := costs.defaults.get(evse)) is not None:
            by_id.setdefault(tariff.tariff_id, []).append(evse)
    told = [
        v2.TariffAssignment(name, v2.TariffKind.DefaultTariff, evse_ids=found)
        for name, found in by_id.items()
    ]
    told += [
        v2.TariffAssignment(tariff.tariff_id, v2.TariffKind.DriverTariff, id_tokens=[uid])
        for uid, tariff in station.prices_of.items()
        if tariff is not None
    ]
    if not told:
        return v2.GetTariffsResponse(status=v2.TariffGetStatus.NoTariff)  # I09.FR.03
    return v2.GetTariffsResponse(status=v2.TariffGetStatus.Accepted, tariff_assignments=told)


def _clear(station: Station, request: v2.ClearTariffsRequest) -> Payload:
    costs, wanted = station.memory(Costs), request.tariff_ids
    cleared = [
        (evse, tariff.tariff_id)
        for evse, tariff in costs.defaults.items()
        if request.evse_id in (None, 0, evse) and (wanted is None or tariff.tariff_id in wanted)
    ]
    for evse, _ in cleared:
        del costs.defaults[evse]
    names = sorted({name for _, name in cleared})
    accepted, none = v2.TariffClearStatus.Accepted, v2.TariffClearStatus.NoTariff
    results = [v2.ClearTariffsResult(tariff_id=name, status=accepted) for name in names]
    return v2.ClearTariffsResponse(results or [v2.ClearTariffsResult(status=none)])


def _change(station: Station, request: v2.ChangeTransactionTariffRequest) -> Payload:
    status, found = v2.TariffChangeStatus, station.transaction(request.transaction_id)
    if found is None:
        return v2.ChangeTransactionTariffResponse(status=status.TxNotFound)
    evse, transaction = found
    count = count_of(station, transaction.ref)
    if count.tariff is not None and count.tariff.currency != request.tariff.currency:
        return v2.ChangeTransactionTariffResponse(status=status.NoCurrencyChange)
    _move_on(station, evse, transaction)
    count.tariff, count.is_told = request.tariff, False
    _update(station, evse, transaction, "TariffChanged")
    return v2.ChangeTransactionTariffResponse(status=status.Accepted)


# -- counting


def _is_on(station: Station, name: str) -> bool:
    return station.settings.flag(name)


def _counts_itself(station: Station) -> bool:
    return (
        station.dialect.names_resuming  # only 2.1 has prices that a station can count by
        and _is_on(station, "tariff_enabled")
        and _is_on(station, "cost_enabled")
    )


def _move_on(station: Station, evse: Evse, transaction: Transaction) -> None:
    """Price what was used since it was looked at last."""
    count = count_of(station, transaction.ref)
    since = count.seen_at or transaction.started_at
    register_wh = evse.meter.shown_wh
    gained_wh = register_wh - (count.seen_wh or transaction.start_wh)
    count.seen_wh, count.seen_at = register_wh, max(station.clock, since)
    time = max(station.clock - since, timedelta())
    is_charging = transaction.last_charging_state in (None, ChargingState.CHARGING)
    is_idle = transaction.last_charging_state in (ChargingState.SUSPENDED_EV, ChargingState.IDLE)
    count.energy_wh += gained_wh
    count.charging += time if is_charging else timedelta()
    count.idle += time if is_idle else timedelta()
    if count.tariff is None:
        return
    tariff = count.tariff
    _add(station, count, "energy", tariff.energy, gained_wh / 1000)
    minutes = Decimal(time // timedelta(microseconds=1)) / 60_000_000
    if is_charging:
        _add(station, count, "charging_time", tariff.charging_time, minutes)
    if is_idle:
        _add(station, count, "idle_time", tariff.idle_time, minutes)
    if tariff.fixed_fee is not None and "fixed" not in count.costs:
        _add(station, count, "fixed", tariff.fixed_fee, Decimal(1))


def _add(station: Station, count: Count, name: str, part: Any, quantity: Decimal) -> None:
    if part is None or not quantity:
        return
    price = next((each for each in part.prices if _holds(station, count, each.conditions)), None)
    if price is None:
        return
    amount = getattr(price, price.NUMBERS[0])
    count.costs[name] = count.costs.get(name, Decimal(0)) + amount * quantity


def _holds(station: Station, count: Count, conditions: Any) -> bool:
    """Of the conditions, those that this station understands."""
    if conditions is None:
        return True
    now = station.clock
    clock, since, until = (
        now.strftime("%H:%M"),
        conditions.start_time_of_day,
        conditions.end_time_of_day,
    )
    if since and until:
        inside = since <= clock < until if since < until else clock >= since or clock < until
        if not inside:
            return False
    if conditions.day_of_week and DAYS[now.weekday()] not in conditions.day_of_week:
        return False
    least, most = getattr(conditions, "min_energy", None), getattr(conditions, "max_energy", None)
    if least is not None and count.energy_wh < least:
        return False
    return most is None or count.energy_wh < most


def _prices(count: Count) -> dict[str, v2.Price]:
    assert count.tariff is not None, "counted without prices"
    tariff = count.tariff
    parts = {
        "fixed": tariff.fixed_fee,
        "energy": tariff.energy,
        "charging_time": tariff.charging_time,
        "idle_time": tariff.idle_time,
    }
    rates = {name: part.tax_rates if part else None for name, part in parts.items()}
    return {
        name: v2.Price(amount, taxed(amount, rates[name])) for name, amount in count.costs.items()
    }


def cost_details(station: Station, count: Count, *, is_end: bool) -> v2.CostDetails:
    assert count.tariff is not None, "counted without prices"
    costs, prices = station.memory(Costs), _prices(count)
    excl = sum((price.excl_tax or Decimal(0) for price in prices.values()), Decimal(0))
    incl = sum((price.incl_tax or Decimal(0) for price in prices.values()), Decimal(0))
    excl, incl = (cents(amount + costs.errs_by) for amount in (excl, incl))
    kind = v2.TariffCost.NormalCost
    least = count.tariff.min_cost
    if is_end and least is not None and least.excl_tax is not None and excl < least.excl_tax:
        prices = {"fixed": v2.Price(least.excl_tax, least.incl_tax)}
        excl, incl, kind = least.excl_tax, least.incl_tax or least.excl_tax, v2.TariffCost.MinCost
    shown: dict[str, Any] = {name: rounded(price) for name, price in prices.items()}
    return v2.CostDetails(
        total_cost=v2.TotalCost(
            currency=count.tariff.currency,
            type_of_cost=kind,
            total=v2.TotalPrice(excl, incl),
            **shown,
        ),
        total_usage=v2.TotalUsage(
            count.energy_wh, int(count.charging.total_seconds()), int(count.idle.total_seconds())
        ),
        charging_periods=_periods(count) if is_end else None,
        failure_to_calculate=True if costs.fails else None,
        failure_reason="out of memory" if costs.fails else None,
    )


def _periods(count: Count) -> list[v2.ChargingPeriod] | None:
    if count.tariff is None or count.seen_at is None:
        return None
    volumes = [v2.CostDimension(v2.CostDimensionKind.Energy, count.energy_wh)]
    idle_s = int(count.idle.total_seconds())
    if idle_s:
        volumes.append(v2.CostDimension(v2.CostDimensionKind.IdleTIme, Decimal(idle_s)))
    since = count.seen_at - count.charging - count.idle
    return [
        v2.ChargingPeriod(dimensions=volumes, tariff_id=count.tariff.tariff_id, start_period=since)
    ]


# -- telling and hearing


def _dress(station: Station, event: TransactionEvent) -> TransactionEvent:
    if not station.dialect.names_resuming:
        return event
    transaction, count = event.transaction, count_of(station, event.transaction.ref)
    evse = station.evses[transaction.evse]
    if count.tariff is None and not count.is_told and _counts_itself(station):
        count.tariff = _tariff_for(station, transaction)
    _move_on(station, evse, transaction)
    info: dict[str, Any] = dict(event.more.get("info", {}))
    more: dict[str, Any] = {name: each for name, each in event.more.items() if name != "info"}
    if count.tariff is not None and not count.is_told:
        count.is_told = True
        info["tariff_id"] = count.tariff.tariff_id  # I07.FR.32
    if count.tariff is not None and _tells_costs(station, event, count):
        count.told_at = station.now
        is_end = event.kind is EventKind.ENDED
        more["cost_details"] = cost_details(station, count, is_end=is_end)
    return replace(event, more={**more, "info": info} if info else more)


def _tariff_for(station: Station, transaction: Transaction) -> v2.Tariff | None:
    costs, token = station.memory(Costs), transaction.token
    own: v2.Tariff | None = station.prices_of.get(token.uid.casefold()) if token else None
    return own or costs.defaults.get(transaction.evse)


def _tells_costs(station: Station, event: TransactionEvent, count: Count) -> bool:
    if event.kind is EventKind.ENDED:
        return True  # I12.FR.01
    return event.trigger == "RunningCost" or (
        _is_on(station, "running_cost_enabled") and event.kind is EventKind.STARTED
    )


def _update(
    station: Station, evse: Evse, transaction: Transaction, trigger: str, **info: Any
) -> None:
    event = event_of(station, EventKind.UPDATED, transaction, trigger)
    transaction.last_charging_state = event.charging_state
    station.tell(replace(event, more={"info": info} if info else {}))


def _heed(station: Station, event: TransactionEvent, answer: EventAnswer) -> None:
    payload = answer.payload
    if not isinstance(payload, v2.TransactionEventResponse) or event.transaction.is_over:
        return
    count = count_of(station, event.transaction.ref)
    if payload.updated_personal_message is not None:
        count.message = payload.updated_personal_message.content
    if payload.transaction_limit is not None and event.kind is not EventKind.ENDED:
        limit_from_server(station, event.transaction, payload.transaction_limit)


def limit_from_server(
    station: Station, transaction: Transaction, limit: v2.TransactionLimit
) -> None:
    """E16.FR.03: what is supported is kept, and told back."""
    count = count_of(station, transaction.ref)
    supported = {WORDS[word] for word in station.settings.members("supported_limits")}
    told = {name: getattr(limit, name) for name in supported}
    given = {name: value for name, value in told.items() if value is not None}
    set_limits(station, transaction, {**count.limits, **given})


def set_limits(station: Station, transaction: Transaction, limits: Mapping[str, Decimal]) -> None:
    """E16.FR.01: a driver at the station, or its terminal, may set some too."""
    count, evse = count_of(station, transaction.ref), station.evses[transaction.evse]
    count.limits = dict(limits)
    kept = _limit_for(limits)
    _update(station, evse, transaction, "LimitSet", transaction_limit=kept)
    _watch_one(station, evse, transaction)


def _limit_for(limits: Mapping[str, Decimal]) -> v2.TransactionLimit:
    time, soc = limits.get("max_time"), limits.get("max_soc")
    return v2.TransactionLimit(
        max_cost=limits.get("max_cost"),
        max_energy=limits.get("max_energy"),
        max_time=None if time is None else int(time),
        max_soc=None if soc is None else int(soc),
    )


def _watch(station: Station) -> None:
    _replace_defaults(station)
    for evse in station.evses.values():
        if evse.transaction is not None and station.dialect.names_resuming:
            _move_on(station, evse, evse.transaction)
            _tell_running_cost(station, evse, evse.transaction)
            _watch_one(station, evse, evse.transaction)


def _replace_defaults(station: Station) -> None:
    """I07.FR.20: what was valid from later on is now."""
    costs = station.memory(Costs)
    for evse, tariffs in costs.waiting.items():
        for tariff in list(tariffs):
            if tariff.valid_from is not None and tariff.valid_from <= station.now:
                tariffs.remove(tariff)
                costs.defaults[evse] = tariff


def _tell_running_cost(station: Station, evse: Evse, transaction: Transaction) -> None:
    count, interval = count_of(station, transaction.ref), station.settings.seconds("cost_interval")
    if count.tariff is None or not interval or not _is_on(station, "running_cost_enabled"):
        return
    if count.told_at is None or station.now - count.told_at >= interval:
        _update(station, evse, transaction, "RunningCost")


def _watch_one(station: Station, evse: Evse, transaction: Transaction) -> None:
    count = count_of(station, transaction.ref)
    reached = _reached(station, evse, transaction, count)
    if reached is not None and count.reached is None:
        count.reached = reached
        transaction.is_suspended = True
        charging.reconsider(station, evse, REACHED[reached])  # E16.FR.05
    elif reached is None and count.reached is not None:
        count.reached = None
        transaction.is_suspended = False
        charging.reconsider(station, evse, "ChargingStateChanged")  # E16.FR.14


def _reached(station: Station, evse: Evse, transaction: Transaction, count: Count) -> str | None:
    battery = evse.vehicle.battery if evse.vehicle else None
    values: dict[str, Decimal | None] = {
        "max_cost": _cost_so_far(station, evse, count),
        "max_energy": count.energy_wh,
        "max_time": Decimal(int((station.clock - transaction.started_at).total_seconds())),
        "max_soc": battery.soc_percent if battery else None,
    }
    for name, limit in count.limits.items():
        value = values[name]
        if value is not None and value >= limit:
            return name
    return None


def _cost_so_far(station: Station, evse: Evse, count: Count) -> Decimal | None:
    """E16.FR.15, E16.FR.16"""
    if count.tariff is None:
        return station.costs.get(evse.number)
    return sum((price.incl_tax or Decimal(0) for price in _prices(count).values()), Decimal(0))


BLOCK = Block(
    "costs",
    commands={
        v2.SetDefaultTariffRequest: _set_default,
        v2.GetTariffsRequest: _get,
        v2.ClearTariffsRequest: _clear,
        v2.ChangeTransactionTariffRequest: _change,
    },
    settings=(
        Setting(
            "supported_limits",
            "maxCost,maxEnergy,maxTime,maxSoC",
            Kind.MEMBERS,
            place=Place("TxCtrlr", "SupportedLimits"),
            access=Access.READ_ONLY,
        ),
        Setting(
            "tariff_elements_max",
            "5",
            Kind.INTEGER,
            place=Place("TariffCostCtrlr", "MaxElements", "Tariff"),
            access=Access.READ_ONLY,
        ),
        Setting(
            "tariff_conditions",
            "true",
            Kind.BOOLEAN,
            place=Place("TariffCostCtrlr", "ConditionsSupported", "Tariff"),
            access=Access.READ_ONLY,
        ),
        Setting(
            "tariff_available",
            "true",
            Kind.BOOLEAN,
            place=Place("TariffCostCtrlr", "Available", "Tariff"),
            access=Access.READ_ONLY,
        ),
        Setting(
            "tariff_message",
            "Ask the operator for the price",
            place=Place("TariffCostCtrlr", "TariffFallbackMessage"),
            highest=255,
        ),
        Setting(
            "running_cost_enabled",
            "false",
            Kind.BOOLEAN,
            place=Place("TariffCostCtrlr", "Enabled", "RunningCost"),
        ),
        Setting(
            "cost_interval",
            "300",
            Kind.INTEGER,
            place=Place("TariffCostCtrlr", "Interval", "Cost"),
            unit="s",
            lowest=0,
        ),
    ),
    dresses=(_dress,),
    heeds=(_heed,),
    watches=(_watch,),
)
