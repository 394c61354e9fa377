"""What a station that counts costs itself is told of prices."""

from dataclasses import dataclass

from ricarica.kernel.ids import EvseNumber
from ricarica.tariffs.plan import Plan

EVERYWHERE = EvseNumber(0)


@dataclass(frozen=True, slots=True)
class SetDefaultPlan:
    """I07: by these prices it counts for whoever has none of their own."""

    plan: Plan
    evse: EvseNumber = EVERYWHERE


@dataclass(frozen=True, slots=True)
class GetPlans:
    """I09: the names of all it has."""

    evse: EvseNumber = EVERYWHERE


@dataclass(frozen=True, slots=True)
class ClearPlans:
    """I10: those of these names, at this EVSE; neither: all of them."""

    plans: tuple[str, ...] = ()
    evse: EvseNumber | None = None
