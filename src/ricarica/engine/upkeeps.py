"""Every kind of upkeep there is, in the order in which a station is told."""

from ricarica.engine.upkeep import Upkeep

# Security before what needs it, settings before what they switch on.
UPKEEPS: tuple[Upkeep, ...] = ()
