"""A disk so small that it can be filled, if this machine lets us have one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 1 << 16
MOUNT_S = 10


class CannotMountError(Exception):
    """Nobody but root may, and in some containers not even they."""


class Disk:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (PIECE, 4096, 1):
                try:
                    while ballast.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        self._ballast.unlink()


@contextmanager
def tiny_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """
    Raises:
        CannotMountError: this machine does not let us.
    """
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True, timeout=MOUNT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotMountError(str(error)) from error
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True, timeout=MOUNT_S)
