from dataclasses import dataclass
from datetime import timedelta

from ricarica.kernel.ids import EvseNumber


@dataclass(frozen=True, slots=True)
class HoldForPayment:
    """C25.FR.21: somebody pays for this EVSE on a page, so that nobody else begins there."""

    evse: EvseNumber
    timeout: timedelta = timedelta(minutes=5)
