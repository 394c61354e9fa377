"""What is known of the energy of one EVSE: the car's needs and plans, priority, and what we asked.

EVSE 0 is the station as a whole.
"""

from datetime import datetime

import msgspec

from ricarica.energy.facts import Needs
from ricarica.energy.model import Schedule, Unit
from ricarica.kernel.ids import EvseNumber, StationKey


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
    asked: int | None = None  # number of our question for all profiles, while it is open
    asked_at: datetime | None = None
    heard_at: datetime | None = None  # when all pages of the last answer had come
