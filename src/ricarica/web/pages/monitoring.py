"""/stations/{id}/monitoring: what a station watches, and the values it streams."""

from collections.abc import Awaitable, Callable, Sequence

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.configuration.queries import SettingQueries
from ricarica.configuration.templates import check_monitor
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.monitoring.commands import (
    ActivateMonitors,
    ReadStreams,
    SetMonitoringLevel,
    SetMonitors,
)
from ricarica.monitoring.model import ActiveMonitors, MonitorDrift
from ricarica.monitoring.queries import MonitoringQueries
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.web.builders.device_model import (
    monitor_drift_row,
    monitor_from,
    monitor_row,
    stream_row,
)
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.messages import station_view
from ricarica.web.pages.station import told
from ricarica.web.sessions import needs
from ricarica.web.typed import digits_in, needed_count_in
from ricarica.web.views.device_model import MonitoringPage, Streams
from ricarica.web.visitor import Html, Visiting, Visitor

SUGGESTED_MAX = 300

Orders = Sequence[object]


@get("/stations/{station:str}/monitoring", opt=needs(Permission.READ))
async def monitoring_page(visitor: Visiting, station: FromPath[str]) -> Html:
    return await visitor.show(await _page(visitor, station))


@get("/fragments/stations/{station:str}/streams", opt=needs(Permission.READ))
async def streams_part(visitor: Visiting, station: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    return visitor.part(await _streams(visitor, view.station.key))


@post("/stations/{station:str}/monitoring/{act:str}", opt=needs(Permission.COMMAND))
async def tell(visitor: Visiting, station: FromPath[str], act: FromPath[str]) -> Html:
    """Answered with the page, when the station has answered."""
    if act not in _ORDERS:
        raise NotFoundError(f"there is no {act} here")
    key = (await station_view(visitor, station)).station.key
    try:
        orders = await visitor.carry_out(lambda slices: _ORDERS[act](visitor, slices, key))
    except InvalidError as error:
        return await visitor.show(await _page(visitor, station, Outcome.REFUSED, str(error)), 422)
    results: list[Result] = []
    for order in orders:
        results.append(await told(visitor, key, f"monitoring-{act}", order))
        if results[-1].outcome is Outcome.UNREACHED:
            break
    said = next((each for each in results if each.outcome is not Outcome.ACCEPTED), results[0])
    detail = said.words
    return await visitor.show(await _page(visitor, station, said.outcome, detail))


HANDLERS = (monitoring_page, streams_part, tell)


# -- what is told


async def _set(visitor: Visitor, slices: Slices, key: StationKey) -> Orders:
    monitor = monitor_from(visitor.form)
    check_monitor(monitor)
    return await slices.monitoring.ordering(key, [(monitor, None)])


async def _clear(visitor: Visitor, slices: Slices, key: StationKey) -> Orders:
    number = digits_in(visitor.form.get("number", ""))
    if number is None:
        raise InvalidError("name the monitor by its number")
    return await slices.monitoring.clearing(key, [number])


async def _base(visitor: Visitor, _slices: Slices, _key: StationKey) -> Orders:
    base = visitor.form.get("base", "")
    if base not in set(ActiveMonitors):
        raise InvalidError("choose which monitors are at work")
    return [ActivateMonitors(ActiveMonitors(base))]


async def _level(visitor: Visitor, _slices: Slices, _key: StationKey) -> Orders:
    return [SetMonitoringLevel(needed_count_in(visitor.form, "level", least=0, most=9))]


async def _report(_visitor: Visitor, slices: Slices, key: StationKey) -> Orders:
    return [await slices.monitoring.ask_for_all(key, slices.now)]


async def _read_streams(_visitor: Visitor, _slices: Slices, _key: StationKey) -> Orders:
    return [ReadStreams()]


_ORDERS: dict[str, Callable[[Visitor, Slices, StationKey], Awaitable[Orders]]] = {
    "set": _set,
    "clear": _clear,
    "base": _base,
    "level": _level,
    "report": _report,
    "streams": _read_streams,
}


# -- what is shown


async def _page(
    visitor: Visitor, part: str, outcome: Outcome | None = None, detail: str | None = None
) -> MonitoringPage:
    view = await station_view(visitor, part)
    station = view.station
    queries = MonitoringQueries(visitor.database)
    known = await queries.monitoring(station.key)
    sayable = visitor.house.engine.commands.sayable(station.dialect or "")
    settings = await SettingQueries(visitor.database).settings(station.key)
    return MonitoringPage(
        head_from(view),
        tuple(map(monitor_row, await queries.monitors(station.key))),
        tuple(map(monitor_drift_row, await visitor.carry_out(lambda s: _drift(s, station.key)))),
        await _streams(visitor, station.key),
        known.told_at if known else None,
        known.base if known else None,
        known.level if known else None,
        can_tell=station.connected and visitor.may(Permission.COMMAND),
        is_sayable=SetMonitors in sayable,
        variables=tuple(each.name for each in settings if each.monitorable)[:SUGGESTED_MAX],
        outcome=outcome,
        detail=detail,
    )


async def _drift(slices: Slices, key: StationKey) -> list[MonitorDrift]:
    station = await slices.stations.get(key)
    return await slices.monitoring.drift(key, await slices.templates.wanted(station))


async def _streams(visitor: Visitor, key: StationKey) -> Streams:
    queries = MonitoringQueries(visitor.database)
    streams = await queries.streams(key)
    samples = await queries.samples(key, [stream.number for stream in streams])
    units = await _units(visitor, key, [stream.name for stream in streams])
    rows = (
        stream_row(stream, samples[stream.number], units.get(stream.name)) for stream in streams
    )
    return Streams(key.station, tuple(rows))


async def _units(visitor: Visitor, key: StationKey, names: Sequence[str]) -> dict[str, str | None]:
    queries = SettingQueries(visitor.database)
    found = [await queries.setting(key, name) for name in dict.fromkeys(names) if name]
    return {setting.name: setting.unit for setting in found if setting}
