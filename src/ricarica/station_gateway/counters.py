"""What the gateway counts, for metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewayCounts:
    """Since the start, except `connections`, which is now."""

    connections: int
    sockets: int  # the same, and whatever has not come through its handshake
    opened: int
    refused: int
    swapped: int
    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int
    throttled: int
    noted: int


class Tally:
    """The running figures; only the event loop's thread touches them."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "messages_in",
        "messages_out",
        "noted",
        "opened",
        "refused",
        "sockets",
        "swapped",
        "throttled",
    )

    def __init__(self) -> None:
        self.sockets = 0
        self.opened = 0
        self.refused = 0
        self.swapped = 0
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.throttled = 0
        self.noted = 0

    def counts(self, connections: int) -> GatewayCounts:
        return GatewayCounts(
            connections=connections, **{name: getattr(self, name) for name in self.__slots__}
        )
