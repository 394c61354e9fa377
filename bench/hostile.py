"""How much of an attack on the stations' door do the other stations notice?

    python -m bench.hostile                     all attacks, some minutes
    python -m bench.hostile messages bombs      only these

A server on SQLite, 50 ordinary stations that send meter values four times a second, and a hostile
peer, each in a process of its own. Before and after each attack there is as much time without
one, for a machine that does something else has its own bad moments. After it the same attack is
made on another server beside this one: what the others notice of that, they notice of the
machine's processors being busy. What does not depend on them is the stretch: the processor time
for which the server's event loop, once it has begun, attends to nobody who comes meanwhile.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
import uvloop

from bench.attacks import ATTACKS, Target
from bench.bystanders import Bystander, bystander, leaving, working
from bench.figures import percentile
from bench.processes import Family
from bench.stations import machine
from ricarica.access.model import system_actor
from ricarica.app.config import Config
from ricarica.app.logs import configure_logs
from ricarica.app.serve import serving
from ricarica.app.wiring import Node
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import Preparation

STATIONS = 50
PASSWORD = "sixteen-and-more!"  # noqa: S105 - of a station that nobody has
READY_S = 60.0
TICK_S = 0.001
WARM_S = 15.0  # until the database has made its first checkpoint, for which its file has to grow


@dataclass(frozen=True, slots=True)
class Effect:
    attack: str
    before_ms: float  # p99 of the others' calls
    during_ms: float
    elsewhere_ms: float  # while it is made on another server
    after_ms: float
    quiet_stretch_ms: float  # p99, before
    stretch_ms: float
    cpu_share: float  # of one core, by the server, during it
    mib: float  # more than before
    seen: dict[str, int]

    def line(self) -> str:
        quiet = (self.before_ms + self.after_ms) / 2
        seen = ", ".join(f"{what} × {count:,}" for what, count in sorted(self.seen.items()))
        return (
            f"| {self.attack.replace('_', ' ')} | {quiet:.1f} | {self.elsewhere_ms:.1f}"
            f" | {self.during_ms:.1f}"
            f" | {self.quiet_stretch_ms:.1f} | {self.stretch_ms:.1f} | {self.cpu_share:.0%}"
            f" | {self.mib:+.0f} | {seen} |"
        )


@dataclass(frozen=True, slots=True)
class Server:
    target: Target
    family: Family
    process: "subprocess.Popen[str]"

    def stretch_ms(self) -> float:
        """The 99th percentile since this was asked last."""
        assert self.process.stdin is not None, "stdin is a pipe"
        assert self.process.stdout is not None, "stdout is a pipe"
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


@contextmanager
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.hostile", "--serve", folder]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None, "stdout is a pipe"
        try:
            port, tls_port = json.loads(process.stdout.readline())
            yield Server(Target(port, tls_port, "VICTIM"), Family(process.pid), process)
        finally:
            process.terminate()
            process.wait(READY_S)


async def serve(folder: Path) -> None:
    """A whole `ricarica serve`, on free ports, that takes every station."""
    configure_logs("warning", as_json=True)
    issued = trustme.CA().issue_cert("127.0.0.1")
    chain, key, tls_port = folder / "chain.pem", folder / "key.pem", free_port()
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    config = Config(
        data=folder,
        station_host="127.0.0.1",
        station_port=0,
        station_tls_port=tls_port,
        http_host="127.0.0.1",
        http_port=0,
        unknown_stations=UnknownStations.ACCEPT,
        tls_certificate=chain,
        tls_key=key,
        admin_password=PASSWORD,
    )
    async with serving(config) as served:
        await prepare_victim(served.node)
        print(json.dumps([served.station_port, tls_port]), flush=True)
        stretches: list[float] = []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch(stretches))
            while await asyncio.to_thread(sys.stdin.readline):
                print(1_000 * percentile(stretches, 0.99), flush=True)
                stretches.clear()


async def watch(stretches: list[float]) -> None:
    """What the loop's thread has computed between two moments at which it came round."""
    before = time.thread_time()
    while True:
        await asyncio.sleep(TICK_S)
        now = time.thread_time()
        stretches.append(now - before)
        before = now


async def prepare_victim(node: Node) -> None:
    key = StationKey(DEFAULT_TENANT, StationId("VICTIM"))
    await node.engine.carry_out(
        system_actor(DEFAULT_TENANT),
        lambda slices: slices.stations.prepare(key, Preparation(password=PASSWORD), slices.now),
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def measured(server: Server, another: Server, names: list[str], seconds: float) -> None:
    target, family = server.target, server.family
    stations = [await bystander(target.port, f"GOOD-{n}") for n in range(STATIONS - 1)]
    stations.append(await bystander(target.port, "VICTIM", PASSWORD))
    await working(stations, WARM_S)
    for name in names:
        server.stretch_ms()
        before = await working(stations, seconds)
        quiet_stretch_ms = server.stretch_ms()
        rss, cpu = family.rss_kib(), family.cpu_s()
        during, seen = await working_under(name, target, stations, seconds)
        cpu, rss = family.cpu_s() - cpu, family.rss_kib() - rss
        stretch_ms = server.stretch_ms()
        after = await working(stations, seconds)
        elsewhere, _ = await working_under(name, another.target, stations, seconds)
        effect = Effect(
            name,
            before_ms=1_000 * percentile(before, 0.99),
            during_ms=1_000 * percentile(during, 0.99),
            elsewhere_ms=1_000 * percentile(elsewhere, 0.99),
            after_ms=1_000 * percentile(after, 0.99),
            quiet_stretch_ms=quiet_stretch_ms,
            stretch_ms=stretch_ms,
            cpu_share=cpu / seconds,
            mib=rss / 1_024,
            seen=seen,
        )
        print(effect.line(), flush=True)
    await leaving(stations)


async def working_under(
    name: str, target: Target, stations: list[Bystander], seconds: float
) -> tuple[list[float], dict[str, int]]:
    """What the stations wait while somebody attacks the target, and what he sees."""
    peer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.hostile", "--attack", name, str(seconds + 1)),
        json.dumps([target.port, target.tls_port, target.victim]),
        stdout=asyncio.subprocess.PIPE,
    )
    assert peer.stdout is not None, "stdout is a pipe"
    await peer.stdout.readline()  # it begins
    waited = await working(stations, seconds)
    seen: dict[str, int] = json.loads(await peer.stdout.readline())
    await peer.wait()
    return waited, seen


async def attack(name: str, seconds: float, target: Target) -> None:
    print("begun", flush=True)
    print(json.dumps(await ATTACKS[name](target, seconds)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ATTACKS])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--attack", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve(given.serve))
    elif given.attack:
        name, seconds, target = given.attack
        asyncio.run(attack(name, float(seconds), Target(*json.loads(target))))
    else:
        print(f"{machine()}\n")
        print(
            "| attack | p99 without, ms | elsewhere | with | stretch without, ms | with | cores"
            " | MiB | seen |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        names = given.names or list(ATTACKS)
        with server() as started, server() as another:
            asyncio.run(measured(started, another, names, given.seconds))


if __name__ == "__main__":
    main()
