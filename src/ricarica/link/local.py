"""The link within one process: calls go straight through."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from ricarica.link.letters import (
    Admission,
    Ask,
    Challenge,
    Closed,
    Delivered,
    HangUp,
    Knock,
    Letter,
    Noted,
    Opened,
    Outcome,
    Reply,
    Ruled,
    Told,
)
from ricarica.link.ports import Decisions, Sockets

L = TypeVar("L", bound=Letter)


class LocalLink:
    """Both ends in one object. `through_bytes` encodes every letter, as a network would."""

    def __init__(self, *, through_bytes: bool = False) -> None:
        self._decisions: Decisions | None = None
        self._sockets: Sockets | None = None
        self._through_bytes = through_bytes

    def attach_decisions(self, decisions: Decisions) -> None:
        self._decisions = decisions

    def attach_sockets(self, sockets: Sockets) -> None:
        self._sockets = sockets

    # -- towards the core

    async def admit(self, knock: Knock) -> Admission:
        return self._carried(await self._core.admit(self._carried(knock)))

    async def open(self, opened: Opened) -> int:
        return await self._core.open(self._carried(opened))

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        if self._through_bytes:
            self._core.deliver(
                self._carried(delivered), lambda answer: reply(self._carried(answer))
            )
        else:
            self._core.deliver(delivered, reply)

    def close(self, closed: Closed) -> None:
        self._core.close(self._carried(closed))

    def note(self, noted: Noted) -> None:
        self._core.note(self._carried(noted))

    # -- towards the sockets

    async def ask(self, ask: Ask) -> Told:
        if self._sockets is None:
            return Told(Outcome.UNREACHED)
        return self._carried(await self._sockets.ask(self._carried(ask)))

    def hang_up(self, hang_up: HangUp) -> None:
        if self._sockets:
            self._sockets.hang_up(self._carried(hang_up))

    async def rule(self, challenge: Challenge) -> Ruled | None:
        if self._sockets is None:
            return None
        return await self._sockets.rule(self._carried(challenge))

    # -- between gateways

    async def challenge(self, _challenge: Challenge) -> Ruled | None:
        return None  # there are no others

    @property
    def _core(self) -> Decisions:
        assert self._decisions is not None, "the core is attached before the first letter"
        return self._decisions

    def _carried(self, letter: L) -> L:
        if not self._through_bytes:
            return letter
        return msgspec.msgpack.decode(msgspec.msgpack.encode(letter), type=type(letter))
