from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.transactions.readings import (
    Measurand,
    Reading,
    power_in,
    registers_in,
    soc_in,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def reading(measurand: Measurand, value: int, minute: int = 0, phase: str | None = None) -> Reading:
    return Reading(measurand, Decimal(value), NOON + minute * MINUTE, phase=phase)


def register(value: int, minute: int = 0, phase: str | None = None) -> Reading:
    return reading(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, value, minute, phase)


def power(value: int, minute: int = 0, phase: str | None = None) -> Reading:
    return reading(Measurand.POWER_ACTIVE_IMPORT, value, minute, phase)


def test_the_numbers_of_measurands_never_change() -> None:
    assert (Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.POWER_ACTIVE_IMPORT) == (1, 14)
    assert (Measurand.SOC, Measurand.RPM, Measurand.OTHER) == (26, 27, 255)


def test_registers_are_those_of_all_phases_at_the_outlet_oldest_first() -> None:
    inlet = Reading(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Decimal(9), NOON, location="Inlet")

    found = registers_in([register(20, 2), register(5, 1, "L1"), inlet, register(10), power(1)])

    assert found == [register(10), register(20, 2)]


def test_power_is_the_latest_total() -> None:
    assert power_in([power(5000, 1), power(7000, 2), power(6000)]) == 7000


def test_without_a_total_the_phases_together_are_the_power() -> None:
    phases = [power(2000, 1, phase) for phase in ("L1", "L2", "L3")]

    assert power_in([power(9000), *phases]) == 6000


def test_a_total_goes_before_its_phases() -> None:
    assert power_in([power(2000, 0, "L1"), power(6100)]) == 6100


def test_what_was_not_measured_is_not_known() -> None:
    assert power_in([register(1)]) is None
    assert soc_in([register(1)]) is None


def test_the_latest_state_of_charge_counts() -> None:
    readings = [reading(Measurand.SOC, 80, 1), reading(Measurand.SOC, 70)]

    assert soc_in(readings) == 80
