"""Servers that start in a moment, so that they can be killed often: each a process of its own.

Python and everything imported is there already in a process that only forks; what is forked runs
all of `ricarica serve`.
"""

import asyncio
import multiprocessing
import os
import re
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx

from ricarica.app.config import Config
from ricarica.app.failpoints import VARIABLE
from tests.e2e.drills.namespaces import enter

READY_S = 120.0
STOP_S = 20.0
_forks = multiprocessing.get_context("forkserver")
# With what a server imports late, or only if it is there: that is most of its start.
PRELOADED = ("alembic.command", "pydantic", "pydantic.v1", "uvicorn.protocols.http.auto", "uvloop")
_forks.set_forkserver_preload(["ricarica.app.serve", *PRELOADED, __name__])


@dataclass(frozen=True, slots=True)
class Plight:
    """What a server has to live with: settings, and what else befalls it."""

    choices: Mapping[str, Any] = field(default_factory=dict)  # of its configuration
    failpoints: str = ""
    files_max: int | None = None  # descriptors it may have open
    network: str | None = None  # the namespace it lives in
    log: Path | None = None  # where it writes, if not to the file that is read afterwards
    as_json: bool = True
    level: str = "warning"


def _serve(config: Config, log: Path, plight: Plight, ports: Connection) -> None:
    """In the new process, until it is killed."""
    import uvloop

    from ricarica.app.logs import configure_logs
    from ricarica.app.serve import Serving, serve

    with (plight.log or log).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ[VARIABLE] = plight.failpoints
    if plight.network is not None:
        enter(plight.network)
    if plight.files_max is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (plight.files_max, plight.files_max))

    def tell(served: Serving) -> None:
        ports.send((served.station_port, served.http_port))

    configure_logs(plight.level, as_json=plight.as_json)
    uvloop.run(serve(config, tell))


@dataclass
class Forked:
    """One server after the other, on the same data and ports."""

    config: Config
    log: Path
    plight: Plight = field(default_factory=Plight)
    process: ForkServerProcess | None = None
    started_s: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"ws://{self.config.station_host}:{self.config.station_port}"

    @property
    def http(self) -> str:
        return f"http://{self.config.http_host}:{self.config.http_port}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "nothing was started"
        pid = self.process.pid
        assert pid is not None, "what was started has a number"
        return pid

    @property
    def files(self) -> int:
        """Descriptors it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    async def start(self) -> None:
        """Until both doors are open; how long that took is kept."""
        began = time.monotonic()
        here, there = _forks.Pipe(duplex=False)
        with here, there:
            arguments = (self.config, self.log, self.plight, there)
            self.process = _forks.Process(target=_serve, args=arguments)
            self.process.start()
            there.close()
            is_ready = await asyncio.to_thread(here.poll, READY_S)
            assert is_ready, f"the server did not start:\n{self.complaints()}"
            try:
                station_port, http_port = here.recv()
            except EOFError:
                assert self.plight.failpoints, f"the server did not start:\n{self.complaints()}"
                return  # a station that came through the first door brought it to its point
        self.config = replace(self.config, station_port=station_port, http_port=http_port)
        self.started_s.append(time.monotonic() - began)

    async def kill(self) -> None:
        """In the middle of whatever it is doing."""
        assert self.process is not None, "nothing was started"
        self.process.kill()
        await self.died()

    async def died(self) -> None:
        """Wait for the end of a server that was killed, or kills itself."""
        code = await self._gone()
        assert code == -signal.SIGKILL, f"it had ended by itself, with {code}"

    async def stop(self) -> None:
        """In order, if it still runs."""
        if self.process is not None and self.process.is_alive():
            self.process.terminate()
        await self._gone()

    async def _gone(self) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        await asyncio.to_thread(process.join, STOP_S)
        if process.is_alive():
            process.kill()
            await asyncio.to_thread(process.join, STOP_S)
        return process.exitcode

    def complaints(self) -> str:
        """What the servers logged, warnings and worse."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def faults(self) -> list[str]:
        """What they logged as errors: faults of ours."""
        return [line for line in self.complaints().splitlines() if '"level":"error"' in line]

    async def readiness(self) -> int:
        """What a load balancer is told, as a status of HTTP; 0: nothing."""
        answer = await self._asked("/health/ready")
        return answer.status_code if answer else 0

    async def waiting(self) -> int | None:
        """Letters in its mailboxes; None when it cannot be asked."""
        answer = await self._asked("/metrics")
        if answer is None:
            return None
        found = re.search(r"^ricarica_mailbox_letters (\d+)", answer.text, re.MULTILINE)
        assert found, "it does not say how many letters wait"
        return int(found[1])

    async def _asked(self, path: str) -> httpx.Response | None:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                return await client.get(f"{self.http}{path}")
        except httpx.TransportError:
            return None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def soon(holds: Callable[[], bool], what: Callable[[], str], seconds: float = 60.0) -> None:
    """Look until it holds."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - stations and processes have no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what()}") from None
