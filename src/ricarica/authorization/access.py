"""Laying down who may charge where and when, what groups are, and what lists shall have."""

from dataclasses import replace
from typing import Protocol, TypeVar

from ricarica.authorization.book import (
    GROUPS_MAX,
    LISTS_MAX,
    RULES_MAX,
    AccessBook,
    ListDefinition,
    TokenGroup,
    checked_group,
    checked_list,
    checked_rule,
)
from ricarica.authorization.events import AccessChanged
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.model import TokenKind
from ricarica.authorization.ports import AccessBookStore
from ricarica.authorization.rules import AccessRule
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import TenantId


class Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)


class AccessRuleService:
    def __init__(
        self, store: AccessBookStore, lists: LocalListService, announcer: Announcer
    ) -> None:
        self._store = store
        self._lists = lists
        self._announce = announcer.announce

    async def book(self, tenant: TenantId) -> AccessBook:
        return await self._store.book(tenant)

    async def put_rule(self, tenant: TenantId, rule: AccessRule) -> AccessRule:
        """Add a rule, or change it as a whole."""
        book = await self._store.book(tenant)
        rules = _with(book.rules, checked_rule(rule), RULES_MAX)
        await self._save(replace(book, rules=rules))
        return rule

    async def put_group(self, tenant: TenantId, group: TokenGroup) -> TokenGroup:
        book = await self._store.book(tenant)
        groups = _with(book.groups, checked_group(group), GROUPS_MAX)
        await self._save(replace(book, groups=groups))
        return group

    async def put_list(self, tenant: TenantId, definition: ListDefinition) -> ListDefinition:
        book = await self._store.book(tenant)
        lists = _with(book.lists, checked_list(definition), LISTS_MAX)
        await self._save(replace(book, lists=lists))
        return definition

    async def open_to(self, tenant: TenantId, kinds: frozenset[TokenKind]) -> None:
        """Let unknown tokens of these kinds charge. C06"""
        if TokenKind.KEY_CODE in kinds:
            raise InvalidError("a code that nobody registered is no code")
        book = await self._store.book(tenant)
        await self._save(replace(book, open_kinds=kinds))

    async def remove_rule(self, tenant: TenantId, id: str) -> None:
        book = await self._store.book(tenant)
        await self._save(replace(book, rules=_without(book.rules, id, "rule")))

    async def remove_group(self, tenant: TenantId, id: str) -> None:
        """What is known of it; its tokens stay in it."""
        book = await self._store.book(tenant)
        await self._save(replace(book, groups=_without(book.groups, id, "group")))

    async def remove_list(self, tenant: TenantId, id: str) -> None:
        book = await self._store.book(tenant)
        await self._save(replace(book, lists=_without(book.lists, id, "list")))

    async def _save(self, book: AccessBook) -> None:
        before = await self._store.book(book.tenant)
        self._store.save(book)
        self._announce(AccessChanged())
        await self._lists.call_for(before, book)


def _with(known: tuple[N, ...], added: N, most: int) -> tuple[N, ...]:
    if any(each.id == added.id for each in known):
        return tuple(added if each.id == added.id else each for each in known)
    if len(known) >= most:
        raise InvalidError(f"there are {most} already, and more would slow every token down")
    return (*known, added)


def _without(known: tuple[N, ...], id: str, what: str) -> tuple[N, ...]:
    left = tuple(each for each in known if each.id != id)
    if len(left) == len(known):
        raise NotFoundError(f"there is no {what} {id}")
    return left
