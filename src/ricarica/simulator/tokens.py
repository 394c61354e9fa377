"""What a station remembers of tokens: the local list and the authorization cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ricarica.simulator.transaction import Token

ACCEPTED = "Accepted"
CACHE_MAX = 1_000  # entries; the oldest goes first


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a token. `status` is the word of OCPP."""

    status: str
    group: str | None = None
    expires_at: datetime | None = None
    message: str | None = None
    evses: tuple[int, ...] = ()  # the only ones where it holds; none: all
    tariff: Any = None  # prices of its own, as 2.1 tells them

    @property
    def is_accepted(self) -> bool:
        return self.status == ACCEPTED

    def holds_at(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(slots=True)
class TokenMemory:
    list_version: int = 0
    local_list: dict[str, Verdict] = field(default_factory=dict)
    cache: dict[str, Verdict] = field(default_factory=dict)

    def recall(self, token: Token, now: datetime, *, use_cache: bool = True) -> Verdict | None:
        """The list goes before the cache. What has expired is as good as unknown."""
        key = token.uid.casefold()
        sources = (self.local_list, self.cache) if use_cache else (self.local_list,)
        for source in sources:
            verdict = source.get(key)
            if verdict is not None and verdict.holds_at(now):
                return verdict
        return None

    def remember(self, token: Token, verdict: Verdict) -> None:
        key = token.uid.casefold()
        self.cache.pop(key, None)
        self.cache[key] = verdict
        if len(self.cache) > CACHE_MAX:
            del self.cache[next(iter(self.cache))]

    def replace_list(self, version: int, entries: Mapping[str, Verdict | None]) -> None:
        self.local_list.clear()
        self.update_list(version, entries)

    def update_list(self, version: int, entries: Mapping[str, Verdict | None]) -> None:
        """An entry without a verdict removes the token."""
        for uid, verdict in entries.items():
            if verdict is None:
                self.local_list.pop(uid.casefold(), None)
            else:
                self.local_list[uid.casefold()] = verdict
        self.list_version = version
