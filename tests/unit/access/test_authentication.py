from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from ricarica.access.authentication import Authentication
from ricarica.access.model import (
    Actor,
    NotAuthenticatedError,
    Role,
    TooManyAttemptsError,
    system_actor,
)
from ricarica.access.service import AccessService, Browser, NewKey
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Event
from ricarica.kernel.ids import DEFAULT_TENANT, RandomIds
from ricarica.testing.memory_access import MemoryAccessStore

T = TypeVar("T")
HOME = Browser("10.0.0.1", "Firefox")
SYSTEM = system_actor()


class PlainHasher:
    """Hashes by writing the password down; counts how often it was asked."""

    compared = 0

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password_hash: str, password: str) -> bool:
        self.compared += 1
        return password_hash == f"hash of {password}"


class Desk:
    """Authentication over a memory store, at a time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, 12, tzinfo=UTC)
        self.store = MemoryAccessStore()
        self.announced: list[Event] = []
        self.hasher = PlainHasher()
        self.service = AccessService(self.store, self, RandomIds())
        self.login = Authentication(self.commit, self.hasher, lambda: self.now)

    def announce(self, event: Event) -> None:
        self.announced.append(event)

    async def commit(self, work: Callable[[AccessService], Awaitable[T]], /) -> T:
        return await work(self.service)

    async def add(self, name: str = "Ada", role: Role = Role.ADMIN) -> Actor:
        return (await self.login.add_operator(SYSTEM, name, "correct horse", role)).actor

    async def log_in(self, name: str = "ada", password: str = "correct horse") -> str:
        return (await self.login.log_in(DEFAULT_TENANT, name, password, HOME)).token


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_operator_logs_in_by_name_in_any_case(desk: Desk) -> None:
    ada = await desk.add("Ada")

    token = await desk.log_in("ADA ")

    assert await desk.login.by_session(token) == ada


async def test_a_session_token_is_stored_as_its_digest_only(desk: Desk) -> None:
    await desk.add()

    token = await desk.log_in()

    assert token not in repr(desk.store.sessions)


@pytest.mark.parametrize("name, password", [("ada", "wrong horse"), ("nobody", "correct horse")])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    desk: Desk, name: str, password: str
) -> None:
    await desk.add()

    with pytest.raises(NotAuthenticatedError, match="name or password is wrong"):
        await desk.log_in(name, password)

    assert desk.hasher.compared == 1, "an unknown name takes as long"
    assert desk.store.audit[-1].outcome == "refused"


async def test_after_five_wrong_passwords_even_the_right_one_waits(desk: Desk) -> None:
    await desk.add()
    for _ in range(5):
        with pytest.raises(NotAuthenticatedError):
            await desk.log_in(password="wrong horse")

    with pytest.raises(TooManyAttemptsError, match="30 s"):
        await desk.log_in()
    desk.now += timedelta(seconds=30)

    assert await desk.log_in()


async def test_a_session_is_over_after_logging_out(desk: Desk) -> None:
    await desk.add()
    token = await desk.log_in()

    await desk.login.log_out(token)

    assert await desk.login.by_session(token) is None


async def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends(desk: Desk) -> None:
    await desk.add()
    used, unused = await desk.log_in(), await desk.log_in()

    desk.now += timedelta(hours=11)
    assert await desk.login.by_session(used)
    desk.now += timedelta(hours=11)

    assert await desk.login.by_session(used)
    assert await desk.login.by_session(unused) is None


async def test_a_new_password_ends_the_sessions_opened_with_the_old_one(desk: Desk) -> None:
    ada = await desk.add()
    token = await desk.log_in()

    desk.now += timedelta(minutes=1)
    await desk.login.set_password(ada, "ada", "battery staple")

    assert await desk.login.by_session(token) is None
    assert await desk.log_in(password="battery staple")


async def test_a_role_counts_from_the_next_request_on(desk: Desk) -> None:
    await desk.add("Ada")
    await desk.add("Bob", Role.ADMIN)
    token = await desk.log_in("bob")

    await desk.service.set_role(DEFAULT_TENANT, "bob", Role.VIEWER)
    actor = await desk.login.by_session(token)

    assert actor is not None
    assert actor.role is Role.VIEWER


async def test_the_last_admin_can_be_neither_removed_nor_demoted(desk: Desk) -> None:
    await desk.add("Ada", Role.ADMIN)
    await desk.add("Bob", Role.OPERATOR)

    with pytest.raises(ConflictError, match="last admin"):
        await desk.service.remove_operator(DEFAULT_TENANT, "Ada")
    with pytest.raises(ConflictError, match="last admin"):
        await desk.service.set_role(DEFAULT_TENANT, "Ada", Role.VIEWER)
    await desk.service.remove_operator(DEFAULT_TENANT, "Bob")

    assert await desk.service.find_operator(DEFAULT_TENANT, "Bob") is None


async def test_a_removed_operator_is_out_at_once(desk: Desk) -> None:
    await desk.add("Ada")
    await desk.add("Bob", Role.ADMIN)
    token = await desk.log_in("bob")

    await desk.service.remove_operator(DEFAULT_TENANT, "bob")

    assert await desk.login.by_session(token) is None


async def test_two_operators_cannot_have_one_name(desk: Desk) -> None:
    await desk.add("Ada")

    with pytest.raises(ConflictError, match="ADA is there already"):
        await desk.add("ADA")


async def test_a_short_password_is_refused_before_it_is_hashed(desk: Desk) -> None:
    with pytest.raises(InvalidError, match="8 to 256"):
        await desk.login.add_operator(SYSTEM, "Ada", "short", Role.ADMIN)


async def test_an_api_key_works_until_it_is_revoked(desk: Desk) -> None:
    key, secret = await desk.service.create_api_key(SYSTEM, NewKey("ci", Role.OPERATOR), desk.now)

    actor = await desk.login.by_api_key(secret)
    assert actor is not None
    assert (actor.role, actor.kind) == (Role.OPERATOR, "api_key")
    assert secret.startswith("ric_")
    assert secret not in repr(desk.store.api_keys)
    await desk.service.revoke_api_key(DEFAULT_TENANT, key.id, desk.now)

    assert await desk.login.by_api_key(secret) is None


async def test_an_expired_key_is_no_key(desk: Desk) -> None:
    wanted = NewKey("ci", Role.VIEWER, expires_at=desk.now + timedelta(hours=1))
    _, secret = await desk.service.create_api_key(SYSTEM, wanted, desk.now)

    desk.now += timedelta(hours=1)

    assert await desk.login.by_api_key(secret) is None


async def test_the_use_of_a_key_is_written_down_once_a_minute(desk: Desk) -> None:
    key, secret = await desk.service.create_api_key(SYSTEM, NewKey("ci", Role.VIEWER), desk.now)
    first = desk.now

    await desk.login.by_api_key(secret)
    desk.now += timedelta(seconds=59)
    await desk.login.by_api_key(secret)
    assert desk.store.api_keys[key.digest].used_at == first
    desk.now += timedelta(seconds=1)
    await desk.login.by_api_key(secret)

    assert desk.store.api_keys[key.digest].used_at == desk.now


async def test_a_key_that_is_not_there_cannot_be_revoked(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        await desk.service.revoke_api_key(DEFAULT_TENANT, "none", desk.now)


async def test_the_first_start_makes_up_a_password_and_tells_it_once(desk: Desk) -> None:
    password = await desk.login.found(None, RandomIds())

    assert password is not None
    assert len(password) == 20
    assert await desk.log_in("admin", password)
    assert DEFAULT_TENANT in desk.store.tenants
    assert await desk.login.found(None, RandomIds()) is None


async def test_the_first_start_takes_the_password_it_is_given(desk: Desk) -> None:
    assert await desk.login.found("given to me", RandomIds()) is None

    assert await desk.log_in("admin", "given to me")


async def test_a_later_start_does_not_change_the_password(desk: Desk) -> None:
    await desk.login.found("given to me", RandomIds())

    await desk.login.found("another one", RandomIds())

    assert await desk.log_in("admin", "given to me")


async def test_every_change_of_people_is_audited(desk: Desk) -> None:
    await desk.add("Ada")

    entry = desk.store.audit[-1]

    assert (entry.actor, entry.action, entry.subject) == ("system", "operator.add", "operator:Ada")
    assert entry.detail == {"role": "admin"}


async def test_sessions_that_are_over_are_thrown_away(desk: Desk) -> None:
    await desk.add()
    await desk.log_in()

    desk.service.tidy(desk.now + timedelta(hours=11))
    assert len(desk.store.sessions) == 1
    desk.service.tidy(desk.now + timedelta(hours=13))

    assert not desk.store.sessions
