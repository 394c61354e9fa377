"""/stations/{identity}/settings: how a station is configured."""

from datetime import datetime
from typing import Annotated

from litestar import get, patch
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking
from ricarica.api.commands import CommandReply, Values, write_settings
from ricarica.api.gate import needs
from ricarica.api.replies import Page, page_of
from ricarica.configuration.model import Access, Setting
from ricarica.configuration.queries import SettingQueries

PATH = "/stations/{identity:str}/settings"


class SettingReply(Struct, frozen=True):
    """`name` is the station's own. `value` is null when it is secret or was not told."""

    name: str
    value: str | None
    access: Access | None
    unit: str | None
    kind: str | None
    choices: str | None
    needs_reboot: bool
    reported_at: datetime


@get(PATH, opt=needs(Permission.READ), tags=["Settings"])
async def list_settings(
    caller: Asking,
    identity: FromPath[str],
    q: Annotated[str | None, QueryParameter(description="In the name, any case.")] = None,
) -> Page[SettingReply]:
    """What the station told of its settings last; `commands/settings` asks it anew."""
    key = await caller.station(identity)
    known = await SettingQueries(caller.database).settings(key, q)
    return page_of(setting_reply(setting) for setting in known)


@patch(PATH, opt=needs(Permission.COMMAND), tags=["Settings"])
async def change_settings(
    caller: Asking, identity: FromPath[str], data: JSONBody[Values]
) -> CommandReply:
    """Write settings, by name; answered when the station has answered for each."""
    return await write_settings(caller, await caller.station(identity), data)


HANDLERS = (list_settings, change_settings)


def setting_reply(setting: Setting) -> SettingReply:
    return SettingReply(
        setting.name,
        setting.value,
        setting.access,
        setting.unit,
        setting.kind,
        setting.choices,
        setting.needs_reboot,
        setting.reported_at,
    )
