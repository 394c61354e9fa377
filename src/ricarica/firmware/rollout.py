"""Campaigns, step by step. Each step is one unit of work, so that a restart repeats none."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ricarica.firmware.campaigns import (
    LEFT,
    UNDER_WAY,
    Campaign,
    CampaignState,
    Plan,
    Seen,
    Target,
    TargetState,
    cancelled,
    judged,
    may_begin,
    paused,
    resumed,
    targets_of,
    why_halt,
)
from ricarica.firmware.events import CampaignChanged, CampaignHalted
from ricarica.firmware.facts import Wanted
from ricarica.firmware.ports import CampaignStore, FirmwareStore
from ricarica.firmware.service import FirmwareService
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids, StationKey, TenantId
from ricarica.stations.service import StationService

STEP_EVERY = timedelta(seconds=15)
LOOKED_AT_MAX = 300  # stations in one step: each costs a few queries

IsCharging = Callable[[StationKey], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Around:
    """What a step needs to know besides: the time, where files are, and who charges."""

    now: datetime
    base: str
    is_charging: IsCharging


@dataclass(frozen=True, slots=True)
class Stores:
    campaigns: CampaignStore
    firmware: FirmwareStore


class CampaignService:
    def __init__(
        self,
        stores: Stores,
        firmware: FirmwareService,
        stations: StationService,
        outgoing: Outgoing,
        ids: Ids,
    ) -> None:
        self._store = stores.campaigns
        self._updates = stores.firmware
        self._firmware = firmware
        self._stations = stations
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._ids = ids

    # -- what an operator does

    async def begin(
        self, wanted: Wanted, name: str, plan: Plan, stations: Sequence[StationKey], at: datetime
    ) -> Campaign:
        """
        Raises:
            InvalidError: the plan, the image or the choice of stations makes no sense.
        """
        if not stations:
            raise InvalidError("no station fits; choose others")
        tenant = stations[0].tenant
        image = await self._firmware.get(tenant, wanted.image)
        if image.withdrawn_at is not None:
            raise InvalidError(f"{image.name} was withdrawn; choose another image")
        campaign = Campaign(
            tenant,
            self._ids.new(),
            name.strip() or f"{image.name} {image.firmware}",
            image.id,
            plan.checked(),
            CampaignState.RUNNING,
            created_at=at,
            created_by=wanted.by,
            changed_at=at,
        )
        self._store.add_targets(list(targets_of(campaign, stations, at)))
        self._save(campaign)
        return campaign

    async def get(self, tenant: TenantId, campaign: str) -> Campaign:
        known = await self._store.get(tenant, campaign)
        if known is None:
            raise NotFoundError(f"there is no campaign {campaign}")
        return known

    async def pause(self, tenant: TenantId, campaign: str, at: datetime) -> Campaign:
        return self._save(paused(await self.get(tenant, campaign), at))

    async def resume(self, tenant: TenantId, campaign: str, at: datetime) -> Campaign:
        known = await self.get(tenant, campaign)
        counts = await self._store.counts(known)
        return self._save(resumed(known, counts.get(TargetState.FAILED, 0), at))

    async def cancel(self, tenant: TenantId, campaign: str, at: datetime) -> Campaign:
        """Who has not begun never will; what is under way at a station cannot be taken back."""
        known = self._save(cancelled(await self.get(tenant, campaign), at))
        self._store.cancel_waiting(known)
        return known

    # -- what time does

    async def running(self) -> list[tuple[TenantId, str]]:
        return await self._store.running()

    async def step(self, tenant: TenantId, name: str, around: Around) -> timedelta | None:
        """Look at those under way, and let others begin; returns when to come again, if at all."""
        campaign = await self._store.get(tenant, name)
        if campaign is None or campaign.state in (CampaignState.CANCELLED, CampaignState.DONE):
            return None
        if campaign.state is not CampaignState.RUNNING:
            return None  # whoever resumes it starts it again
        left = await self._store.left(campaign)
        counts = Counter(await self._store.counts(campaign))
        for target in left:
            if target.state in UNDER_WAY:
                self._note(target, await self._judged(target, campaign, around), counts)
        if why := why_halt(campaign, counts):
            self._halt(campaign, why, around.now)
            return None
        if not any(counts[state] for state in LEFT):
            return await self._next_wave(campaign, around.now)
        if campaign.wave_at is None or around.now >= campaign.wave_at:
            await self._begin_some(campaign, left, counts, around)
        return STEP_EVERY

    async def _judged(self, target: Target, campaign: Campaign, around: Around) -> Target:
        update = await self._updates.update(target.station, target.number or 0)
        seen = await self._seen(target, around, with_charging=False)
        if seen is None:
            return _gone(target, around.now)
        return judged(target, update, seen, campaign.plan, around.now)

    async def _begin_some(
        self,
        campaign: Campaign,
        left: Sequence[Target],
        counts: "Counter[TargetState]",
        around: Around,
    ) -> None:
        image = await self._firmware.get(campaign.tenant, campaign.image)
        free = campaign.plan.at_once - sum(counts[state] for state in UNDER_WAY)
        due = [
            target
            for target in left
            if target.state is TargetState.WAITING and target.next_at <= around.now
        ]
        for target in due[:LOOKED_AT_MAX]:
            if free <= 0:
                return
            seen = await self._seen(target, around, with_charging=campaign.plan.spare_charging)
            now = (
                may_begin(target, seen, campaign.plan, image.firmware, around.now)
                if seen
                else _gone(target, around.now)
            )
            if now is target:
                now = await self._ordered(target, campaign, around)
                free -= 1
            self._note(target, now, counts)

    async def _ordered(self, target: Target, campaign: Campaign, around: Around) -> Target:
        wanted = Wanted(
            campaign.image, f"campaign {campaign.name}", campaign.plan.signed, campaign=campaign.id
        )
        attempts = target.attempts + 1
        try:
            command = await self._firmware.order(target.station, wanted, around.now, around.base)
        except InvalidError as error:
            failed = TargetState.FAILED
            return replace(target, state=failed, changed_at=around.now, why=str(error))
        self._tell(target.station, command)
        return replace(
            target,
            state=TargetState.ORDERED,
            changed_at=around.now,
            attempts=attempts,
            number=command.number,
            why=None,
        )

    async def _seen(self, target: Target, around: Around, *, with_charging: bool) -> Seen | None:
        try:
            station = await self._stations.get(target.station)
        except NotFoundError:
            return None
        return Seen(
            station.connected,
            station.firmware,
            await self._store.is_available(target.station),
            with_charging and await around.is_charging(target.station),
        )

    async def _next_wave(self, campaign: Campaign, now: datetime) -> timedelta | None:
        if campaign.wave + 1 >= await self._store.waves(campaign):
            self._save(replace(campaign, state=CampaignState.DONE, changed_at=now))
            return None
        begin = now + campaign.plan.pause
        self._save(
            replace(campaign, wave=campaign.wave + 1, wave_at=begin, forgiven=0, changed_at=now)
        )
        return min(campaign.plan.pause, STEP_EVERY)

    def _halt(self, campaign: Campaign, why: str, now: datetime) -> None:
        halted = replace(campaign, state=CampaignState.HALTED, why=why, changed_at=now)
        self._save(halted)
        self._announce(CampaignHalted(halted.id, halted.name, why))

    def _note(self, before: Target, now: Target, counts: "Counter[TargetState]") -> None:
        if now is before or now == before:
            return
        self._store.save_target(now)
        counts[before.state] -= 1
        counts[now.state] += 1

    def _save(self, campaign: Campaign) -> Campaign:
        self._store.save(campaign)
        self._announce(CampaignChanged(campaign.id, campaign.state))
        return campaign


def _gone(target: Target, now: datetime) -> Target:
    why = "not registered any more"
    return replace(target, state=TargetState.SKIPPED, changed_at=now, why=why)
