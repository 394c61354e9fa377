"""Files in a folder of ours, under names of ours: images of firmware, and stations' logs.

Several nodes that serve the same network share that folder, as they share the database.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import BinaryIO

from ricarica.kernel.errors import InvalidError, NotFoundError, StorageUnavailableError

BLOCK = 256 * 1024  # bytes read at once: a thread is worth its while, and memory stays small
UNFINISHED = ".part"


class TooLargeError(InvalidError):
    """There is no room for it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that came whole."""

    name: str
    size: int
    sha256: str
    md5: str  # L03.FR.02 wants it; nobody relies on it


class Folder:
    """Files of one kind. Blocking calls go to threads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def receive(self, name: str, chunks: AsyncIterable[bytes], most: int) -> Stored:
        """Take a file in. One that breaks off leaves nothing behind.

        Raises:
            TooLargeError: it has more than `most` bytes.
            StorageUnavailableError: the disk does not take it.
        """
        unfinished = self._path / f"{name}{UNFINISHED}"
        try:
            await asyncio.to_thread(self._path.mkdir, parents=True, exist_ok=True)
            file = await asyncio.to_thread(unfinished.open, "xb")
            try:
                stored = await _written(file, name, chunks, most)
            finally:
                await asyncio.to_thread(file.close)
            await asyncio.to_thread(os.replace, unfinished, self._place(name))
        except OSError as error:
            raise StorageUnavailableError(f"the file cannot be kept: {error.strerror}") from error
        finally:
            await asyncio.to_thread(unfinished.unlink, missing_ok=True)
        return stored

    async def read(
        self, name: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """A part of it, block by block.

        Raises:
            NotFoundError: it is not there (any more).
        """
        try:
            file = await asyncio.to_thread(self._place(name).open, "rb")
        except FileNotFoundError as error:
            raise NotFoundError("this file is not here any more") from error
        with file:
            await asyncio.to_thread(file.seek, start)
            left = length
            while left is None or left > 0:
                wanted = BLOCK if left is None else min(BLOCK, left)
                block = await asyncio.to_thread(file.read, wanted)
                if not block:
                    return
                left = None if left is None else left - len(block)
                yield block

    def open(self, name: str) -> BinaryIO:
        """For those who are in a thread already.

        Raises:
            NotFoundError: it is not there (any more).
        """
        try:
            return self._place(name).open("rb")
        except FileNotFoundError as error:
            raise NotFoundError("this file is not here any more") from error

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._place(name).unlink, missing_ok=True)

    async def sweep(self, before: datetime) -> int:
        """Delete what broke off when its process died: nothing was added to it since then."""
        return await asyncio.to_thread(self._sweep, before.timestamp())

    def _sweep(self, before_s: float) -> int:
        old = [path for path in self._path.glob(f"*{UNFINISHED}") if _written_s(path) < before_s]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    async def written(self, since: datetime, before: datetime) -> list[str]:
        """Names of whole files that were written last between these times."""
        return await asyncio.to_thread(self._written, since.timestamp(), before.timestamp())

    def _written(self, since_s: float, before_s: float) -> list[str]:
        ours = (path for path in self._path.glob("*") if _is_name(path.name))
        return [path.name for path in ours if since_s <= _written_s(path) < before_s]

    async def used(self) -> int:
        """Bytes of all files in it, also of those that are just coming."""
        return await asyncio.to_thread(self._used)

    def _used(self) -> int:
        try:
            with os.scandir(self._path) as entries:
                return sum(entry.stat().st_size for entry in entries if entry.is_file())
        except FileNotFoundError:
            return 0

    def _place(self, name: str) -> Path:
        """Names are ours, but they come out of a database."""
        assert _is_name(name), "a name of ours has letters, digits and dashes"
        return self._path / name


def _is_name(name: str) -> bool:
    return name.replace("-", "").isalnum()


def _written_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it is whole by now, or gone
        return inf


async def _written(file: BinaryIO, name: str, chunks: AsyncIterable[bytes], most: int) -> Stored:
    size = 0
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLargeError(f"it has more than {most:,} bytes")
        await asyncio.to_thread(_write, file, chunk, (sha256, md5))
    await asyncio.to_thread(_settle, file)
    return Stored(name, size, sha256.hexdigest(), md5.hexdigest())


def _write(file: BinaryIO, chunk: bytes, digests: "tuple[hashlib._Hash, ...]") -> None:
    file.write(chunk)
    for digest in digests:
        digest.update(chunk)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
