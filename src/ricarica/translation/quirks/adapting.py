"""Messages that are right in themselves, and yet do not mean what they say. Pure.

What a station's habits turn around is turned back before its handler reads it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.habits import Habits
from ricarica.translation.quirks import known
from ricarica.translation.quirks.words import IN_WHOLE_WH

P = TypeVar("P", bound=Payload)
KILO = 1000
KWH = v16.UnitOfMeasure.kWh


def adapted(request: P, habits: Habits) -> tuple[P, tuple[str, ...]]:
    """The message as it was meant, and the flags of what was turned back."""
    flags: list[str] = []
    meant = request
    if habits.clock_ahead_minutes:
        meant = _earlier(meant, timedelta(minutes=habits.clock_ahead_minutes))
        if meant is not request:
            flags.append(known.CLOCK_AHEAD.flag)
    if habits.register_in_kwh:
        before, meant = meant, _in_kwh(meant)
        if meant is not before:
            flags.append(known.REGISTER_IN_KWH.flag)
    return meant, tuple(flags)


def _earlier(value: Any, by: timedelta) -> Any:
    """The same object where it tells no time."""
    match value:
        case datetime():
            return value - by
        case list():
            items = [_earlier(item, by) for item in value]
            return items if _differ(items, value) else value
        case msgspec.Struct():
            return _replaced(value, {name: _earlier(each, by) for name, each in _members(value)})
        case _:
            return value


def _in_kwh(value: Any) -> Any:
    match value:
        case v16.SampledValue():
            return _sampled_in_kwh(value)
        case v2.SampledValue():
            return _measured_in_kwh(value)
        case list():
            items = [_in_kwh(item) for item in value]
            return items if _differ(items, value) else value
        case msgspec.Struct():
            return _replaced(value, {name: _scaled(name, each) for name, each in _members(value)})
        case _:
            return value


def _scaled(name: str, value: Any) -> Any:
    is_register = _on_the_wire(name) in IN_WHOLE_WH and isinstance(value, int)
    return value * KILO if is_register else _in_kwh(value)


def _sampled_in_kwh(sampled: v16.SampledValue) -> v16.SampledValue:
    is_energy = sampled.measurand is None or "Energy.Active" in sampled.measurand
    if not is_energy or sampled.unit not in (None, v16.UnitOfMeasure.Wh):
        return sampled
    return msgspec.structs.replace(sampled, unit=KWH)


def _measured_in_kwh(sampled: v2.SampledValue) -> v2.SampledValue:
    is_energy = sampled.measurand is None or "Energy.Active" in sampled.measurand
    measure = sampled.unit_of_measure
    if not is_energy or (measure and measure.unit not in (None, "Wh")):
        return sampled
    return msgspec.structs.replace(sampled, value=Decimal(sampled.value) * KILO)


def _members(value: msgspec.Struct) -> list[tuple[str, Any]]:
    return [(name, getattr(value, name)) for name in value.__struct_fields__]


def _replaced(value: Any, members: Mapping[str, Any]) -> Any:
    changed = {name: each for name, each in members.items() if each is not getattr(value, name)}
    return msgspec.structs.replace(value, **changed) if changed else value


def _differ(items: list[Any], others: list[Any]) -> bool:
    return any(item is not other for item, other in zip(items, others, strict=True))


def _on_the_wire(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
