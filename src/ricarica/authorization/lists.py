"""Local lists: what a station may decide by itself, and how its list is brought up to date. Pure.

Only we change a station's list, so what we sent and it accepted is what it has. Its version tells
whether that is still so: one that differs was lost or written by somebody else.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from ricarica.authorization.book import AccessBook, ListDefinition
from ricarica.authorization.commands import SendList
from ricarica.authorization.model import (
    Judgement,
    ListEntry,
    Token,
    TokenKind,
    TokenRef,
    Verdict,
)
from ricarica.authorization.rules import Place, is_always_permitted, permit
from ricarica.kernel.ids import StationKey

ASK_EVERY = timedelta(days=1)  # a list changes by our hand alone, so a daily look is enough
VERSION_MAX = 2**31 - 1
UNSUPPORTED = -1  # a station of 1.6 that has no list. 1.6 §5.10
BYTES_MAX = 16_000  # of one message: stations have been seen to have no room for more
ITEMS = 50  # in one message, where the station does not say how many it takes
ENTRIES_MAX = 10_000  # of one list; no station is known that takes more
# A code is no station's business (C04.FR.04), and the others are never shown to a reader.
NEVER_LISTED = frozenset(
    {
        TokenKind.KEY_CODE,
        TokenKind.CENTRAL,
        TokenKind.NO_AUTHORIZATION,
        TokenKind.DIRECT_PAYMENT,
    }
)


class ListTrouble(StrEnum):
    FAILED = "failed"  # it could not take the whole list
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that the station has; `digest` stands for all that was said of it."""

    uid: str
    kind: TokenKind
    digest: str


@dataclass(frozen=True, slots=True)
class LocalList:
    """What a station has, as far as is known.

    `is_unsure`: it has to be sent in full. `forgotten`: tokens of customers who want to be unknown
    there, N10.FR.02. `left_out`: how many did not fit.
    """

    station: StationKey
    version: int = 0
    held: tuple[Held, ...] = ()
    told_version: int | None = None
    told_at: datetime | None = None
    sent_at: datetime | None = None
    is_unsure: bool = False
    forgotten: frozenset[str] = frozenset()
    left_out: int = 0
    trouble: ListTrouble | None = None


@dataclass(frozen=True, slots=True)
class ListLimits:
    """What a station takes. `entries` of the whole list, `items` and `bytes` of one message."""

    items: int = ITEMS
    bytes: int = BYTES_MAX
    entries: int = ENTRIES_MAX


def folded(uid: str) -> str:
    return TokenRef(uid).folded


def digest_of(entry: ListEntry) -> str:
    said = msgspec.json.encode(entry.judgement)
    return hashlib.sha256(said).hexdigest()[:16]


def wanted_of(
    tokens: Iterable[Token],
    definitions: Sequence[ListDefinition],
    book: AccessBook,
    place: Place,
    at: datetime,
) -> list[ListEntry]:
    """The entries that a station's list shall have.

    A list cannot say when: who may charge at some times only has to ask.
    """
    return [
        ListEntry(
            token.uid,
            token.kind,
            Judgement(
                Verdict.ACCEPTED,
                token.group,
                token.expires_at,
                treatment=token.treatment,
                is_master=book.is_master(token.group),
            ),
        )
        for token in tokens
        if token.kind not in NEVER_LISTED
        and token.credit is None  # what is left of it, only we know
        and any(definition.wants(token, at) for definition in definitions)
        and is_always_permitted(book.rules, token, place)
        and permit(book.rules, token, place, at).verdict is Verdict.ACCEPTED
    ]


def needs_asking(known: LocalList, came_at: datetime | None, at: datetime) -> bool:
    """Whether its version has to be asked for before anything else.

    Args:
        came_at: When it booted or was connected last: an answer may have been lost before.
    """
    if known.told_at is None:
        return True
    if came_at is not None and known.told_at < came_at:
        return True
    return at - known.told_at >= ASK_EVERY


