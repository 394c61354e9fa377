"""Messages on displays in 2.0.1 and 2.1."""

from msgspec.structs import replace

from ricarica.displays.commands import ClearMessage, ReadMessages, SetMessage
from ricarica.displays.facts import MessagesPart
from ricarica.displays.model import Content, Format, Message, Moment, Priority
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Part, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from

PRIORITY = {
    Priority.ALWAYS_FRONT: v2.MessagePriority.AlwaysFront,
    Priority.IN_FRONT: v2.MessagePriority.InFront,
    Priority.NORMAL_CYCLE: v2.MessagePriority.NormalCycle,
}
MOMENT = {
    Moment.CHARGING: v2.MessageState.Charging,
    Moment.FAULTED: v2.MessageState.Faulted,
    Moment.IDLE: v2.MessageState.Idle,
    Moment.UNAVAILABLE: v2.MessageState.Unavailable,
    Moment.SUSPENDED: v2.MessageState.Suspended,
    Moment.DISCHARGING: v2.MessageState.Discharging,
}
FORMAT = {
    Format.ASCII: v2.MessageFormat.ASCII,
    Format.HTML: v2.MessageFormat.HTML,
    Format.URI: v2.MessageFormat.URI,
    Format.UTF8: v2.MessageFormat.UTF8,
    Format.QRCODE: v2.MessageFormat.QRCODE,
}
PRIORITY_OF = {word: priority for priority, word in PRIORITY.items()}
MOMENT_OF = {word: moment for moment, word in MOMENT.items()}
FORMAT_OF = {word: each for each, word in FORMAT.items()}


def content_for(content: Content) -> v2.MessageContent:
    return v2.MessageContent(
        format=FORMAT[content.format], language=content.language, content=content.text
    )


def message_for(message: Message) -> v2.MessageInfo:
    """In 2.0.1 a message is said in one language: the first that it has."""
    evse = None if message.evse is None else v2.EVSE(id=message.evse)
    component = message.component
    return v2.MessageInfo(
        display=None if component is None else v2.Component(name=component, evse=evse),
        id=message.number,
        priority=PRIORITY[message.priority],
        state=None if message.moment is None else MOMENT[message.moment],
        start_date_time=message.starts_at,
        end_date_time=message.ends_at,
        transaction_id=message.transaction,
        message=content_for(message.contents[0]),
    )


def set_for(command: SetMessage) -> v2.SetDisplayMessageRequest:
    return v2.SetDisplayMessageRequest(message=message_for(command.message))


def set_in_all_languages_for(command: SetMessage) -> v2.SetDisplayMessageRequest:
    """2.1"""
    others = [content_for(content) for content in command.message.contents[1:]]
    info = replace(message_for(command.message), message_extra=others or None)
    return v2.SetDisplayMessageRequest(message=info)


async def remember_set(
    command: SetMessage, response: v2.SetDisplayMessageResponse, origin: Origin, slices: Slices
) -> None:
    is_shown = response.status is v2.DisplayMessageStatus.Accepted
    why_not = None if is_shown else str(response.status)
    await slices.displays.set(origin.station, command, why_not, origin.received_at)


def read_for(command: ReadMessages) -> v2.GetDisplayMessagesRequest:
    return v2.GetDisplayMessagesRequest(
        request_id=command.number,
        id=list(command.messages) or None,
        priority=None if command.priority is None else PRIORITY[command.priority],
        state=None if command.moment is None else MOMENT[command.moment],
    )


def read_result_from(response: v2.GetDisplayMessagesResponse) -> Result:
    """O03.FR.03: unknown means that there is none, which is as good an answer."""
    if response.status is v2.GetDisplayMessagesStatus.Unknown:
        return Result(Outcome.ACCEPTED, response.status, "it has no such message")
    return Result(Outcome.ACCEPTED, response.status, "the messages follow")


async def remember_read(
    command: ReadMessages, response: v2.GetDisplayMessagesResponse, origin: Origin, slices: Slices
) -> None:
    has_any = response.status is v2.GetDisplayMessagesStatus.Accepted
    station, at = origin.station, origin.received_at
    await slices.displays.asked(station, command, at, has_any=has_any)


def cleared_result_from(response: v2.ClearDisplayMessageResponse) -> Result:
    """O05.FR.03: what it does not know, it does not show."""
    result = result_from(response)
    if response.status is v2.ClearMessageStatus.Unknown:
        return Result(Outcome.ACCEPTED, result.status, result.detail)
    return result


async def remember_cleared(
    command: ClearMessage,
    response: v2.ClearDisplayMessageResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if response.status is not v2.ClearMessageStatus.Rejected:
        await slices.displays.cleared(origin.station, command.message)


def message_from(info: v2.MessageInfo) -> Message:
    contents = (info.message, *(info.message_extra or ()))
    display = info.display
    return Message(
        info.id,
        tuple(
            Content(content.content, FORMAT_OF[content.format], content.language)
            for content in contents
        ),
        PRIORITY_OF[info.priority],
        None if info.state is None else MOMENT_OF[info.state],
        info.start_date_time,
        info.end_date_time,
        info.transaction_id,
        display.name if display else None,
        display.evse.id if display and display.evse else None,
    )


async def notify_display_messages(
    req: v2.NotifyDisplayMessagesRequest, origin: Origin, slices: Slices
) -> v2.NotifyDisplayMessagesResponse:
    messages = tuple(message_from(info) for info in req.message_info or ())
    part = MessagesPart(req.request_id, messages, is_last=not req.tbc)
    await slices.displays.told(origin.station, part, origin.received_at)
    return v2.NotifyDisplayMessagesResponse()


def part_of_messages(req: v2.NotifyDisplayMessagesRequest) -> Part:
    """These parts have no numbers of their own."""
    return Part("GetDisplayMessages", req.request_id, -1, is_last=not req.tbc)


ROUTES = (
    Route(
        "NotifyDisplayMessages",
        v2.NotifyDisplayMessagesRequest,
        notify_display_messages,
        answer_when_put_aside=lambda _: v2.NotifyDisplayMessagesResponse(),
        part_of=part_of_messages,
    ),
)
PHRASES: Phrases = {
    SetMessage: Phrase("SetDisplayMessage", set_for, result_from, remember=remember_set),
    ReadMessages: Phrase("GetDisplayMessages", read_for, read_result_from, remember=remember_read),
    ClearMessage: Phrase(
        "ClearDisplayMessage",
        lambda command: v2.ClearDisplayMessageRequest(id=command.message),
        cleared_result_from,
        remember=remember_cleared,
    ),
}
PHRASES_21: Phrases = {
    SetMessage: Phrase(
        "SetDisplayMessage", set_in_all_languages_for, result_from, remember=remember_set
    ),
}
