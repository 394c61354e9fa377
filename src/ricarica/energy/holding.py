"""What is wanted of a station, what it has, and what lies in between."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from msgspec.structs import replace

from ricarica.energy.commands import AskProfiles, ClearProfiles, SetProfile
from ricarica.energy.composite import Occasion, Placed
from ricarica.energy.evses import EvseEnergy
from ricarica.energy.facts import ProfilesReported
from ricarica.energy.model import (
    OURS,
    ExternalLimit,
    Held,
    Kind,
    Profile,
    Purpose,
    Schedule,
    amounts_of,
    with_amounts,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber
from ricarica.transactions.model import Transaction

ACCEPTED = "accepted"
UNSAYABLE = "unsupported"  # what the station, or its dialect, has no word for is not said again
NOT_OURS = frozenset({Purpose.EXTERNAL, Purpose.LOCAL_GENERATION})
EXTERNAL_ID = -1  # of what is limited without a profile; it is never sent


def meant(profile: Profile, running: Sequence[Transaction], *, with_start: bool) -> Profile:
    """For the transaction that runs there, where none is named."""
    if profile.purpose is not Purpose.TRANSACTION or profile.transaction or with_start:
        return profile
    if len(running) != 1:
        raise InvalidError("name the transaction: it is not clear which one is meant")
    return replace(profile, transaction=running[0].ref)


def from_now(profile: Profile, at: datetime) -> Profile:
    """K01.FR.40: what has no beginning begins now. Stations know no fractions of a second."""
    begun = at.replace(microsecond=0)
    if profile.kind not in (Kind.ABSOLUTE, Kind.RECURRING):
        return profile
    schedules = tuple(_begun(schedule, begun) for schedule in profile.schedules)
    return replace(profile, schedules=schedules)


def _begun(schedule: Schedule, begun: datetime) -> Schedule:
    if not schedule.local_time:
        return schedule if schedule.start_at else replace(schedule, start_at=begun)
    if schedule.start_at is None:
        raise InvalidError("say when it begins by the station's clock: start_at")
    # K01.FR.90: it is the clock's digits that count, and so they are kept.
    return replace(schedule, start_at=schedule.start_at.replace(tzinfo=UTC))


def step_for(
    profiles: Iterable[Held], since: datetime | None = None
) -> SetProfile | ClearProfiles | None:
    """What to tell next.

    Args:
        since: What the station was told before is forgotten, for all we know.
    """
    missing = [held for held in profiles if held.is_ours and not _is_settled(held, since)]
    if not missing:
        return None
    # What was never tried goes before what was refused; removals before what needs their place.
    first = min(missing, key=lambda held: (held.outcome is not None, not held.unwanted, held.id))
    if first.unwanted:
        return ClearProfiles(first.id)
    assert first.wanted is not None, "what is ours is wanted or unwanted"
    return SetProfile(first.evse, first.wanted)


def all_ours(number: int) -> AskProfiles:
    """All profiles that we could have set there. K09.FR.03"""
    return AskProfiles(number, sources=(OURS,))


def _is_settled(held: Held, since: datetime | None) -> bool:
    if held.outcome == UNSAYABLE:
        return True
    is_forgotten = since is not None and (held.told_at is None or held.told_at < since)
    return held.is_in_step and not is_forgotten


def with_answer(
    known: Held, command: SetProfile, outcome: str, detail: str | None, at: datetime
) -> Held:
    """K01.FR.05: what was accepted is in the place of what had its id."""
    answered = replace(known, outcome=outcome, detail=detail, told_at=at)
    if outcome != ACCEPTED:
        return answered
    profile = command.profile
    if profile.kind is Kind.DYNAMIC and profile.updated_at is None:  # K28.FR.05
        profile = with_amounts(profile, amounts_of(profile.period), at)
    return replace(answered, held=profile, evse=command.evse, unwanted=False)


def as_reported(known: Held | None, profile: Profile, reported: ProfilesReported) -> Held:
    held = known or Held(
        station=reported.station, id=profile.id, evse=reported.evse, purpose=profile.purpose
    )
    return replace(
        held,
        evse=reported.evse,
        purpose=profile.purpose,
        transaction=profile.transaction,
        held=profile,
        source=reported.source,
        reported_at=reported.at,
    )


def is_meant(held: Held, command: ClearProfiles) -> bool:
    """K10.FR.03, K10.FR.04: by id, or by all that is said besides; never what others limit."""
    if held.purpose in NOT_OURS and held.source != OURS:
        return False
    if command.id is not None:
        return held.id == command.id
    there = held.held or held.wanted
    return (
        command.evse in (None, held.evse)
        and command.purpose in (None, held.purpose)
        and command.stack_level in (None, there.stack_level if there else None)
    )


def placed_in(profiles: Iterable[Held], limits: Iterable[ExternalLimit]) -> list[Placed]:
    """All that holds at the station, as far as we know."""
    known = [Placed(each.held, each.evse) for each in profiles if each.held]
    told = {(each.evse, each.profile.purpose) for each in known}
    # What a station reports as a profile, it has told as a limit before.
    limiting = (each for each in _limiting(limits) if (each.evse, each.profile.purpose) not in told)
    return [*known, *limiting]


def _limiting(limits: Iterable[ExternalLimit]) -> Iterator[Placed]:
    for limit in limits:
        if limit.cleared_at:
            continue
        purpose = Purpose.LOCAL_GENERATION if limit.is_local_generation else Purpose.EXTERNAL
        for schedule in limit.schedules:
            yield Placed(_as_profile(schedule, purpose, limit.at), limit.evse)


def _as_profile(schedule: Schedule, purpose: Purpose, at: datetime) -> Profile:
    begun = replace(schedule, start_at=schedule.start_at or at)
    return Profile(id=EXTERNAL_ID, purpose=purpose, schedules=(begun,))


def occasion_at(
    evse: EvseNumber,
    running: Sequence[Transaction],
    known: EvseEnergy | None,
    zone: tzinfo | None,
) -> Occasion:
    if not running:
        return Occasion(evse=evse, zone=zone)
    transaction = running[0]
    is_first = known is not None and known.has_priority and known.transaction == transaction.ref
    return Occasion(
        evse=evse,
        transaction=transaction.ref,
        started_at=transaction.started_at,
        has_priority=is_first,
        soc_percent=transaction.soc_percent,
        zone=zone,
    )
