"""Commands as people and programs write them: by name and body, to be said now or later."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Protocol, TypeVar

import msgspec

from ricarica.authorization.reports import masked
from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.configuration.model import check_door, is_secret
from ricarica.engine.commands import NUMBER, Call, Called, check
from ricarica.engine.energy_sayings import BODIES, body_from, command_from
from ricarica.engine.orders import ORDERS, start_order, stop_order, trigger_orders
from ricarica.engine.outbox import DECODER, ENCODER
from ricarica.engine.redaction import MASK, redacted
from ricarica.engine.rights import check_names
from ricarica.kernel.errors import InvalidError, RicaricaError, StorageUnavailableError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.ocpp.dialects import BY_NAME
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result, Trigger

T = TypeVar("T")

SPECIAL = frozenset({"start", "stop", "settings"})
SETTINGS_MAX = 50  # written one after the other, each with an answer to wait for


@dataclass(frozen=True, slots=True)
class Saying:
    """`name` is neutral, e.g. reset, or an action of OCPP, e.g. Reset, with its payload."""

    name: str
    body: Mapping[str, Any]

    @property
    def is_raw(self) -> bool:
        return self.name[:1].isupper()

    @property
    def text(self) -> bytes:
        return ENCODER.encode(self.body)

    @property
    def shown(self) -> Mapping[str, Any]:
        """The body as people may read it later: without secrets."""
        if self.is_raw:
            shown: dict[str, Any] = DECODER.decode(redacted(self.name, self.text))
            return shown
        body, written = dict(self.body), self.body.get("write")
        if isinstance(token := body.get("token"), str):
            body["token"] = masked(token)  # it may be a code, C04.FR.04
        if isinstance(written, Mapping):
            body["write"] = {
                name: MASK if is_secret(name) else value for name, value in written.items()
            }
        return body


class Telling(Protocol):
    """What telling needs of the engine's commands."""

    async def tell(self, key: StationKey, command: object, by: str = "") -> Result: ...

    async def call(self, key: StationKey, call: Call, *, by: str = "") -> Called: ...


CarryOut = Callable[[StationKey, Callable[[Slices], Awaitable[T]]], Awaitable[T]]


class Speaker:
    """Says what was written, in the words of whatever station it is for."""

    def __init__(self, telling: Telling, carry_out: CarryOut[list[object]]) -> None:
        self._telling = telling
        self._carry_out = carry_out

    async def say(self, key: StationKey, saying: Saying, by: str) -> Result:
        """What became of it; of several commands, of the first that was not accepted."""
        try:
            if saying.is_raw:
                called = await self._telling.call(key, Call(saying.name, saying.text), by=by)
                return called.result
            commands = await self._carry_out(key, lambda slices: commands_of(slices, key, saying))
        except InvalidError as error:
            return Result(Outcome.UNSUPPORTED, detail=str(error))
        except StorageUnavailableError as error:
            return Result(Outcome.UNREACHED, detail=str(error))
        except RicaricaError as error:
            return Result(Outcome.REFUSED, detail=str(error))
        results = [await self._telling.tell(key, command, by) for command in commands]
        failed = [result for result in results if result.outcome is not Outcome.ACCEPTED]
        return [*failed, *results][0]


def check_saying(saying: Saying, dialects: Sequence[str]) -> None:
    """Whether it can be said at all, to stations of any of these dialects.

    Raises:
        InvalidError: it cannot; the text says why.
    """
    if not saying.is_raw:
        _check_neutral(saying)
        return
    check_names(saying.name, saying.text)
    complaints = [_complaint(saying, dialect) for dialect in dialects]
    if complaints and all(complaints):
        raise InvalidError(complaints[-1] or "")


def _complaint(saying: Saying, dialect: str) -> str | None:
    # Where there has to be a number and it was left out, one is given when it is said.
    numbered = Saying(saying.name, {NUMBER: 1, **saying.body})
    complaint = None
    for candidate in (saying, numbered):
        try:
            check(BY_NAME[dialect], saying.name, candidate.text)
        except InvalidError as error:
            complaint = complaint or str(error)
            if NUMBER not in str(error):
                complaint = str(error)
        else:
            return None
    return complaint


def _check_neutral(saying: Saying) -> None:
    if saying.name not in ORDERS:
        raise InvalidError(f"there is no command {saying.name}; there are {', '.join(ORDERS)}")
    if saying.name in BODIES:
        body_from(saying.name, saying.text)
    elif saying.name not in SPECIAL:
        _converted(saying, 1)
    if saying.name == "settings":
        for order in _settings(saying, 1):
            if isinstance(order, WriteSetting):
                check_door(order.name)


async def commands_of(slices: Slices, key: StationKey, saying: Saying) -> list[object]:
    """
    Raises:
        InvalidError: a value makes no sense; the text names it.
    """
    body = saying.body
    match saying.name:
        case name if name in BODIES:
            return [await command_from(slices, key, name, saying.text)]
        case "start":
            evse, connector = body.get("evse"), body.get("connector")
            order = await start_order(
                slices,
                key,
                body.get("token"),
                None if evse is None else EvseNumber(evse),
                None if connector is None else ConnectorNumber(connector),
            )
            return [order]
        case "stop":
            named, evse = body.get("transaction"), body.get("evse")
            transaction = None if named is None else TransactionId(named)
            number = None if evse is None else EvseNumber(evse)
            return [await stop_order(slices, key, transaction, number)]
        case "settings":
            orders = _settings(saying, slices.ids.wire_number())
            written = [order.name for order in orders if isinstance(order, WriteSetting)]
            await slices.configuration.check_writable(key, written)
            return orders
        case "trigger":
            trigger = _converted(saying, 0)
            assert isinstance(trigger, Trigger), "ORDERS has it by that name"
            return list(await trigger_orders(slices, key, trigger))
        case _:
            return [_converted(saying, slices.ids.wire_number())]


def _settings(saying: Saying, number: int) -> list[object]:
    body = dict(saying.body)
    if not body:
        return [ReportSettings(number)]
    match body:
        case {"write": dict(values)} if len(body) == 1 and 0 < len(values) <= SETTINGS_MAX:
            return [WriteSetting(name, str(value)) for name, value in values.items()]
        case {"read": list(names)} if len(body) == 1 and 0 < len(names) <= SETTINGS_MAX:
            return [ReadSettings(tuple(map(str, names)))]
        case _:
            raise InvalidError("give `read`, a list of names, or `write`, values by name, or none")


def _converted(saying: Saying, number: int) -> object:
    kind = ORDERS[saying.name]
    members = {field.name: field for field in fields(kind)}
    unknown = ", ".join(sorted(saying.body.keys() - members.keys()))
    if unknown:
        raise InvalidError(f"{saying.name} has no {unknown}; it has {', '.join(members)}")
    body = dict(saying.body)
    if "number" in members and members["number"].default is MISSING:
        body.setdefault("number", number)
    try:
        converted: object = msgspec.convert(body, kind)
    except (msgspec.ValidationError, InvalidError) as error:
        raise InvalidError(f"{saying.name}: {error}") from error
    return converted
