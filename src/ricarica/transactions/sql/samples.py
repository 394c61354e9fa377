"""What was measured at one moment, as one text: `[[1,10800],[20,15.7,"L1"]]`.

A reading is its measurand's number, its value, and its phase, location, context and name; of the
last four those are left out that are as usual, together with all that follow. Any database can
take it apart as JSON.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    registers_in,
)
from ricarica.transactions.sql.rows import held
from ricarica.transactions.sql.tables import DIGITS, NOTHING

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
) -> list[Row]:
    where = (station.tenant, station.station, ref or NOTHING)
    return [
        (*where, *_values(at, evse, received_at, measured)) for at, measured in _samples(readings)
    ]


def _values(
    at: datetime, evse: EvseNumber, received_at: datetime, measured: Sequence[Reading]
) -> Row:
    text = ENCODER.encode([_packed(reading) for reading in measured])
    registers = registers_in(measured)
    power_w = held(power_in([each for each in measured if each.location == OUTLET]))
    register_wh = registers[0].value if registers else None
    return (at, _digest(evse, text), evse, received_at, register_wh, power_w, text.decode())


def _samples(readings: Iterable[Reading]) -> Iterable[tuple[datetime, Sequence[Reading]]]:
    """By the moment; a second register of one moment begins a sample of its own."""
    stored = [
        each if each.value.adjusted() < DIGITS and each.value.is_finite() else _held(each)
        for each in readings
    ]
    measured = [each for each in stored if each is not None]
    moments = {id(each.at): each.at for each in measured}
    if len(moments) == 1 and len(registers_in(measured)) <= 1:
        return ((measured[0].at, measured),)  # as nearly always
    return _apart(measured)


def _apart(measured: Sequence[Reading]) -> Iterator[tuple[datetime, Sequence[Reading]]]:
    found: dict[tuple[datetime, int], list[Reading]] = {}
    registers: Counter[datetime] = Counter()
    for reading in measured:
        number = 0
        if is_register(reading):
            number = registers[reading.at]
            registers[reading.at] += 1
        found.setdefault((reading.at, number), []).append(reading)
    for (at, _), together in found.items():
        yield at, together


def _held(reading: Reading) -> Reading | None:
    value = held(reading.value)
    return None if value is None else replace(reading, value=value)


def _packed(reading: Reading) -> tuple[object, ...]:
    measured = (reading.measurand, reading.value)
    phase, location, context = reading.phase or NOTHING, reading.location, reading.context
    if reading.name:
        return (*measured, phase, location, context, reading.name)
    if context != Context.PERIODIC:
        return (*measured, phase, location, context)
    if location != OUTLET:
        return (*measured, phase, location)
    return (*measured, phase) if phase else measured


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
