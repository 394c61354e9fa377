"""/stations/{identity}/commands: what a station can be told."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking
from ricarica.api.commands import PATH
from ricarica.api.gate import needs
from ricarica.engine.orders import ORDERS
from ricarica.engine.queries.telling import OfferQueries
from ricarica.translation.offers import Offer, schema_of

WRITING = "write-settings"  # of a page; here it is `settings`, with what to write


class ActionReply(Struct, frozen=True, omit_defaults=True):
    """`why_not`: why the station is not offered it. It may still be sent."""

    action: str
    offered: bool
    why_not: str | None = None
    schema: Mapping[str, Any] | None = None


class CommandsReply(Struct, frozen=True):
    """`neutral` are the commands of ours that its dialect has words for."""

    dialect: str | None
    connected: bool
    neutral: list[str]
    actions: list[ActionReply]


@get(PATH, opt=needs(Permission.READ), tags=["Commands"])
async def list_commands(
    caller: Asking,
    identity: FromPath[str],
    schemas: Annotated[
        bool, QueryParameter(description="With the JSON Schema of each payload.")
    ] = True,
) -> CommandsReply:
    """What a station can be told: the actions of its dialect, and why some are not for it."""
    key = await caller.station(identity)
    station = await caller.carry_out(lambda slices: slices.stations.get(key))
    dialect = station.dialect
    if dialect is None:
        return CommandsReply(None, station.connected, [], [])
    sayable = caller.engine.commands.sayable(dialect)
    neutral = [name for name, kind in ORDERS.items() if kind in sayable and name != WRITING]
    offers = await OfferQueries(caller.database).offers(key, dialect)
    actions = [_reply(offer, dialect, with_schema=schemas) for offer in offers]
    return CommandsReply(dialect, station.connected, neutral, actions)


HANDLERS = (list_commands,)


def _reply(offer: Offer, dialect: str, *, with_schema: bool) -> ActionReply:
    schema = schema_of(dialect, offer.action) if with_schema else None
    return ActionReply(offer.action, offer.why_not is None, offer.why_not, schema)
