"""All the stations of a benchmark: as many processes of `bench.fleet` as they need."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.processes import Family, raise_file_limit

FILES_SPARE = 200  # of a process, beside its sockets
STATIONS_MAX = 20_000  # of one process: more would keep it so busy that it measures itself
REPLY_S = 30.0  # after the limit of an order


@dataclass(frozen=True, slots=True)
class Plan:
    """Who comes, and how; the same seed makes the same fleet do the same."""

    stations: int
    addresses: Sequence[tuple[str, int]]
    charging_every: int = 10  # one in so many has a transaction running
    trusted: Path | None = None  # a certificate, for TLS
    seed: int = 1
    backoff: tuple[float, float] = (10.0, 30.0)  # RetryBackOffWaitMinimum, -RandomRange in s
    processes_min: int = 2

    def shares(self) -> list[range]:
        """The stations of each process: each charging one in so many, whatever the process."""
        most = min(STATIONS_MAX, raise_file_limit() - FILES_SPARE)
        processes = max(self.processes_min, -(-self.stations // most))
        bounds = [self.stations * place // processes for place in range(processes + 1)]
        return [range(*pair) for pair in pairwise(bounds)]


@dataclass(slots=True)
class Report:
    """What all processes together have to say about an order."""

    calls_ms: list[float] = field(default_factory=list)
    handshakes_ms: list[float] = field(default_factory=list)
    attempts_ms: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    put_off: Counter[str] = field(default_factory=Counter)
    present: int = 0
    pings: int = 0  # since the beginning, as the two that follow
    measured: int = 0
    answered: int = 0

    def add(self, reply: dict[str, Any]) -> None:
        for name in ("calls_ms", "handshakes_ms", "attempts_ms", "back_s"):
            getattr(self, name).extend(reply[name])
        self.outcomes.update(reply["outcomes"])
        self.put_off.update(reply["put_off"])
        self.present += reply["in"]
        self.pings += reply["pings"]
        self.measured += reply["measured"]
        self.answered += reply["answered"]


class Crew:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._shares = plan.shares()
        self._processes = [self._begin(share) for share in self._shares]
        self.present = 0  # stations, as of the latest report

    def _begin(self, share: range) -> "subprocess.Popen[str]":
        plan = self.plan
        task = {
            "addresses": plan.addresses,
            "trusted": str(plan.trusted) if plan.trusted else None,
            "seed": plan.seed + share.start,
            "backoff": plan.backoff,
            "first": share.start,
            "stations": len(share),
            "charging_every": plan.charging_every,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "bench.fleet", json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    # -- orders; each returns when all have carried it out

    def open(self, upto: int, *, at_once: int = 100, limit_s: float = 600.0) -> Report:
        """Until so many of all the stations have come, booted and, if they charge, started."""
        parts = self._parts(upto)
        at_once = max(at_once // len(parts), 1)
        return self._order(
            [{"do": "open", "upto": part, "at_once": at_once} for part in parts], limit_s
        )

    def speak(self, rate: float, seconds: float) -> Report:
        """So many messages a second of all together, half of them samples."""
        share = rate / len(self._processes)
        order = {"do": "speak", "rate": share, "seconds": seconds}
        return self._order([order] * len(self._processes), seconds + 60.0)

    def hasten(self, seconds: float) -> Report:
        """As many samples as those that charge get answered, one after the other."""
        order = {"do": "hasten", "seconds": seconds}
        return self._order([order] * len(self._processes), seconds + 60.0)

    def storm(self, samples_rate: float) -> Report:
        """From now on who loses its connection comes back; charging goes on."""
        share = samples_rate / len(self._processes)
        return self._order([{"do": "storm", "rate": share}] * len(self._processes), 10.0)

    def settle(self, lost_share: float, limit_s: float) -> Report:
        """Until that share was lost, all are back, and what was measured meanwhile is answered."""
        orders = [
            {"do": "settle", "lost_min": int(len(share) * lost_share)} for share in self._shares
        ]
        return self._order(orders, limit_s)

    def _order(self, orders: list[dict[str, Any]], limit_s: float) -> Report:
        for process, order in zip(self._processes, orders, strict=True):
            assert process.stdin, "stdin is a pipe"
            process.stdin.write(json.dumps(order | {"limit_s": limit_s}) + "\n")
            process.stdin.flush()
        report = Report()
        for process in self._processes:
            report.add(json.loads(_line(process, limit_s + REPLY_S)))
        self.present = report.present
        return report

    def _parts(self, upto: int) -> list[int]:
        """So many of each process, in the same proportion."""
        total = self.plan.stations
        bounds = [upto * share.stop // total for share in self._shares]
        return [end - start for start, end in pairwise([0, *bounds])]

    def cpu_s(self) -> float:
        return sum(Family(process.pid).cpu_s() for process in self._processes)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait(30)


@contextmanager
def crew(plan: Plan) -> Iterator[Crew]:
    hired = Crew(plan)
    try:
        yield hired
    finally:
        hired.end()


def _line(process: "subprocess.Popen[str]", within_s: float) -> str:
    """What the process says next; it is ended when that takes too long."""
    assert process.stdout, "stdout is a pipe"
    alarm = threading.Timer(within_s, process.kill)
    alarm.start()
    try:
        line = process.stdout.readline()
    finally:
        alarm.cancel()
    if not line:
        raise RuntimeError("a process with stations has ended; see above")
    return line
