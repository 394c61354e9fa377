"""Some thousand stations in one process, for `bench.stations` and `bench.storm`.

Reads its task as JSON from the command line and then one order a line, also JSON; answers each
with a line when it is carried out. Ends when there are no more orders, so that nothing outlives
whoever started it. One process takes as many stations as it may have files open.
"""

import heapq
import json
import random
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from bench.frames import TEXT
from bench.processes import raise_file_limit
from bench.sockets import Sockets
from bench.station import Stage, Station, backoff_s

TURN_S = 0.1  # without anything to do
AGAIN_S = (1.0, 3.0)  # before another attempt, while the fleet comes for the first time
BOOT_AGAIN_S = 10.0  # for who was not accepted, whatever interval it was told

Order = dict[str, Any]
Reply = dict[str, Any]


class Measured:
    """Between an order and its reply."""

    def __init__(self) -> None:
        self.calls_ms: list[float] = []
        self.handshakes_ms: list[float] = []  # of those that were let in, from TCP to the 101
        self.attempts_ms: list[float] = []  # of all that knocked while somebody listened
        self.back_s: list[float] = []  # from the loss to the accepted boot
        self.outcomes: Counter[str] = Counter()  # of attempts, and what else went wrong
        self.put_off: Counter[str] = Counter()  # stations that charge, and were sent away

    def reply(self) -> Reply:
        lists = ("calls_ms", "handshakes_ms", "attempts_ms", "back_s")
        return {name: [round(value, 3) for value in getattr(self, name)] for name in lists} | {
            "outcomes": self.outcomes,
            "put_off": self.put_off,
        }


