"""The meter of one EVSE: a register that only grows, and readings that look measured."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

from ricarica.simulator.battery import NOMINAL_V, Draw

REGISTER = "Energy.Active.Import.Register"
PHASES = ("L1", "L2", "L3")
MILLI = Decimal("0.001")
TENTH = Decimal("0.1")
HUNDREDTH = Decimal("0.01")
GRAIN_WH = Decimal("0.000001")  # sums stay exact when their parts have few digits
MICROSECONDS_PER_HOUR = Decimal(3_600_000_000)


@dataclass(frozen=True, slots=True)
class Meter:
    """A register in Wh, kept exactly, shown in steps of 1 mWh as real meters do."""

    register_wh: Decimal = Decimal(0)

    def advanced(self, energy_wh: Decimal) -> "Meter":
        assert energy_wh >= 0, "a register only grows"
        return replace(self, register_wh=self.register_wh + energy_wh)

    @property
    def shown_wh(self) -> Decimal:
        return self.register_wh.quantize(MILLI, ROUND_DOWN)

    @property
    def whole_wh(self) -> int:
        return int(self.register_wh)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value; `phase` is L1 … L3 where the value belongs to one."""

    measurand: str
    value: Decimal
    unit: str
    phase: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What the meter said at one instant, and on what occasion it was asked."""

    at: datetime
    context: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Electrics:
    """Everything that flows through an EVSE at one instant."""

    draw: Draw
    offered_w: Decimal
    offered_a: Decimal
    is_dc: bool = False
    pack_v: Decimal = Decimal(0)
    soc_percent: Decimal | None = None


def energy_wh(power_w: Decimal, duration: timedelta) -> Decimal:
    elapsed = Decimal(max(duration, timedelta(0)) // timedelta(microseconds=1))
    return (power_w * elapsed / MICROSECONDS_PER_HOUR).quantize(GRAIN_WH)


def readings(
    meter: Meter, electrics: Electrics, wanted: Collection[str], rng: Random
) -> tuple[Reading, ...]:
    """The wanted measurands, in the order of the list; what a meter lacks is left out."""
    return tuple(
        reading
        for name in wanted
        if name in MEASUREMENTS
        for reading in MEASUREMENTS[name](meter, electrics, rng)
    )


def noisy(value: Decimal, deviation: Decimal, rng: Random) -> Decimal:
    """The value with Gaussian noise, never below zero."""
    wobble = Decimal(str(round(rng.gauss(0, 1), 3)))
    return max(Decimal(0), value + wobble * deviation).quantize(HUNDREDTH)


def _register(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    return (Reading(REGISTER, meter.shown_wh, "Wh"),)


def _power(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    return (Reading("Power.Active.Import", electrics.draw.power_w.quantize(TENTH), "W"),)


def _power_offered(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    return (Reading("Power.Offered", electrics.offered_w.quantize(TENTH), "W"),)


def _current_offered(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    return (Reading("Current.Offered", electrics.offered_a.quantize(TENTH), "A"),)


def _frequency(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    return (Reading("Frequency", noisy(Decimal(50), Decimal("0.02"), rng), "Hz"),)


def _temperature(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    heat = 24 + electrics.draw.power_w / 4000
    return (Reading("Temperature", noisy(heat, Decimal("0.3"), rng), "Celsius"),)


def _currents(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    draw = electrics.draw
    if electrics.is_dc:
        return (Reading("Current.Import", draw.current_a.quantize(HUNDREDTH), "A"),)
    flowing = (draw.current_a if index < draw.phases else Decimal(0) for index in range(3))
    return tuple(
        Reading("Current.Import", noisy(current, current / 200, rng), "A", phase)
        for phase, current in zip(PHASES, flowing, strict=True)
    )


def _voltages(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    if electrics.is_dc:
        return (Reading("Voltage", electrics.pack_v.quantize(TENTH), "V"),)
    sag = electrics.draw.current_a / 20  # 1.6 V at 32 A: the resistance of a usual feeder
    return tuple(
        Reading("Voltage", noisy(NOMINAL_V - sag, Decimal("0.8"), rng), "V", f"{phase}-N")
        for phase in PHASES
    )


def _soc(meter: Meter, electrics: Electrics, rng: Random) -> tuple[Reading, ...]:
    if electrics.soc_percent is None:
        return ()
    return (Reading("SoC", electrics.soc_percent.quantize(TENTH), "Percent", location="EV"),)


MEASUREMENTS: dict[str, Callable[[Meter, Electrics, Random], tuple[Reading, ...]]] = {
    REGISTER: _register,
    "Power.Active.Import": _power,
    "Power.Offered": _power_offered,
    "Current.Offered": _current_offered,
    "Current.Import": _currents,
    "Voltage": _voltages,
    "Frequency": _frequency,
    "Temperature": _temperature,
    "SoC": _soc,
}
