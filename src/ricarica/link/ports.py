"""The two ends of the link: decisions (the core) and sockets (the gateway)."""

from collections.abc import Callable
from typing import Protocol

from ricarica.link.letters import (
    Admission,
    Ask,
    Challenge,
    Closed,
    Delivered,
    HangUp,
    Knock,
    Noted,
    Opened,
    Reply,
    Ruled,
    Told,
)


class Decisions(Protocol):
    """What a gateway asks of the core."""

    async def admit(self, knock: Knock) -> Admission:
        """May this station come in? Has no effect on any connection that is there already."""
        ...

    async def open(self, opened: Opened) -> int:
        """The connection is there; returns its epoch, which every later letter carries.

        Raises:
            StorageUnavailableError: the epoch could not be stored; close the socket with 1013.
        """
        ...

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        """Queue a message; `reply` is called once, after the commit, unless it was a SEND.

        Returns at once. Messages of one station are decided in the order of these calls.
        """
        ...

    def close(self, closed: Closed) -> None:
        """The connection is gone. Letters of a later epoch are not affected."""
        ...

    def note(self, noted: Noted) -> None: ...


class Sockets(Protocol):
    """What the core asks of the gateway that holds a station's connection."""

    async def ask(self, ask: Ask) -> Told:
        """Send a CALL when its turn comes (one in flight per station) and wait for the answer."""
        ...

    def hang_up(self, hang_up: HangUp) -> None:
        """Close the station's connection, if there is one."""
        ...

    async def rule(self, challenge: Challenge) -> Ruled | None:
        """Someone came as this station elsewhere: does the connection here give way, if any?"""
        ...


class Neighbours(Protocol):
    """What a gateway asks of the gateway where a station is, or was, connected."""

    async def challenge(self, challenge: Challenge) -> Ruled | None:
        """Is the connection there to give way? None: there is none, or nobody answers."""
        ...
