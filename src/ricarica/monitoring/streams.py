"""Streams of values: telemetry that is looked at while it is fresh. N11–N15"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ricarica.configuration.templates import StreamRate
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey
from ricarica.monitoring.commands import AdjustStream, ReadStreams
from ricarica.monitoring.events import StreamAdvanced, StreamChanged
from ricarica.monitoring.facts import StreamOpened, StreamValues
from ricarica.monitoring.model import (
    BLOCKS,
    GROWTHS,
    INTERVAL_S_MIN,
    STREAMS_MAX,
    VALUES_MAX,
    Block,
    Monitor,
    Stream,
)
from ricarica.monitoring.ports import MonitorStore, StreamStore

INTERVAL_S_USUAL = 60  # of a stream that counts values only


class StreamService:
    def __init__(self, store: StreamStore, monitors: MonitorStore, outgoing: Outgoing) -> None:
        self._store = store
        self._monitors = monitors
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    async def open(self, opened: StreamOpened) -> bool:
        """N11.FR.05, FR.06: whether we take it; if not, the station sends events instead."""
        known = await self._store.all(opened.station)
        others = [stream for stream in known if stream.number != opened.number]
        if len(others) >= STREAMS_MAX:
            return False
        name = await self._name(opened.station, opened.monitor)
        for stream in others:
            if stream.monitor == opened.monitor:
                await self._store.remove(stream)  # it was opened anew, under another number
        stream = Stream(opened.station, opened.number, opened.at, opened.monitor, name, opened.rate)
        self._store.save(stream)
        self._announce(StreamChanged(opened.station, opened.number, is_open=True))
        return True

    async def take(self, told: StreamValues) -> None:
        """N15: keep the latest values. Nobody is answered, so what does not fit is dropped."""
        stream = await self._store.get(told.station, told.number)
        if stream is None:
            stream = await self._lost(told)
        if stream is None or not told.samples:
            return
        samples = told.samples[-VALUES_MAX:]
        slot = stream.received % BLOCKS
        await self._store.save_block(Block(told.station, told.number, slot, samples))
        growing = stream.growing + 1 if told.pending > stream.pending else 0
        last = samples[-1]
        advanced = replace(
            stream,
            received=stream.received + 1,
            pending=told.pending,
            growing=growing,
            last_at=last.at,
            last_value=last.value,
        )
        if growing >= GROWTHS:
            advanced = self._hurried(advanced)
        self._store.save(advanced)
        self._announce(StreamAdvanced(told.station, told.number, last.value, last.at))

    async def _lost(self, told: StreamValues) -> Stream | None:
        """One that we know nothing of: ask what it is. N12"""
        if len(await self._store.all(told.station)) >= STREAMS_MAX:
            return None
        self._tell(told.station, ReadStreams())
        return Stream(told.station, told.number, told.at)

    def _hurried(self, stream: Stream) -> Stream:
        """N15.FR.05: it lags behind more and more, so let it say more at once, and sooner."""
        rate = stream.rate or StreamRate(INTERVAL_S_USUAL)
        interval_s = rate.interval_s or INTERVAL_S_USUAL
        values_max = (rate.values_max or stream.pending) * 2
        faster = StreamRate(max(interval_s // 2, INTERVAL_S_MIN), min(values_max, VALUES_MAX))
        if faster != stream.rate:
            self._tell(stream.station, AdjustStream(stream.number, faster))
        return replace(stream, growing=0)

    async def adjusted(self, station: StationKey, number: int, rate: StreamRate) -> None:
        """N14"""
        stream = await self._store.get(station, number)
        if stream is not None:
            self._store.save(replace(stream, rate=rate))
            self._announce(StreamChanged(station, number, is_open=True))

    async def close(self, station: StationKey, number: int) -> None:
        """N13"""
        stream = await self._store.get(station, number)
        if stream is not None:
            await self._store.remove(stream)
            self._announce(StreamChanged(station, number, is_open=False))

    async def listed(self, station: StationKey, told: Iterable[StreamOpened], at: datetime) -> None:
        """N12: these are open, and no others."""
        open_now = {each.number: each for each in told}
        for stream in await self._store.all(station):
            if stream.number not in open_now:
                await self._store.remove(stream)
                self._announce(StreamChanged(station, stream.number, is_open=False))
        for each in list(open_now.values())[:STREAMS_MAX]:
            known = await self._store.get(station, each.number)
            stream = known or Stream(station, each.number, at)
            name = await self._name(station, each.monitor)
            self._store.save(replace(stream, monitor=each.monitor, name=name, rate=each.rate))
            self._announce(StreamChanged(station, each.number, is_open=True))

    async def name(self, station: StationKey, monitors: Iterable[Monitor]) -> None:
        """N11.FR.04: a stream may be opened before we hear how its monitor was set."""
        names = {monitor.number: monitor.name for monitor in monitors}
        if not names:
            return
        for stream in await self._store.all(station):
            name = names.get(stream.monitor) if stream.monitor is not None else None
            if name and name != stream.name:
                self._store.save(replace(stream, name=name))
                self._announce(StreamChanged(station, stream.number, is_open=True))

    async def _name(self, station: StationKey, number: int) -> str:
        """N11.FR.04, FR.08, N15.FR.03: the monitor knows which variable it is."""
        monitor = await self._monitors.monitor(station, number)
        return monitor.name if monitor else ""
