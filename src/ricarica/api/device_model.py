"""/stations/{identity}/device-model: what a station is built of, and asking it for that."""

from datetime import datetime
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, once_only, require
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.replies import ShortText
from ricarica.api.telling import tell_all
from ricarica.configuration.commands import Criterion, Extent, ReportChosen, ReportSettings
from ricarica.configuration.limits import REPORTING
from ricarica.configuration.model import ModelState
from ricarica.configuration.queries import SettingQueries
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices

PATH = "/stations/{identity:str}/device-model"
PLACES_MAX = 100

Places = Annotated[list[ShortText], Meta(max_length=PLACES_MAX)]


class DeviceModelReply(Struct, frozen=True):
    """How far the last full report came. `parts`: messages of it that were received."""

    state: ModelState
    firmware: str | None
    asked_at: datetime
    told_at: datetime | None
    parts: int
    detail: str | None


class ReportBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`extent` asks for a whole report; `criteria` and `places` for a part of the device model.

    A place is a variable, e.g. `EVSE@1.Power`, or a component with a dot: `EVSE@1.`
    """

    extent: Extent | None = None
    criteria: Annotated[list[Criterion], Meta(max_length=4)] | None = None
    places: Places | None = None


@get(PATH, opt=needs(Permission.READ), tags=["Settings"])
async def show_device_model(caller: Asking, identity: FromPath[str]) -> DeviceModelReply:
    """How much is known of a station; what it told is in its settings."""
    key = await caller.station(identity)
    known = require(
        await SettingQueries(caller.database).device_model(key), f"report of {key.station} yet"
    )
    return DeviceModelReply(
        known.state, known.firmware, known.asked_at, known.told_at, known.parts, known.detail
    )


@post(PATH, status_code=200, opt=needs(Permission.COMMAND), tags=["Settings"])
@once_only
async def ask_for_report(
    caller: Asking, identity: FromPath[str], data: JSONBody[ReportBody]
) -> CommandReply:
    """Ask for a report; it follows the answer, and is in the settings then."""
    key = await caller.station(identity)
    commands = await caller.carry_out(lambda slices: report_commands(slices, key, data))
    detail = {"extent": data.extent, "criteria": data.criteria, "places": data.places}
    return await tell_all(caller, key, "report", commands, detail)


HANDLERS = (show_device_model, ask_for_report)


async def report_commands(
    slices: Slices, key: StationKey, body: ReportBody
) -> list[ReportSettings | ReportChosen]:
    """
    Raises:
        InvalidError: it asks for everything and for something.
    """
    if body.extent is not None and (body.criteria or body.places):
        raise InvalidError("give `extent`, or `criteria` and `places`")
    if body.criteria or body.places:
        return await chosen_commands(slices, key, body)
    if body.extent in (None, Extent.ALL):
        station = await slices.stations.get(key)
        return [await slices.configuration.ask_for_all(key, station.firmware, slices.now)]
    assert body.extent is not None, "it is not all, and not nothing"
    return [ReportSettings(slices.ids.wire_number(), body.extent)]


async def chosen_commands(
    slices: Slices, key: StationKey, body: ReportBody
) -> list[ReportSettings | ReportChosen]:
    """B08.FR.06: no more at once than the station takes."""
    criteria, places = tuple(body.criteria or ()), list(body.places or ())
    limit = await slices.configuration.limit(key, "report", REPORTING)
    parts = [places[at : at + limit.items] for at in range(0, len(places), limit.items)] or [[]]
    return [ReportChosen(slices.ids.wire_number(), criteria, tuple(part)) for part in parts]
