"""Percentiles, costs and ratios of the benchmarks."""

import math

import pytest

from bench.figures import Figure, per_thousand, percentile, row


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]

    assert percentile(values, 0.50) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100


def test_values_may_come_in_any_order() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2


def test_the_99th_percentile_of_a_few_values_is_the_largest() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.99) == 5


def test_the_lowest_percentile_is_the_smallest_value() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.0) == 1


def test_nothing_measured_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_cost_is_told_for_a_thousand() -> None:
    assert per_thousand(0.5, 2_000) == 0.25
    assert math.isnan(per_thousand(1.0, 0))


@pytest.mark.parametrize(
    ("value", "aim", "ratio"), [(5.0, 10.0, 0.5), (0.0, 0.0, 0.0), (1.0, 0.0, math.inf)]
)
def test_a_ratio_is_the_share_of_the_aim(value: float, aim: float, ratio: float) -> None:
    assert Figure("lost", "SQLite", value, "", aim).ratio == ratio


def test_a_line_shows_value_aim_and_ratio() -> None:
    assert row(Figure("memory", "plain", 8.84, "KiB", 20.0)) == (
        "| memory | plain | 8.8 KiB | ≤ 20 | 0.44 |"
    )


def test_a_figure_without_an_aim_has_no_ratio() -> None:
    assert row(Figure("stations", "plain", 10_000, "")) == "| stations | plain | 10,000 |  |  |"
