"""What is wanted of stations is compared with what is, and they are told what is missing.

Slices store what they want and what is; here it is decided when a station is told, and when to
leave it alone. A station is looked after once it has booted or come back, when a slice says so,
and again after a refusal, later each time.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

import msgspec

from ricarica.engine.sql import UPKEEP
from ricarica.engine.timers import CLOCKS_DIFFER
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FIRST_PAUSE = timedelta(minutes=1)  # after a refusal; then four times as long each time
LONGEST_PAUSE = timedelta(days=1)
PAUSES = 6  # until the longest
LONGEST_REST = timedelta(minutes=16)  # of a kind, where something else of it would be said
SETTLES_WITHIN = timedelta(minutes=10)  # what a station said yes to, and has not done at once
DETAIL_MAX = 500  # characters of a station's own words

Step = Callable[[Slices, StationKey], Awaitable[object | None]]
"""The next command that brings a station nearer to what is wanted; None: it is in step."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    kind: str
    step: Step
    is_piecemeal: bool = False  # what a station has no word for does not keep the rest from it


class Anew(IntEnum):
    """What is said again, whatever pause it had earned."""

    NOTHING = 0
    REFUSED = 1  # it has booted, perhaps with other firmware
    ALL = 2  # somebody wants it tried


class State(StrEnum):
    IN_STEP = "in_step"
    MENDING = "mending"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a station is from what is wanted of it, of one kind."""

    station: StationKey
    kind: str
    state: State
    since: datetime
    detail: str | None = None
    told: str | None = None  # what the last command was, so that it is not said again in a loop
    tries: int = 0
    next_at: datetime | None = None

    @property
    def rests_until(self) -> datetime | None:
        """What was not answered may have felled the station: nothing of the kind before that."""
        if self.state is not State.MENDING or not self.tries or self.next_at is None:
            return None
        return self.next_at - pause_after(self.tries) + min(pause_after(self.tries), LONGEST_REST)


def _key(standing: Standing) -> tuple[str, str, str]:
    return standing.station.tenant, standing.station.station, standing.kind


def _row(standing: Standing) -> Row:
    return (
        *_key(standing),
        standing.state,
        standing.since,
        standing.detail,
        standing.told,
        standing.tries,
        standing.next_at,
    )


def standing_from(row: Row) -> Standing:
    tenant, station, kind, state, *rest = row
    key = StationKey(TenantId(tenant), StationId(station))
    return Standing(key, kind, State(state), *rest)


SHELF = Shelf[Standing](
    UPKEEP,
    key=_key,
    write=_row,
    read=standing_from,
    remembered_max=2_000,  # each station has eight, read when it comes and when people look
)


class Standings:
    """The standings of one unit of work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def load(self, station: StationKey, kinds: Iterable[str]) -> None:
        """Know all of these with one query."""
        await self._work.load(SHELF, [(station.tenant, station.station, kind) for kind in kinds])

    async def get(self, station: StationKey, kind: str) -> Standing | None:
        return await self._work.get(SHELF, (station.tenant, station.station, kind))

    def put(self, standing: Standing) -> None:
        self._work.put(SHELF, standing)


def digest_of(command: object) -> str:
    """The same for the same command; the number that an answer will carry does not count."""
    said = msgspec.to_builtins(command)
    if isinstance(said, dict):
        said.pop("number", None)
    text = msgspec.json.encode([type(command).__name__, said], order="sorted")
    return hashlib.sha256(text).hexdigest()[:16]


def is_worth_telling(
    standing: Standing | None,
    digest: str,
    now: datetime,
    *,
    anew: Anew = Anew.NOTHING,
    is_piecemeal: bool = False,
) -> bool:
    """Whether to say it now, after what became of it before.

    Args:
        anew: A boot is no reason to say anything again of a kind that was not answered.
        is_piecemeal: That it has no word for one thing says nothing of another.
    """
    if standing is None or anew is Anew.ALL or _is_put_off_wrongly(standing, now):
        return True
    if standing.rests_until is not None and standing.next_at is not None:
        return now >= (standing.next_at if standing.told == digest else standing.rests_until)
    if anew is Anew.REFUSED:
        return True
    if standing.state is State.UNSUPPORTED:
        return is_piecemeal and standing.told != digest
    if standing.told != digest or standing.next_at is None:
        return True
    return standing.next_at <= now


def _is_put_off_wrongly(standing: Standing, now: datetime) -> bool:
    """By a clock that was ahead, and is right again."""
    return standing.next_at is not None and standing.next_at > now + LONGEST_PAUSE + CLOCKS_DIFFER


def begun(standing: Standing | None, station: StationKey, kind: str, now: datetime) -> Standing:
    """Something is missing, and the station is about to be told."""
    if standing is None:
        return Standing(station, kind, State.MENDING, now)
    if standing.state in (State.MENDING, State.REFUSED):
        return standing
    return replace(standing, state=State.MENDING, since=now, detail=None, next_at=None, tries=0)


def after_telling(standing: Standing, digest: str, result: Result, now: datetime) -> Standing:
    detail = result.words[:DETAIL_MAX] or None
    told = replace(standing, told=digest, detail=detail)
    match result.outcome:
        case Outcome.ACCEPTED:
            return _in_state(told, State.MENDING, now, 0, now + SETTLES_WITHIN)
        case Outcome.UNSUPPORTED:
            return _in_state(told, State.UNSUPPORTED, now, 0, None)
        case Outcome.UNREACHED:
            return replace(standing, next_at=None)  # when it is back
        case Outcome.REFUSED | Outcome.UNKNOWN:
            is_refused = result.outcome is Outcome.REFUSED
            state = State.REFUSED if is_refused else State.MENDING
            tries = standing.tries + 1
            return _in_state(told, state, now, tries, now + pause_after(tries))


def pause_after(tries: int) -> timedelta:
    return LONGEST_PAUSE if tries > PAUSES else FIRST_PAUSE * 4 ** (tries - 1)


def _in_state(
    standing: Standing, state: State, now: datetime, tries: int, next_at: datetime | None
) -> Standing:
    since = standing.since if standing.state is state else now
    return replace(standing, state=state, since=since, tries=tries, next_at=next_at)
