"""/firmware/campaigns: an image for many stations, in waves."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, once_only, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, ShortText, page_from
from ricarica.firmware.campaigns import Campaign, CampaignState, Plan, Target, TargetState
from ricarica.firmware.facts import Wanted
from ricarica.firmware.queries import CampaignView, FirmwareQueries, Selection
from ricarica.kernel.ids import StationId
from ricarica.slices import Slices

CHOSEN_MAX = 1_000  # stations named one by one; more are chosen by what they have in common
PATH = "/firmware/campaigns"


class Stations(Struct, frozen=True, forbid_unknown_fields=True):
    """Which stations; what is left out may be anything."""

    stations: Annotated[list[ShortText], Meta(max_length=CHOSEN_MAX)] = []
    vendor: ShortText | None = None
    model: ShortText | None = None
    firmware: ShortText | None = None
    site: ShortText | None = None
    dialect: ShortText | None = None
    q: ShortText | None = None
    label: ShortText | None = None

    @property
    def selection(self) -> Selection:
        return Selection(
            tuple(StationId(name) for name in self.stations),
            self.vendor,
            self.model,
            self.firmware,
            self.site,
            self.dialect,
            self.q,
            self.label,
        )


class CampaignBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Durations are ISO 8601, e.g. `PT15M`.

    `plan.canary_percent` of all stations come first, then waves of `wave_size`, with `at_once`
    updates under way and a `pause` between waves. With more than `failures_max_percent` of a
    wave failed, the campaign halts.
    """

    image: str
    which: Stations
    name: ShortText = ""
    plan: Plan = Plan()


class CampaignReply(Struct, frozen=True):
    """`counts`: stations by state. `why`: it halted."""

    id: str
    name: str
    image: str
    state: CampaignState
    why: str | None
    wave: int
    wave_at: datetime | None
    plan: Plan
    counts: dict[str, int]
    created_at: datetime
    created_by: str
    changed_at: datetime


class CampaignTargetReply(Struct, frozen=True):
    station: str
    wave: int
    state: TargetState
    attempts: int
    number: int | None
    why: str | None
    changed_at: datetime


@get(PATH, opt=needs(Permission.READ), tags=["Firmware"])
async def list_campaigns(caller: Asking, page: PageWanted) -> Page[CampaignReply]:
    """Campaigns, the latest first."""
    found = await FirmwareQueries(caller.database).campaigns(caller.tenant, page)
    return page_from(found, _reply)


@post(PATH, opt=needs(Permission.COMMAND), tags=["Firmware"])
async def begin_campaign(caller: Asking, data: JSONBody[CampaignBody]) -> CampaignReply:
    """Begin to update many stations. The first follow within a minute."""
    selection = data.which.selection
    stations = await FirmwareQueries(caller.database).candidates(caller.tenant, selection)

    async def begin(slices: Slices) -> CampaignReply:
        wanted = Wanted(data.image, caller.actor.name, data.plan.signed)
        campaign = await slices.campaigns.begin(wanted, data.name, data.plan, stations, slices.now)
        caller.audit(
            slices,
            "campaign.begin",
            f"campaign:{campaign.id}",
            image=data.image,
            stations=len(stations),
        )
        return _plain(campaign, {TargetState.WAITING: len(stations)})

    return await caller.once(CampaignReply, begin)


@get(f"{PATH}/{{campaign:str}}", opt=needs(Permission.READ), tags=["Firmware"])
async def get_campaign(caller: Asking, campaign: FromPath[str]) -> CampaignReply:
    """One campaign."""
    found = await FirmwareQueries(caller.database).campaign(caller.tenant, campaign)
    return _reply(require(found, f"campaign {campaign}"))


@get(f"{PATH}/{{campaign:str}}/stations", opt=needs(Permission.READ), tags=["Firmware"])
async def campaign_stations(
    caller: Asking, campaign: FromPath[str], page: PageWanted
) -> Page[CampaignTargetReply]:
    """Its stations by identity, and how far each is."""
    rows = await FirmwareQueries(caller.database).targets(caller.tenant, campaign, page)
    return page_from(rows, _target)


@post(
    f"{PATH}/{{campaign:str}}/pause",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
@once_only
async def pause_campaign(caller: Asking, campaign: FromPath[str]) -> CampaignReply:
    """Let no more stations begin; those under way go on."""
    return await _decided(caller, campaign, "pause")


@post(
    f"{PATH}/{{campaign:str}}/resume",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
@once_only
async def resume_campaign(caller: Asking, campaign: FromPath[str]) -> CampaignReply:
    """Go on after a pause, or after it halted: failures until now count no more."""
    return await _decided(caller, campaign, "resume")


@post(
    f"{PATH}/{{campaign:str}}/cancel",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
@once_only
async def cancel_campaign(caller: Asking, campaign: FromPath[str]) -> CampaignReply:
    """End it for all stations that have not begun."""
    return await _decided(caller, campaign, "cancel")


HANDLERS = (
    list_campaigns,
    begin_campaign,
    get_campaign,
    campaign_stations,
    pause_campaign,
    resume_campaign,
    cancel_campaign,
)


async def _decided(caller: Caller, campaign: str, decision: str) -> CampaignReply:
    async def decide(slices: Slices) -> None:
        campaigns = slices.campaigns
        decisions = {
            "pause": campaigns.pause,
            "resume": campaigns.resume,
            "cancel": campaigns.cancel,
        }
        await decisions[decision](caller.tenant, campaign, slices.now)
        caller.audit(slices, f"campaign.{decision}", f"campaign:{campaign}")

    await caller.carry_out(decide)
    found = await FirmwareQueries(caller.database).campaign(caller.tenant, campaign)
    return _reply(require(found, f"campaign {campaign}"))


def _reply(view: CampaignView) -> CampaignReply:
    return _plain(view.campaign, view.counts)


def _plain(campaign: Campaign, counts: dict[TargetState, int]) -> CampaignReply:
    return CampaignReply(
        campaign.id,
        campaign.name,
        campaign.image,
        campaign.state,
        campaign.why,
        campaign.wave,
        campaign.wave_at,
        campaign.plan,
        {state.value: count for state, count in counts.items()},
        campaign.created_at,
        campaign.created_by,
        campaign.changed_at,
    )


def _target(target: Target) -> CampaignTargetReply:
    return CampaignTargetReply(
        target.station.station,
        target.wave,
        target.state,
        target.attempts,
        target.number,
        target.why,
        target.changed_at,
    )
