"""The power of the network over time, without reading all readings for each visitor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ricarica.kernel.ids import TenantId
from ricarica.transactions.queries.overview import PowerPoint

AFRESH_AFTER = timedelta(minutes=10)  # so long what stations tell late may be missing
UNSETTLED = 2  # steps at the end that are read each time, for they are still being filled


class Powers(Protocol):
    async def power(
        self, tenant: TenantId, since: datetime, until: datetime, step: timedelta
    ) -> list[PowerPoint]: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """All points since `since`, as they were when everything was read."""

    since: datetime
    read_at: datetime
    points: tuple[PowerPoint, ...]


class Curves:
    """One for the house. `since` is always a whole number of steps away from the last one."""

    def __init__(self) -> None:
        self._remembered: dict[tuple[TenantId, timedelta], Remembered] = {}

    async def power(
        self, powers: Powers, tenant: TenantId, since: datetime, now: datetime, step: timedelta
    ) -> list[PowerPoint]:
        known = self._remembered.get((tenant, step))
        if known is None or since < known.since or now >= known.read_at + AFRESH_AFTER:
            points = tuple(await powers.power(tenant, since, now, step))
            self._remembered[tenant, step] = Remembered(since, now, points)
            return list(points)
        settled_until = since + ((known.read_at - since) // step + 1 - UNSETTLED) * step
        fresh = await powers.power(tenant, max(since, settled_until), now, step)
        return [*_between(known.points, since, settled_until), *fresh]


def _between(
    points: Iterable[PowerPoint], since: datetime, until: datetime
) -> Iterable[PowerPoint]:
    return (point for point in points if since <= point.at < until)
