"""Who broke the rules of the wire lately, and for how long that one is kept waiting. Pure.

A connection that ends for a bad frame has cost a handshake, two commits and lines in the log, and
whoever causes one may cause any number. A station whose firmware is wrong comes back every few
seconds and hardly notices; one that does nothing else is slowed down to what others do not notice.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import network_of
from ricarica.station_gateway.throttle import Throttle

FORGIVEN_AFTER_S = 60.0  # one offence
ATONED_AFTER_S = 20.0  # coming and going: a line that was bad for long is not told so for long
FIRST_S = 0.25  # beyond what is free; then twice as long each time


@dataclass(slots=True)
class _Grudge:
    offences: float
    at: float


class Grudges:
    """Names that were quiet longest are forgotten first."""

    def __init__(self, free: int, wait_max_s: float, names_max: int) -> None:
        """`free`: so many offences have no consequence."""
        self._free = free
        self._wait_max_s = wait_max_s
        self._names_max = names_max
        self._grudges: OrderedDict[str, _Grudge] = OrderedDict()

    def note(self, name: str, now: float) -> None:
        self._grudges[name] = _Grudge(self._offences(name, now) + 1, now)
        self._grudges.move_to_end(name)
        if len(self._grudges) > self._names_max:
            self._grudges.popitem(last=False)

    def wait_s(self, name: str, now: float) -> float:
        """How long its next handshake has to wait."""
        excess = self._offences(name, now) - self._free
        if excess <= 0:
            return 0.0
        return min(FIRST_S * math.exp2(min(excess, 32.0)), self._wait_max_s)

    def _offences(self, name: str, now: float) -> float:
        grudge = self._grudges.get(name)
        return max(0.0, grudge.offences - (now - grudge.at) / FORGIVEN_AFTER_S) if grudge else 0.0


class Offenders:
    """Counted by identity and address, and by address: names are cheap."""

    def __init__(self, limits: GatewayLimits) -> None:
        wait_s, names = limits.penance_s, limits.names_max
        self._stations = Grudges(limits.offences_free, wait_s, names)
        self._remotes = Grudges(limits.offences_free_per_remote, wait_s, names)
        self._fleeting = Throttle(limits.fleeting_visits, names)

    def note(self, tenant: str, identity: str, remote: str, now: float) -> None:
        self._stations.note(_name(tenant, identity, remote), now)
        self._remotes.note(network_of(remote), now)

    def came_and_went(self, network: str, now: float) -> None:
        """It was let in, and gone at once."""
        if self._fleeting.due_in(network, now) < ATONED_AFTER_S:
            self._fleeting.take(network, now)

    def is_restless(self, network: str, now: float) -> bool:
        return self._fleeting.exhausted(network, now)

    def wait_s(self, tenant: str, identity: str, remote: str, now: float) -> float:
        own_s = self._stations.wait_s(_name(tenant, identity, remote), now)
        return max(own_s, self._remotes.wait_s(network_of(remote), now))


def _name(tenant: str, identity: str, remote: str) -> str:
    return f"{tenant}/{identity.casefold()} {network_of(remote)}"
