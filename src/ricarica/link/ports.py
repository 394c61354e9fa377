"""The two ends of the link: decisions (the core) and sockets (the gateway)."""

from collections.abc import Callable
from typing import Protocol

from ricarica.kernel.ids import StationKey
from ricarica.link.letters import (
    Admission,
    Ask,
    Closed,
    Delivered,
    Knock,
    Noted,
    Opened,
    Reply,
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

    def connected(self, key: StationKey) -> int | None:
        """The epoch of the live connection, or None."""
        ...

    def hang_up(self, key: StationKey, code: int, reason: str) -> None:
        """Close the station's connection, if there is one."""
        ...
