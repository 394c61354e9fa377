"""Where the processor time of a message goes, layer by layer, without sockets and their noise.

    python -m bench.layers                          both versions on SQLite
    python -m bench.layers --postgres               … and on PostgreSQL
    python -m bench.layers --stations 1             what a message costs that comes alone
    python -m bench.layers --profile decide         the dearest functions of one layer

Stations are connections without a network: their frames are handed to the gateway, a batch at a
time, and what it writes is thrown away. Everything between is what `ricarica serve` runs.
"""

import argparse
import asyncio
import cProfile
import pstats
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from operator import sub
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop

from bench.processes import Family
from bench.server import add_token
from bench.wired import Wired, Written
from ricarica.access.model import system_actor
from ricarica.app.collector import calm_collector
from ricarica.app.logs import configure_logs
from ricarica.app.tables import metadata
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.station_gateway.counters import Tally
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.timers import LoopTimers
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.database import Database, Expect, Row, Staged
from ricarica.storage.open import open_database
from ricarica.storage.prepared import Query
from ricarica.testing.postgres import postgres_server

VERSIONS = ("ocpp1.6", "ocpp2.0.1")
RECEIVE, DECIDE, WRITE, ANSWER = LAYERS = ("receive", "decide", "write", "answer")
BATCH = 200  # stations: what a busy node takes at once
SESSIONS = 4  # of 22 messages of each; one more before them warms up


class Stopwatch:
    """Processor time of the main thread in ns, by layer."""

    def __init__(self, profiled: str) -> None:
        self.spent = dict.fromkeys(LAYERS, 0)
        self.profile = cProfile.Profile()
        self._profiled = profiled
        self._layer = ""
        self._begun = 0

    def enter(self, layer: str) -> None:
        """The layer before it is over. An empty name: nothing is measured."""
        now = time.thread_time_ns()
        if self._layer:
            self.spent[self._layer] += now - self._begun
        if self._layer and self._layer == self._profiled:
            self.profile.disable()
        self._layer = layer
        if layer and layer == self._profiled:
            self.profile.enable()
        self._begun = time.thread_time_ns()


class WatchedDatabase:
    """A database that notices when a batch is handed to it, and when it is written."""

    def __init__(self, database: Database, watch: Stopwatch) -> None:
        self._database = database
        self._watch = watch
        self.is_watched = False

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        if self.is_watched:
            self._watch.enter(WRITE)
        await self._database.commit(staged, expected)
        if self.is_watched:
            self._watch.enter(ANSWER)

    async def fetch(self, query: Query, values: Mapping[str, Any] | None = None) -> list[Row]:
        return await self._database.fetch(query, values)

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        return await self._database.take(change)

    async def migrate(self) -> None:
        await self._database.migrate()

    async def close(self) -> None:
        await self._database.close()


class Bench:
    def __init__(self, url: str, subprotocol: str, stations: int, profiled: str) -> None:
        self.watch = Stopwatch(profiled)
        self._database = WatchedDatabase(open_database(url, metadata), self.watch)
        self._written = Written()
        self._stations = [Wired(number, subprotocol, self._written) for number in range(stations)]

    async def run(self, server: Family | None) -> dict[str, float]:
        """µs per message, by layer."""
        await self._database.migrate()
        parts = Parts(self._database, policy=StationPolicy(unknown=UnknownStations.ACCEPT))
        async with running_node(parts) as node:
            await node.engine.carry_out(system_actor(DEFAULT_TENANT), add_token)
            await self._connect(node)
            await self._session(0)
            calm_collector()
            self._database.is_watched = True
            sessions = [await self._measured(number, server) for number in range(1, SESSIONS + 1)]
            self._database.is_watched = False
        await self._database.close()
        # What else the machine does only ever adds to it.
        return {part: min(session[part] for session in sessions) for part in sessions[0]}

    async def _measured(self, number: int, server: Family | None) -> dict[str, float]:
        self.watch.spent = dict.fromkeys(LAYERS, 0)
        before = time.process_time_ns(), time.thread_time_ns(), server.cpu_s() if server else 0
        messages = await self._session(number)
        after = time.process_time_ns(), time.thread_time_ns(), server.cpu_s() if server else 0
        process_ns, thread_ns, server_s = map(sub, after, before)
        spent = {layer: ns / 1e3 for layer, ns in self.watch.spent.items()}
        spent |= {"other threads": (process_ns - thread_ns) / 1e3, "server": server_s * 1e6}
        return {part: us / messages for part, us in spent.items()}

    async def _connect(self, node: Node) -> None:
        clock = node.parts.clock
        around = Surroundings(
            node.link, clock, LoopTimers(clock), node.parts.limits, random.Random(1), Tally()
        )
        for station in self._stations:
            await station.connect(node, around)
        await self._together([station.boot() for station in self._stations], watched=False)

    async def _session(self, number: int) -> int:
        """All stations go through one charging session in step; returns the number of messages."""
        messages = 0
        for frames in zip(*(station.frames(number) for station in self._stations), strict=True):
            await self._together(frames, watched=self._database.is_watched)
            for station in self._stations:
                station.note_answer()
            messages += len(frames)
        return messages

    async def _together(self, frames: Sequence[bytes], *, watched: bool) -> None:
        self._written.expect(len(frames))
        if watched:
            self.watch.enter(RECEIVE)
        for station, frame in zip(self._stations, frames, strict=True):
            station.receive(frame)
        if watched:
            self.watch.enter(DECIDE)
        await self._written.all.wait()
        if watched:
            self.watch.enter("")


def measure(url: str, subprotocol: str, options: argparse.Namespace, server: Family | None) -> None:
    bench = Bench(url, subprotocol, options.stations, options.profile)
    spent = uvloop.run(bench.run(server))
    total = sum(spent.values())
    parts = " | ".join(f"{us:.0f}" for us in spent.values())
    print(f"| {url.partition(':')[0]} | {subprotocol[4:]} | {parts} | {total:.0f} |", flush=True)
    if options.profile:
        pstats.Stats(bench.watch.profile).sort_stats("tottime").print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL too")
    parser.add_argument("--ocpp", choices=VERSIONS, help="only this version")
    parser.add_argument("--stations", type=int, default=BATCH, help="that speak at once")
    parser.add_argument("--profile", choices=LAYERS, default="", help="with functions of a layer")
    options = parser.parse_args()
    configure_logs("warning", as_json=True)
    print("µs of processor time per message, each the least of several sessions\n")
    print(f"| database | OCPP | {' | '.join(LAYERS)} | other threads | PostgreSQL | together |")
    print("|---|---|---|---|---|---|---|---|---|")
    for subprotocol in [options.ocpp] if options.ocpp else VERSIONS:
        with tempfile.TemporaryDirectory(prefix="ricarica-bench-") as folder:
            measure(f"sqlite:///{Path(folder) / 'bench.db'}", subprotocol, options, None)
    if not options.postgres:
        return
    with postgres_server(durable=True) as server:
        for subprotocol in [options.ocpp] if options.ocpp else VERSIONS:
            url = asyncio.run(server.new_database())
            measure(url, subprotocol, options, Family(server.pid))


if __name__ == "__main__":
    main()
