"""What was measured at one moment, as one text: `[[1,10800],[20,15.7,"L1"]]`.

A reading is its measurand's number, its value, and its phase, location, context and name; of the
last four those are left out that are as usual, together with all that follow. Any database can
take it apart as JSON.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.storage.database import Row
from ricarica.transactions.readings import (
    OUTLET,
    Context,
    Measurand,
    Reading,
    is_register,
    power_in,
)
from ricarica.transactions.sql.rows import held
from ricarica.transactions.sql.tables import NOTHING

ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER: msgspec.json.Decoder[list[list[Any]]] = msgspec.json.Decoder(
    list[list[Any]], float_hook=Decimal
)
USUAL = (NOTHING, OUTLET, Context.PERIODIC.value, NOTHING)
"""No phase, the place, the context, and no name of the station's own."""


def sample_rows(
    station: StationKey,
    evse: EvseNumber,
    ref: str | None,
    readings: Iterable[Reading],
    received_at: datetime,
) -> Iterator[Row]:
    for at, measured in _samples(readings):
        text = ENCODER.encode([_packed(reading) for reading in measured])
        register = next(filter(is_register, measured), None)
        power_w = power_in([each for each in measured if each.location == OUTLET])
        yield (
            station.tenant,
            station.station,
            ref or NOTHING,
            at,
            _digest(evse, text),
            evse,
            received_at,
            register.value if register else None,
            held(power_w),
            text.decode(),
        )


def _samples(readings: Iterable[Reading]) -> Iterator[tuple[datetime, list[Reading]]]:
    """By the moment; a second register of one moment begins a sample of its own."""
    found: dict[tuple[datetime, int], list[Reading]] = {}
    registers: dict[datetime, int] = {}
    for reading in filter(None, map(_held, readings)):
        number = 0
        if is_register(reading):
            number = registers.get(reading.at, 0)
            registers[reading.at] = number + 1
        found.setdefault((reading.at, number), []).append(reading)
    for (at, _), measured in found.items():
        yield at, measured


def _held(reading: Reading) -> Reading | None:
    value = held(reading.value)
    if value is reading.value:
        return reading
    return None if value is None else replace(reading, value=value)


def _packed(reading: Reading) -> list[object]:
    rest = [reading.phase or NOTHING, reading.location, str(reading.context), reading.name or ""]
    while rest and rest[-1] == USUAL[len(rest) - 1]:
        rest.pop()
    return [int(reading.measurand), reading.value, *rest]


def _digest(evse: EvseNumber, text: bytes) -> int:
    """63 bits of what was told: the same again is a repeat."""
    whole = blake2b(text, digest_size=8, salt=evse.to_bytes(8, "big", signed=True)).digest()
    return int.from_bytes(whole, "big") >> 1


def readings_from(text: str, at: datetime) -> list[Reading]:
    return [_unpacked(packed, at) for packed in DECODER.decode(text)]


def _unpacked(packed: list[Any], at: datetime) -> Reading:
    measurand, value, *rest = packed
    rest += USUAL[len(rest) :]
    phase, location, context, name = rest
    return Reading(
        Measurand(measurand),
        Decimal(value),
        at,
        Context(context),
        phase or None,
        location,
        name or None,
    )


def reading_from(row: Row) -> Reading:
    """From `measurand`, `value`, `at`, `context`, `phase`, `location` and `name`."""
    measurand, value, at, context, phase, location, name = row
    return Reading(
        Measurand(measurand), value, at, Context(context), phase or None, location, name or None
    )
