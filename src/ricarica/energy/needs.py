"""What a car is given for what it asked; K15–K20. A simple rule: so much, and no plan."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.abilities import Abilities
from ricarica.energy.composite import Occasion, Placed, ceiling_at
from ricarica.energy.evses import EvseEnergy
from ricarica.energy.facts import Needs, NeedsAnswer
from ricarica.energy.model import (
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Rule,
    Schedule,
    Unit,
)
from ricarica.energy.moments import lasting, later
from ricarica.energy.units import fitted, watts

TOLERANCE = Decimal("1.01")  # cars and stations round in their own ways
RENEGOTIATIONS_MAX = 3  # of one set of needs: a car that will not listen is not asked forever
MOST = timedelta(days=3)  # how far a car's plan is looked at


def answer_to(
    needs: Needs, allowed: Sequence[EnergyTransfer] | None, *, can_be_given: bool
) -> NeedsAnswer:
    """`can_be_given`: a transaction runs, and there is a profile for it."""
    if allowed is not None and needs.transfer not in allowed:  # Q01.FR.04, K18.FR.22, K19.FR.15
        return NeedsAnswer.REJECTED
    if can_be_given:  # K15.FR.03, K16.FR.12, K17.FR.03, K18.FR.03, K19.FR.03, Q01.FR.07
        return NeedsAnswer.ACCEPTED
    # K18.FR.04, K19.FR.04; K15.FR.04 and K17.FR.04 have no word but a refusal, which ends nothing
    return NeedsAnswer.NO_PROFILE if needs.is_bidirectional_protocol else NeedsAnswer.REJECTED


def both_allow(
    of_token: Sequence[EnergyTransfer], of_station: Sequence[EnergyTransfer] | None
) -> tuple[EnergyTransfer, ...] | None:
    """A token without any may do all that the station may; None: nobody has decided."""
    if not of_token:
        return None if of_station is None else tuple(of_station)
    return tuple(each for each in of_token if of_station is None or each in of_station)


def transfers_by(rules: Sequence[Rule]) -> tuple[EnergyTransfer, ...] | None:
    return next((rule.transfers for rule in rules if rule.transfers is not None), None)


def power_by(rules: Sequence[Rule]) -> Decimal | None:
    return next((rule.power_w for rule in rules if rule.power_w is not None), None)


def profile_for(
    needs: Needs, power_w: Decimal, transaction: str, id: int, abilities: Abilities
) -> Profile:
    """K15.FR.18, K18.FR.18: one schedule with one period, and never more than the car can take.

    That is fewer than any car or station takes at most: K15.FR.07, K17.FR.07, K17.FR.19, K18.FR.07,
    K19.FR.07.

    Q02.FR.01: it charges only; whoever wants something back sets that by hand.
    """
    asked_w = power_w if needs.charge_w_max is None else max(needs.charge_w_max, Decimal(0))
    most_w = min(power_w, asked_w)
    mode = Mode.CHARGING_ONLY if needs.is_bidirectional_protocol else None
    period = Period(limit=most_w, mode=mode, phases=needs.phases)
    profile = Profile(
        id=id,
        purpose=Purpose.TRANSACTION,
        kind=Kind.RELATIVE,
        transaction=transaction,
        schedules=(Schedule(unit=Unit.W, periods=(period,)),),
    )
    return fitted(profile, abilities.units)


def with_needs(known: EvseEnergy, needs: Needs, at: datetime, answer: NeedsAnswer) -> EvseEnergy:
    return replace(
        known,
        needs=needs,
        needs_at=at,
        answer=answer,
        plan=None,
        plan_at=None,
        plan_selected=None,
        plan_fits=None,
        renegotiations=0,
    )


def fits(plan: Schedule, base_at: datetime, placed: Sequence[Placed], occasion: Occasion) -> bool:
    """K15.FR.11: whether a car's plan stays below what we believe to hold."""
    begun = plan.start_at or base_at
    for period in plan.periods:
        start = lasting(period.start_s)
        if period.limit is None or start > MOST:
            continue
        limit_w = ceiling_at(placed, occasion, later(begun, start)).in_w()
        wanted_w = watts(period.limit, plan.unit, period.phases)
        if limit_w is not None and wanted_w > limit_w * TOLERANCE:
            return False
    return True
