"""Names of things. All are plain text at run time; the types keep them apart."""

import base64
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NewType, Protocol

TenantId = NewType("TenantId", str)
StationId = NewType("StationId", str)
"""A station's identity in canonical form: as first registered. Compared case-insensitively."""
EvseNumber = NewType("EvseNumber", int)
"""Number of an EVSE within its station, from 1; 0 is the station as a whole."""
ConnectorNumber = NewType("ConnectorNumber", int)
SiteId = NewType("SiteId", str)
TransactionId = NewType("TransactionId", str)
TariffId = NewType("TariffId", str)
OperatorId = NewType("OperatorId", str)
EventId = NewType("EventId", int)

DEFAULT_TENANT = TenantId("default")


@dataclass(frozen=True, slots=True, order=True)
class StationKey:
    """A station within its tenant: every lookup of something a station owns starts with it."""

    tenant: TenantId
    station: StationId

    def __hash__(self) -> int:
        return hash(self.station)  # a text knows its hash, and few stations share a name

    def __str__(self) -> str:
        return self.station if self.tenant == DEFAULT_TENANT else f"{self.tenant}/{self.station}"


class Ids(Protocol):
    """Where new names come from; handed in, so that tests can foresee them."""

    def new(self) -> str:
        """A UUIDv7: 36 characters, in the order of creation."""
        ...

    def event(self) -> EventId:
        """A positive 63-bit number, greater than every one given before by this source."""
        ...

    def wire_number(self) -> int:
        """An unpredictable positive 31-bit number, for names that only carry an integer."""
        ...

    def secret(self) -> str:
        """An unguessable text of 43 URL-safe characters (256 bits)."""
        ...


EVENT_STEP = 1 << 10


class RandomIds:
    """`Ids` from the operating system's randomness and the wall clock."""

    def __init__(self, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._now_ms = now_ms
        # Processes that give numbers in the same millisecond hardly ever give the same.
        self._ours = int.from_bytes(os.urandom(2), "big") % EVENT_STEP
        self._last_event = self._ours
        self._lock = threading.Lock()

    def new(self) -> str:
        stamp = self._now_ms().to_bytes(6, "big")
        tail = bytearray(os.urandom(10))
        tail[0] = 0x70 | (tail[0] & 0x0F)  # RFC 9562 §5.7: version 7
        tail[2] = 0x80 | (tail[2] & 0x3F)
        text = (stamp + tail).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def event(self) -> EventId:
        with self._lock:
            # Of 20 bits behind the millisecond, ten count and ten stand for this process.
            earliest, last = self._now_ms() << 20 | self._ours, self._last_event
            self._last_event = earliest if earliest > last else last + EVENT_STEP
            return EventId(self._last_event)

    def wire_number(self) -> int:
        return int.from_bytes(os.urandom(4), "big") % (2**31 - 1) + 1

    def secret(self) -> str:
        return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
