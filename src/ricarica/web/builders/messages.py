"""The log of messages: each request, and what it led to, as lines of their own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from ricarica.engine.queries.messages import LoggedMessage
from ricarica.engine.queries.messages import MessageFilter as Which
from ricarica.web.views.messages import Direction, Message, MessageFilter, MessageKind

ANSWERED = "answered"
FROM_STATION = {Direction.FROM_STATION.value: True, Direction.TO_STATION.value: False}


def messages_from(logged: Sequence[LoggedMessage]) -> tuple[Message, ...]:
    """The latest first, so that an answer stands above its request."""
    return tuple(message for each in logged for message in _lines(each))


def _lines(logged: LoggedMessage) -> Iterator[Message]:
    if not logged.action:
        yield _note(logged)
        return
    is_answered = logged.outcome == ANSWERED
    if logged.response is not None:
        yield _answer(logged, logged.response, is_answered=is_answered)
    unanswered = logged.response is None and not is_answered
    mended = ", ".join(logged.flags) or None
    yield Message(
        f"{logged.id}-request",
        logged.at,
        _direction(is_from_station=logged.from_station),
        MessageKind.CALL,
        logged.action,
        logged.message_id or None,
        logged.request,
        problem=logged.outcome if unanswered else mended,
    )


def _answer(logged: LoggedMessage, response: str, *, is_answered: bool) -> Message:
    return Message(
        f"{logged.id}-answer",
        logged.at + timedelta(milliseconds=logged.duration_ms),
        _direction(is_from_station=not logged.from_station),
        MessageKind.RESULT if is_answered else MessageKind.ERROR,
        logged.action,
        logged.message_id or None,
        response,
        logged.duration_ms,
        None if is_answered else logged.outcome,
    )


def _note(logged: LoggedMessage) -> Message:
    return Message(
        f"{logged.id}-note",
        logged.at,
        _direction(is_from_station=logged.from_station),
        MessageKind.NOTE,
        None,
        logged.message_id or None,
        logged.request,
        problem=logged.outcome or None,
    )


def _direction(*, is_from_station: bool) -> Direction:
    return Direction.FROM_STATION if is_from_station else Direction.TO_STATION


def filter_from(query: Mapping[str, str]) -> MessageFilter:
    return MessageFilter(
        **{name: query.get(name, "").strip() for name in ("action", "direction", "q")}
    )


def which_from(typed: MessageFilter) -> Which:
    return Which(
        action=typed.action or None,
        from_station=FROM_STATION.get(typed.direction),
        text=typed.q or None,
    )
