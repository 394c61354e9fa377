"""Memory as /proc tells it."""

import os

import pytest

from bench.processes import Family, kib_listed

ROLLUP = """55d0-7ffe ---p 00000000 00:00 0    [rollup]
Rss:               13576 kB
Pss:                4513 kB
Pss_Dirty:          1392 kB
"""


def test_a_line_is_found_by_its_whole_name() -> None:
    assert kib_listed(ROLLUP, "Pss") == 4513


def test_what_is_not_listed_is_nothing() -> None:
    assert kib_listed(ROLLUP, "Swap") == 0


def test_a_process_shares_some_of_its_memory_and_has_had_at_least_what_it_has() -> None:
    ours = Family(os.getpid())

    assert 0 < ours.pss_kib() <= ours.rss_kib() * 1.05  # read one after the other
    assert ours.rss_kib() <= ours.peak_kib() * 1.05


def test_a_process_that_is_gone_has_no_memory() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Family, "pids", lambda _: {0})

        assert Family(0).pss_kib() == 0
