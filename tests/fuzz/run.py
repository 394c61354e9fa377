"""Random right and random wrong frames of every action, in every dialect, at a running server.

`python -m tests.fuzz.run --minutes 5 --seed 1` starts a `ricarica serve` of its own.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import httpx

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS, Dialect
from tests.e2e.served import Served, serving
from tests.fuzz.payloads import payload
from tests.fuzz.station import Found, WildStation

STATIONS = 4  # of each dialect
# Until half of the time is over caches fill, and pools grow to their size. What leaks for every
# message grows as much in the second half as in the first.
GROWTH_MAX = 1.05
SAMPLE_EVERY_S = 1.0
WINDOW = 0.1  # of the time: a batch that is under way counts as little as one that is not
ORDERS_PER_S = 4
FAULTS = ("Traceback (most recent call last)", "call.failed", "errand.failed")
ANONYMOUS = re.compile(r"RssAnon:\s+(\d+) kB")


@dataclass
class Memory:
    """What the server has taken, sampled all along; without the pages of its database's file,
    which belong to the system and grow with what is stored."""

    samples: list[float] = field(default_factory=list)

    @property
    def warm_mib(self) -> float:
        return self._around(0.5)

    @property
    def end_mib(self) -> float:
        return self._around(1 - WINDOW)

    def is_flat(self, growth_max: float = GROWTH_MAX) -> bool:
        """Whether it grew by less than this from the middle to the end."""
        return self.end_mib <= self.warm_mib * growth_max

    def _around(self, share: float) -> float:
        number = len(self.samples)
        begin = int(number * share)
        return median(self.samples[begin : begin + max(int(number * WINDOW), 1)])


def anonymous_mib(pid: int) -> float:
    found = ANONYMOUS.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found, "Linux tells it"
    return int(found[1]) / 1024


async def fuzz(served: Served, seconds: float, seed: int) -> tuple[Found, Memory]:
    found, memory = Found(), Memory()
    served.key()  # made by a command that takes its time
    until = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as tasks:
        for dialect in DIALECTS:
            for number in range(STATIONS):
                name = identity(dialect, number)
                station = WildStation(served.ws, name, dialect, seed, found)
                tasks.create_task(station.run(until))
        tasks.create_task(give_orders(served, until, seed, found))
        tasks.create_task(watch(served, until, memory))
    found.complaints += faults_in(served.log)
    return found, memory


def identity(dialect: Dialect, number: int) -> str:
    return f"WILD-{dialect.name}-{number}"


async def watch(served: Served, until: float, memory: Memory) -> None:
    while asyncio.get_running_loop().time() < until:
        memory.samples.append(anonymous_mib(served.pid))
        await asyncio.sleep(SAMPLE_EVERY_S)


async def give_orders(served: Served, until: float, seed: int, found: Found) -> None:
    """Operators, too, send everything there is; the stations answer anything."""
    rng = Random(f"{seed}/orders")
    async with served.client() as client:
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(1 / ORDERS_PER_S)
            dialect = rng.choice(DIALECTS)
            action = rng.choice(sorted(actions.from_csms(dialect)))
            given = payload(rng, dialect, f"{action}Request")
            name = identity(dialect, rng.randrange(STATIONS))
            await order(client, f"/stations/{name}/commands/{action}", given, found)


async def order(client: httpx.AsyncClient, path: str, given: Any, found: Found) -> None:
    try:
        response = await client.post(path, json=given, timeout=3)
    except httpx.TimeoutException:
        found.codes["order without answer"] += 1  # its station keeps silent
        return
    found.codes[f"order {response.status_code}"] += 1
    if response.status_code >= 500 and response.status_code not in (502, 503, 504):
        text = json.dumps(given)
        found.complain(f"POST {path} {text}: {response.status_code} {response.text}")


def faults_in(log: str) -> list[str]:
    """What our own code did wrong: each with its traceback, the first few."""
    entries = re.split(r"\n(?=\d{4}-\d\d-\d\dT)", log)
    return [f"in the log: {each}" for each in entries if any(word in each for word in FAULTS)][:8]


def database_in(folder: Path) -> str:
    """What it keeps of its file is soon all that it may be, and then tells nothing of leaks."""
    return f"sqlite:///{folder / 'ricarica.db'}?cache_mb=3"


def report(found: Found, memory: Memory) -> str:
    lines = [
        f"said        {dict(found.said)}",
        f"answered    {found.answered.total()}: {dict(found.answered.most_common())}",
        f"codes       {dict(found.codes.most_common())}",
        f"closed      {dict(found.closes.most_common())}",
        f"memory      {memory.warm_mib:.0f} → {memory.end_mib:.0f} MiB",
        f"all along   {[round(mib) for mib in memory.samples[::20]]}",
    ]
    return "\n".join(lines + [f"WRONG       {each}" for each in found.complaints])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ricarica-fuzz-") as folder,
        serving(Path(folder) / "data", RICARICA_DATABASE_URL=database_in(Path(folder))) as served,
    ):
        found, memory = asyncio.run(fuzz(served, chosen.minutes * 60, chosen.seed))
    sys.stdout.write(report(found, memory) + "\n")
    return 0 if not found.complaints and memory.is_flat() else 1


if __name__ == "__main__":
    sys.exit(main())
