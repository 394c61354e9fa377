"""Decisions for a gateway that has no core of its own: cores come and go, its sockets stay."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from ricarica.kernel.errors import RicaricaError, StorageUnavailableError
from ricarica.kernel.ids import StationKey
from ricarica.link.bus import Bus, NoAnswerError, UnreachedError
from ricarica.link.letters import (
    Admission,
    Closed,
    CoreLives,
    Delivered,
    HangUp,
    Knock,
    Noted,
    Opened,
    Posted,
    Replied,
    Reply,
    Verdict,
    Welcomed,
    Withheld,
)

ADMIT_S = 15.0  # a core may have to wait for its database
CORE_LOST_S = 5.0  # without a word from it
ANSWER_S = 60.0  # longer than any commit takes, or the station waits
UNSAID_MAX = 100_000  # as many stations as a gateway may have
MOVING_AT_ONCE = 50  # stations that are opened at another core
SERVICE_RESTART = 1012

log = structlog.get_logger("ricarica.link")


class _Station:
    """A connection of ours, and the core that decides for it."""

    __slots__ = ("core", "epoch", "first_epoch", "is_moving", "opened", "waiting")

    def __init__(self, opened: Opened, welcomed: Welcomed) -> None:
        self.opened = opened
        self.first_epoch = welcomed.epoch  # by which the connection calls itself
        self.epoch = welcomed.epoch  # what it is called at the core it has now
        self.core = welcomed.core
        self.is_moving = False
        self.waiting: dict[int, tuple[Delivered, Callable[[Reply], None], float]] = {}


class RemoteDecisions:
    """Implements `Decisions`. Each station has one core, and another one when that is lost."""

    def __init__(self, bus: Bus, node: str, hang_up: Callable[[HangUp], None]) -> None:
        self._bus = bus
        self._node = node
        self._hang_up = hang_up
        self._stations: dict[StationKey, _Station] = {}
        self._numbers = itertools.count(1)
        self._asked_by: dict[int, StationKey] = {}
        self._heard: dict[str, float] = {}
        self._moving: set[asyncio.Task[None]] = set()
        self._moves = asyncio.Semaphore(MOVING_AT_ONCE)
        self._unsaid: list[tuple[_Station, Closed]] = []

    async def start(self) -> None:
        await self._bus.listen(f"gateway.{self._node}.replies", Replied, self._replied)
        await self._bus.listen("cores", CoreLives, self._core_lives)
        self._bus.when_lost(self._withhold_all)
        self._bus.when_back(self._say_the_unsaid)

    # -- Decisions

    async def admit(self, knock: Knock) -> Admission:
        try:
            return await self._bus.request("admit", knock, Admission, ADMIT_S)
        except (UnreachedError, NoAnswerError):
            return Admission(Verdict.UNAVAILABLE)

    async def open(self, opened: Opened) -> int:
        welcomed = await self._opened(opened)
        self._stations[opened.key] = _Station(opened, welcomed)
        return welcomed.epoch

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        station = self._of(delivered)
        if station is None:
            reply(Withheld())
            return
        number = next(self._numbers)
        if delivered.wants_answer:
            station.waiting[number] = (delivered, reply, time.monotonic())
            self._asked_by[number] = delivered.key
        if not station.is_moving and not self._post(station, number, delivered):
            self._withhold(station)

    def close(self, closed: Closed) -> None:
        station = self._of(closed)
        if station is None:
            return
        if not self._post(station, 0, closed) and len(self._unsaid) < UNSAID_MAX:
            self._unsaid.append((station, closed))
        self._forget(station)
        del self._stations[closed.key]

    def note(self, noted: Noted) -> None:
        if station := self._of(noted):
            self._post(station, 0, noted)

    # -- from the cores

    def _replied(self, replied: Replied) -> None:
        key = self._asked_by.get(replied.number)
        station = self._stations.get(key) if key else None
        if (
            station
            and isinstance(replied.reply, Withheld)
            and not _is_called(station, replied.epoch)
        ):
            return  # the core that it has now is asked too
        self._asked_by.pop(replied.number, None)
        waiting = station.waiting.pop(replied.number, None) if station else None
        if waiting:
            waiting[1](replied.reply)

    def concerns(self, hang_up: HangUp) -> bool:
        """Whether it means a connection of ours as it is called now, and not at a core we left."""
        station = self._stations.get(hang_up.key)
        if station is None or hang_up.epoch is None:
            return True
        return station.epoch <= hang_up.epoch and not station.is_moving

    def _core_lives(self, lives: CoreLives) -> None:
        if lives.leaving:
            self._heard.pop(lives.core, None)
            self._move_from(lives.core)
        else:
            self._heard[lives.core] = time.monotonic()

    def check(self, now: float) -> None:
        """Leave cores that are silent, and close sockets whose messages have no answer."""
        for core in {station.core for station in self._stations.values()}:
            heard = self._heard.setdefault(core, now)
            if now - heard > CORE_LOST_S and self._bus.is_connected:
                log.warning("core.lost", core=core)
                self._move_from(core)
        for station in list(self._stations.values()):
            oldest = next(iter(station.waiting.values()), None)
            if oldest and now - oldest[2] > ANSWER_S:
                self._withhold(station)

    # -- to another core

    def _move_from(self, core: str) -> None:
        self._heard.pop(core, None)
        for station in self._stations.values():
            if station.core == core and not station.is_moving:
                station.is_moving = True
                task = asyncio.create_task(self._move(station))
                self._moving.add(task)
                task.add_done_callback(self._moving.discard)

    async def _move(self, station: _Station) -> None:
        """What has no answer yet is sent again, in its order: no fact counts twice."""
        try:
            async with self._moves:
                welcomed = await self._opened(station.opened)
        except RicaricaError as error:
            log.warning("station.not_moved", station=str(station.opened.key), error=str(error))
            self._send_off(station)
            return
        finally:
            station.is_moving = False
        station.core, station.epoch = welcomed.core, welcomed.epoch
        if self._stations.get(station.opened.key) is not station:
            self._post(station, 0, _goodbye(station))  # it left meanwhile
            return
        for number, (delivered, _, _) in list(station.waiting.items()):
            self._post(station, number, delivered)

    async def _opened(self, opened: Opened) -> Welcomed:
        try:
            return await self._bus.request("open", opened, Welcomed, ADMIT_S)
        except (UnreachedError, NoAnswerError) as error:
            raise StorageUnavailableError(f"no core takes stations now: {error}") from error

    # -- parts

    def _say_the_unsaid(self) -> None:
        """Who left while nobody could be told would look connected for ever."""
        unsaid, self._unsaid = self._unsaid, []
        for station, closed in unsaid:
            self._post(station, 0, closed)

    def _of(self, letter: Delivered | Closed | Noted) -> _Station | None:
        station = self._stations.get(letter.key)
        return station if station and station.first_epoch == letter.epoch else None

    def _post(self, station: _Station, number: int, letter: Delivered | Closed | Noted) -> bool:
        letter = msgspec.structs.replace(letter, epoch=station.epoch)
        return self._bus.send(f"core.{station.core}", Posted(self._node, number, letter))

    def _withhold_all(self) -> None:
        for station in list(self._stations.values()):
            self._withhold(station)

    def _withhold(self, station: _Station) -> None:
        """No answer will come, so the station is to keep what it sent, and come back."""
        for reply in self._forget(station):
            reply(Withheld())

    def _send_off(self, station: _Station) -> None:
        self._withhold(station)
        key, reason = station.opened.key, "the server restarts"
        self._hang_up(HangUp(key, SERVICE_RESTART, reason, epoch=station.first_epoch))

    def _forget(self, station: _Station) -> Iterable[Callable[[Reply], None]]:
        waiting, station.waiting = station.waiting, {}
        for number in waiting:
            self._asked_by.pop(number, None)
        return [reply for _, reply, _ in waiting.values()]


def _is_called(station: _Station, epoch: int) -> bool:
    return station.epoch == epoch and not station.is_moving


def _goodbye(station: _Station) -> Closed:
    opened = station.opened
    return Closed(opened.key, station.epoch, "it left while its core changed", opened.at)
