"""Every `AccessStore` keeps what it is given, and forgets only what it is told to forget."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from ricarica.access.model import (
    ActorKind,
    ApiKey,
    AuditEntry,
    KeptAnswer,
    Operator,
    Role,
    Session,
    Tenant,
)
from ricarica.access.ports import AccessStore
from ricarica.access.queries import AccessQueries, AuditFilter
from ricarica.access.sql import SqlAccessStore
from ricarica.kernel.errors import ConflictError, LostUpdateError
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from ricarica.storage.open import OpenDatabase
from ricarica.storage.pages import Page, Wanted
from ricarica.storage.work import Remembered, Work
from ricarica.testing.memory_access import MemoryAccessStore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADA = Operator(DEFAULT_TENANT, "Ada", Role.ADMIN, "$argon2id$…", NOON, NOON)
SESSION = Session("s" * 64, DEFAULT_TENANT, "ada", NOON, NOON, "10.0.0.1", "Firefox")
KEY = ApiKey(
    "k" * 64, DEFAULT_TENANT, "id-1", "ci", "ric_abc", Role.VIEWER, NOON, "Ada", expires_at=NOON
)
ANSWER = KeptAnswer(DEFAULT_TENANT, "operator:Ada", "once", "digest", NOON)


class Desk(Protocol):
    """A store, one unit of work after the other."""

    async def do(self, work: Callable[[AccessStore], Awaitable[object]]) -> None: ...

    def look(self) -> AccessStore:
        """A store that remembers nothing of what others wrote through it."""
        ...


class MemoryDesk:
    def __init__(self) -> None:
        self._store = MemoryAccessStore()

    async def do(self, work: Callable[[AccessStore], Awaitable[object]]) -> None:
        await work(self._store)

    def look(self) -> AccessStore:
        return self._store


class SqlDesk:
    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self._remembered = Remembered(lambda: 0.0)

    async def do(self, work: Callable[[AccessStore], Awaitable[object]]) -> None:
        unit = Work(self._database, self._remembered)
        unit.begin()
        await work(SqlAccessStore(unit))
        unit.keep()
        await unit.commit()

    def look(self) -> AccessStore:
        return SqlAccessStore(Work(self._database, Remembered(lambda: 0.0)))


def saving(*things: object) -> Callable[[AccessStore], Awaitable[None]]:
    async def save(store: AccessStore) -> None:
        for thing in things:
            match thing:
                case Tenant():
                    store.save_tenant(thing)
                case Operator():
                    store.save_operator(thing)
                case Session():
                    store.save_session(thing)
                case ApiKey():
                    store.save_api_key(thing)
                case KeptAnswer():
                    store.save_answer(thing)
                case AuditEntry():
                    store.add_audit(thing)

    return save


class StoreContract:
    async def test_everything_comes_back_as_it_was_saved(self, desk: Desk) -> None:
        tenant = Tenant(DEFAULT_TENANT, "Default", NOON)

        await desk.do(saving(tenant, ADA, SESSION, KEY, ANSWER))

        store = desk.look()
        assert await store.tenant(DEFAULT_TENANT) == tenant
        assert await store.operator(DEFAULT_TENANT, "ada") == ADA
        assert await store.session(SESSION.digest) == SESSION
        assert await store.api_key(KEY.digest) == KEY
        assert await store.api_key_by_id(DEFAULT_TENANT, "id-1") == KEY
        assert await store.answer(DEFAULT_TENANT, "operator:Ada", "once") == ANSWER

    async def test_what_is_not_there_is_none(self, desk: Desk) -> None:
        store = desk.look()

        assert await store.tenant(DEFAULT_TENANT) is None
        assert await store.operator(DEFAULT_TENANT, "ada") is None
        assert await store.session("x") is None
        assert await store.api_key("x") is None
        assert await store.api_key_by_id(DEFAULT_TENANT, "x") is None
        assert await store.answer(DEFAULT_TENANT, "operator:Ada", "x") is None

    async def test_a_change_replaces_what_was_there(self, desk: Desk) -> None:
        await desk.do(saving(ADA, KEY))

        async def change(store: AccessStore) -> None:
            ada = await store.operator(DEFAULT_TENANT, "ada")
            key = await store.api_key_by_id(DEFAULT_TENANT, "id-1")
            assert ada
            assert key
            store.save_operator(replace(ada, role=Role.VIEWER))
            store.save_api_key(replace(key, revoked_at=NOON))

        await desk.do(change)

        store = desk.look()
        assert await store.operator(DEFAULT_TENANT, "ada") == replace(ADA, role=Role.VIEWER)
        assert await store.api_key(KEY.digest) == replace(KEY, revoked_at=NOON)

    async def test_operators_and_sessions_are_those_of_one_tenant(self, desk: Desk) -> None:
        bob = replace(ADA, name="Bob")
        elsewhere = replace(ADA, tenant=TenantId("other"))
        of_bob = replace(SESSION, digest="b" * 64, operator="bob")

        await desk.do(saving(ADA, bob, elsewhere, SESSION, of_bob))

        store = desk.look()
        operators = await store.operators(DEFAULT_TENANT)
        assert sorted(each.name for each in operators) == ["Ada", "Bob"]
        assert await store.sessions_of(DEFAULT_TENANT, "bob") == [of_bob]
        assert await store.sessions_of(TenantId("other"), "bob") == []

    async def test_removed_is_removed(self, desk: Desk) -> None:
        await desk.do(saving(ADA, SESSION, ANSWER))

        async def remove(store: AccessStore) -> None:
            store.remove_operator(ADA)
            store.remove_session(SESSION)
            store.remove_answer(ANSWER)

        await desk.do(remove)

        store = desk.look()
        assert await store.operator(DEFAULT_TENANT, "ada") is None
        assert await store.session(SESSION.digest) is None
        assert await store.answer(DEFAULT_TENANT, "operator:Ada", "once") is None

    async def test_sessions_that_are_too_old_or_too_idle_are_removed(self, desk: Desk) -> None:
        week, hour = timedelta(days=7), timedelta(hours=1)
        old = replace(SESSION, digest="1", created_at=NOON - week - hour, used_at=NOON)
        idle = replace(SESSION, digest="2", created_at=NOON - hour, used_at=NOON - hour)
        good = replace(SESSION, digest="3")
        await desk.do(saving(old, idle, good))

        async def remove(store: AccessStore) -> None:
            store.remove_sessions_before(created=NOON - week, used=NOON)

        await desk.do(remove)

        left = await desk.look().sessions_of(DEFAULT_TENANT, "ada")
        assert left == [good]

    async def test_answers_are_removed_by_age(self, desk: Desk) -> None:
        old = replace(ANSWER, key="old", created_at=NOON - timedelta(hours=25))
        await desk.do(saving(old, ANSWER))

        async def remove(store: AccessStore) -> None:
            store.remove_answers_before(NOON - timedelta(hours=24))

        await desk.do(remove)

        store = desk.look()
        assert await store.answer(DEFAULT_TENANT, ANSWER.actor, "old") is None
        assert await store.answer(DEFAULT_TENANT, ANSWER.actor, "once") == ANSWER

    async def test_the_time_of_use_is_written_alone(self, desk: Desk) -> None:
        await desk.do(saving(SESSION, KEY))
        later = NOON + timedelta(minutes=5)

        async def use(store: AccessStore) -> None:
            store.note_session_use(SESSION, later)
            store.note_api_key_use(KEY, later)

        await desk.do(use)

        store = desk.look()
        assert await store.session(SESSION.digest) == replace(SESSION, used_at=later)
        assert await store.api_key(KEY.digest) == replace(KEY, used_at=later)


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def desk(self) -> Desk:
        return MemoryDesk()


class TestSqlStore(StoreContract):
    @pytest.fixture
    def desk(self, migrated: OpenDatabase) -> Desk:
        return SqlDesk(migrated)


# -- what only a database can show


async def test_two_that_keep_an_answer_at_once_cannot_both_commit(migrated: OpenDatabase) -> None:
    one, other = SqlDesk(migrated), SqlDesk(migrated)

    async def keep(store: AccessStore) -> None:
        assert await store.answer(DEFAULT_TENANT, ANSWER.actor, ANSWER.key) is None
        store.save_answer(ANSWER)

    async def keep_after_the_other(store: AccessStore) -> None:
        await keep(store)
        await other.do(keep)

    with pytest.raises((LostUpdateError, ConflictError)):
        await one.do(keep_after_the_other)


def audited(number: int, subject: str = "station:CP-1", actor: str = "Ada") -> AuditEntry:
    return AuditEntry(
        DEFAULT_TENANT,
        f"{number:04}",
        NOON + timedelta(minutes=number),
        actor,
        ActorKind.OPERATOR,
        "station.reset",
        subject,
        "accepted",
        {"hard": True},
    )


async def test_the_audit_log_is_read_page_by_page_from_the_newest(migrated: OpenDatabase) -> None:
    await SqlDesk(migrated).do(saving(*map(audited, range(3))))
    queries = AccessQueries(migrated)

    first = await queries.audit(DEFAULT_TENANT, wanted=Wanted(2))
    second = await queries.audit(DEFAULT_TENANT, wanted=Wanted(2, first.next))

    assert first.items == (audited(2), audited(1))
    assert second == Page((audited(0),), None)
    assert await queries.audit(TenantId("other")) == Page(())


async def test_the_audit_log_can_be_narrowed(migrated: OpenDatabase) -> None:
    mine, hers = audited(1, subject="token:A"), audited(2, actor="Bob")
    await SqlDesk(migrated).do(saving(mine, hers))
    queries = AccessQueries(migrated)

    assert (await queries.audit(DEFAULT_TENANT, AuditFilter(subject="token:A"))).items == (mine,)
    assert (await queries.audit(DEFAULT_TENANT, AuditFilter(actor="Bob"))).items == (hers,)
    assert (await queries.audit(DEFAULT_TENANT, AuditFilter(action="login"))).items == ()


async def test_operators_and_keys_are_listed_page_by_page(migrated: OpenDatabase) -> None:
    bob = replace(ADA, name="Bob")
    newer = replace(KEY, digest="n" * 64, id="id-2")
    await SqlDesk(migrated).do(saving(bob, ADA, KEY, newer))
    queries = AccessQueries(migrated)

    operators = await queries.operators(DEFAULT_TENANT, Wanted(1))
    keys = await queries.api_keys(DEFAULT_TENANT, Wanted(1))

    assert operators.items == (ADA,)
    assert await queries.operators(DEFAULT_TENANT, Wanted(1, operators.next)) == Page((bob,))
    assert keys.items == (newer,)
    assert await queries.api_keys(DEFAULT_TENANT, Wanted(1, keys.next)) == Page((KEY,))
