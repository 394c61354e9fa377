"""Which stations are mirrored to another back end, and how that goes.

Rows say what is wanted; whoever holds a station's connection does it, see `Tap`.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from ricarica.access.model import Actor
from ricarica.certificates.ports import Vault
from ricarica.engine.sql import FORWARDS, MESSAGES
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.kernel.internet import is_public
from ricarica.link.letters import Delivered, Reply
from ricarica.storage.database import Database, Row, Run

ACTIONS_MAX = 100  # allowed by name; there are fewer
TEXT_MAX = 512  # characters of an address, a name or a password
ALL = "*"  # every action
READ_AT_ONCE_MAX = 1_000  # rows; the event loop has its turns in between
NOTED_AT_ONCE_MAX = 200  # in one commit, for which stations wait

State = tuple[int, datetime | None]
"""How many there are, and when one was last changed."""
Post = Callable[[TenantId, Callable[[UnitOfWork], Awaitable[None]]], Awaitable[None]]
Tap = Callable[[Delivered, Callable[[Reply], None]], Callable[[Reply], None]]
"""Hears what a station says; gives what is to be called with our reply instead."""


class Mode(StrEnum):
    COPY = "copy"  # the other hears what the station says, and has no say
    SECOND = "second"  # some of its commands are carried out


class Line(StrEnum):
    """How the connection to the other back end stands."""

    OFF = "off"  # the station is not here, or it is not wanted
    CONNECTED = "connected"
    WAITING = "waiting"  # it did not work; the next try comes


@dataclass(frozen=True, slots=True)
class Forward:
    """`url` as stations get it, without their name. `identity`: another than here.

    `password` is sealed once it has been saved, see `Forwards.password_of`.
    """

    station: StationKey
    url: str
    mode: Mode
    changed_at: datetime
    identity: str | None = None
    password: str | None = field(default=None, repr=False)
    allowed: frozenset[str] = frozenset()
    is_on: bool = True

    def allows(self, action: str) -> bool:
        return self.mode is Mode.SECOND and (action in self.allowed or ALL in self.allowed)


@dataclass(frozen=True, slots=True)
class Standing:
    line: Line = Line.OFF
    why: str | None = None
    at: datetime | None = None
    sent: int = 0
    dropped: int = 0


def checked(forward: Forward, *, may_be_private: bool) -> Forward:
    """
    Raises:
        InvalidError: a part of it makes no sense, or leads into our own network.
    """
    parts = urlsplit(forward.url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or len(forward.url) > TEXT_MAX:
        raise InvalidError("url is an address such as wss://csms.example/ocpp")
    if parts.username or parts.query or parts.fragment:
        raise InvalidError("url has no user, question mark or hash; give the password apart")
    if not may_be_private and is_private(parts.hostname):
        raise InvalidError(
            f"{parts.hostname} is in our own network; set forward_to_private to allow that"
        )
    if len(forward.allowed) > ACTIONS_MAX:
        raise InvalidError(f"at most {ACTIONS_MAX} actions can be allowed; * allows all")
    identity = forward.identity
    if identity is not None and (not identity or ":" in identity or len(identity) > TEXT_MAX):
        raise InvalidError("identity is a name without colons")
    return replace(forward, url=forward.url.rstrip("/"))


def is_private(host: str) -> bool:
    """Whether a literal address is none of the open internet; names are looked at later."""
    if host.casefold() == "localhost" or host.casefold().endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


class Forwards:
    """The rows, for people and for whoever mirrors."""

    def __init__(self, database: Database, post: Post, vault: Vault) -> None:
        self._database = database
        self._post = post
        self._vault = vault
        self.may_be_private = False  # whether back ends in our own network are allowed

    async def get(self, key: StationKey) -> tuple[Forward, Standing] | None:
        rows = await self._database.fetch(sa.select(FORWARDS).where(*_of(key)))
        return _read(rows[0]) if rows else None

    async def every(self, tenant: TenantId) -> list[tuple[Forward, Standing]]:
        """By station."""
        query = sa.select(FORWARDS).order_by(FORWARDS.c.station)
        rows = await self._database.fetch(query.where(FORWARDS.c.tenant == tenant))
        return [_read(row) for row in rows]

    async def state(self) -> State:
        """Another one than before: something has changed."""
        state: list[sa.ColumnElement[Any]] = [sa.func.count(), sa.func.max(FORWARDS.c.changed_at)]
        [(count, changed_at)] = await self._database.fetch(sa.select(*state))
        return count, changed_at

    async def wanted(self) -> dict[StationKey, Forward]:
        """Of all tenants, read a part after the other."""
        found: dict[StationKey, Forward] = {}
        place = (FORWARDS.c.tenant, FORWARDS.c.station)
        query = sa.select(FORWARDS).order_by(*place).limit(READ_AT_ONCE_MAX)
        rows = await self._database.fetch(query)
        while rows:
            found |= {forward.station: forward for forward, _ in map(_read, rows)}
            behind = sa.tuple_(*place) > sa.tuple_(*map(sa.literal, rows[-1][:2]))
            rows = await self._database.fetch(query.where(behind))
        return found

    async def save(self, actor: Actor, forward: Forward) -> None:
        """A password that is left out stays as it is.

        Raises:
            VaultError: there is no key to seal the password with.
        """
        if forward.password:
            sealed = self._vault.seal(forward.password.encode()).hex()
            forward = replace(forward, password=sealed)

        async def write(unit: UnitOfWork) -> None:
            await unit.slices.stations.get(forward.station)
            values = _values(forward)
            if forward.password is None:
                del values["password"]
            added = (*_key(forward.station), *_row(forward))
            unit.work.add(FORWARDS, added, if_new=True)
            unit.work.run(sa.update(FORWARDS).where(*_of(forward.station)).values(values))
            detail = {"url": forward.url, "mode": forward.mode, "is_on": forward.is_on}
            _audit(unit, actor, "forward.save", forward.station, detail)

        await self._post(forward.station.tenant, write)

    def password_of(self, forward: Forward) -> str | None:
        """
        Raises:
            VaultError: it was sealed with another key.
        """
        sealed = forward.password
        return None if sealed is None else self._vault.open(bytes.fromhex(sealed)).decode()

    async def remove(self, actor: Actor, key: StationKey) -> None:
        if await self.get(key) is None:
            raise NotFoundError(f"{key.station} is not forwarded")

        async def write(unit: UnitOfWork) -> None:
            unit.work.run(sa.delete(FORWARDS).where(*_of(key)))
            _audit(unit, actor, "forward.remove", key, {})

        await self._post(key.tenant, write)

    async def note(self, standings: Mapping[StationKey, Standing]) -> None:
        """How they stand, for screens; nothing depends on it."""
        changes = [_noted(key, standing) for key, standing in standings.items()]
        for start in range(0, len(changes), NOTED_AT_ONCE_MAX):
            await self._database.commit(changes[start : start + NOTED_AT_ONCE_MAX])

    async def last_boot(self, key: StationKey) -> bytes | None:
        """What the station said of itself when it started: the other has to hear that first."""
        columns = MESSAGES.c
        query = sa.select(columns.request).where(
            columns.tenant == key.tenant,
            columns.station == key.station,
            columns.action == "BootNotification",
            columns.from_station.is_(True),
        )
        rows = await self._database.fetch(query.order_by(columns.id.desc()).limit(1))
        return rows[0][0].encode() if rows else None


def _noted(key: StationKey, standing: Standing) -> Run:
    values = {
        "line": standing.line,
        "why": standing.why,
        "line_at": standing.at,
        "sent": standing.sent,
        "dropped": standing.dropped,
    }
    return Run(sa.update(FORWARDS).where(*_of(key)).values(values))


def _key(key: StationKey) -> tuple[str, str]:
    return key.tenant, key.station


def _of(key: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return (FORWARDS.c.tenant == key.tenant, FORWARDS.c.station == key.station)


def _values(forward: Forward) -> dict[str, Any]:
    return {
        "url": forward.url,
        "mode": forward.mode,
        "changed_at": forward.changed_at,
        "identity": forward.identity,
        "password": forward.password or None,
        "allowed": sorted(forward.allowed),
        "is_on": forward.is_on,
    }


def _row(forward: Forward) -> Row:
    return (*_values(forward).values(), Line.OFF, None, None, 0, 0)


def _read(row: Row) -> tuple[Forward, Standing]:
    tenant, station, url, mode, at, identity, password, allowed, is_on, *rest = row
    line, why, line_at, sent, dropped = rest
    forward = Forward(
        StationKey(TenantId(tenant), StationId(station)),
        url,
        Mode(mode),
        at,
        identity,
        password,
        frozenset(allowed or ()),
        is_on,
    )
    return forward, Standing(Line(line), why, line_at, sent, dropped)


def _audit(
    unit: UnitOfWork, actor: Actor, action: str, key: StationKey, detail: dict[str, object]
) -> None:
    now = unit.slices.now
    unit.slices.access.audit(actor, action, f"station:{key.station}", now, detail=detail)
