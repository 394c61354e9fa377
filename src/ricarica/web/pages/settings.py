"""/stations/{id}/settings: how a station is configured."""

from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.configuration.commands import WriteSetting
from ricarica.configuration.model import NAME_LENGTH_MAX, Access
from ricarica.configuration.queries import SettingQueries
from ricarica.kernel.errors import InvalidError
from ricarica.stations.model import Station
from ricarica.web.builders.settings import (
    evse_of,
    evses_of,
    groups_from,
    setting_from,
    unknown_setting,
)
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.messages import station_view
from ricarica.web.pages.station import commands_of, live_station, told
from ricarica.web.sessions import needs
from ricarica.web.views.stations import SettingDrift, SettingsPage
from ricarica.web.visitor import Html, Visiting, Visitor

VALUE_LENGTH_MAX = 2_500  # what 2.x stations take at most


@get("/stations/{station:str}/settings", opt=needs(Permission.READ))
async def settings_page(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    queries, key = SettingQueries(visitor.database), live.view.station.key
    text, evse = visitor.query.get("q", "").strip(), visitor.query.get("evse", "")
    is_writable = visitor.query.get("writable") == "yes"
    known = await queries.settings(key, text or None)
    shown = [
        setting
        for setting in known
        if (not is_writable or setting.access is not Access.READ_ONLY)
        and (not evse or str(evse_of(setting.name)) == evse)
    ]
    page = SettingsPage(
        head_from(live.view),
        await commands_of(visitor, live),
        groups_from(
            shown,
            may_write=visitor.may(Permission.COMMAND),
            booted_at=live.view.station.booted_at,
        ),
        max((setting.reported_at for setting in known), default=None),
        text,
        is_writable,
        evse,
        evses_of(known),
        len(shown),
        await _drift(visitor, live.view.station),
    )
    return await visitor.show(page)


async def _drift(visitor: Visitor, station: Station) -> tuple[SettingDrift, ...]:
    queries = SettingQueries(visitor.database)
    [drift] = await queries.drift([station], await queries.templates(visitor.tenant))
    return tuple(
        SettingDrift(each.name, each.wanted, each.actual, each.standing, each.why)
        for each in drift.open
    )


@post("/stations/{station:str}/settings", opt=needs(Permission.COMMAND))
async def write_setting(visitor: Visiting, station: FromPath[str]) -> Html:
    """Answered with the setting as it is now, when the station has answered."""
    key = (await station_view(visitor, station)).station.key
    name, value = visitor.form.get("key", ""), await _typed_value(visitor)
    if not 0 < len(name) <= NAME_LENGTH_MAX or len(value) > VALUE_LENGTH_MAX:
        raise InvalidError("name a setting, and give it a value that a station can keep")
    await visitor.carry_out(lambda slices: slices.configuration.check_writable(key, [name]))
    # The value may be a secret, so that the audit log has the name alone.
    result = await told(visitor, key, "settings", WriteSetting(name, value), {"name": name})
    known = await SettingQueries(visitor.database).setting(key, name)
    shown = setting_from(known, may_write=True) if known else unknown_setting(key.station, name)
    detail = result.words or None
    return visitor.part(replace(shown, outcome=result.outcome, outcome_detail=detail))


HANDLERS = (settings_page, write_setting)


async def _typed_value(visitor: Visitor) -> str:
    """What was typed; of a list that was ticked, its members."""
    if "members" not in visitor.form:
        return visitor.form.get("value", "")
    data = await visitor.request.form()
    return ",".join(str(each) for each in data.getall("value", []))
