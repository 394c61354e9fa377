"""An image for many stations: a few first, then in waves, and no further when they suffer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.firmware.updates import Update, UpdateState
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.ids import StationKey, TenantId

TARGETS_MAX = 20_000  # stations of one campaign, so that a step of it stays short
AT_ONCE_MAX = 200  # updates under way; more would be a storm on whoever serves the image
RETRY_AFTER = timedelta(minutes=10)  # times the number of attempts
LOOK_AGAIN = timedelta(minutes=5)  # at a station that is away, or charges


class CampaignState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"  # by an operator
    HALTED = "halted"  # by itself: too many failed
    CANCELLED = "cancelled"
    DONE = "done"


class TargetState(StrEnum):
    WAITING = "waiting"
    ORDERED = "ordered"
    VERIFYING = "verifying"  # it says it is installed
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # it has that version already, or was away for too long
    CANCELLED = "cancelled"


UNDER_WAY = frozenset({TargetState.ORDERED, TargetState.VERIFYING})
LEFT = UNDER_WAY | {TargetState.WAITING}
ENDED_BADLY = frozenset({UpdateState.FAILED, UpdateState.REFUSED, UpdateState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a campaign goes about it.

    Args:
        canary_percent: Of all stations, updated first; at least one, unless 0.
        wave_size: Stations of each wave after them; 0: all that are left.
        at_once: Updates under way at the same time.
        pause: Between the end of a wave and the next one.
        failures_max_percent: Of a wave; with more, the campaign halts.
        healthy_within: After it says installed, a station is back and available.
        install_within: After the order, it says installed.
        attempts: With each station.
        spare_charging: Wait for those that charge.
        away_max: So long a station may be away before the wave goes on without it.
        signed: As in `facts.Wanted`.
    """

    canary_percent: int = 5
    wave_size: int = 50
    at_once: int = 10
    pause: timedelta = timedelta(minutes=15)
    failures_max_percent: int = 10
    healthy_within: timedelta = timedelta(minutes=15)
    install_within: timedelta = timedelta(hours=2)
    attempts: int = 2
    spare_charging: bool = True
    away_max: timedelta = timedelta(hours=24)
    signed: bool | None = None

    def checked(self) -> "Plan":
        """
        Raises:
            InvalidError: a number makes no sense; the text names it.
        """
        for name in ("canary_percent", "failures_max_percent"):
            if not 0 <= getattr(self, name) <= 100:
                raise InvalidError(f"{name} is from 0 to 100")
        for name, most in (("at_once", AT_ONCE_MAX), ("attempts", 10)):
            if not 1 <= getattr(self, name) <= most:
                raise InvalidError(f"{name} is from 1 to {most}")
        if not 0 <= self.wave_size <= TARGETS_MAX:
            raise InvalidError(f"wave_size is from 0 to {TARGETS_MAX}")
        for name in ("healthy_within", "install_within", "away_max"):
            if not timedelta(minutes=1) <= getattr(self, name) <= timedelta(days=30):
                raise InvalidError(f"{name} is from a minute to 30 days")
        if not timedelta() <= self.pause <= timedelta(days=30):
            raise InvalidError("pause is from nothing to 30 days")
        return self


@dataclass(frozen=True, slots=True)
class Campaign:
    """`forgiven`: failures that an operator has looked at and resumed after."""

    tenant: TenantId
    id: str
    name: str
    image: str
    plan: Plan
    state: CampaignState
    created_at: datetime
    created_by: str
    changed_at: datetime
    wave: int = 0
    wave_at: datetime | None = None  # the wave does not begin before
    forgiven: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A station in a campaign. `next_at`: nothing is done about it before."""

    station: StationKey
    campaign: str
    wave: int
    state: TargetState
    changed_at: datetime
    next_at: datetime
    attempts: int = 0
    number: int | None = None  # of the last update that was ordered
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A station as it is now."""

    connected: bool
    firmware: str | None
    is_available: bool
    is_charging: bool = False


