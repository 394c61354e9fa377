"""O01–O06: messages on the display."""

from dataclasses import dataclass, field

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import Block, Station
from ricarica.simulator.settings import Access, Kind, Place, Setting, as_list

PER_PART = 2  # messages in one NotifyDisplayMessages


@dataclass(slots=True)
class Display:
    messages: dict[int, v2.MessageInfo] = field(default_factory=dict)


def _set(station: Station, request: v2.SetDisplayMessageRequest) -> Payload:
    status = _why_not(station, request.message)
    if status is v2.DisplayMessageStatus.Accepted:
        _put(station, request.message)
    return v2.SetDisplayMessageResponse(status=status)


def _why_not(station: Station, info: v2.MessageInfo) -> v2.DisplayMessageStatus:
    """The first that stands in its way, or that nothing does."""
    status, settings = v2.DisplayMessageStatus, station.settings
    contents = (info.message, *(info.message_extra or ()))
    formats = settings.members("display_formats")
    states = settings.members("display_states")
    shown = _shown(station)
    known = {word.casefold() for word in as_list(settings["display_languages"])}
    spoken = {content.language.casefold() for content in contents if content.language}
    obstacles = {
        # O01.FR.01, O01.FR.02, O01.FR.03, O02.FR.01, O01.FR.11, O01.FR.18
        status.NotSupportedPriority: info.priority.value
        not in settings.members("display_priorities"),
        status.NotSupportedState: info.state is not None and info.state.value not in states,
        status.NotSupportedMessageFormat: any(c.format.value not in formats for c in contents),
        status.UnknownTransaction: info.transaction_id is not None
        and station.transaction(info.transaction_id) is None,
        status.Rejected: info.id not in shown
        and len(shown) >= settings.integer("display_messages_max"),
        status.LanguageNotSupported: station.dialect.has_unanswered_calls and not spoken <= known,
    }
    return next((word for word, stands in obstacles.items() if stands), status.Accepted)


def _put(station: Station, info: v2.MessageInfo) -> None:
    messages = station.memory(Display).messages
    front = v2.MessagePriority.AlwaysFront
    if info.priority is front:  # O01.FR.16
        for number in [n for n, each in messages.items() if each.priority is front]:
            del messages[number]
    messages[info.id] = info  # O06.FR.01
    if info.end_date_time is not None:
        station.later(info.end_date_time - station.now, lambda: _drop_ended(station))


def _shown(station: Station) -> dict[int, v2.MessageInfo]:
    """O01.FR.07, O02.FR.02: what is over, and whose transaction has ended, is gone."""
    _drop_ended(station)
    return station.memory(Display).messages


def _drop_ended(station: Station) -> None:
    messages = station.memory(Display).messages
    for number, info in list(messages.items()):
        is_over = info.end_date_time is not None and info.end_date_time <= station.now
        ref = info.transaction_id
        if is_over or (ref is not None and station.transaction(ref) is None):
            del messages[number]


def _get(station: Station, request: v2.GetDisplayMessagesRequest) -> Payload:
    found = [
        info
        for info in _shown(station).values()
        if (not request.id or info.id in request.id)
        and request.priority in (None, info.priority)
        and request.state in (None, info.state)
    ]
    if not found:
        return v2.GetDisplayMessagesResponse(status=v2.GetDisplayMessagesStatus.Unknown)
    for begin in range(0, len(found), PER_PART):
        part = found[begin : begin + PER_PART]
        station.ask(
            v2.NotifyDisplayMessagesRequest(
                request_id=request.request_id,
                message_info=part,
                tbc=begin + PER_PART < len(found),
            )
        )
    return v2.GetDisplayMessagesResponse(status=v2.GetDisplayMessagesStatus.Accepted)


def _clear(station: Station, request: v2.ClearDisplayMessageRequest) -> Payload:
    was_there = _shown(station).pop(request.id, None) is not None
    word = v2.ClearMessageStatus
    return v2.ClearDisplayMessageResponse(status=word.Accepted if was_there else word.Unknown)


def _setting(name: str, variable: str, choices: tuple[str, ...], value: str = "") -> Setting:
    return Setting(
        name,
        value or ",".join(choices),
        Kind.MEMBERS,
        place=Place("DisplayMessageCtrlr", variable),
        access=Access.READ_ONLY,
        choices=choices,
    )


BLOCK = Block(
    "displays",
    commands={
        v2.SetDisplayMessageRequest: _set,
        v2.GetDisplayMessagesRequest: _get,
        v2.ClearDisplayMessageRequest: _clear,
    },
    settings=(
        _setting("display_formats", "SupportedFormats", ("ASCII", "UTF8", "URI")),
        _setting(
            "display_priorities", "SupportedPriorities", ("AlwaysFront", "InFront", "NormalCycle")
        ),
        _setting(
            "display_states", "SupportedStates", ("Charging", "Faulted", "Idle", "Unavailable")
        ),
        _setting("display_languages", "Language", ("en", "it", "de"), "en,it,de"),
        Setting(
            "display_messages_max",
            "10",
            Kind.INTEGER,
            place=Place("DisplayMessageCtrlr", "DisplayMessages"),
            access=Access.READ_ONLY,
            highest=10,
        ),
    ),
)
