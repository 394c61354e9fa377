"""Proving who one is. What is slow here happens outside of any unit of work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from ricarica.access.model import (
    Actor,
    NotAuthenticatedError,
    Operator,
    Role,
    TooManyAttemptsError,
    checked_password,
    folded,
    system_actor,
)
from ricarica.access.ports import PasswordHasher
from ricarica.access.service import AccessService, Browser
from ricarica.access.throttle import LoginThrottle
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import DEFAULT_TENANT, Ids, TenantId

FIRST_OPERATOR = "admin"

T = TypeVar("T")


class Commit(Protocol):
    """Do something in one unit of work of its own, and return once it is committed."""

    async def __call__(self, work: Callable[[AccessService], Awaitable[T]], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Login:
    """An opened session; `token` goes into the browser's cookie and nowhere else."""

    token: str
    actor: Actor


class Authentication:
    def __init__(
        self,
        commit: Commit,
        hasher: PasswordHasher,
        now: Callable[[], datetime],
        throttle: LoginThrottle | None = None,
    ) -> None:
        self._commit = commit
        self._hasher = hasher
        self._now = now
        self._throttle = throttle or LoginThrottle()
        self._nobodys_hash: str | None = None

    # -- passwords

    async def log_in(self, tenant: TenantId, name: str, password: str, browser: Browser) -> Login:
        """
        Raises:
            TooManyAttemptsError: from there, or at that name, too many failed before.
            NotAuthenticatedError: name or password is wrong; which one is not told.
        """
        operator = await self._proven(tenant, name, password, browser.remote)
        at = self._now()

        async def open_session(access: AccessService) -> str:
            access.audit(operator.actor, "login", f"operator:{operator.name}", at)
            return await access.open_session(operator, browser, at)

        return Login(await self._commit(open_session), operator.actor)

    async def log_out(self, token: str) -> None:
        await self._commit(lambda access: access.close_session(token))

    async def add_operator(self, actor: Actor, name: str, password: str, role: Role) -> Operator:
        password_hash = await self._hasher.hash(checked_password(password))
        at = self._now()

        async def add(access: AccessService) -> Operator:
            added = await access.add_operator(actor.tenant, name, role, password_hash, at)
            access.audit(actor, "operator.add", f"operator:{added.name}", at, detail={"role": role})
            return added

        return await self._commit(add)

    async def set_password(self, actor: Actor, name: str, password: str) -> Operator:
        password_hash = await self._hasher.hash(checked_password(password))
        at = self._now()

        async def change(access: AccessService) -> Operator:
            changed = await access.set_password(actor.tenant, name, password_hash, at)
            access.audit(actor, "operator.password", f"operator:{changed.name}", at)
            return changed

        return await self._commit(change)

    # -- secrets that a request carries

    async def by_session(self, token: str) -> Actor | None:
        """Who opened this session; None when it is over or never was."""
        at = self._now()
        return await self._commit(lambda access: access.actor_of_session(token, at))

    async def by_api_key(self, secret: str) -> Actor | None:
        at = self._now()
        return await self._commit(lambda access: access.actor_of_api_key(secret, at))

    # -- the first start

    async def found(self, admin_password: str | None, ids: Ids) -> str | None:
        """Make the tenant and its first operator, unless they are there.

        Returns the operator's password when it was made up here: tell it once, it is not kept.
        """
        at = self._now()
        await self._commit(lambda access: access.found(at))
        if await self._commit(lambda access: access.has_operators(DEFAULT_TENANT)):
            return None
        password = admin_password or ids.secret()[:20]
        try:
            await self.add_operator(system_actor(), FIRST_OPERATOR, password, Role.ADMIN)
        except ConflictError:
            return None  # another process that started with this one was faster
        return None if admin_password else password

    # -- leaves

    async def _proven(self, tenant: TenantId, name: str, password: str, remote: str) -> Operator:
        place = f"{tenant}/{folded(name)}"
        wait = self._throttle.wait(place, remote, self._now())
        if wait:
            raise TooManyAttemptsError(wait)
        # Counted before the slow part, so that many guesses at once count as many.
        self._throttle.failed(place, remote, self._now())
        operator = await self._commit(lambda access: access.find_operator(tenant, name))
        known_hash = operator.password_hash if operator else await self._a_hash()
        matches = await self._hasher.matches(known_hash, password)
        if operator is None or not matches:
            await self._commit(self._failure(tenant, name, remote))
            raise NotAuthenticatedError("name or password is wrong")
        self._throttle.succeeded(place, remote, self._now())
        return operator

    async def _a_hash(self) -> str:
        """Something to compare with, so that an unknown name takes as long as a wrong password."""
        if self._nobodys_hash is None:
            self._nobodys_hash = await self._hasher.hash("nobody")
        return self._nobodys_hash

    def _failure(
        self, tenant: TenantId, name: str, remote: str
    ) -> Callable[[AccessService], Awaitable[None]]:
        at = self._now()

        async def note(access: AccessService) -> None:
            access.audit(
                system_actor(tenant),
                "login",
                f"operator:{name.strip()[:64]}",
                at,
                outcome="refused",
                detail={"remote": remote},
            )

        return note
