from dataclasses import dataclass
from datetime import datetime

from ricarica.authorization.model import TokenRef
from ricarica.kernel.ids import EvseNumber


@dataclass(frozen=True, slots=True)
class Reserve:
    """Hold an EVSE for a token. Without one, any; a known `number` replaces that one. H01"""

    number: int
    token: TokenRef
    expires_at: datetime
    evse: EvseNumber | None = None
    connector_type: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    """H02"""

    number: int
