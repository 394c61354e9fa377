"""What is known of the energy of one EVSE: the car's needs and plans, priority, and what we asked.

EVSE 0 is the station as a whole.
"""

from datetime import datetime, timedelta

import msgspec

from ricarica.energy.facts import Needs
from ricarica.energy.model import Schedule, Unit
from ricarica.kernel.ids import EvseNumber, StationKey

REPORTED_IN = timedelta(minutes=5)


class Composite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """K08: the station's own answer to what will hold."""

    at: datetime
    duration_s: int
    schedule: Schedule
    unit: Unit


class EvseEnergy(msgspec.Struct, frozen=True, kw_only=True):
    station: StationKey
    evse: EvseNumber
    transaction: str | None = None  # the one that needs and plan belong to
    needs: Needs | None = None
    needs_at: datetime | None = None
    tuples_max: int | None = None
    answer: str | None = None
    plan: Schedule | None = None  # the car's
    plan_at: datetime | None = None  # when it begins
    plan_selected: int | None = None
    plan_fits: bool | None = None
    renegotiations: int = 0
    has_priority: bool = False
    priority_at: datetime | None = None
    composite: Composite | None = None
    # Number of our question for all profiles, while it is open; negative once they have changed
    # since, so that what is still to come tells how it was before.
    asked: int | None = None
    asked_at: datetime | None = None
    heard_at: datetime | None = None  # when all pages of the last answer had come

    @property
    def report(self) -> int | None:
        return None if self.asked is None else abs(self.asked)

    @property
    def is_doubted(self) -> bool:
        return self.asked is not None and self.asked < 0

    def is_worth_asking(self, connected_at: datetime | None) -> bool:
        """Once for each connection: it may have been restarted, or served by others.

        B13.FR.31, E17.FR.15
        """
        if connected_at is None:
            return False
        return self.asked_at is None or self.asked_at < connected_at

    def is_reporting(self, at: datetime) -> bool:
        """Some stations say yes and then tell nothing: they are not waited for without end."""
        return self.asked_at is not None and bool(self.asked) and at < self.asked_at + REPORTED_IN