class Fleet:
    def __init__(self, task: dict[str, Any]) -> None:
        self._addresses: list[tuple[str, int]] = [(host, port) for host, port in task["addresses"]]
        self._sockets = Sockets(_tls(task["trusted"]) if task["trusted"] else None)
        self._sockets.watch(sys.stdin.fileno())
        self._rng = random.Random(task["seed"])
        self._wait_minimum_s, self._range_s = task["backoff"]
        self.stations = [
            Station(number, charges=number % task["charging_every"] == 0)
            for number in range(task["first"], task["first"] + task["stations"])
        ]
        self._agenda: list[tuple[float, int, Station]] = []  # when to try again
        self._goal: Callable[[], bool] | None = None  # whether the order is carried out
        self._look_at = 0.0
        self._opened = self._open_upto = 0  # of the stations, the first so many
        self._at_once = 0
        self._pace_s = 0.0  # between two messages; 0: none are sent
        self._next_at = 0.0
        self._speakers: Iterator[Station] = cycle(self.stations)
        self._hastens = False
        self._returns = False  # who loses its connection comes back
        self._in = 0
        self._lost = 0
        self.measured = Measured()

    def run(self) -> None:
        while True:
            for _ in self._sockets.turn(self._pause_s(), self):
                line = sys.stdin.readline()
                if not line:
                    return
                self._obey(json.loads(line))
            self._try_again()
            self._open_more()
            self._speak()
            self._report_when_done()

    def _report_when_done(self) -> None:
        # Not after each packet, for to look takes as long as there are stations.
        now = time.monotonic()
        if self._goal and now > self._look_at:
            self._look_at = now + TURN_S
            if self._goal():
                self._goal = None
                print(json.dumps(self._report()), flush=True)

    def _report(self) -> Reply:
        charges = [station.charge for station in self.stations if station.charge]
        return self.measured.reply() | {
            "in": self._in,
            "pings": self._sockets.pings,
            "measured": sum(charge.measured for charge in charges),
            "answered": sum(charge.answered for charge in charges),
        }

    def _pause_s(self) -> float:
        due = time.monotonic() + TURN_S
        if self._agenda:
            due = min(due, self._agenda[0][0])
        if self._pace_s:
            due = min(due, self._next_at)
        return due - time.monotonic()

    # -- orders

    def _obey(self, order: Order) -> None:
        orders = {
            "open": self._begin_to_open,
            "speak": self._begin_to_speak,
            "hasten": self._begin_to_hasten,
            "storm": self._begin_to_storm,
            "settle": self._begin_to_settle,
        }
        deadline = time.monotonic() + order["limit_s"]
        done = orders[order["do"]](order)
        self._goal = lambda: done() or self._has_run_out(deadline)

    def _has_run_out(self, deadline: float) -> bool:
        if time.monotonic() <= deadline:
            return False
        self._pace_s = 0.0  # what is measured from now on would not be in the report
        return True

    def _begin_to_open(self, order: Order) -> Callable[[], bool]:
        self.measured = Measured()
        self._open_upto, self._at_once = order["upto"], order["at_once"]
        return lambda: self._in >= self._open_upto

    def _begin_to_speak(self, order: Order) -> Callable[[], bool]:
        """Half of what is said are samples of those that charge, half are heartbeats."""
        self.measured = Measured()
        opened = self.stations[: self._opened]
        charging = [station for station in opened if station.charge]
        others = [station for station in opened if not station.charge]
        self._set_pace(order["rate"], in_turn(charging, others))
        until = time.monotonic() + order["seconds"]

        def is_done() -> bool:
            if time.monotonic() > until:
                self._pace_s = 0.0
            return not self._pace_s and not self._owes()

        return is_done

    def _begin_to_hasten(self, order: Order) -> Callable[[], bool]:
        """Those that charge say the next when the one before is answered."""
        self.measured = Measured()
        self._hastens = True
        for station in self.stations[: self._opened]:
            if station.charge and not station.waits_for:
                station.charge.sample()
                self._say_next(station)
        until = time.monotonic() + order["seconds"]

        def is_done() -> bool:
            self._hastens = time.monotonic() < until
            return not self._hastens and not self._owes()

        return is_done

    def _begin_to_storm(self, order: Order) -> Callable[[], bool]:
        """From now on whoever loses its connection comes back; those that charge measure on."""
        self.measured = Measured()
        self._returns, self._lost = True, 0
        self._set_pace(order["rate"], cycle([s for s in self.stations if s.charge]))
        return lambda: True

    def _begin_to_settle(self, order: Order) -> Callable[[], bool]:
        # The server is there again: before, nobody was there who could have put them off.
        self.measured.put_off.clear()

        def is_done() -> bool:
            if self._lost < order["lost_min"] or self._in < self._opened:
                return False
            self._pace_s = 0.0
            return not self._owes()

        return is_done

    def _set_pace(self, rate: float, speakers: Iterator[Station]) -> None:
        self._pace_s = 1 / rate if rate else 0.0
        self._next_at = time.monotonic()
        self._speakers = speakers

    def _owes(self) -> bool:
        return any(s.waits_for or (s.charge and s.charge.queue) for s in self.stations)

    # -- what time brings

    def _try_again(self) -> None:
        now = time.monotonic()
        while self._agenda and self._agenda[0][0] <= now:
            _, _, station = heapq.heappop(self._agenda)
            if station.stage is Stage.OUT:
                # A load balancer would send it to another node, when one does not listen.
                place = (station.number + station.attempt) % len(self._addresses)
                station.attempt += 1
                self._sockets.connect(station, self._addresses[place])
            elif station.stage is Stage.BOOTING and not station.waits_for:
                self._call(station, *station.boot())

    def _open_more(self) -> None:
        while self._opened < self._open_upto and self._sockets.arriving < self._at_once:
            station = self.stations[self._opened]
            self._opened += 1
            self._sockets.connect(station, self._addresses[station.number % len(self._addresses)])

    def _speak(self) -> None:
        now = time.monotonic()
        while self._pace_s and self._next_at <= now:
            self._next_at += self._pace_s
            station = next(self._speakers)
            if station.charge:
                station.charge.sample()
            if station.stage is Stage.IN and not station.waits_for:
                self._say_next(station)
            elif not station.charge:
                self.measured.outcomes["heartbeat left out"] += 1

    def _say_next(self, station: Station) -> None:
        if not station.charge:
            self._call(station, "Heartbeat", "{}")
        elif station.charge.queue:
            self._call(station, *station.report())

    def _call(self, station: Station, action: str, payload: str) -> None:
        station.said += 1
        station.waits_for = action
        station.said_at = time.monotonic()
        text = f'[2,"{station.said}","{action}",{payload}]'
        self._sockets.send(station, TEXT, text.encode())

    # -- from the sockets

    def upgraded(self, station: Station) -> None:
        took_ms = (time.monotonic() - station.connect_at) * 1000
        self.measured.handshakes_ms.append(took_ms)
        self.measured.attempts_ms.append(took_ms)
        self.measured.outcomes["101"] += 1
        self._call(station, *station.boot())

    def heard(self, station: Station, text: bytes) -> None:
        if text.startswith(b"[2,"):
            message_id = json.loads(text)[1]
            refusal = json.dumps([4, message_id, "NotImplemented", "", {}])
            self._sockets.send(station, TEXT, refusal.encode())
            return
        action, station.waits_for = station.waits_for, ""
        self.measured.calls_ms.append((time.monotonic() - station.said_at) * 1000)
        if not text.startswith(b"[3,"):
            self.measured.outcomes[f"{action} refused"] += 1
            return
        if station.take_answer(action, text.decode()):
            self._go_on(station)
        else:
            self._note(station, "not accepted")
            self._later(station, BOOT_AGAIN_S)

    def _go_on(self, station: Station) -> None:
        if station.charge and not station.charge.known:
            station.stage = Stage.STARTING
            self._call(station, *station.start())
            return
        if station.stage is not Stage.IN:
            self._arrive(station)
        if station.charge:
            if self._hastens:
                station.charge.sample()
            self._say_next(station)  # what was measured meanwhile, one by one

    def _arrive(self, station: Station) -> None:
        station.stage = Stage.IN
        station.attempt = 0
        self._in += 1
        if station.lost_at:
            self.measured.back_s.append(time.monotonic() - station.lost_at)
            station.lost_at = 0.0

    def lost(self, station: Station, was: Stage, why: str) -> None:
        if was is Stage.IN:
            self._in -= 1
            self._lost += 1
            station.lost_at = time.monotonic()
            self.measured.outcomes[f"lost: {why}"] += 1
        elif was > Stage.UPGRADING:
            self._note(station, f"after the 101: {why}")
        else:
            self._note(station, why)
        if why != "nobody listens" and was <= Stage.UPGRADING:
            self.measured.attempts_ms.append((time.monotonic() - station.connect_at) * 1000)
        if self._returns:
            station.backoff_s = backoff_s(station, self._rng, self._wait_minimum_s, self._range_s)
            self._later(station, station.backoff_s)
        elif was is not Stage.IN:
            self._later(station, self._rng.uniform(*AGAIN_S))

    def _note(self, station: Station, outcome: str) -> None:
        self.measured.outcomes[outcome] += 1
        if station.charge and outcome != "nobody listens":
            self.measured.put_off[outcome] += 1

    def _later(self, station: Station, after_s: float) -> None:
        heapq.heappush(self._agenda, (time.monotonic() + after_s, station.number, station))


def in_turn(*groups: list[Station]) -> Iterator[Station]:
    """One of each group after the other, round and round; groups of nobody are left out."""
    wheels = [cycle(group) for group in groups if group]
    while True:
        for wheel in wheels:
            yield next(wheel)


def _tls(trusted: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trusted)
    context.check_hostname = False  # it is asked for by address
    return context


def main() -> None:
    raise_file_limit()
    Fleet(json.loads(sys.argv[1])).run()


if __name__ == "__main__":
    main()
