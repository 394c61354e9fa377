"""The log never stands in the way of what it tells about."""

import os
from pathlib import Path

import pytest

from ricarica.app.logs import Unfailing

PIPE_HOLDS = 65_536


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    number = os.open("/dev/full", os.O_WRONLY)
    try:
        Unfailing(number).write("nobody reads this\n")
    finally:
        os.close(number)


def test_a_reader_that_hangs_costs_lines_and_nothing_else() -> None:
    reading, writing = os.pipe()
    try:
        lines = Unfailing(writing)
        for _ in range(100):
            lines.write("x" * 10_000)  # it would wait for ever here

        held = os.read(reading, 2 * PIPE_HOLDS)
        lines.write(b"again")
        again = os.read(reading, 100)
    finally:
        os.close(reading)
        os.close(writing)

    assert set(held) == {ord("x")}
    assert again == b"again"


@pytest.mark.parametrize("line", ["Würzburg-1\n", "Würzburg-1\n".encode()])
def test_what_has_room_is_written(line: str | bytes, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        Unfailing(file.fileno()).write(line)

    assert (tmp_path / "log").read_text(encoding="utf-8") == "Würzburg-1\n"
