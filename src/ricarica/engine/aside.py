"""What was put aside, because nobody could read it or we stumbled over it, is read once more.

Its station was answered long ago. What comes of it now is as if it had been read at once.
"""

import sqlalchemy as sa

from ricarica.access.model import Actor
from ricarica.engine import gathering
from ricarica.engine.dispatch import Routes
from ricarica.engine.sql import PUT_ASIDE
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.ocpp import wire
from ricarica.ocpp.dialects import BY_NAME
from ricarica.ocpp.errors import RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.storage.database import Row
from ricarica.translation.quirks import mending
from ricarica.translation.quirks.adapting import adapted
from ricarica.translation.quirks.models import habits_of
from ricarica.translation.route import Origin, Route


async def replay(
    unit: UnitOfWork, routes: Routes, actor: Actor, key: StationKey, number: int
) -> None:
    """Raises:
    NotFoundError: it is not there (any more), or its station is not.
    InvalidError: it still cannot be read; it stays where it is.
    """
    place = (
        PUT_ASIDE.c.tenant == key.tenant,
        PUT_ASIDE.c.station == key.station,
        PUT_ASIDE.c.id == number,
    )
    rows = await unit.work.fetch(sa.select(PUT_ASIDE).where(*place))
    if not rows:
        raise NotFoundError(f"nothing of {key} was put aside as {number}")
    _, _, _, at, action, *_ = rows[0]
    station = await unit.slices.stations.get(key)
    dialect = BY_NAME.get(station.dialect or "")
    route = routes[dialect.name].get(action) if dialect else None
    if dialect is None or route is None:
        raise InvalidError(f"{key} speaks no OCPP that has a {action}")
    habits = habits_of(station)
    request, _ = adapted(_read(route, rows[0]), habits)
    await route.handle(request, Origin(key, dialect, at, habits), unit.slices)
    if route.part_of is not None:
        await gathering.note_page(unit, key, route.part_of(request), wire.written(request), at)
    unit.work.run(sa.delete(PUT_ASIDE).where(*place))
    unit.slices.access.audit(
        actor, "message.replayed", str(key), unit.slices.now, detail={"action": action}
    )


def _read(route: Route, row: Row) -> Payload:
    *_, at, _, text, _ = row
    try:
        return wire.decode(text.encode(), route.request)
    except RemoteProtocolError:
        pass
    try:
        return mending.mended(text.encode(), route.request, at).payload
    except RemoteProtocolError as error:
        raise InvalidError(f"it still cannot be read: {error}") from error
