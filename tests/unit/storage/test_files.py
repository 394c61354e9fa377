import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ricarica.storage.files import Folder

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def written(path: Path, at: datetime) -> Path:
    path.write_bytes(b"half of it")
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


async def test_what_broke_off_is_swept_and_what_still_comes_is_not(tmp_path: Path) -> None:
    dead = written(tmp_path / "a1.part", NOON - timedelta(seconds=1))
    coming = written(tmp_path / "b2.part", NOON)
    whole = written(tmp_path / "c3", NOON - timedelta(days=9))

    swept = await Folder(tmp_path).sweep(NOON)

    assert swept == 1
    assert [path.exists() for path in (dead, coming, whole)] == [False, True, True]


async def test_where_nothing_was_ever_kept_nothing_is_swept(tmp_path: Path) -> None:
    assert await Folder(tmp_path / "none").sweep(NOON) == 0
