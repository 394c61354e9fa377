"""/stations/{id}/settings: how a station is configured."""

from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.configuration.commands import WriteSetting
from ricarica.configuration.model import NAME_LENGTH_MAX
from ricarica.configuration.queries import SettingQueries
from ricarica.kernel.errors import InvalidError
from ricarica.web.builders.settings import groups_from, setting_from, unknown_setting
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.messages import station_view
from ricarica.web.pages.station import commands_of, live_station, told
from ricarica.web.sessions import needs
from ricarica.web.views.stations import SettingsPage
from ricarica.web.visitor import Html, Visiting

VALUE_LENGTH_MAX = 2_500  # what 2.x stations take at most


@get("/stations/{station:str}/settings", opt=needs(Permission.READ))
async def settings_page(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    text = visitor.query.get("q", "").strip()
    known = await SettingQueries(visitor.database).settings(live.view.station.key, text or None)
    page = SettingsPage(
        head_from(live.view),
        await commands_of(visitor, live),
        groups_from(known, may_write=visitor.may(Permission.COMMAND)),
        max((setting.reported_at for setting in known), default=None),
        text,
    )
    return await visitor.show(page)


@post("/stations/{station:str}/settings", opt=needs(Permission.COMMAND))
async def write_setting(visitor: Visiting, station: FromPath[str]) -> Html:
    """Answered with the setting as it is now, when the station has answered."""
    key = (await station_view(visitor, station)).station.key
    name, value = visitor.form.get("key", ""), visitor.form.get("value", "")
    if not 0 < len(name) <= NAME_LENGTH_MAX or len(value) > VALUE_LENGTH_MAX:
        raise InvalidError("name a setting, and give it a value that a station can keep")
    # The value may be a secret, so that the audit log has the name alone.
    result = await told(visitor, key, "settings", WriteSetting(name, value), {"name": name})
    known = await SettingQueries(visitor.database).setting(key, name)
    shown = setting_from(known, may_write=True) if known else unknown_setting(key.station, name)
    detail = " ".join(filter(None, (result.status, result.detail))) or None
    return visitor.part(replace(shown, outcome=result.outcome, outcome_detail=detail))


HANDLERS = (settings_page, write_setting)
