"""A seed is worth something only if it tells the same story each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.plan import plan_for
from tests.simulation.simulation import simulate

REPOSITORY = Path(__file__).parents[2]
TELL = """
from tests.simulation.run import silence
from tests.simulation.plan import plan_for
from tests.simulation.simulation import simulate
silence()
print(simulate(plan_for(8)).digest)
"""


@pytest.mark.parametrize("seed", [8, 9])
def test_a_seed_goes_the_same_way_twice(seed: int) -> None:
    first, other, second = (simulate(plan_for(each)).digest for each in (seed, 10, seed))

    assert first == second
    assert first != other


def test_a_seed_goes_the_same_way_in_any_process() -> None:
    told = {_told_with(hash_seed) for hash_seed in ("0", "4711")}

    assert len(told) == 1


def _told_with(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout
