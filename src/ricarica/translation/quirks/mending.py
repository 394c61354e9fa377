"""A payload that its message type refuses, read after all: as far as it is known what was meant.

Pure. What a fact of a transaction says is taken as far as it can be read; in every other message
only what is harmless is mended, and the rest stays wrong.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, inspect

from ricarica.ocpp import wire
from ricarica.ocpp.errors import ErrorKind, RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.translation.quirks import known
from ricarica.translation.quirks.fitting import almost_fits, fits, is_clean, without_controls
from ricarica.translation.quirks.fixers import (
    FIXERS,
    NO_DEFAULT,
    Misfit,
    default_for,
    is_expendable,
)
from ricarica.translation.quirks.known import Quirk
from ricarica.translation.quirks.lenient import lenient_type
from ricarica.translation.quirks.slots import Slot, slots_of
from ricarica.translation.quirks.words import FACTS, MEANINGFUL

P = TypeVar("P", bound=Payload)


def _number(digits: str) -> Decimal | str:
    """Left as text if its exponent is more than a Decimal can hold."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return digits


_decoder = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder(decimal_format="number")
_CONTROLS = bytes(range(0x20))  # between the texts of JSON they mean nothing


@dataclass(frozen=True, slots=True)
class Mended(Generic[P]):
    """A message, and for the log what was done to read it."""

    payload: P
    flags: tuple[str, ...]


def mended(raw: bytes, kind: type[P], received_at: datetime) -> Mended[P]:
    """The message that was meant.

    Args:
        raw: The payload as it came, which `wire.decode` refused.
        kind: What it should be.
        received_at: Stands for a time that nobody can read.

    Raises:
        RemoteProtocolError: It cannot be mended; with what is still wrong.
    """
    found: set[Quirk] = set()
    value = _Mending(kind in FACTS, received_at, found).message(kind, _read(raw, found))
    try:
        payload = wire.decode(_encoder.encode(value), lenient_type(kind))
    except RemoteProtocolError as error:
        if known.READING_DROPPED in found and error.kind is ErrorKind.OCCURRENCE:
            # A list is empty now, but what was dropped from it did say something.
            raise RemoteProtocolError(ErrorKind.PROPERTY, error.description) from error
        raise
    return Mended(payload, tuple(sorted(quirk.flag for quirk in found)))


def _read(raw: bytes, found: set[Quirk]) -> Any:
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:  # its numbers are what nobody can read
        raise RemoteProtocolError(ErrorKind.PROPERTY, str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        cleaned = raw.translate(None, _CONTROLS)
        if cleaned == raw:
            raise RemoteProtocolError(ErrorKind.FORMATION, str(error)) from error
    found.add(known.CONTROL_CHARACTERS)
    return _read(cleaned, found)


class _Unfit(Exception):  # noqa: N818 - it is no error where the value may be left out
    """`value` is what could be mended of it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(frozen=True, slots=True)
class _Mending:
    """One message under repair. Every method gives the mended value or raises `_Unfit`."""

    is_fact: bool
    received_at: datetime
    found: set[Quirk]

    def message(self, kind: type[msgspec.Struct], value: Any) -> Any:
        """As far as it goes: what nothing could be done about is left as it came."""
        try:
            return self._object(kind, value)
        except _Unfit as unfit:
            return unfit.value

    def _object(self, kind: type[msgspec.Struct], value: Any) -> dict[str, Any]:
        if self.is_fact and isinstance(value, list) and len(value) == 1:
            self.found.add(known.LIST_FOR_OBJECT)
            value = value[0]
        if not isinstance(value, dict):
            raise _Unfit(value)
        mended, is_unfit = {}, False
        for slot in slots_of(kind):
            name = slot.place[1]
            try:
                item = self._member(slot, value.get(name, UNSET))
            except _Unfit as unfit:
                item, is_unfit = unfit.value, True
            if item is not UNSET:
                mended[name] = item
        if is_unfit:
            raise _Unfit(mended)
        return mended

    def _member(self, slot: Slot, value: Any) -> Any:
        """UNSET: it is left out."""
        if value is UNSET or value is None:
            return self._default(slot, value, known.MISSING_MEMBER) if slot.is_required else UNSET
        try:
            return self._value(slot, value)
        except _Unfit as unfit:
            if slot.is_required:
                return self._default(slot, unfit.value, known.UNREADABLE_MEMBER)
            self.found.add(self._why_left_out(slot, value, unfit))
            return UNSET

    def _why_left_out(self, slot: Slot, value: Any, unfit: _Unfit) -> Quirk:
        if value in ("", [], {}):
            return known.EMPTY_MEMBER
        if is_expendable(slot, value):
            return known.UNREADABLE_TIME
        if self.is_fact and slot.place not in MEANINGFUL:
            return known.UNREADABLE_MEMBER
        raise unfit

    def _default(self, slot: Slot, value: Any, quirk: Quirk) -> Any:
        default = default_for(slot, self.received_at) if self.is_fact else NO_DEFAULT
        if default is NO_DEFAULT:
            raise _Unfit(value)
        self.found.add(quirk)
        return default

    def _value(self, slot: Slot, value: Any) -> Any:
        match slot.kind:
            case inspect.StructType(cls=kind):
                return self._object(kind, value)
            case inspect.ListType(min_length=least, max_length=most):
                items = self._list(slot, value)
                if not (least or 0) <= len(items) <= (most or len(items)):
                    raise _Unfit(value)  # as it came: what was emptied here did say something
                return items
            case _:
                return self._leaf(slot, value)

    def _list(self, slot: Slot, value: Any) -> list[Any]:
        if self.is_fact and isinstance(value, dict):
            self.found.add(known.OBJECT_FOR_LIST)
            value = [value]
        if not isinstance(value, list):
            raise _Unfit(value)
        assert slot.item is not None, "every list expects items of some kind"
        items: list[Any] = []
        is_unfit = False
        for each in value:
            try:
                items += self._item(slot.item, each)
            except _Unfit as unfit:
                items.append(unfit.value)
                is_unfit = True
        if is_unfit:
            raise _Unfit(items)
        return items

    def _item(self, slot: Slot, value: Any) -> list[Any]:
        """One, or none."""
        if value is None:
            self.found.add(known.NULL_ITEM)
            return []
        try:
            return [self._value(slot, value)]
        except _Unfit:
            if not (self.is_fact and slot.is_droppable):
                raise
        self.found.add(known.READING_DROPPED)
        return []

    def _leaf(self, slot: Slot, value: Any) -> Any:
        return value if fits(slot.kind, value) else self._fixed(slot, value)

    def _fixed(self, slot: Slot, value: Any) -> Any:
        came, tried = value, []
        if isinstance(value, str) and not is_clean(value):
            tried.append(known.CONTROL_CHARACTERS)
            value = without_controls(value)
        for fixer in FIXERS.get(type(slot.kind), ()):
            if fits(slot.kind, value):
                break
            fixed = fixer.fix(Misfit(value, slot, self.is_fact, self.received_at))
            if fixed is not None:
                tried.append(fixer.quirk)
                value = fixed
        if not fits(slot.kind, value):
            if not almost_fits(slot.kind, value, slot.place[1]):
                raise _Unfit(came)
            tried.append(known.TOO_LONG)
        self.found.update(tried)
        return value
