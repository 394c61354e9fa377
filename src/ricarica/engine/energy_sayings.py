"""What people and programs write to have power and energy steered, at one station or at many."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from ricarica.energy.commands import (
    AskComposite,
    AskDer,
    AskProfiles,
    ClearDer,
    ClearProfiles,
    SetDer,
    SetProfile,
    SignalFrequency,
    UpdateDynamic,
)
from ricarica.energy.der import DerControl, DerKind
from ricarica.energy.model import Amounts, Kind, Profile, Purpose, Unit, flat
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.quirks.models import habits_of

T = TypeVar("T")

HOURS_MAX = 7 * 24  # further ahead nobody plans, and a station would answer with thousands of lines
UNSAYABLE = "unsupported"

Evse = Annotated[int, Meta(ge=0, le=1000, description="0: the whole station, or all of its EVSEs.")]


class NewProfile(Struct, frozen=True, forbid_unknown_fields=True):
    evse: Evse
    profile: Profile


class NewLimit(Struct, frozen=True, forbid_unknown_fields=True):
    """One limit until it is removed: for the station, for a default, or for a transaction."""

    limit: Decimal
    unit: Unit = Unit.A
    evse: Evse = 0
    purpose: Purpose = Purpose.TX_DEFAULT
    stack_level: Annotated[int, Meta(ge=0)] = 0
    number: int = 0


class NumberBody(Struct, frozen=True, forbid_unknown_fields=True):
    number: int


class AmountsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Other amounts for a dynamic profile. What is left out stays."""

    number: int
    amounts: Amounts


class ClearBody(Struct, frozen=True, forbid_unknown_fields=True):
    """At least one of them."""

    evse: Evse | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


class NoBody(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class CompositeBody(Struct, frozen=True, forbid_unknown_fields=True):
    evse: Evse
    hours: Annotated[int, Meta(ge=1, le=HOURS_MAX)] = 24
    unit: Unit | None = None


class SignalBody(Struct, frozen=True, forbid_unknown_fields=True):
    signal: Annotated[int, Meta(ge=-(2**31), lt=2**31)]


class AskDerBody(Struct, frozen=True, forbid_unknown_fields=True):
    is_default: bool | None = None
    kind: DerKind | None = None
    id: str | None = None


class ClearDerBody(Struct, frozen=True, forbid_unknown_fields=True):
    is_default: bool
    kind: DerKind | None = None
    id: str | None = None


def limited(body: NewLimit) -> Profile:
    kind = Kind.RELATIVE if body.purpose is Purpose.TRANSACTION else Kind.ABSOLUTE
    return flat(
        body.purpose,
        body.unit,
        body.limit,
        id=body.number,
        kind=kind,
        stack_level=body.stack_level,
    )


def composite_of(body: CompositeBody) -> AskComposite:
    return AskComposite(EvseNumber(body.evse), body.hours * 3600, body.unit)


def clear_of(body: ClearBody) -> ClearProfiles:
    evse = None if body.evse is None else EvseNumber(body.evse)
    return ClearProfiles(None, evse, body.purpose, body.stack_level)


async def wanted(slices: Slices, key: StationKey, evse: EvseNumber, profile: Profile) -> SetProfile:
    """It is wanted from now on: a station that is away gets it when it is back.

    Raises:
        InvalidError: it may not be sent; the text says what would do.
    """
    zero_ends = habits_of(await slices.stations.get(key)).zero_ends
    return await slices.energy.want(key, evse, profile, slices.now, zero_ends=zero_ends)


# -- by name

Reader = Callable[[Slices, StationKey, Any], Awaitable[object]]


async def _profile(slices: Slices, key: StationKey, body: NewProfile) -> object:
    return await wanted(slices, key, EvseNumber(body.evse), body.profile)


async def _limit(slices: Slices, key: StationKey, body: NewLimit) -> object:
    return await wanted(slices, key, EvseNumber(body.evse), limited(body))


async def _remove(slices: Slices, key: StationKey, body: NumberBody) -> object:
    return await slices.energy.unwant(key, body.number)


async def _amounts(slices: Slices, key: StationKey, body: AmountsBody) -> UpdateDynamic:
    return await slices.energy.retune(key, body.number, body.amounts, slices.now)


async def _clear(_slices: Slices, _key: StationKey, body: ClearBody) -> object:
    return clear_of(body)


async def _report(slices: Slices, key: StationKey, _body: NoBody) -> object:
    return await slices.energy.ask(key, slices.now)


async def _composite(_slices: Slices, _key: StationKey, body: CompositeBody) -> object:
    return composite_of(body)


async def _signal(slices: Slices, _key: StationKey, body: SignalBody) -> object:
    return SignalFrequency(slices.now, body.signal)


async def _control(slices: Slices, key: StationKey, body: DerControl) -> object:
    return await slices.der.want(key, body, slices.now)


async def _controls(slices: Slices, _key: StationKey, body: AskDerBody) -> object:
    return AskDer(slices.ids.wire_number(), body.is_default, body.kind, body.id)


async def _clear_control(_slices: Slices, _key: StationKey, body: ClearDerBody) -> object:
    return ClearDer(body.is_default, body.kind, body.id)


BODIES: Mapping[str, tuple[type, Reader]] = {
    "set-profile": (NewProfile, _profile),
    "charging-limit": (NewLimit, _limit),
    "clear-profile": (NumberBody, _remove),
    "clear-profiles": (ClearBody, _clear),
    "update-dynamic": (AmountsBody, _amounts),
    "report-profiles": (NoBody, _report),
    "composite": (CompositeBody, _composite),
    "afrr": (SignalBody, _signal),
    "set-der": (DerControl, _control),
    "report-der": (AskDerBody, _controls),
    "clear-der": (ClearDerBody, _clear_control),
}


def body_from(name: str, text: bytes) -> Any:
    """
    Raises:
        InvalidError: it makes no sense; the text names the member.
    """
    kind, _ = BODIES[name]
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidError(f"{name}: {error}") from error


async def command_from(slices: Slices, key: StationKey, name: str, text: bytes) -> object:
    """What to tell this station.

    Raises:
        RicaricaError: it cannot be told so; the text says why.
    """
    _, read = BODIES[name]
    return await read(slices, key, body_from(name, text))


# -- what a station has no word for


async def give_up(slices: Slices, key: StationKey, command: object, result: Result) -> None:
    """It is not said again, until somebody wants it anew."""
    why = result.detail or result.status
    match command:
        case SetProfile():
            await slices.energy.give_up(key, command.profile.id, UNSAYABLE, why)
        case ClearProfiles(id=int()):  # then it cannot have it either
            await slices.energy.cleared(key, command)
        case AskProfiles():
            await slices.energy.not_told(key, command.number)
        case SetDer():
            await slices.der.answered(key, command, UNSAYABLE, why, slices.now)


def is_given_up(command: object, result: Result) -> bool:
    is_kept = isinstance(command, SetProfile | ClearProfiles | AskProfiles | SetDer)
    return is_kept and result.outcome is Outcome.UNSUPPORTED
