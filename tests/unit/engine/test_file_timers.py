import os
from datetime import timedelta
from pathlib import Path

from ricarica.engine.file_timers import SWEEP, SWEEP_EVERY, UNFINISHED_FOR, file_rings
from ricarica.engine.files import Files, FilesSoon
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.testing.world import world

SECOND = timedelta(seconds=1)


async def test_parts_of_files_whose_process_died_are_swept(tmp_path: Path) -> None:
    async with world() as network:
        sweep = file_rings(FilesSoon(Files(tmp_path, "https://example.com")))[SWEEP]
        found = []
        for folder, age in (("logs", UNFINISHED_FOR + SECOND), ("firmware", SECOND)):
            (tmp_path / folder).mkdir()
            part = tmp_path / folder / "a1.part"
            part.write_bytes(b"half of it")
            at = (network.clock.now() - age).timestamp()
            os.utime(part, (at, at))
            found.append(part)

        async def ring(unit: UnitOfWork) -> timedelta | None:
            return await sweep(unit, "")

        again = await network.soon(network.engine.in_unit(DEFAULT_TENANT, ring))

        assert again == SWEEP_EVERY
        assert [part.exists() for part in found] == [False, True]
