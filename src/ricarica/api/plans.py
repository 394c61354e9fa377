"""/stations/{identity}/tariffs: prices that lie in stations which count costs themselves."""

from datetime import datetime

from litestar import get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, once_only
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.telling import tell_all
from ricarica.slices import Slices
from ricarica.tariffs.commands import GetPlans
from ricarica.tariffs.queries import TariffQueries
from ricarica.tariffs.stationed import StationPlans

PATH = "/stations/{identity:str}/tariffs"


class AssignmentReply(Struct, frozen=True):
    """`default`: for whoever has no prices of their own; else they are those of `tokens`."""

    name: str
    default: bool
    evses: list[int]
    tokens: list[str]
    valid_from: datetime | None


class PlansReply(Struct, frozen=True):
    """`counts`: the station shall count costs itself. `refused`: why it has not the prices.

    `misread`: drivers' own prices that it could make no sense of; they are counted here.
    """

    counts: bool
    installed: str | None
    refused: str | None
    told: list[AssignmentReply]
    told_at: datetime | None
    misread: list[str]


class PlansBody(Struct, frozen=True, forbid_unknown_fields=True):
    counts: bool


@get(PATH, opt=needs(Permission.READ), tags=["Tariffs"])
async def get_plans(caller: Asking, identity: FromPath[str]) -> PlansReply:
    """The prices that a station has, as far as it told of them."""
    key = await caller.station(identity)
    return plans_reply(await TariffQueries(caller.database).plans(key))


@put(PATH, opt=needs(Permission.EDIT_TARIFFS), tags=["Tariffs"])
async def set_plans(
    caller: Asking, identity: FromPath[str], data: JSONBody[PlansBody]
) -> PlansReply:
    """Whether a station of 2.1 counts costs itself. It is given its prices, and kept in step."""
    key = await caller.station(identity)

    async def change(slices: Slices) -> PlansReply:
        plans = await slices.station_plans.let_count(key, counts=data.counts)
        caller.audit(slices, "station.counts-costs", f"station:{key.station}", counts=data.counts)
        return plans_reply(plans)

    return await caller.carry_out(change)


@post(f"{PATH}/read", status_code=200, opt=needs(Permission.COMMAND), tags=["Tariffs"])
@once_only
async def read_plans(caller: Asking, identity: FromPath[str]) -> CommandReply:
    """Ask the station which prices it has."""
    key = await caller.station(identity)
    return await tell_all(caller, key, "read-tariffs", [GetPlans()], {})


HANDLERS = (get_plans, set_plans, read_plans)


def plans_reply(plans: StationPlans) -> PlansReply:
    return PlansReply(
        plans.counts,
        plans.installed,
        plans.refused,
        [
            AssignmentReply(
                each.plan, each.is_default, list(each.evses), list(each.tokens), each.valid_from
            )
            for each in plans.told
        ],
        plans.told_at,
        list(plans.misread),
    )
