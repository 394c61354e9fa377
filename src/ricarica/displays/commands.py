from dataclasses import dataclass

from ricarica.displays.model import Message, Moment, Priority


@dataclass(frozen=True, slots=True)
class SetMessage:
    """Show a message, in place of the one with its number. O01, O02, O06

    `template`: what it was made from.
    """

    message: Message
    template: str | None = None


@dataclass(frozen=True, slots=True)
class ReadMessages:
    """Which messages it has: all, or those that fit. `number` names what follows. O03, O04"""

    number: int
    messages: tuple[int, ...] = ()
    priority: Priority | None = None
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class ClearMessage:
    """O05"""

    message: int
