"""What the gateway counts, for metrics."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewayCounts:
    """Since the start, except the first five, which are now."""

    connections: int
    sockets: int  # the same, and whatever has not come through its handshake
    seated: Mapping[tuple[str, bool], int]  # by dialect, and whether over TLS
    handshaking: int  # connections that have not finished their request
    unanswered: int  # messages that the core decides on
    opened: int
    refused: int
    shed: int  # connections put off before anything was read of them
    swapped: int
    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int
    throttled: int
    noted: int
    verdicts: Mapping[str, int]  # on handshakes
    remarks: Mapping[str, int]  # by kind; together they are `noted`


class Tally:
    """The running figures; only the event loop's thread touches them."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "handshaking",
        "messages_in",
        "messages_out",
        "noted",
        "opened",
        "refused",
        "remarks",
        "seated",
        "shed",
        "sockets",
        "swapped",
        "throttled",
        "unanswered",
        "verdicts",
    )

    def __init__(self) -> None:
        self.sockets = 0
        self.seated: Counter[tuple[str, bool]] = Counter()
        self.handshaking = 0
        self.unanswered = 0
        self.opened = 0
        self.refused = 0
        self.shed = 0
        self.swapped = 0
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.throttled = 0
        self.noted = 0
        self.verdicts: Counter[str] = Counter()
        self.remarks: Counter[str] = Counter()

    def counts(self, connections: int) -> GatewayCounts:
        return GatewayCounts(
            connections=connections, **{name: getattr(self, name) for name in self.__slots__}
        )
