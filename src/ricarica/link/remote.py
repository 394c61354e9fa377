"""Decisions for a gateway that has no core of its own: cores come and go, its sockets stay."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

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
    Letter,
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
CORE_SILENT_S = 2.5  # two words of it missing: others are asked first
CORE_LOST_S = 5.0  # without a word from it
CORE_FORGOTTEN_S = 60.0  # it comes back by another name
LOOK_S = 0.5  # whether the core that is being asked still lives
MOVES_WITHIN_S = 5.0  # after an outage all come back at about the same time
ANSWER_S = 60.0  # longer than any commit takes, or the station waits
LEFT_AFTER_S = 2.0  # by then its core has heard of it, or will never
LEFT_UNKNOWN_S = 2 * ADMIT_S  # who gave up on a core: it may still be about to open
MOVING_AT_ONCE = 50  # stations that are opened at another core
SERVICE_RESTART = 1012

L = TypeVar("L", bound=Letter)

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
        self._turns = itertools.count()
        self._asked_by: dict[int, StationKey] = {}
        self._heard: dict[str, float] = {}
        self._moving: set[asyncio.Task[None]] = set()
        self._moves = asyncio.Semaphore(MOVING_AT_ONCE)
        self._opening: Counter[StationKey] = Counter()
        self._left: dict[StationKey, float] = {}  # when to see that they do not look connected
        self._is_deaf = False  # what cores say does not come here

    async def start(self) -> None:
        await self._bus.listen(f"gateway.{self._node}.replies", Replied, self._replied)
        await self._bus.listen("cores", CoreLives, self._core_lives)
        self._bus.when_lost(self._hears_nothing)
        self._bus.when_back(self._hears_again)

    # -- Decisions

    async def admit(self, knock: Knock) -> Admission:
        try:
            return await self._asked("admit", knock, Admission, CORE_SILENT_S)
        except (UnreachedError, NoAnswerError):
            return Admission(Verdict.UNAVAILABLE)

    async def open(self, opened: Opened) -> int:
        self._opening[opened.key] += 1
        try:
            welcomed = await self._opened(opened)
        finally:
            self._opening[opened.key] -= 1
            if not self._opening[opened.key]:
                del self._opening[opened.key]
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
        self._post(station, 0, closed)
        self._forget(station)
        del self._stations[closed.key]
        self._has_left(closed.key)

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
        settled = (station for station in self._stations.values() if not station.is_moving)
        for core in {station.core for station in settled}:
            heard = self._heard.setdefault(core, now)
            if now - heard > CORE_LOST_S and not self._is_deaf:
                log.warning("core.lost", core=core)
                self._move_from(core)
        for core in [core for core, at in self._heard.items() if now - at > CORE_FORGOTTEN_S]:
            del self._heard[core]
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
                welcomed = await self._opened_soon(station)
        except RicaricaError as error:
            log.warning("station.not_moved", station=str(station.opened.key), error=str(error))
            self._send_off(station)
            return
        finally:
            station.is_moving = False
        if welcomed is None:
            return
        station.core, station.epoch = welcomed.core, welcomed.epoch
        if not self._is_here(station):
            self._post(station, 0, _goodbye(station))  # it left meanwhile
            self._has_left(station.opened.key)
            return
        for number, (delivered, _, _) in list(station.waiting.items()):
            self._post(station, number, delivered)

    async def _opened_soon(self, station: _Station) -> Welcomed | None:
        """None: it has left, and another connection of its may be there, which is the later one."""
        until = time.monotonic() + MOVES_WITHIN_S
        while self._is_here(station):
            try:
                return await self._opened(station.opened)
            except StorageUnavailableError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(LOOK_S)
        return None

    def _is_here(self, station: _Station) -> bool:
        return self._stations.get(station.opened.key) is station

    async def _opened(self, opened: Opened) -> Welcomed:
        try:
            # To open it elsewhere too soon would take it from the core that was only slow.
            return await self._asked("open", opened, Welcomed, CORE_LOST_S)
        except asyncio.CancelledError:
            self._has_left(opened.key, LEFT_UNKNOWN_S)
            raise
        except (UnreachedError, NoAnswerError) as error:
            self._has_left(opened.key, LEFT_UNKNOWN_S)
            raise StorageUnavailableError(f"no core takes stations now: {error}") from error

    # -- whom to ask

    async def _asked(self, what: str, letter: Letter, answer: type[L], patience_s: float) -> L:
        """Of a core that lives, and of another one when that is silent for too long meanwhile.

        Raises:
            UnreachedError: nobody listens.
            NoAnswerError: no answer came in time.
        """
        until = time.monotonic() + ADMIT_S
        tried: set[str] = set()
        while core := self._next_core(tried):
            tried.add(core)
            subject, left_s = f"core.{core}.{what}", max(until - time.monotonic(), LOOK_S)
            asking = asyncio.ensure_future(self._bus.request(subject, letter, answer, left_s))
            try:
                while not asking.done() and not self._falls_silent(core, tried, patience_s):
                    await asyncio.wait({asking}, timeout=LOOK_S)
                if asking.done():
                    return asking.result()
            except UnreachedError:
                continue  # it has just gone
            finally:
                asking.cancel()
        return await self._bus.request(what, letter, answer, max(until - time.monotonic(), LOOK_S))

    def _next_core(self, tried: set[str]) -> str | None:
        """They take turns."""
        since = time.monotonic() - CORE_SILENT_S
        living = [core for core, at in self._heard.items() if at >= since and core not in tried]
        return living[next(self._turns) % len(living)] if living else None

    def _falls_silent(self, core: str, tried: set[str], patience_s: float) -> bool:
        is_silent = time.monotonic() - self._heard.get(core, 0.0) > patience_s
        return is_silent and self._next_core(tried) is not None

    @property
    def trouble(self) -> str | None:
        """Why nobody can be let in now."""
        if not self._bus.is_connected:
            return "NATS cannot be reached, and what stations say is decided elsewhere"
        now = time.monotonic()
        if all(now - at > CORE_LOST_S for at in self._heard.values()):
            return "no process with the role core is there"
        return None

    # -- whoever has left

    def _has_left(self, key: StationKey, after_s: float = LEFT_AFTER_S) -> None:
        """Its core may have died, or not have heard it: a letter can be lost."""
        due = time.monotonic() + after_s
        self._left[key] = max(self._left.get(key, due), due)

    def left(self, now: float, most: int) -> list[StationKey]:
        """Those who have left and must not look connected here any more; each is told once."""
        told = [key for key, at in self._left.items() if at <= now][:most]
        for key in told:
            del self._left[key]
        return [key for key in told if not self.holds(key)]

    def holds(self, key: StationKey) -> bool:
        return key in self._stations or self._opening[key] > 0

    def see_again(self, keys: Iterable[StationKey]) -> None:
        """Those of `left` that could not be seen to."""
        for key in keys:
            self._has_left(key)

    # -- parts

    def _hears_nothing(self) -> None:
        self._is_deaf = True
        self._withhold_all()

    def _hears_again(self) -> None:
        """Nobody could be heard meanwhile, which says nothing about those we rely on."""
        self._is_deaf = False
        now = time.monotonic()
        self._heard = {station.core: now for station in self._stations.values()}

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
