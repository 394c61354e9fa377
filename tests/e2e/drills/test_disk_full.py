"""Disks are full: that of the data, and that of the log."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ricarica.testing.postgres import UNPRIVILEGED, PostgresServer
from tests.e2e.drills.disk import CannotMountError, Disk, tiny_disk
from tests.e2e.drills.drill import Record, drill
from tests.e2e.drills.forked import Plight

pytestmark = pytest.mark.slow
SQLITE_MB = 24
POSTGRESQL_MB = 160  # what initdb writes, and a few segments of the log
FULL = Path("/dev/full")


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def disk_for(undo: ExitStack, path: Path, megabytes: int, record: Record) -> Disk | None:
    """A tiny disk; None where it cannot be had, which is then said at the end of the run."""
    try:
        return undo.enter_context(tiny_disk(path, megabytes))
    except CannotMountError as error:
        record("not_drilled", f"a full disk: {error}")
        return None


async def test_the_disk_of_sqlite_is_full(
    undo: ExitStack, tmp_path: Path, record_property: Record
) -> None:
    disk = disk_for(undo, tmp_path / "disk", SQLITE_MB, record_property)
    if disk is None:
        return
    url = f"sqlite:///{disk.path}/ricarica.db"
    async with drill(url, tmp_path, record_property) as held:
        await held.charge()
        disk.fill()
        # What has room in the pages that are there already is stored, and may be acknowledged.
        await held.is_ready(503, 60)
        await asyncio.sleep(3)
        disk.make_room()
        await held.recovers()
        await held.is_ready(200)

    assert held.server.faults() == []


def postgres_on_a_tiny_disk(undo: ExitStack, record: Record) -> tuple[PostgresServer, Disk] | None:
    # Below pytest's own folder nobody but its owner may look, and PostgreSQL is somebody else.
    home = Path(undo.enter_context(TemporaryDirectory(prefix="ricarica-drill-")))
    disk = disk_for(undo, home / "data", POSTGRESQL_MB, record)
    if disk is None:
        return None
    shutil.chown(disk.path, UNPRIVILEGED)
    disk.path.chmod(0o700)
    postgres = PostgresServer(home, durable=True)
    postgres.start()
    undo.callback(lambda: postgres.stop() if postgres.is_running else None)
    return postgres, disk


@pytest.mark.long
@pytest.mark.postgresql
async def test_the_disk_of_postgresql_is_full(
    undo: ExitStack, tmp_path: Path, record_property: Record
) -> None:
    made = postgres_on_a_tiny_disk(undo, record_property)
    if made is None:
        return
    postgres, disk = made
    async with drill(await postgres.new_database(), tmp_path, record_property) as held:
        await held.charge()
        disk.fill()
        await held.is_ready(503, 60)
        await asyncio.sleep(5)
        disk.make_room()
        # It gives up when it cannot write its log; whatever runs it starts it again.
        held.figures["postgresql_died"] = not postgres.is_running
        if not postgres.is_running:
            await asyncio.to_thread(postgres.start)
        await held.recovers()
        await held.is_ready(200)


@pytest.mark.parametrize("as_json", [True, pytest.param(False, marks=pytest.mark.long)])
async def test_the_disk_of_the_log_is_full(
    *, as_json: bool, tmp_path: Path, record_property: Record
) -> None:
    plight = Plight(log=FULL, as_json=as_json, level="info")
    url = f"sqlite:///{tmp_path}/ricarica.db"
    async with drill(url, tmp_path, record_property, plight=plight) as held:
        await held.charge()
        await held.recovers()
        await held.is_ready(200)
