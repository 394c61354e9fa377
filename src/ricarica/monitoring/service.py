"""Monitors of stations: those there are, those that are wanted, and what they tell of."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ricarica.configuration.limits import Limit, parts_of
from ricarica.configuration.service import ConfigurationService
from ricarica.configuration.templates import Wanted, WantedMonitor
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EventId, Ids, StationKey
from ricarica.monitoring.commands import (
    ActivateMonitors,
    ClearMonitors,
    ReportMonitors,
    SetMonitoringLevel,
    SetMonitors,
)
from ricarica.monitoring.events import EventAcknowledged, MonitorsChanged, StationNoticed
from ricarica.monitoring.facts import (
    EventsNoticed,
    LevelSet,
    MonitoringToldOff,
    MonitorsActivated,
    MonitorsReported,
    MonitorsSet,
    Noticed,
)
from ricarica.monitoring.model import (
    MONITORS_MAX,
    NOTE_LENGTH_MAX,
    ActiveMonitors,
    MonitorDrift,
    Monitoring,
    MonitorStanding,
    Refusal,
    ReportState,
    StationEvent,
    drift_of,
    storable,
)
from ricarica.monitoring.ports import EventStore, MonitorStore
from ricarica.stations.commands import BringInStep
from ricarica.stations.model import Station

SETTING = Limit(1)  # of a station that has not said how many it takes
CLEARING = Limit(1)
ANSWERS_WITHIN = timedelta(minutes=30)  # a report of thousands of monitors takes its time
REFUSALS_MAX = 200  # that are remembered of one station


class MonitoringService:
    def __init__(
        self,
        store: MonitorStore,
        events: EventStore,
        configuration: ConfigurationService,
        outgoing: Outgoing,
        ids: Ids,
    ) -> None:
        self._store = store
        self._events = events
        self._configuration = configuration
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._ids = ids

    # -- what stations tell of their monitors

    async def report(self, reported: MonitorsReported) -> None:
        """N02: take note of what monitors there are; after the last part, what is not named
        is gone."""
        room = MONITORS_MAX - len(await self._store.monitors(reported.station))
        await self._store.save_monitors(reported.monitors[: max(room, len(reported.monitors) // 2)])
        known = await self._store.monitoring(reported.station)
        if not reported.part.is_last or known is None or known.number != reported.part.number:
            return
        for monitor in await self._store.monitors(reported.station):
            if monitor.reported_at < known.asked_at:
                self._store.remove_monitor(monitor)
        self._store.save_monitoring(
            replace(known, state=ReportState.TOLD, told_at=reported.at, refused=())
        )
        self._announce(MonitorsChanged(reported.station))
        self._tell(reported.station, BringInStep("monitors"))

    async def none_to_report(self, station: StationKey, number: int, at: datetime) -> None:
        """N02.FR.10: an empty list comes without a report."""
        known = await self._store.monitoring(station)
        if known is None or known.number != number:
            return
        for monitor in await self._store.monitors(station):
            self._store.remove_monitor(monitor)
        self._store.save_monitoring(replace(known, state=ReportState.TOLD, told_at=at, refused=()))
        self._announce(MonitorsChanged(station))

    async def set(self, fact: MonitorsSet) -> None:
        """N04: take note of what the station took, and of what it would not."""
        replaced = {monitor.number for monitor in fact.accepted}
        for monitor in await self._store.monitors(fact.station):
            is_same = any(monitor.identity == new.identity for new in fact.accepted)
            if is_same and monitor.number not in replaced:
                self._store.remove_monitor(monitor)
        await self._store.save_monitors(fact.accepted)
        if fact.refused:
            known = await self._known(fact.station, fact.at)
            refusals = tuple(Refusal(wanted, why) for wanted, why in fact.refused)
            named = {each.wanted for each in refusals}
            kept = tuple(each for each in known.refused if each.wanted not in named)
            self._store.save_monitoring(replace(known, refused=(*kept, *refusals)[-REFUSALS_MAX:]))
            self._tell(fact.station, BringInStep("monitors"))
        self._announce(MonitorsChanged(fact.station))

    async def cleared(self, station: StationKey, numbers: Iterable[int]) -> None:
        """N06"""
        for number in numbers:
            monitor = await self._store.monitor(station, number)
            if monitor is not None:
                self._store.remove_monitor(monitor)
        self._announce(MonitorsChanged(station))

    async def base_set(self, fact: MonitorsActivated) -> None:
        """N03.FR.03–05: which monitors there are now has to be asked for."""
        known = await self._known(fact.station, fact.at)
        self._store.save_monitoring(replace(known, base=fact.base, told_at=None, number=0))
        self._announce(MonitorsChanged(fact.station))

    async def level_set(self, fact: LevelSet) -> None:
        known = await self._known(fact.station, fact.at)
        self._store.save_monitoring(replace(known, level=fact.severity))
        self._announce(MonitorsChanged(fact.station))

    async def told_off(self, fact: MonitoringToldOff) -> None:
        """Take note of what a station will not do, lest it is told so for ever."""
        known = await self._known(fact.station, fact.at)
        if fact.what == "report":
            if fact.number == known.number:
                self._store.save_monitoring(replace(known, state=ReportState.REFUSED))
            return
        unsayable = tuple(sorted({*known.unsayable, fact.what}))
        self._store.save_monitoring(replace(known, unsayable=unsayable))
        self._tell(fact.station, BringInStep("monitors"))

    async def _known(self, station: StationKey, at: datetime) -> Monitoring:
        known = await self._store.monitoring(station)
        return known or Monitoring(station, ReportState.ASKED, at)

    # -- what they are asked and told

    async def ask_for_all(self, station: StationKey, now: datetime) -> ReportMonitors:
        """The question for all monitors, noted so that its answer is known as such."""
        number = self._ids.wire_number()
        known = await self._known(station, now)
        self._store.save_monitoring(
            replace(known, state=ReportState.ASKED, asked_at=now, number=number, unsayable=())
        )
        return ReportMonitors(number)

    async def drift(self, station: StationKey, wanted: Wanted) -> list[MonitorDrift]:
        known = await self._store.monitoring(station)
        refused = known.refused if known else ()
        return drift_of(wanted.monitors, await self._store.monitors(station), refused)

    async def next_command(self, station: Station, wanted: Wanted, now: datetime) -> object | None:
        """What brings the station's monitors nearer to those that are wanted."""
        if not wanted.has_monitoring:
            return None
        known = await self._store.monitoring(station.key)
        if known is None or _is_outdated(known, station):
            return await self.ask_for_all(station.key, now)
        if known.state is ReportState.ASKED and known.asked_at > now - ANSWERS_WITHIN:
            return ReportMonitors(known.number)  # its answer brings us back here
        if command := _about_all(known, wanted):
            return command
        orders = await self.setting(station.key, await self.drift(station.key, wanted))
        return orders[0] if orders else None

    async def setting(
        self, station: StationKey, drift: Iterable[MonitorDrift]
    ) -> list[SetMonitors]:
        """Orders that the station can take, one after the other. N04.FR.09"""
        to_tell = (MonitorStanding.MISSING, MonitorStanding.DIFFERS)
        limit = await self._configuration.limit(station, "monitor", SETTING)
        items = [(each, each.wanted.name) for each in drift if each.standing in to_tell]
        return [
            SetMonitors(
                tuple(each.wanted for each in part),
                tuple(each.actual.number if each.actual else None for each in part),
            )
            for part in parts_of(items, limit)
        ]

    async def ordering(
        self, station: StationKey, monitors: Sequence[tuple[WantedMonitor, int | None]]
    ) -> list[SetMonitors]:
        """The same for monitors by hand, each with the number of the one that gives way."""
        limit = await self._configuration.limit(station, "monitor", SETTING)
        items = [(each, each[0].name) for each in monitors]
        return [
            SetMonitors(tuple(one for one, _ in part), tuple(number for _, number in part))
            for part in parts_of(items, limit)
        ]

    async def clearing(self, station: StationKey, numbers: Sequence[int]) -> list[ClearMonitors]:
        """N06.FR.04"""
        limit = await self._configuration.limit(station, "clear_monitor", CLEARING)
        items = [(number, str(number)) for number in dict.fromkeys(numbers)]
        return [ClearMonitors(part) for part in parts_of(items, limit)]

    # -- events

    async def notice(self, noticed: EventsNoticed) -> None:
        """N07, N08: keep what a station noticed, once, however often it says so."""
        told = [await self._event(each, noticed) for each in noticed.events]
        for event in await self._events.unknown(told):
            await self._events.save(event)
            self._announce(
                StationNoticed(
                    event.station,
                    event.id,
                    event.name,
                    event.value,
                    event.severity,
                    event.cleared,
                    event.placed_at,
                    event.origin,
                    event.code,
                    event.info,
                )
            )

    async def _event(self, told: Noticed, noticed: EventsNoticed) -> StationEvent:
        station = noticed.station
        severity, origin = told.severity, told.origin
        if told.monitor is not None and (severity is None or origin is None):
            # 2.0.1 leaves it to us to look up how severe that is.
            monitor = await self._store.monitor(station, told.monitor)
            if monitor is not None:
                severity = monitor.severity if severity is None else severity
                origin = origin or monitor.origin
        return StationEvent(
            station,
            self._ids.event(),
            storable(told.at),  # told again, it is the same, which our clock's time would not be
            noticed.received_at,
            told.name,
            told.value,
            severity,
            told.cleared,
            told.trigger,
            origin,
            told.number,
            told.cause,
            told.code,
            told.info,
            told.transaction,
            told.monitor,
        )

    async def acknowledge(
        self, station: StationKey, event: EventId, by: str, note: str, now: datetime
    ) -> StationEvent:
        """
        Raises:
            NotFoundError: there is no such event.
            InvalidError: the note is too long.
        """
        known = await self._events.get(station, event)
        if known is None:
            raise NotFoundError(f"there is no event {event} of {station.station}")
        if len(note) > NOTE_LENGTH_MAX:
            raise InvalidError(f"a note has at most {NOTE_LENGTH_MAX} characters")
        if known.acknowledged_at is not None and not note:
            return known
        acknowledged = replace(
            known, acknowledged_at=now, acknowledged_by=by, note=note or known.note
        )
        await self._events.save(acknowledged)
        self._announce(EventAcknowledged(station, event, by))
        return acknowledged


def _is_outdated(known: Monitoring, station: Station) -> bool:
    """N04.FR.19: after a reboot the numbers of monitors may be others."""
    if station.booted_at is not None and known.asked_at < station.booted_at:
        return True
    return known.number == 0


def _about_all(known: Monitoring, wanted: Wanted) -> ActivateMonitors | SetMonitoringLevel | None:
    base, level = wanted.monitoring_base, wanted.monitoring_level
    if base is not None and known.base != base and "base" not in known.unsayable:
        return ActivateMonitors(ActiveMonitors(base))
    if level is not None and known.level != level and "level" not in known.unsayable:
        return SetMonitoringLevel(level)
    return None
