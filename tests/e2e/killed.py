"""Servers that start in a moment, so that they can be killed often: each a process of its own.

Python and everything imported is there already in a process that only forks; what is forked runs
all of `ricarica serve`.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from ricarica.app.config import Config

READY_S = 120.0
STOP_S = 20.0
_forks = multiprocessing.get_context("forkserver")
# With what a server imports late, or only if it is there: that is most of its start.
PRELOADED = ("alembic.command", "pydantic", "pydantic.v1", "uvicorn.protocols.http.auto", "uvloop")
_forks.set_forkserver_preload(["ricarica.app.serve", *PRELOADED, __name__])


def _serve(config: Config, log: Path, ports: Connection) -> None:
    """In the new process, until it is killed."""
    import uvloop

    from ricarica.app.logs import configure_logs
    from ricarica.app.serve import Serving, serve

    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)

    def tell(served: Serving) -> None:
        ports.send((served.station_port, served.http_port))

    configure_logs("warning", as_json=True)
    uvloop.run(serve(config, tell))


@dataclass
class Forked:
    """One server after the other, on the same data and ports."""

    config: Config
    log: Path
    process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.config.station_port}"

    async def start(self) -> None:
        here, there = _forks.Pipe(duplex=False)
        with here, there:
            self.process = _forks.Process(target=_serve, args=(self.config, self.log, there))
            self.process.start()
            there.close()
            is_ready = await asyncio.to_thread(here.poll, READY_S)
            assert is_ready, f"the server did not start:\n{self.complaints()}"
            station_port, http_port = here.recv()
        self.config = replace(self.config, station_port=station_port, http_port=http_port)

    async def kill(self) -> None:
        """In the middle of whatever it is doing."""
        assert self.process is not None, "nothing was started"
        self.process.kill()
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


async def soon(holds: Callable[[], bool], what: Callable[[], str], seconds: float = 60.0) -> None:
    """Look until it holds."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - stations and processes have no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what()}") from None
