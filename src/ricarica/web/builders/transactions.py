"""Transactions as rows, bills and curves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationId
from ricarica.transactions.model import Transaction
from ricarica.transactions.queries.listing import (
    TransactionDetail,
    TransactionView,
)
from ricarica.transactions.queries.listing import TransactionFilter as Which
from ricarica.transactions.readings import Measurand, Reading, exported_in
from ricarica.web.builders.statuses import transaction_status
from ricarica.web.typed import YEARS
from ricarica.web.views.charts import Chart, Curve, Measure
from ricarica.web.views.status import Status
from ricarica.web.views.transactions import (
    Bill,
    TransactionFilter,
    TransactionLive,
    TransactionRow,
)

POINTS_MAX = 600  # as many as a wide chart has room for
CHARTED = (
    Measurand.POWER_ACTIVE_IMPORT,
    Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
    Measurand.SOC,
    Measurand.POWER_OFFERED,
    Measurand.POWER_ACTIVE_EXPORT,
    Measurand.ENERGY_ACTIVE_EXPORT_REGISTER,
)
SECONDS_PER_HOUR = Decimal(3600)

Series = Mapping[datetime, Decimal]


def row_from(view: TransactionView) -> TransactionRow:
    transaction = view.transaction
    running = transaction.is_running
    status = transaction_status(transaction, is_connected=view.connected)
    return TransactionRow(
        transaction.id,
        transaction.station.station,
        transaction.evse or None,
        status if running else Status.FINISHING,
        transaction.token,
        transaction.started_at,
        transaction.ended_at,
        transaction.energy.energy_wh,
        power_w=transaction.power_w if running else None,
        soc_percent=transaction.soc_percent,
        cost=view.cost,
        site=view.site,
        stop_reason=transaction.end_reason,
        flags=tuple(sorted(transaction.flags)),
    )


def live_from(
    detail: TransactionDetail, readings: Sequence[Reading], now: datetime
) -> TransactionLive:
    transaction = detail.view.transaction
    elapsed = transaction.elapsed(now)
    return TransactionLive(
        row_from(detail.view),
        chart_of(transaction, readings),
        _bill(detail),
        detail.entries,
        elapsed,
        _average_w(transaction.energy.energy_wh, elapsed),
        transaction.register_start_wh,
        _register_end_wh(transaction),
        exported_in(readings),
    )


def _register_end_wh(transaction: Transaction) -> Decimal | None:
    """As told at its end, or last."""
    if transaction.register_stop_wh is not None:
        return transaction.register_stop_wh
    return transaction.energy.last.register_wh if transaction.energy.last else None


def _bill(detail: TransactionDetail) -> Bill | None:
    if detail.cost is None or detail.prices is None:
        return None
    is_final = not detail.view.transaction.is_running
    return Bill(detail.cost, detail.prices.vat_percent, is_final=is_final)


def _average_w(energy_wh: Decimal, elapsed: timedelta) -> Decimal | None:
    seconds = Decimal(int(elapsed.total_seconds()))
    return energy_wh * SECONDS_PER_HOUR / seconds if seconds else None


# -- curves


def chart_of(transaction: Transaction, readings: Sequence[Reading]) -> Chart:
    series: dict[Measure, Series] = {
        Measure.POWER: _power(readings),
        Measure.ENERGY: _energy(transaction, readings),
        Measure.STATE_OF_CHARGE: {
            reading.at: reading.value for reading in readings if reading.measurand is Measurand.SOC
        },
        Measure.LIMIT: totals(readings, Measurand.POWER_OFFERED),
    }
    told = {measure: values for measure, values in series.items() if values}
    times = thinned(sorted({at for values in told.values() for at in values}))
    curves = (Curve(measure, tuple(map(values.get, times))) for measure, values in told.items())
    return Chart(times, tuple(curves))


def _power(readings: Sequence[Reading]) -> Series:
    """What flowed to the car; below zero, from it."""
    drawn = totals(readings, Measurand.POWER_ACTIVE_IMPORT)
    given = totals(readings, Measurand.POWER_ACTIVE_EXPORT)
    nothing = Decimal(0)
    return {at: drawn.get(at, nothing) - given.get(at, nothing) for at in {**drawn, **given}}


def totals(readings: Iterable[Reading], measurand: Measurand) -> Series:
    """The whole at the outlet at each moment: as told, or the phases together."""
    whole: dict[datetime, Decimal] = {}
    phases: dict[datetime, Decimal] = {}
    for reading in readings:
        if reading.measurand is not measurand or reading.location != "Outlet":
            continue
        if reading.phase is None:
            whole[reading.at] = reading.value
        else:
            phases[reading.at] = phases.get(reading.at, Decimal(0)) + reading.value
    return {**phases, **whole}


def thinned(times: Sequence[datetime]) -> tuple[datetime, ...]:
    """No more than a chart can show, and always the last."""
    step = -(-len(times) // POINTS_MAX) or 1
    return tuple(sorted({*times[::step], *times[-1:]}))


def _energy(transaction: Transaction, readings: Sequence[Reading]) -> Series:
    """What was charged by then."""
    registers = totals(readings, Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)
    start_wh = transaction.register_start_wh
    if start_wh is None:
        start_wh = registers[min(registers)] if registers else Decimal(0)
    return {at: value - start_wh for at, value in registers.items()}


# -- what a list is filtered by


def filter_from(query: Mapping[str, str]) -> TransactionFilter:
    return TransactionFilter(
        **{
            name: query.get(name, "").strip()
            for name in ("q", "state", "station", "since", "until")
        }
    )


def which_from(typed: TransactionFilter, zone: str) -> Which:
    """
    Raises:
        InvalidError: a day is none.
    """
    until = day_from(typed.until, zone)
    return Which(
        station=StationId(typed.station) if typed.station else None,
        running={"running": True, "ended": False}.get(typed.state),
        flagged=True if typed.state == "flagged" else None,
        since=day_from(typed.since, zone),
        until=until + timedelta(days=1) if until else None,
        text=typed.q or None,
    )


def day_from(typed: str, zone: str) -> datetime | None:
    """When a day begins where the operator is."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise InvalidError(f"{typed[:20]!r} is no day; write 2026-05-04") from error
    if day.year not in YEARS:
        raise InvalidError(f"nobody charged on {day}; write a day such as 2026-05-04")
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
