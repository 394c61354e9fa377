"""The buttons of a station, and the commands that their forms stand for."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from ricarica.authorization.commands import ClearCache
from ricarica.configuration.commands import ReportSettings
from ricarica.engine.orders import start_order, stop_order, trigger_orders
from ricarica.engine.sayings import Saying
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.slices import Slices
from ricarica.stations.commands import ChangeAvailability, Reset, Topic, Trigger, Unlock
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.transactions.model import Transaction
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.typed import Form, count_in
from ricarica.web.views.commands import Command, Commands, Targets, command_forms
from ricarica.web.views.lists import Choice

NUMBER_MAX = 10_000  # no station has as many EVSEs
SAID_AS: Mapping[Command, type] = {
    Command.START: StartCharging,
    Command.STOP: StopCharging,
    Command.UNLOCK: Unlock,
    Command.AVAILABILITY: ChangeAvailability,
    Command.RESET: Reset,
    Command.TRIGGER: Trigger,
    Command.READ_SETTINGS: ReportSettings,
    Command.CLEAR_CACHE: ClearCache,
}
# As the API calls them, so that the audit log has one name for each.
AUDITED_AS: Mapping[Command, str] = {Command.READ_SETTINGS: "settings"}
MODES: Mapping[str, Reset] = {
    "soft": Reset(),
    "hard": Reset(hard=True),
    "idle": Reset(when_idle=True),
}


def commands_from(
    live: LiveStation,
    sayable: Collection[type],
    *,
    may_act: bool,
    resets_when_idle: bool,
    topics: frozenset[Topic] = frozenset(Topic),
    tokens: tuple[str, ...] = (),
) -> Commands:
    station = live.view.station
    offered = [command for command, kind in SAID_AS.items() if kind in sayable]
    modes = frozenset({"soft", "idle"} if resets_when_idle else {"soft", "hard"})
    targets = Targets(
        tuple(evse.number for evse in live.evses),
        tuple(sorted({each.connector.number for evse in live.evses for each in evse.connectors})),
        tuple(_running_choice(transaction) for transaction in live.running),
        tokens,
        modes,
        topics,
    )
    forms = command_forms(offered, targets)
    return Commands(station.key.station, forms, station.connected, may_act, station.dialect)


def _running_choice(transaction: Transaction) -> Choice:
    place = f"EVSE {transaction.evse}" if transaction.evse else transaction.ref
    return Choice(transaction.id, f"{place} · {transaction.token or '–'}")


async def orders_from(
    command: Command, form: Form, slices: Slices, key: StationKey
) -> list[object]:
    """
    Raises:
        RicaricaError: a value makes no sense; the text says which.
    """
    order = await _READERS[command](form, slices, key)
    return list(await trigger_orders(slices, key, order)) if isinstance(order, Trigger) else [order]


def saying_of(name: str, form: Form, orders: Sequence[object]) -> Saying:
    """The same, to be said later."""
    if name == "settings":
        return Saying(name, {})
    members: dict[str, Any] = to_builtins(orders[0])
    said = {member: value for member, value in members.items() if value is not None}
    if name == "trigger" and not form.get("evse"):
        said = {"topic": said["topic"]}
    return Saying(name, said)


async def _start(form: Form, slices: Slices, key: StationKey) -> object:
    token = form.get("token", "").strip()
    return await start_order(slices, key, token or None, _evse(form), _connector(form))


async def _stop(form: Form, slices: Slices, key: StationKey) -> object:
    return await stop_order(slices, key, TransactionId(form.get("transaction", "")))


async def _unlock(form: Form, _slices: Slices, _key: StationKey) -> object:
    evse = _evse(form)
    if evse is None:
        raise InvalidError("name the EVSE to unlock")
    return Unlock(evse, _connector(form) or ConnectorNumber(1))


async def _availability(form: Form, _slices: Slices, _key: StationKey) -> object:
    operative = {"true": True, "false": False}.get(form.get("operative", ""))
    if operative is None:
        raise InvalidError("say whether it shall be in service")
    return ChangeAvailability(operative, _evse(form))


async def _reset(form: Form, _slices: Slices, _key: StationKey) -> object:
    mode = form.get("mode", "")
    if mode not in MODES:
        raise InvalidError("choose how to restart")
    return MODES[mode]


async def _trigger(form: Form, _slices: Slices, _key: StationKey) -> object:
    topic = form.get("topic", "")
    if topic not in set(Topic):
        raise InvalidError("choose what to ask for")
    custom = form.get("custom", "").strip() if topic == Topic.CUSTOM else ""
    return Trigger(Topic(topic), _evse(form), custom=custom or None)


async def _read_settings(_form: Form, slices: Slices, key: StationKey) -> object:
    station = await slices.stations.get(key)
    return await slices.configuration.ask_for_all(key, station.firmware, slices.now)


async def _clear_cache(_form: Form, _slices: Slices, _key: StationKey) -> object:
    return ClearCache()


_READERS: Mapping[Command, Callable[[Form, Slices, StationKey], Awaitable[object]]] = {
    Command.START: _start,
    Command.STOP: _stop,
    Command.UNLOCK: _unlock,
    Command.AVAILABILITY: _availability,
    Command.RESET: _reset,
    Command.TRIGGER: _trigger,
    Command.READ_SETTINGS: _read_settings,
    Command.CLEAR_CACHE: _clear_cache,
}


def _evse(form: Form) -> EvseNumber | None:
    number = count_in(form, "evse", most=NUMBER_MAX)
    return None if number is None else EvseNumber(number)


def _connector(form: Form) -> ConnectorNumber | None:
    number = count_in(form, "connector", most=NUMBER_MAX)
    return None if number is None else ConnectorNumber(number)
