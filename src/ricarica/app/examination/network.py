"""Whether stations and their connectors are as was told last."""

from collections import defaultdict
from functools import cache
from typing import Any

import sqlalchemy as sa

from ricarica.access.sql import TENANTS
from ricarica.app.examination.findings import MOST, Bounds, broken, row_of
from ricarica.app.tables import metadata
from ricarica.cli.ports import Finding
from ricarica.engine.outbox import DECODER
from ricarica.engine.sql import NODES, OUTBOX
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.stations.events import ConnectorStatusChanged
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.storage.database import Database

REPORT = "report this: it is a fault of Ricarica's"
# Beyond this rows are not asked one by one: a look at each would take hours.
LARGE = frozenset({"samples", "readings", "messages", "outbox"})


async def every_row_has_a_tenant(database: Database, _bounds: Bounds) -> list[Finding]:
    found = []
    for table in metadata.sorted_tables:
        if "tenant" not in table.columns or table is TENANTS or table.name in LARGE:
            continue
        rows = await database.fetch(_strange_tenants(table), {})
        found += [
            broken("I12", f"{table.name} {tenant}", "there is no such tenant", REPORT)
            for (tenant,) in rows
        ]
    return found[:MOST]


@cache
def _strange_tenants(table: sa.Table) -> sa.Select[Any]:
    is_there = sa.exists().where(TENANTS.c.tenant == table.c.tenant)
    strange = sa.and_(table.c.tenant != DEFAULT_TENANT, ~is_there)
    return sa.select(table.c.tenant).where(strange).distinct()


async def connections_have_an_end(database: Database, _bounds: Bounds) -> list[Finding]:
    columns = STATIONS.c
    rows = await database.fetch(
        sa.select(columns.tenant, columns.station, columns.connected, columns.node, columns.epoch)
        .where(sa.or_(columns.connected, columns.node.is_not(None), columns.epoch < 0))
        .order_by(columns.tenant, columns.station)
    )
    nodes = {name for (name,) in await database.fetch(sa.select(NODES.c.name))}
    found = []
    for tenant, station, connected, node, epoch in rows:
        name = row_of(STATIONS, tenant, station)
        if connected and epoch < 1:
            found.append(broken("I10", name, "it is connected for the 0th time", REPORT))
        if not connected and node is not None:
            text = f"it is at node {node}, and not connected"
            found.append(broken("I10", name, text, REPORT))
        if connected and node is not None and node not in nodes:
            text = f"it is connected at node {node}, which is not there"
            remedy = "start a node: it sees to those of nodes that are gone"
            found.append(broken("I10", name, text, remedy))
    return found[:MOST]


async def connectors_have_a_station(database: Database, _bounds: Bounds) -> list[Finding]:
    columns = CONNECTORS.c
    of_station = sa.and_(STATIONS.c.tenant == columns.tenant, STATIONS.c.station == columns.station)
    rows = await database.fetch(
        sa.select(*CONNECTORS.primary_key.columns, columns.epoch, columns.status, STATIONS.c.epoch)
        .select_from(CONNECTORS.outerjoin(STATIONS, of_station))
        .where(
            sa.or_(
                STATIONS.c.epoch.is_(None),
                columns.epoch > STATIONS.c.epoch,
                columns.status.not_in([each.value for each in ConnectorStatus]),
            )
        )
        .limit(MOST)
    )
    found = []
    for *key, epoch, status, of_its_station in rows:
        name = row_of(CONNECTORS, *key)
        if of_its_station is None:
            found.append(broken("I12", name, "its station is not there", REPORT))
        elif epoch > of_its_station:
            text = f"told over connection {epoch}, and the station has had {of_its_station}"
            found.append(broken("I13", name, text, REPORT))
        else:
            found.append(broken("I13", name, f"there is no status {status}", REPORT))
    return found


async def what_is_shown_is_the_latest(database: Database, _bounds: Bounds) -> list[Finding]:
    """By the events that are still there."""
    columns = OUTBOX.c
    events = await database.fetch(
        sa.select(columns.tenant, columns.station, columns.body)
        .where(columns.kind == ConnectorStatusChanged.__name__)
        .order_by(columns.id)
    )
    last: dict[tuple[str, str, int, int], str] = {}
    for tenant, station, body in events:
        told = DECODER.decode(body)
        last[tenant, station, told["evse"], told["connector"]] = told["status"]
    shown = await _statuses(database)
    return [
        broken("I13", row_of(CONNECTORS, *key), f"{status} is shown, {last[key]} was told", REPORT)
        for key, status in shown.items()
        if key in last and last[key] != status
    ][:MOST]


async def _statuses(database: Database) -> dict[tuple[str, str, int, int], str]:
    rows = await database.fetch(sa.select(*CONNECTORS.primary_key.columns, CONNECTORS.c.status))
    found: dict[tuple[str, str, int, int], str] = defaultdict(str)
    for tenant, station, evse, number, status in rows:
        found[tenant, station, evse, number] = status
    return found
