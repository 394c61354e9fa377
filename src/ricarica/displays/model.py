"""Messages on the displays of stations: what is there, and what shall be. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import msgspec

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import SiteId, StationId, StationKey, TenantId

CONTENT_MAX = 512  # characters in 2.0.1; 2.1 takes twice as many, and no display shows them
LANGUAGE_MAX = 8
CONTENTS_MAX = 5  # one, and four more in other languages. 2.1
LABEL_MAX = 200


class Priority(StrEnum):
    ALWAYS_FRONT = "always_front"  # before all others; there is one at most
    IN_FRONT = "in_front"
    NORMAL_CYCLE = "normal_cycle"


class Moment(StrEnum):
    """What the station does while it shows a message."""

    CHARGING = "charging"
    FAULTED = "faulted"
    IDLE = "idle"
    UNAVAILABLE = "unavailable"
    SUSPENDED = "suspended"  # 2.1
    DISCHARGING = "discharging"  # 2.1


class Format(StrEnum):
    ASCII = "ascii"
    HTML = "html"
    URI = "uri"
    UTF8 = "utf8"
    QRCODE = "qrcode"  # 2.1


@dataclass(frozen=True, slots=True)
class Content:
    text: str
    format: Format = Format.UTF8
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a station shows, by its number there. `contents`: the first is the usual one, the
    others say the same in other languages. moment None: always."""

    number: int
    contents: tuple[Content, ...]
    priority: Priority = Priority.NORMAL_CYCLE
    moment: Moment | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    transaction: str | None = None  # its ref: shown while it runs. O02
    component: str | None = None  # the display, of a station with several
    evse: int | None = None


class ShownState(StrEnum):
    SHOWN = "shown"  # the station has it
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Shown:
    """A message at a station, or one that it would not take. `template`: what it was made from;
    `digest` stands for what the station was told, not for what it made of it."""

    station: StationKey
    message: Message
    state: ShownState
    at: datetime
    template: str | None = None
    digest: str | None = None
    detail: str | None = None  # the station's word where it refused

    @property
    def number(self) -> int:
        return self.message.number


@dataclass(frozen=True, slots=True)
class Template:
    """A message as it shall be at all stations of a site, at one, or at all there are; or, with
    `is_on` false, one to pick when something is to be shown. `number`: its number everywhere."""

    tenant: TenantId
    id: str
    number: int
    label: str
    contents: tuple[Content, ...]
    changed_at: datetime
    priority: Priority = Priority.NORMAL_CYCLE
    moment: Moment | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    site: SiteId | None = None
    station: StationId | None = None
    is_on: bool = True

    def covers(self, station: StationId, site: SiteId | None) -> bool:
        if not self.is_on or self.station not in (None, station):
            return False
        return self.site is None or self.site == site

    @property
    def message(self) -> Message:
        return Message(
            self.number,
            self.contents,
            self.priority,
            self.moment,
            self.starts_at,
            self.ends_at,
        )


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a station's display can; None: it did not say, so the usual is assumed."""

    formats: frozenset[Format] | None = None
    priorities: frozenset[Priority] | None = None
    moments: frozenset[Moment] | None = None
    languages: frozenset[str] | None = None  # casefolded; None: it knows one language only
    most: int | None = None  # messages at once


USUAL_FORMATS = frozenset({Format.ASCII, Format.UTF8})
USUAL_MOMENTS = frozenset({Moment.CHARGING, Moment.FAULTED, Moment.IDLE, Moment.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class DisplayState:
    """How far we know what a station shows. `number`: of our last question."""

    station: StationKey
    number: int
    asked_at: datetime
    told_at: datetime | None = None
    found: tuple[int, ...] = ()  # numbers of messages that were told so far


def checked(contents: Sequence[Content]) -> tuple[Content, ...]:
    """
    Raises:
        InvalidError: no station could show that.
    """
    if not 0 < len(contents) <= CONTENTS_MAX:
        raise InvalidError(f"a message is said in 1 to {CONTENTS_MAX} languages")
    languages = [(content.language or "").casefold() for content in contents]
    if len(set(languages)) != len(languages):
        raise InvalidError("a message says the same thing once in each language")
    for content in contents:
        _check(content)
    return tuple(replace(each, language=each.language or None) for each in contents)


def _check(content: Content) -> None:
    if not 0 < len(content.text) <= CONTENT_MAX:
        raise InvalidError(f"a message has 1 to {CONTENT_MAX} characters")
    if len(content.language or "") > LANGUAGE_MAX:
        raise InvalidError("a language is written like en or en-US")
    if content.format is Format.ASCII and not content.text.isascii():
        raise InvalidError("a message in ASCII has no letters beyond it; choose UTF8")


def digest_of(message: Message) -> str:
    return hashlib.sha256(msgspec.json.encode(message)).hexdigest()[:16]


def fitted(message: Message, can: Abilities) -> Message | str:
    """The message as this display can show it, or the word for why it cannot. O01, O02"""
    if can.priorities is not None and message.priority not in can.priorities:
        return "NotSupportedPriority"
    moments = USUAL_MOMENTS if can.moments is None else can.moments
    if message.moment is not None and message.moment not in moments:
        return "NotSupportedState"
    formats = USUAL_FORMATS if can.formats is None else can.formats
    contents = [content for content in message.contents if content.format in formats]
    if not contents:
        return "NotSupportedMessageFormat"
    if can.languages is None:
        return replace(message, contents=(contents[0],))  # O01.FR.19
    known = can.languages
    spoken = [each for each in contents if not each.language or each.language.casefold() in known]
    return replace(message, contents=tuple(spoken)) if spoken else "LanguageNotSupported"


def wanted_of(
    templates: Iterable[Template], station: StationId, site: SiteId | None, at: datetime
) -> list[Template]:
    """Those that a station shall show, the newest of those that would drive each other out."""
    covering = [each for each in templates if each.covers(station, site)]
    lasting = [each for each in covering if each.ends_at is None or each.ends_at > at]
    fronts = [each for each in lasting if each.priority is Priority.ALWAYS_FRONT]
    newest = max(fronts, key=lambda each: (each.changed_at, each.number), default=None)
    return [each for each in lasting if each not in fronts or each is newest]  # O01.FR.16


def is_there(message: Message, shown: Shown | None) -> bool:
    """Whether it was told to the station already, and it has it or will not have it."""
    return shown is not None and shown.digest == digest_of(message)


def is_alike(told: Message, sent: Message) -> bool:
    """Whether a station shows what it was told, as far as it says so."""
    return (told.contents[0].text, told.priority, told.moment) == (
        sent.contents[0].text,
        sent.priority,
        sent.moment,
    )


def gone(shown: Iterable[Shown], wanted: Iterable[Template], at: datetime) -> list[Shown]:
    """What was put there by a template that wants it no more."""
    numbers = {template.number for template in wanted}
    return [
        each
        for each in shown
        if each.template is not None
        and each.number not in numbers
        and each.state is ShownState.SHOWN
        and (each.message.ends_at is None or each.message.ends_at > at)
    ]
