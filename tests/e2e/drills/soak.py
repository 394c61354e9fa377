"""A month of charging in minutes: does anything grow that should not?

`make soak SOAK_ARGS="--minutes 10 --stations 200"` prints what the server holds every few seconds,
and how much that grows in the second half, when everything that is kept on purpose should be full.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.engine.sql import MESSAGES, OUTBOX
from ricarica.storage.open import open_database
from ricarica.testing.postgres import postgres_server
from ricarica.transactions.sql import TRANSACTIONS
from tests.e2e.drills.charging import charging, come_to_rest
from tests.e2e.drills.drill import drill_config
from tests.e2e.drills.forked import Forked
from tests.e2e.drills.oracle import check, kept_in, prepare

LOOKS = 30
COUNTED = (MESSAGES, OUTBOX, TRANSACTIONS)


@dataclass(frozen=True, slots=True)
class Look:
    """At one moment. Memory in KiB: of our own, and of files that are mapped."""

    at_s: float
    own_kib: int
    mapped_kib: int
    files: int
    connected: int
    acked: int
    rows: tuple[int, ...]

    def line(self) -> str:
        rows = "".join(f"{count:11,}" for count in self.rows)
        return (
            f"{self.at_s:7.0f}{self.own_kib / 1024:9.1f}{self.mapped_kib / 1024:9.1f}"
            f"{self.files:7}{self.connected:11}{self.acked:11,}{rows}"
        )


HEADING = "seconds  own MiB  mapped   files  connected      acked" + "".join(
    f"{table.name[:10]:>11}" for table in COUNTED
)


def memory_of(pid: int) -> tuple[int, int]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = dict(re.findall(r"(RssAnon|RssFile|RssShmem):\s+(\d+) kB", status))
    return int(found["RssAnon"]), int(found["RssFile"]) + int(found["RssShmem"])


async def rows_in(url: str) -> tuple[int, ...]:
    database = open_database(url, metadata)
    try:
        counts = [
            (await database.fetch(sa.select(sa.func.count()).select_from(table)))[0][0]
            for table in COUNTED
        ]
    finally:
        await database.close()
    return tuple(counts)


async def soak(url: str, folder: Path, minutes: float, stations: int) -> list[Look]:
    await prepare(url)
    server = Forked(drill_config(url, folder), folder / "log")
    looks: list[Look] = []
    await server.start()
    try:
        async with charging(server.url, stations=stations) as fleet:
            began = time.monotonic()
            print(HEADING)  # noqa: T201 - a program
            for _ in range(LOOKS):
                await asyncio.sleep(minutes * 60 / LOOKS)
                own, mapped = memory_of(server.pid)
                counts, passed = fleet.counts(), time.monotonic() - began
                files, rows = server.files, await rows_in(url)
                looks.append(Look(passed, own, mapped, files, counts.connected, counts.acked, rows))
                print(looks[-1].line(), flush=True)  # noqa: T201 - a program
            await come_to_rest(fleet)
    finally:
        await server.stop()
    check(fleet, await kept_in(url))
    return looks


def growth(looks: Sequence[Look]) -> str:
    """Of the second half, by the straight line that fits best."""
    half = looks[len(looks) // 2 :]
    mean_x = sum(look.acked for look in half) / len(half)
    mean_y = sum(look.own_kib for look in half) / len(half)
    spread = sum((look.acked - mean_x) ** 2 for look in half)
    slope = sum((look.acked - mean_x) * (look.own_kib - mean_y) for look in half) / spread
    files = half[-1].files - half[0].files
    return (
        f"second half: {slope * 1024:.1f} bytes of memory for each acknowledged message,"
        f" {half[-1].own_kib - half[0].own_kib:+,} KiB in all, {files:+} files"
    )


async def main(minutes: float, stations: int, kind: str) -> None:
    async with AsyncExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="ricarica-soak-")))
        url = f"sqlite:///{folder}/ricarica.db"
        if kind == "postgresql":
            url = await undo.enter_context(postgres_server(durable=True)).new_database()
        looks = await soak(url, folder, minutes, stations)
    print(growth(looks))  # noqa: T201 - a program
    print("nothing lost, nothing twice")  # noqa: T201 - a program


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    asyncio.run(main(given.minutes, given.stations, given.database))
