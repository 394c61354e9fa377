"""Controls of the grid at stations that can give energy back; R."""

from datetime import datetime

from msgspec.structs import replace

from ricarica.energy.commands import ClearDer, SetDer
from ricarica.energy.der import DerAlarm, DerControl, HeldControl, check
from ricarica.energy.events import DerAlarmChanged, DerControlChanged, DerControlRan
from ricarica.energy.facts import DerAlarmTold, DerRan, DerReported
from ricarica.energy.ports import DerStore
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import Ids, StationKey
from ricarica.stations.service import StationService

CONTROLS_MAX = 500  # of one station: each of 22 kinds has a default and a few to come
ACCEPTED = "accepted"


class DerService:
    def __init__(
        self, store: DerStore, stations: StationService, announcer: Announcer, ids: Ids
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = announcer.announce
        self._ids = ids

    async def want(self, station: StationKey, control: DerControl, at: datetime) -> SetDer:
        """R04: one control, which supersedes those of its kind that matter less.

        Raises:
            InvalidError: it may not be sent; the text says what would do.
        """
        await self._stations.get(station)
        ready = control if control.id else replace(control, id=self._ids.new())
        check(ready)
        await self._forget_over(station, at)
        known = await self._store.control(station, ready.id)
        if known is None and len(await self._store.controls(station)) >= CONTROLS_MAX:
            raise InvalidError(f"{CONTROLS_MAX} controls are kept of a station; clear some first")
        self._store.save_control(HeldControl(station=station, control=ready))
        self._announce(DerControlChanged(station, ready.id))
        return SetDer(ready)

    async def unwant(self, station: StationKey, id: str) -> ClearDer:
        """
        Raises:
            NotFoundError: nothing is known of it.
        """
        known = await self._store.control(station, id)
        if known is None:
            raise NotFoundError(f"{station.station} has no control {id}")
        self._store.save_control(replace(known, unwanted=True))
        self._announce(DerControlChanged(station, id))
        return ClearDer(known.control.is_default, id=id)

    async def answered(
        self,
        station: StationKey,
        command: SetDer,
        outcome: str,
        detail: str | None,
        at: datetime,
    ) -> None:
        id = command.control.id
        known = await self._store.control(station, id)
        held = known or HeldControl(station=station, control=command.control)
        is_held = outcome == ACCEPTED
        self._store.save_control(
            replace(held, held=is_held, outcome=outcome, detail=detail, told_at=at)
        )
        self._announce(DerControlChanged(station, id, outcome))

    async def superseded(self, station: StationKey, ids: tuple[str, ...]) -> None:
        """R04.FR.03, R04.FR.06, R04.FR.08: others matter more."""
        for id in ids:
            known = await self._store.control(station, id)
            if known and not known.superseded:
                self._store.save_control(replace(known, superseded=True))
                self._announce(DerControlChanged(station, id, "superseded"))

    async def cleared(self, station: StationKey, command: ClearDer) -> None:
        """R04: the station has none of these any more, or never had."""
        for held in await self._store.controls(station):
            if _is_meant(held, command):
                self._store.remove_control(held)
                self._announce(DerControlChanged(station, held.control.id, "cleared"))

    async def report(self, reported: DerReported) -> None:
        station, control = reported.station, reported.control
        known = await self._store.control(station, control.id)
        if known is None and len(await self._store.controls(station)) >= CONTROLS_MAX:
            return
        held = known or HeldControl(station=station, control=control)
        self._store.save_control(
            replace(
                held,
                control=control,
                held=True,
                superseded=reported.superseded,
                reported_at=reported.at,
            )
        )

    async def ran(self, told: DerRan) -> None:
        """R04.FR.20–22: a scheduled control began or ended."""
        known = await self._store.control(told.station, told.id)
        if known:
            self._store.save_control(replace(known, started=told.started, state_at=told.at))
        await self.superseded(told.station, told.superseded)
        self._announce(DerControlRan(told.station, told.id, told.started))

    async def alarm(self, told: DerAlarmTold) -> None:
        """R05. There is one alarm at a time: another control takes over from the last."""
        known = await self._store.alarm(told.station, told.kind)
        if known is not None and _is_repeat(known, told):
            return
        if not told.ended:
            await self._take_over(told)
        alarm = known or DerAlarm(station=told.station, kind=told.kind, at=told.at)
        begun = replace(alarm, at=told.at, fault=told.fault, info=told.info, ended_at=None)
        ended = replace(alarm, ended_at=told.at, info=told.info or alarm.info)
        self._store.save_alarm(ended if told.ended else begun)
        self._announce(DerAlarmChanged(told.station, told.kind, told.fault, told.ended))

    async def _take_over(self, told: DerAlarmTold) -> None:
        """R05.FR.04: the end of the one before is not told."""
        for other in await self._store.alarms(told.station):
            if other.kind != told.kind and other.ended_at is None:
                self._store.save_alarm(replace(other, ended_at=told.at))

    async def _forget_over(self, station: StationKey, at: datetime) -> None:
        for held in await self._store.controls(station):
            if held.control.is_over(at):
                self._store.remove_control(held)


def _is_repeat(known: DerAlarm, told: DerAlarmTold) -> bool:
    if told.ended:
        return known.ended_at == told.at
    return (known.at, known.fault) == (told.at, told.fault)


def _is_meant(held: HeldControl, command: ClearDer) -> bool:
    control = held.control
    if command.id is not None:
        return control.id == command.id
    return control.is_default is command.is_default and command.kind in (None, control.kind)
