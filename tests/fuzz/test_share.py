"""A share of `make fuzz`, with a seed that stays the same."""

from pathlib import Path

import pytest

from tests.e2e.served import serving
from tests.fuzz.run import database_in, fuzz, report

SECONDS = 20.0
SEED = 20261122
GROWTH_MAX = 1.35  # caches are still filling; five minutes are held to less, see `run`


@pytest.mark.slow
async def test_whatever_stations_say_each_call_is_answered_once_and_nothing_breaks(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data", RICARICA_DATABASE_URL=database_in(tmp_path)) as served:
        found, memory = await fuzz(served, SECONDS, SEED)

    told = report(found, memory)
    assert found.complaints == [], told
    assert found.answered.total() > 100, told
    assert memory.is_flat(GROWTH_MAX), told
