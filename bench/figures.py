"""What is made of measurements: percentiles, costs for a thousand, ratios to aims."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank); NaN of none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def per_thousand(cost: float, number: int) -> float:
    return cost / number * 1000 if number else math.nan


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `aim` is the most that it should be."""

    name: str
    where: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def ratio(self) -> float | None:
        """Of the aim; up to 1 is good. An aim of nothing is met by nothing."""
        if self.aim is None:
            return None
        if self.aim:
            return self.value / self.aim
        return 0.0 if not self.value else math.inf


HEADER = "| figure | where | measured | aim | ratio |\n|---|---|---|---|---|"


def row(figure: Figure) -> str:
    cells = (
        figure.name,
        figure.where,
        f"{_number(figure.value)} {figure.unit}".strip(),
        "" if figure.aim is None else f"≤ {_number(figure.aim)}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    if math.isfinite(value) and value == int(value):
        return f"{int(value):,}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:,.1f}"
