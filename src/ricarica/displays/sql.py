"""How messages on displays lie in the database."""

import msgspec
import sqlalchemy as sa

from ricarica.displays.model import DisplayState, Shown, Template
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.storage.columns import Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for what no station owns

DISPLAY_TEMPLATES = sa.Table(
    "display_templates",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("label", Text(), nullable=False),
    sa.Column("content", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

DISPLAY_MESSAGES = sa.Table(
    "display_messages",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("template", Text()),
    sa.Column("content", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

DISPLAY_STATES = sa.Table(
    "display_states",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("content", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def _json(entity: object) -> str:
    return msgspec.json.encode(entity).decode()


def _template_row(template: Template) -> Row:
    return (template.tenant, template.id, template.label, _json(template))


def template_from(row: Row) -> Template:
    return msgspec.json.decode(row[3], type=Template)


def _shown_row(shown: Shown) -> Row:
    key = shown.station
    return (
        key.tenant,
        key.station,
        shown.number,
        shown.state,
        shown.at,
        shown.template,
        _json(shown),
    )


def shown_from(row: Row) -> Shown:
    return msgspec.json.decode(row[6], type=Shown)


def _state_row(state: DisplayState) -> Row:
    return (state.station.tenant, state.station.station, _json(state))


def state_from(row: Row) -> DisplayState:
    return msgspec.json.decode(row[2], type=DisplayState)


TEMPLATE_SHELF = Shelf[Template](
    DISPLAY_TEMPLATES,
    lambda template: (template.tenant, template.id),
    _template_row,
    template_from,
    FRESH_S,
)
SHOWN_SHELF = Shelf[Shown](
    DISPLAY_MESSAGES,
    lambda shown: (shown.station.tenant, shown.station.station, shown.number),
    _shown_row,
    shown_from,
    remembered_max=5_000,  # looked at when a station comes, and when people look
)
STATE_SHELF = Shelf[DisplayState](
    DISPLAY_STATES,
    lambda state: (state.station.tenant, state.station.station),
    _state_row,
    state_from,
    remembered_max=5_000,
)


class SqlDisplayStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def templates(self, tenant: TenantId) -> list[Template]:
        found = await self._work.under(TEMPLATE_SHELF, tenant)
        staged = self._work.staged(TEMPLATE_SHELF)
        known = {template.id for template in found}
        new = [t for (owner, id), t in staged.items() if owner == tenant and id not in known]
        return sorted([*found, *filter(None, new)], key=lambda template: template.label)

    async def template(self, tenant: TenantId, id: str) -> Template | None:
        return await self._work.get(TEMPLATE_SHELF, (tenant, id))

    def save_template(self, template: Template) -> None:
        self._work.put(TEMPLATE_SHELF, template)

    def remove_template(self, template: Template) -> None:
        self._work.remove(TEMPLATE_SHELF, template)

    async def shown_at(self, station: StationKey) -> list[Shown]:
        found = await self._work.under(SHOWN_SHELF, station.tenant, station.station)
        known = {shown.number for shown in found}
        staged = self._work.staged(SHOWN_SHELF)
        place = (station.tenant, station.station)
        new = [
            s for (*at, number), s in staged.items() if tuple(at) == place and number not in known
        ]
        return sorted([*found, *filter(None, new)], key=lambda shown: shown.number)

    async def shown(self, station: StationKey, number: int) -> Shown | None:
        return await self._work.get(SHOWN_SHELF, (station.tenant, station.station, number))

    def save(self, shown: Shown) -> None:
        self._work.put(SHOWN_SHELF, shown)

    def remove(self, shown: Shown) -> None:
        self._work.remove(SHOWN_SHELF, shown)

    async def state(self, station: StationKey) -> DisplayState | None:
        return await self._work.get(STATE_SHELF, (station.tenant, station.station))

    def save_state(self, state: DisplayState) -> None:
        self._work.put(STATE_SHELF, state)
