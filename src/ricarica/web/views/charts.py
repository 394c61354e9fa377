"""Curves over time, as the chart island draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ricarica.web.translations import msgid


class Measure(StrEnum):
    POWER = "power"
    ENERGY = "energy"
    STATE_OF_CHARGE = "soc"
    LIMIT = "limit"
    TOLD_LIMIT = "told"


MEASURE_LABELS: Mapping[Measure, str] = {
    Measure.POWER: msgid("Power"),
    Measure.ENERGY: msgid("Energy"),
    Measure.STATE_OF_CHARGE: msgid("State of charge"),
    Measure.LIMIT: msgid("Limit"),
    Measure.TOLD_LIMIT: msgid("Limit, as the station told"),
}
MEASURE_UNITS: Mapping[Measure, str] = {
    Measure.POWER: "kW",
    Measure.ENERGY: "kWh",
    Measure.STATE_OF_CHARGE: "%",
    Measure.LIMIT: "kW",
    Measure.TOLD_LIMIT: "kW",
}
THOUSANDTHS = frozenset({Measure.POWER, Measure.ENERGY, Measure.LIMIT, Measure.TOLD_LIMIT})


@dataclass(frozen=True, slots=True)
class Curve:
    """One value for each time of its chart, in W, Wh or %; None where nothing was measured."""

    measure: Measure
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    times: tuple[datetime, ...] = ()
    curves: tuple[Curve, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(curve.values) for curve in self.curves}
        assert lengths <= {len(self.times)}, "every curve has one value for each time"

    @property
    def is_empty(self) -> bool:
        values = (value for curve in self.curves for value in curve.values)
        return len(self.times) < 2 or not any(value is not None for value in values)
