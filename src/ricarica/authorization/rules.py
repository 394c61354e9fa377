"""Who may charge where and when. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ricarica.authorization.model import Token, Verdict
from ricarica.kernel.ids import EvseNumber, SiteId, StationId

DAY = timedelta(days=1)


class Current(StrEnum):
    AC = "ac"
    DC = "dc"


class Effect(StrEnum):
    CONFINE = "confine"  # those it names may charge only here and then
    KEEP = "keep"  # here and then, only those it names may charge


@dataclass(frozen=True, slots=True)
class Whom:
    """One token, a group, or (with neither) everybody."""

    uid: str | None = None
    group: str | None = None

    @property
    def is_everybody(self) -> bool:
        return self.uid is None and self.group is None

    def names(self, token: Token) -> bool:
        if self.uid is not None:
            return self.uid.strip().casefold() == token.folded
        group = token.group
        return self.group is not None and group is not None and same(self.group, group)


@dataclass(frozen=True, slots=True)
class Where:
    """Each None: any. An EVSE is one of a station."""

    site: SiteId | None = None
    station: StationId | None = None
    evse: EvseNumber | None = None
    current: Current | None = None

    @property
    def is_everywhere(self) -> bool:
        return self == Where()


@dataclass(frozen=True, slots=True)
class When:
    """Weekdays from 0, a Monday; none named: every day. From `begins` up to `ends` by the clocks
    of `zone`; what ends before it begins ends the next day. `since` and `until`: its validity."""

    weekdays: frozenset[int] = frozenset()
    begins: time | None = None
    ends: time | None = None
    zone: str = "UTC"
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_daily(self) -> bool:
        return bool(self.weekdays or self.begins or self.ends)


@dataclass(frozen=True, slots=True)
class AccessRule:
    id: str
    whom: Whom
    where: Where
    when: When
    effect: Effect = Effect.CONFINE
    label: str = ""
    concurrent_max: int | None = None  # running transactions at once, of each token it names
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """An EVSE; `evse` None: any of the station's. `current` None: the station could not say."""

    station: StationId
    site: SiteId | None
    evse: EvseNumber | None = None
    current: Current | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time that a rule holds. `ends` None: nothing ends it."""

    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Permit:
    """What the rules say. `until`: so long at most may anybody go by it."""

    verdict: Verdict
    until: datetime | None = None


def same(one: str, other: str) -> bool:
    """Whether two groups are the same; they are compared without case."""
    return one.strip().casefold() == other.strip().casefold()


def is_in(where: Where, place: Place, *, any_current: bool = False) -> bool:
    if where.site is not None and where.site != place.site:
        return False
    if where.station is not None and where.station != place.station:
        return False
    if where.evse is not None and where.evse != place.evse:
        return False
    unsaid = any_current or where.current is None or place.current is None
    return unsaid or where.current is place.current


def concerns(rule: AccessRule, place: Place) -> bool:
    """Whether it is about this station at all, whichever of its EVSEs."""
    where = rule.where
    return where.station in (None, place.station) and where.site in (None, place.site)


def span_at(when: When, at: datetime) -> Span | None:
    """The time that holds at this moment, if one does."""
    if (when.since and at < when.since) or (when.until and at >= when.until):
        return None
    if not when.is_daily:
        return Span(when.until)
    local = at.astimezone(ZoneInfo(when.zone))
    for day in (local.date(), local.date() - DAY):  # what began yesterday may last until today
        if when.weekdays and day.weekday() not in when.weekdays:
            continue
        begins, ends = _bounds(when, day)
        if begins <= local < ends:
            return Span(_earlier(ends, when.until))
    return None


def _bounds(when: When, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(when.zone)
    begins = datetime.combine(day, when.begins or time(), zone)
    ends = datetime.combine(day, when.ends or time(), zone)
    # Counted by the clocks on the wall: where they are turned the day has no 24 hours.
    return begins, ends if ends > begins else datetime.combine(day + DAY, when.ends or time(), zone)


def permit(rules: Iterable[AccessRule], token: Token, place: Place, at: datetime) -> Permit:
    """Whether the rules let this token charge at this place now.

    Whom a rule confines may charge where and when one such rule says. Rules that confine
    everybody are the hours of their places. What is kept for some is shut for all others.
    """
    held = [rule for rule in rules if rule.is_on]
    mine = [r for r in held if r.effect is Effect.CONFINE and r.whom.names(token)]
    here = [rule for rule in mine if is_in(rule.where, place)]
    if mine and not here:
        nearly = any(is_in(rule.where, place, any_current=True) for rule in mine)
        return Permit(Verdict.WRONG_EVSE_TYPE if nearly else Verdict.NOT_HERE)
    everybody = [r for r in held if r.effect is Effect.CONFINE and r.whom.is_everybody]
    hours = [rule for rule in everybody if is_in(rule.where, place)]
    until: datetime | None = None
    for group in filter(None, (here, hours)):
        spans = _spans(group, at)
        if not spans:
            return Permit(Verdict.NOT_NOW)
        until = _earlier(until, _latest(spans))
    kept = [r for r in held if r.effect is Effect.KEEP and is_in(r.where, place)]
    kept = [rule for rule in kept if span_at(rule.when, at)]
    if kept and not any(rule.whom.names(token) for rule in kept):
        return Permit(Verdict.NOT_HERE)
    return Permit(Verdict.ACCEPTED, until)


def is_always_permitted(rules: Sequence[AccessRule], token: Token, place: Place) -> bool:
    """Whether time and the EVSE make no difference: only then a list at the station can say it."""
    named = [rule for rule in rules if rule.is_on and rule.whom.names(token)]
    of_place = [rule for rule in rules if rule.is_on and concerns(rule, place)]
    for_others = [r for r in of_place if r.whom.is_everybody or r.effect is Effect.KEEP]
    if any(rule.when != When(zone=rule.when.zone) for rule in (*named, *for_others)):
        return False
    here = (rule for rule in (*named, *for_others) if concerns(rule, place))
    return not any(rule.where.evse or rule.where.current for rule in here)


def concurrent_max(rules: Iterable[AccessRule], token: Token, place: Place) -> int | None:
    """The least that the token itself and the rules that name it allow."""
    named = [
        rule.concurrent_max
        for rule in rules
        if rule.is_on and rule.whom.names(token) and is_in(rule.where, place)
    ]
    limits = [limit for limit in (token.concurrent_max, *named) if limit is not None]
    return min(limits, default=None)


def choose(
    permits: Sequence[tuple[EvseNumber, Permit]],
) -> tuple[Permit, tuple[EvseNumber, ...]]:
    """Of a station whose EVSEs differ: what holds, and where. C01.FR.19, C01.FR.20, C01.FR.22"""
    accepted = [(evse, each) for evse, each in permits if each.verdict is Verdict.ACCEPTED]
    if accepted:
        until = None
        for _, each in accepted:
            until = _earlier(until, each.until)
        some = () if len(accepted) == len(permits) else tuple(evse for evse, _ in accepted)
        return Permit(Verdict.ACCEPTED, until), some
    verdicts = {each.verdict for _, each in permits}
    told = (Verdict.NOT_NOW, Verdict.WRONG_EVSE_TYPE, Verdict.NOT_HERE)
    first: Callable[[Verdict], bool] = verdicts.__contains__
    return Permit(next(filter(first, told))), ()


def _spans(rules: Iterable[AccessRule], at: datetime) -> list[Span]:
    spans = (span_at(rule.when, at) for rule in rules)
    return [span for span in spans if span is not None]


def _latest(spans: Iterable[Span]) -> datetime | None:
    ends = [span.ends for span in spans]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)
