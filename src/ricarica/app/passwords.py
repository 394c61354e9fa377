"""Passwords of people: argon2id, in another thread because it takes 50 ms on purpose."""

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

HASHES_AT_ONCE = 2  # each takes a core and 64 MiB; more at once would starve the event loop


class ArgonPasswordHasher:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # The library's defaults are RFC 9106's second recommendation, for machines of any size.
        self._hasher = hasher or PasswordHasher(type=Type.ID)
        self._free = asyncio.Semaphore(HASHES_AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str, password: str) -> bool:
        async with self._free:
            return await asyncio.to_thread(self._verified, password_hash, password)

    def _verified(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