def targets_of(
    campaign: Campaign, stations: Sequence[StationKey], now: datetime
) -> Iterable[Target]:
    """Every station with its wave: the canaries are spread over the list."""
    unique = list(dict.fromkeys(stations))
    if not 0 < len(unique) <= TARGETS_MAX:
        raise InvalidError(f"a campaign has 1 to {TARGETS_MAX} stations, not {len(unique)}")
    canaries = set(_spread(unique, campaign.plan.canary_percent))
    others = [station for station in unique if station not in canaries]
    first, size = (1 if canaries else 0), campaign.plan.wave_size or len(unique)
    waves = dict.fromkeys(canaries, 0)
    waves.update({station: first + place // size for place, station in enumerate(others)})
    for station in unique:
        yield Target(station, campaign.id, waves[station], TargetState.WAITING, now, now)


def _spread(stations: Sequence[StationKey], percent: int) -> Iterable[StationKey]:
    count = min(max(1, round(len(stations) * percent / 100)), len(stations)) if percent else 0
    return (stations[place * len(stations) // count] for place in range(count))


def judged(target: Target, update: Update | None, seen: Seen, plan: Plan, now: datetime) -> Target:
    """What has become of a station whose update is under way."""
    if update is None:
        return _again(target, "its update was lost", plan, now)
    if update.state is UpdateState.CONFIRMED and seen.connected and seen.is_available:
        return replace(target, state=TargetState.DONE, changed_at=now, why=None)
    if update.state in ENDED_BADLY:
        return _again(target, update.detail or update.status or update.state, plan, now)
    if update.state in (UpdateState.INSTALLED, UpdateState.CONFIRMED):
        return _verified(target, update, seen, plan, now)
    if now >= target.changed_at + plan.install_within:
        return _again(target, f"{update.status or update.state} for too long", plan, now)
    return target


def _verified(target: Target, update: Update, seen: Seen, plan: Plan, now: datetime) -> Target:
    if target.state is TargetState.ORDERED:
        return replace(target, state=TargetState.VERIFYING, changed_at=now)
    if now < target.changed_at + plan.healthy_within:
        return target
    if update.state is UpdateState.INSTALLED:
        why = update.detail or "it never booted with it"
    else:
        why = "not available since" if seen.connected else "not back since"
    # What was installed is not installed again: somebody has to look at this station.
    return replace(target, state=TargetState.FAILED, changed_at=now, why=why)


def _again(target: Target, why: str, plan: Plan, now: datetime) -> Target:
    if target.attempts >= plan.attempts:
        return replace(target, state=TargetState.FAILED, changed_at=now, why=why)
    later = now + RETRY_AFTER * target.attempts
    return replace(target, state=TargetState.WAITING, changed_at=now, next_at=later, why=why)


def may_begin(target: Target, seen: Seen, plan: Plan, firmware: str, now: datetime) -> Target:
    """The same target where its update may be ordered now, else with why not."""
    if seen.firmware == firmware and not target.attempts:
        return replace(target, state=TargetState.SKIPPED, changed_at=now, why="has it already")
    if not seen.connected:
        if now >= target.changed_at + plan.away_max:
            return replace(target, state=TargetState.SKIPPED, changed_at=now, why="away too long")
        return replace(target, next_at=now + LOOK_AGAIN, why="not connected")
    if plan.spare_charging and seen.is_charging:
        return replace(target, next_at=now + LOOK_AGAIN, why="charging")
    return target


def why_halt(campaign: Campaign, counts: Mapping[TargetState, int]) -> str | None:
    """The gate. `counts`: of the current wave, by state."""
    failed = counts.get(TargetState.FAILED, 0)
    size = sum(counts.values()) - counts.get(TargetState.SKIPPED, 0)
    new = failed - campaign.forgiven
    if new <= 0 or new * 100 <= campaign.plan.failures_max_percent * size:
        return None
    return f"{failed} of {size} stations of wave {campaign.wave + 1} failed"


# -- what an operator decides


def paused(campaign: Campaign, now: datetime) -> Campaign:
    if campaign.state is not CampaignState.RUNNING:
        raise ConflictError(f"the campaign is {campaign.state}; only one that runs can be paused")
    return replace(campaign, state=CampaignState.PAUSED, changed_at=now, why=None)


def resumed(campaign: Campaign, failed_in_wave: int, now: datetime) -> Campaign:
    if campaign.state not in (CampaignState.PAUSED, CampaignState.HALTED):
        raise ConflictError(f"the campaign is {campaign.state}; there is nothing to resume")
    return replace(
        campaign,
        state=CampaignState.RUNNING,
        changed_at=now,
        why=None,
        forgiven=failed_in_wave if campaign.state is CampaignState.HALTED else campaign.forgiven,
    )


def cancelled(campaign: Campaign, now: datetime) -> Campaign:
    if campaign.state in (CampaignState.CANCELLED, CampaignState.DONE):
        raise ConflictError(f"the campaign is {campaign.state} already")
    return replace(campaign, state=CampaignState.CANCELLED, changed_at=now, why=None)
