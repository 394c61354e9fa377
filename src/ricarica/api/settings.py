"""/stations/{identity}/settings: how a station is configured."""

from datetime import datetime
from decimal import Decimal
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
    """`name` is the station's own, `neutral` ours for it. `value` is null when it is secret or
    was not told. `refused`: the value that it was last told to take, and would not."""

    name: str
    value: str | None
    access: Access | None
    unit: str | None
    kind: str | None
    choices: str | None
    needs_reboot: bool
    reported_at: datetime
    neutral: str | None
    lowest: Decimal | None
    highest: Decimal | None
    elements_max: int | None
    persistent: bool | None
    constant: bool | None
    monitorable: bool | None
    refused: str | None
    refused_why: str | None


@get(PATH, opt=needs(Permission.READ), tags=["Settings"])
async def list_settings(
    caller: Asking,
    identity: FromPath[str],
    q: Annotated[str | None, QueryParameter(description="In the name or the value.")] = None,
    writable: Annotated[bool | None, QueryParameter(description="Only those that are.")] = None,
    evse: Annotated[int | None, QueryParameter(description="Of this EVSE.")] = None,
) -> Page[SettingReply]:
    """What the station told of its settings last; `commands/settings` asks it anew."""
    key = await caller.station(identity)
    known = await SettingQueries(caller.database).settings(key, q)
    return page_of(
        setting_reply(setting)
        for setting in known
        if writable in (None, setting.access is not Access.READ_ONLY)
        and (evse is None or f"@{evse}" in _places(setting.name))
    )


@patch(PATH, opt=needs(Permission.COMMAND), tags=["Settings"])
async def change_settings(
    caller: Asking, identity: FromPath[str], data: JSONBody[Values]
) -> CommandReply:
    """Write settings, by name; answered when the station has answered for each."""
    return await write_settings(caller, await caller.station(identity), data)


HANDLERS = (list_settings, change_settings)


def _places(name: str) -> tuple[str, ...]:
    """The EVSE that a name is of, with or without its connector."""
    place = name.partition(".")[0]
    _, at, number = place.partition("@")
    return (f"{at}{number.partition('/')[0]}",) if at else ()


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
        setting.neutral,
        setting.lowest,
        setting.highest,
        setting.elements_max,
        setting.persistent,
        setting.constant,
        setting.monitorable,
        setting.refused,
        setting.refused_why,
    )
