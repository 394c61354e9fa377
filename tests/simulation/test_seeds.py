"""A thousand seeds: whatever goes wrong, nothing that was acknowledged is lost or counted twice."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.plan import plan_for
from tests.simulation.simulation import simulate

SEEDS = 1_000
AT_ONCE = 10  # seeds in one test, so that there is something to share between processes


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A line for each message would cost more than the message."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        outcome = simulate(plan_for(seed))

        assert outcome.failure is None, f"\n{outcome}"
