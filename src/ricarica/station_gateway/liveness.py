"""Is the peer still there? Pure: time comes in, what to do comes out."""

from enum import Enum, auto

from ricarica.station_gateway.limits import GatewayLimits


class Pulse(Enum):
    FINE = auto()
    PING = auto()  # send one
    LOST = auto()  # nobody is there any more


class Liveness:
    """Pings only a silent peer: anything it sends shows that it is alive (G02.FR.04)."""

    __slots__ = ("_answers_pings", "_heard_at", "_limits", "_missed")

    def __init__(self, limits: GatewayLimits, now: float) -> None:
        self._limits = limits
        self._heard_at = now
        self._missed = 0
        self._answers_pings = False

    def heard(self, now: float) -> None:
        self._heard_at = now
        self._missed = 0

    def ponged(self, now: float) -> None:
        self.heard(now)
        self._answers_pings = True

    def check(self, now: float) -> Pulse:
        """To be called about every `ping_s`, after each of which a ping counts as missed."""
        silence_s = now - self._heard_at
        if silence_s < self._limits.ping_s / 2:
            return Pulse.FINE
        # Some stations never answer a ping; only longer silence says something about them.
        patience_s = 0.0 if self._answers_pings else self._limits.silence_max_s
        if self._missed >= self._limits.missed_pings_max and silence_s >= patience_s:
            return Pulse.LOST
        self._missed += 1
        return Pulse.PING
