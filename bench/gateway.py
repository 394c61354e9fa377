"""What a message and a connection cost.

    python -m bench.gateway                 all of it, some minutes
    python -m bench.gateway --quick         a short look
    make bench BENCH_ARGS=--sqlite-only     without PostgreSQL

CPU-seconds per 1,000 messages are what to compare: they depend less on what else the machine
does than messages per second and latencies. Every message counted is durable (a start, a
reading of five values, an end), answered after its commit, and logged with both frames.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench.processes import Family
from ricarica.testing.postgres import postgres_server

VERSIONS = ("ocpp1.6", "ocpp2.0.1")
AIM_CPU_S = {"SQLite": 0.12, "PostgreSQL": 0.15}  # per 1,000 messages, with the database
AIM_IDLE_MS = 3.0  # p50
AIM_KIB = 20.0  # per idle connection
IDLE_RATE = 20  # messages per second, for the latency of a server at leisure


@dataclass(frozen=True, slots=True)
class Database:
    name: str
    new: Callable[[], str]  # the URL of an empty one: what was told before would be a repeat
    server: Family | None  # None: it is within our own process

    def cpu_s(self) -> float:
        return self.server.cpu_s() if self.server else 0.0


@contextmanager
def databases(folder: Path, *, postgres: bool) -> Iterator[list[Database]]:
    numbers = count(1)
    sqlite = Database("SQLite", lambda: f"sqlite:///{folder}/{next(numbers)}.db", None)
    if not postgres:
        yield [sqlite]
        return
    with postgres_server(durable=True) as server:
        family = Family(server.pid)
        yield [sqlite, Database("PostgreSQL", lambda: asyncio.run(server.new_database()), family)]


@contextmanager
def server(database: Database) -> Iterator[tuple[int, Family]]:
    """A node in a process of its own; gives its port and the process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", database.new()], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None, "stdout is a pipe"
    try:
        yield int(process.stdout.readline()), Family(process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def clients(task: dict[str, Any]) -> Iterator["subprocess.Popen[str]"]:
    """Connected stations that wait for a line before they begin."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.client", json.dumps(task)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None, "stdout is a pipe"
    try:
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the stations could not connect; see above")
        yield process
    finally:
        process.kill()
        process.wait(30)


def measure_messages(
    database: Database, subprotocol: str, stations: int, seconds: float, rate: float | None = None
) -> dict[str, Any]:
    with server(database) as (port, process):
        task = {
            "host": "127.0.0.1",
            "port": port,
            "stations": stations,
            "subprotocol": subprotocol,
            "seconds": seconds,
            "rate": rate,
        }
        with clients(task) as load:
            before = process.cpu_s(), database.cpu_s()
            out, _ = load.communicate("go\n")
            after = process.cpu_s(), database.cpu_s()
    measured: dict[str, Any] = json.loads(out.splitlines()[-1])
    thousands = measured["messages"] / 1000
    return measured | {
        "server_cpu_s": (after[0] - before[0]) / thousands,
        "database_cpu_s": (after[1] - before[1]) / thousands,
    }


def measure_connections(database: Database, stations: int) -> float:
    """KiB of the server's memory per connected, booted, idle station."""
    with server(database) as (port, process):
        task = {"host": "127.0.0.1", "port": port, "subprotocol": "ocpp1.6", "seconds": 0}
        # The first few bring in what is allocated once, whatever their number.
        with clients(task | {"stations": 50}):
            before = process.rss_kib()
            with clients(task | {"stations": stations, "first": 50}):
                return (process.rss_kib() - before) / stations


def report(line: str) -> None:
    print(line, flush=True)


def run(options: argparse.Namespace, folder: Path) -> None:
    seconds = 4.0 if options.quick else options.seconds
    sizes = [50] if options.quick else options.stations
    report(f"{_machine()}\n")
    report(
        "| database | OCPP | stations | messages/s | p50 ms | p99 ms "
        "| CPU-s/1,000: server | database | together | aim | ratio |"
    )
    report("|---|---|---|---|---|---|---|---|---|---|---|")
    with databases(folder, postgres=not options.sqlite_only) as chosen:
        for database in chosen:
            for subprotocol in VERSIONS:
                for stations in sizes:
                    row = measure_messages(database, subprotocol, stations, seconds)
                    report(_row(database, subprotocol, stations, row))
        report("")
        for database in chosen:
            report(_idle(database, seconds))
        number = 500 if options.quick else 5_000
        kib = measure_connections(chosen[0], number)
        report(f"- {number} idle connections: {kib:.1f} KiB each ({kib / AIM_KIB:.2f} of the aim)")


def _machine() -> str:
    return (
        f"Python {platform.python_version()} on {os.cpu_count()} cores that client, server and"
        f" database share; load average before: {os.getloadavg()[0]:.1f}"
    )


def _idle(database: Database, seconds: float) -> str:
    idle = measure_messages(database, VERSIONS[0], 50, seconds, rate=IDLE_RATE)
    return (
        f"- {database.name} at {IDLE_RATE} messages/s: p50 {idle['p50_ms']:.1f} ms"
        f" ({idle['p50_ms'] / AIM_IDLE_MS:.2f} of the aim), p99 {idle['p99_ms']:.1f} ms"
    )


def _row(database: Database, subprotocol: str, stations: int, row: dict[str, Any]) -> str:
    together, aim = row["server_cpu_s"] + row["database_cpu_s"], AIM_CPU_S[database.name]
    if row["refused"]:
        raise RuntimeError(f"{row['refused']} messages were refused")
    return (
        f"| {database.name} | {subprotocol[4:]} | {stations} | {row['per_s']:.0f} "
        f"| {row['p50_ms']:.1f} | {row['p99_ms']:.1f} | {row['server_cpu_s']:.3f} "
        f"| {row['database_cpu_s']:.3f} | {together:.3f} | {aim} | {together / aim:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 stations, 4 s each")
    parser.add_argument("--seconds", type=float, default=15.0, help="of load per line")
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--stations", type=int, nargs="+", default=[50, 500])
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = Path(tempfile.mkdtemp(prefix="ricarica-bench-"))
    try:
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
