"""What goes of the files when nobody needs it, and how nobody waits for it."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ricarica.app.file_keeping import SWEEP, SWEEP_EVERY, UNFINISHED_FOR, UNNAMED_FOR, sweep_in_turn
from ricarica.diagnostics.model import LogKind, LogRequest, LogState
from ricarica.diagnostics.sql import SqlLogStore
from ricarica.engine.files import Files
from ricarica.engine.timers import set_timer
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.firmware.images import Image
from ricarica.firmware.sql import SqlFirmwareStore
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.storage.files import Folder
from ricarica.testing.world import World, world

SECOND = timedelta(seconds=1)
ROMA = StationKey(DEFAULT_TENANT, StationId("ROMA-1"))


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[World]:
    async with world() as network:
        network.engine.files.now = Files(tmp_path, "https://example.com")
        for folder in ("logs", "firmware"):
            (tmp_path / folder).mkdir()

        async def begin(unit: UnitOfWork) -> None:
            set_timer(unit, SWEEP, "", unit.slices.now)

        await network.soon(network.engine.in_unit(DEFAULT_TENANT, begin))
        yield network


def written(path: Path, at: datetime) -> Path:
    path.write_bytes(b"a log, or half of it")
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


async def sweep(network: World) -> bool:
    """The disk is looked at in threads, which a story does not wait for by itself."""
    sweeping = asyncio.ensure_future(sweep_in_turn(network.engine, network.clock))
    while not sweeping.done():
        await network.settle()
    return sweeping.result()


async def test_parts_of_files_whose_process_died_are_swept(network: World, tmp_path: Path) -> None:
    now = network.clock.now()
    dead = written(tmp_path / "logs" / "a1.part", now - UNFINISHED_FOR - SECOND)
    coming = written(tmp_path / "firmware" / "a1.part", now - SECOND)

    await sweep(network)

    assert [part.exists() for part in (dead, coming)] == [False, True]


async def test_files_that_no_row_names_are_swept_once_nobody_is_about_to_name_them(
    network: World, tmp_path: Path
) -> None:
    now = network.clock.now()
    old, new = now - UNFINISHED_FOR - SECOND, now - SECOND
    logs, images = tmp_path / "logs", tmp_path / "firmware"
    named = [written(logs / "l-named", old), written(images / "i-named", old)]
    unnamed = [written(logs / "l-lost", old), written(images / "i-lost", old)]
    others = [
        written(logs / "l-new", new),
        written(logs / "of somebody else.txt", old),
        written(images / "i-older", now - UNNAMED_FOR - SECOND),
    ]

    async def name(unit: UnitOfWork) -> None:
        request = LogRequest(
            ROMA,
            5,
            LogKind.DIAGNOSTICS,
            LogState.RECEIVED,
            asked_at=now,
            asked_by="ada",
            changed_at=now,
            digest="d",
            expires_at=now + SECOND,
            file="l-named",
            received_at=now,
        )
        SqlLogStore(unit.work).save(request)
        image = ("duo.bin", "Volta", "Duo", "3.0", 7, "ab", "cd", now, "ada")
        SqlFirmwareStore(unit.work).save_image(Image(DEFAULT_TENANT, "i-named", *image))

    await network.soon(network.engine.in_unit(DEFAULT_TENANT, name))

    await sweep(network)

    assert all(path.exists() for path in named + others)
    assert not any(path.exists() for path in unnamed)


async def test_of_several_processes_one_at_a_time_sweeps(network: World) -> None:
    turns = [await sweep(network), await sweep(network)]
    network.clock.pass_time(SWEEP_EVERY)
    turns.append(await sweep(network))

    assert turns == [True, False, True]


async def test_a_disk_that_does_not_answer_keeps_nobody_waiting(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, is_asked = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hangs(_folder: Folder, _before_s: float) -> int:
        loop.call_soon_threadsafe(is_asked.set)
        answers.wait(30)
        return 0

    monkeypatch.setattr(Folder, "_sweep", hangs)
    sweeping = asyncio.ensure_future(sweep_in_turn(network.engine, network.clock))
    while not is_asked.is_set():
        await network.settle()

    await network.carry_out(lambda slices: slices.diagnostics.give_up(slices.now))

    assert not sweeping.done()
    answers.set()
    while not sweeping.done():
        await network.settle()
