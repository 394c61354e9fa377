"""What other nodes told while NATS did not bring it is read in the outbox."""

from datetime import datetime, timedelta

from ricarica.engine.outbox import Events
from ricarica.kernel.clock import Clock
from ricarica.link.bus import Bus
from ricarica.link.letters import Unheard

UNNOTICED = timedelta(seconds=40)  # a line may be dead for half a minute before that is noticed
ALL_BACK_S = 5.0  # after an outage, until all hear each other


class Missed:
    """From a loss of the line, here or at another node, until all hear each other again."""

    def __init__(self, events: Events, bus: Bus, clock: Clock) -> None:
        self._events = events
        self._bus = bus
        self._clock = clock
        self._since: datetime | None = None  # what was told from then on may not have been heard
        self._lost_at: datetime | None = None
        self._until: float | None = None  # on the clock that never goes back; None: not back yet

    def lost(self) -> None:
        self._lost_at = self._clock.now() - UNNOTICED
        self._begin(self._lost_at)
        self._until = None

    def back(self) -> None:
        self._until = self._clock.monotonic() + ALL_BACK_S
        if self._lost_at is not None:
            self._bus.send("unheard", Unheard(self._lost_at))

    def others_were(self, unheard: Unheard) -> None:
        """Another node was cut off: what it told since then did not come here."""
        if self._since is None or self._until is not None:
            self._until = self._clock.monotonic() + ALL_BACK_S
        self._begin(unheard.since)

    def _begin(self, since: datetime) -> None:
        self._since = min(self._since or since, since)

    async def read(self) -> None:
        """Tell those who watch here; called every second or so."""
        since, now = self._since, self._clock.now()
        if since is None:
            return
        was_back = self._until is not None and self._clock.monotonic() >= self._until
        await self._events.tell_since(since)
        if self._since != since:
            return  # lost for longer than we knew
        is_over = was_back and self._until is not None
        self._since = None if is_over else now