def next_command(
    known: LocalList, wanted: Sequence[ListEntry], limits: ListLimits
) -> SendList | None:
    """What brings the list nearer to what is wanted; None: it is there. D01"""
    if known.is_unsure or not known.version:
        if not wanted and not known.told_version and not known.held:
            return None  # there is nothing, and nothing is wanted
        some = _fitting(wanted, limits)
        return SendList(_next_version(known), is_full=True, entries=tuple(some))
    sought = {folded(entry.uid): entry for entry in wanted}
    gone = [TokenRef(held.uid, held.kind) for held in known.held if folded(held.uid) not in sought]
    digests = {folded(held.uid): held.digest for held in known.held}
    changed = [entry for key, entry in sought.items() if digests.get(key) != digest_of(entry)]
    if not gone and not changed:
        return None
    if _next_version(known) <= known.version:
        some = _fitting(wanted, limits)
        return SendList(_next_version(known), is_full=True, entries=tuple(some))
    removed = tuple(gone[: limits.items])  # first, for they make room
    left = replace(limits, items=limits.items - len(removed))
    entries = tuple(_fitting(changed, left))
    return SendList(_next_version(known), is_full=False, entries=entries, removed=removed)


def _next_version(known: LocalList) -> int:
    """D01.FR.18: never 0. The last of all versions is followed by the first, in full."""
    last = max(known.version, known.told_version or 0)
    return last + 1 if last < VERSION_MAX else 1


def _fitting(entries: Sequence[ListEntry], limits: ListLimits) -> Iterable[ListEntry]:
    """The first that fit into one message, and one at least. D01.FR.11"""
    size = 0
    for number, entry in enumerate(entries[: limits.items]):
        size += _bytes_of(entry)
        if number and size > min(limits.bytes, BYTES_MAX):
            return
        yield entry


def _bytes_of(entry: ListEntry) -> int:
    """About as many as it takes in the wordiest dialect."""
    said = entry.judgement
    message = len((said.treatment.message or "").encode())
    return 220 + len(entry.uid) + 2 * len(said.group or "") + 2 * message


def told(known: LocalList, version: int, at: datetime) -> LocalList:
    """It tells which version it has: is it the one that we gave it? D02"""
    heard = replace(known, told_version=version, told_at=at)
    if version == UNSUPPORTED:
        return replace(heard, trouble=ListTrouble.UNSUPPORTED)
    # 1.6 §5.10: an empty list may be told as 0, whatever version it was given.
    is_ours = version == known.version or (version == 0 and not known.held)
    trouble = None if known.trouble is ListTrouble.UNSUPPORTED else known.trouble
    return replace(heard, is_unsure=known.is_unsure or not is_ours, trouble=trouble)


def accepted(known: LocalList, command: SendList, at: datetime) -> LocalList:
    """It took what was sent."""
    before = {} if command.is_full else {folded(held.uid): held for held in known.held}
    for ref in command.removed:
        before.pop(ref.folded, None)
    for entry in command.entries:
        before[folded(entry.uid)] = Held(entry.uid, entry.kind, digest_of(entry))
    return replace(
        known,
        version=command.version,
        held=tuple(before.values()),
        told_version=command.version,
        told_at=at,
        sent_at=at,
        is_unsure=False,
        trouble=None,
    )


def refused(known: LocalList, command: SendList, at: datetime) -> LocalList:
    """It did not take it. D01.FR.03: what it refused as a change it gets in full.

    A change that never arrived looks the same, and one whose acceptance was lost does too: said
    again it has a version that the station has already.
    """
    trouble = ListTrouble.FAILED if command.is_full else known.trouble
    return replace(known, sent_at=at, is_unsure=True, trouble=trouble)


def unsupported(known: LocalList, at: datetime) -> LocalList:
    return replace(known, sent_at=at, trouble=ListTrouble.UNSUPPORTED)
