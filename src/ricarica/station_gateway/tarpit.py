"""Whoever is refused again and again is answered late.

A refusal costs little, but one that comes at once lets the next attempt follow at once, and who
waits for it cannot knock faster than it comes. So many may wait; the others hear it at once, for
behind one address there may be a thousand stations that would do as they are told.
"""

from typing import Protocol

from ricarica.kernel.clock import Clock
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Throttle


class Refused(Protocol):
    @property
    def counted_as(self) -> str | None:
        """By which those are counted together who may be one and the same; None: a proxy."""
        ...


class Tarpit:
    def __init__(self, limits: GatewayLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._refusals = Throttle(limits.refusals, limits.names_max)
        self._stuck: dict[Refused, str] = {}
        self._of_each: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._stuck)

    def delay_s(self, refused: Refused) -> float:
        """How long it has to wait for its answer. Whoever does has to `leave` when it is gone."""
        network, now = refused.counted_as, self._clock.monotonic()
        if network is None:
            return 0.0
        if not self._refusals.exhausted(network, now):
            self._refusals.count(network, now)
            return 0.0
        stuck = self._of_each.get(network, 0)
        if stuck >= self._limits.stuck_per_remote or len(self) >= self._limits.stuck_max:
            return 0.0
        self._stuck[refused] = network
        self._of_each[network] = stuck + 1
        return self._limits.refused_late_s

    def leave(self, refused: Refused) -> None:
        """Also called for those who did not wait."""
        network = self._stuck.pop(refused, None)
        if network is None:
            return
        self._of_each[network] -= 1
        if not self._of_each[network]:
            del self._of_each[network]
