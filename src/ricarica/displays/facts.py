from dataclasses import dataclass

from ricarica.displays.model import Message


@dataclass(frozen=True, slots=True)
class MessagesPart:
    """Some of the messages that a station has. `number`: of our question."""

    number: int
    messages: tuple[Message, ...]
    is_last: bool
