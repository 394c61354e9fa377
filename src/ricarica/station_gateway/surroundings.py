"""What every part of the gateway is given."""

import random
from dataclasses import dataclass, field

from ricarica.kernel.clock import Clock
from ricarica.link.ports import Decisions
from ricarica.station_gateway.counters import Tally
from ricarica.station_gateway.grudges import Offenders
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.timers import Timers


@dataclass(frozen=True, slots=True)
class Surroundings:
    decisions: Decisions
    clock: Clock
    timers: Timers
    limits: GatewayLimits
    rng: random.Random
    tally: Tally
    offenders: Offenders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "offenders", Offenders(self.limits))

    def next_sip_at(self) -> float:
        """When to read on of somebody who sends hardly anything at a time; not of all at once."""
        return self.clock.monotonic() + self.rng.uniform(0.5, 1.5)
