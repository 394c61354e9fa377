"""Nodes that work on one database, and two small tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ricarica.storage import columns as c
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.open import OpenDatabase
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Place, Remembered, Work

metadata = sa.MetaData()
stations = sa.Table(
    "stations",
    metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("status", c.Text, nullable=False),
    sa.Column("version", c.Integer, nullable=False),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("owner", c.Text, nullable=False),
    sa.Column("note", c.Text),
    sa.Column("version", c.Integer, nullable=False),
    sa.Index("ix_tokens_owner", "owner"),
)
notes = sa.Table("notes", metadata, sa.Column("text", c.Text, primary_key=True))


@dataclass(frozen=True, slots=True)
class Station:
    tenant: str
    id: str
    status: str = "new"


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    owner: str
    note: str | None = None


STATIONS = Shelf[Station](
    stations,
    lambda s: (s.tenant, s.id),
    lambda s: (s.tenant, s.id, s.status),
    lambda r: Station(*r),
)
FRESH_S = 10.0
TOKENS = Shelf[Token](
    tokens, lambda t: (t.id,), lambda t: (t.id, t.owner, t.note), lambda r: Token(*r), FRESH_S
)

CP1, CP2 = Station("default", "CP1"), Station("default", "CP2")
CP1_KEY, CP2_KEY = ("default", "CP1"), ("default", "CP2")


class Node:
    """One process: its memory, its clock, and how often it asked the database."""

    def __init__(self, database: OpenDatabase, *, shared: bool = False) -> None:
        self._database = database
        self.seconds = 0.0
        self.asked = 0
        self.told: list[Place] = []
        self.remembered = Remembered(lambda: self.seconds, shared=shared, tell=self.told.extend)

    def work(self) -> Work:
        work = Work(self, self.remembered)
        work.begin()
        return work

    async def keep(self, work: Work) -> None:
        work.keep()
        await work.commit()

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        await self._database.commit(staged, expected)

    async def fetch(
        self,
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        self.asked += 1
        return await self._database.fetch(query, values)

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        return await self._database.take(change)

    async def migrate(self) -> None:
        await self._database.create_all()

    async def close(self) -> None:
        await self._database.close()


def other(node: Node) -> Node:
    """Another process on the same database, which remembers nothing yet."""
    return Node(node._database)


async def put(node: Node, station: Station) -> None:
    work = node.work()
    await work.get(STATIONS, (station.tenant, station.id))
    work.put(STATIONS, station)
    await node.keep(work)


async def put_token(node: Node, token: Token) -> None:
    work = node.work()
    await work.get(TOKENS, (token.id,))
    work.put(TOKENS, token)
    await node.keep(work)


async def versions(node: Node, table: sa.Table = stations) -> list[int]:
    rows = await node.fetch(sa.select(table.c.version).order_by(table.c.id))
    return [version for (version,) in rows]


async def owned_by(node: Node, owner: str) -> list[Row]:
    query = sa.select(tokens.c.id, tokens.c.note).where(tokens.c.owner == sa.bindparam("owner"))
    return await node.fetch(query, {"owner": owner})
