"""What all visits share; handed in once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ricarica.access.authentication import Authentication
from ricarica.engine.core import Engine
from ricarica.kernel.ids import Ids
from ricarica.storage.database import Database
from ricarica.web.curves import Curves
from ricarica.web.rendering import Pages


@dataclass(frozen=True, slots=True)
class Choices:
    """What whoever runs Ricarica decided about the pages.

    Args:
        time_zone: In which instants are shown and days begin.
        currency: Of a new tariff.
        are_cookies_secure: Send them over HTTPS only; they are anyway where HTTPS is seen.
        tiles_url: Address pattern of map tiles of one's own.
        are_unknown_refused: No unknown station waits for approval.
    """

    time_zone: str = "UTC"
    currency: str = "EUR"
    are_cookies_secure: bool = False
    tiles_url: str | None = None
    tiles_attribution: str | None = None
    are_unknown_refused: bool = False


@dataclass(frozen=True, slots=True)
class House:
    engine: Engine
    authentication: Authentication
    now: Callable[[], datetime]
    ids: Ids
    pages: Pages
    choices: Choices = field(default_factory=Choices)
    curves: Curves = field(default_factory=Curves)

    @property
    def database(self) -> Database:
        return self.engine.database
