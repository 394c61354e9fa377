"""What every part of the gateway is given."""

import random
from dataclasses import dataclass

from ricarica.kernel.clock import Clock
from ricarica.link.ports import Decisions
from ricarica.station_gateway.counters import Tally
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
