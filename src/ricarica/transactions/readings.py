"""Readings: what a meter, a car or a station measured, in base units."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from operator import attrgetter

import msgspec


class Measurand(IntEnum):
    """What was measured; the number is what the database keeps, so it never changes.

    Names follow OCPP with underscores. In base units: Wh, varh, VAh, W, var, VA, A, V, Hz, %, °C.
    """

    ENERGY_ACTIVE_IMPORT_REGISTER = 1
    ENERGY_ACTIVE_EXPORT_REGISTER = 2
    ENERGY_ACTIVE_IMPORT_INTERVAL = 3
    ENERGY_ACTIVE_EXPORT_INTERVAL = 4
    ENERGY_ACTIVE_NET = 5
    ENERGY_REACTIVE_IMPORT_REGISTER = 6
    ENERGY_REACTIVE_EXPORT_REGISTER = 7
    ENERGY_REACTIVE_IMPORT_INTERVAL = 8
    ENERGY_REACTIVE_EXPORT_INTERVAL = 9
    ENERGY_REACTIVE_NET = 10
    ENERGY_APPARENT_NET = 11
    ENERGY_APPARENT_IMPORT = 12
    ENERGY_APPARENT_EXPORT = 13
    POWER_ACTIVE_IMPORT = 14
    POWER_ACTIVE_EXPORT = 15
    POWER_OFFERED = 16
    POWER_REACTIVE_IMPORT = 17
    POWER_REACTIVE_EXPORT = 18
    POWER_FACTOR = 19
    CURRENT_IMPORT = 20
    CURRENT_EXPORT = 21
    CURRENT_OFFERED = 22
    VOLTAGE = 23
    FREQUENCY = 24
    TEMPERATURE = 25
    SOC = 26
    RPM = 27
    OTHER = 255  # told, kept, and not understood: `name` has the station's word


class Context(StrEnum):
    """Why it was measured."""

    BEGIN = "begin"
    END = "end"
    PERIODIC = "periodic"
    CLOCK = "clock"
    TRIGGER = "trigger"
    INTERRUPTION_BEGIN = "interruption_begin"
    INTERRUPTION_END = "interruption_end"
    OTHER = "other"


OUTLET = "Outlet"  # where a meter measures, unless it says otherwise


class Reading(msgspec.Struct, frozen=True, gc=False):
    measurand: Measurand
    value: Decimal
    at: datetime
    context: Context = Context.PERIODIC
    phase: str | None = None  # as OCPP names it: L1, L1-N, L1-L2 …; None: all together
    location: str = OUTLET
    name: str | None = None  # the station's own word, where the measurand is OTHER


# Every message is looked through for these.
REGISTER = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
POWER = Measurand.POWER_ACTIVE_IMPORT
SOC = Measurand.SOC
AT = attrgetter("at")


def is_register(reading: Reading) -> bool:
    """Of the energy over all phases at the outlet."""
    return reading.measurand is REGISTER and reading.phase is None and reading.location == OUTLET


def registers_in(readings: Iterable[Reading]) -> list[Reading]:
    """Oldest first."""
    found = [each for each in readings if each.measurand is REGISTER and is_register(each)]
    return sorted(found, key=AT) if len(found) > 1 else found


def power_in(readings: Iterable[Reading]) -> Decimal | None:
    """The latest active power in W: the total, or the phases together."""
    powers = [reading for reading in readings if reading.measurand is POWER]
    if len(powers) <= 1:
        return powers[0].value if powers else None
    latest = max(map(AT, powers))
    now = [reading for reading in powers if reading.at == latest]
    total = next((reading.value for reading in now if reading.phase is None), None)
    return sum((reading.value for reading in now), Decimal(0)) if total is None else total


def exported_in(readings: Iterable[Reading]) -> Decimal | None:
    """What flowed back to the grid, in Wh, by the register for it; None: it was never told."""
    told = [
        each
        for each in readings
        if each.measurand is Measurand.ENERGY_ACTIVE_EXPORT_REGISTER
        and each.phase is None
        and each.location == OUTLET
    ]
    if not told:
        return None
    return max(told, key=AT).value - min(told, key=AT).value


def soc_in(readings: Iterable[Reading]) -> Decimal | None:
    socs = [reading for reading in readings if reading.measurand is SOC]
    return max(socs, key=AT).value if socs else None
