"""Messages on the displays of stations, kept as they shall be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from ricarica.displays.commands import ClearMessage, ReadMessages, SetMessage
from ricarica.displays.events import DisplaysChanged
from ricarica.displays.facts import MessagesPart
from ricarica.displays.model import (
    LABEL_MAX,
    Abilities,
    DisplayState,
    Format,
    Message,
    Moment,
    Priority,
    Shown,
    ShownState,
    Template,
    checked,
    digest_of,
    fitted,
    gone,
    is_alike,
    is_there,
    wanted_of,
)
from ricarica.displays.ports import DisplayStore, StationSettings
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids, StationId, StationKey, TenantId
from ricarica.stations.commands import BringInStep, BringOthersInStep
from ricarica.stations.service import StationService

W = TypeVar("W", bound=StrEnum)

UPKEEP = "displays"
TEMPLATES_MAX = 500
SHOWN_MAX = 1_000  # of one station: what stations make up must not fill the disk
ASK_AGAIN = timedelta(minutes=10)  # when an answer to our question never came
ASK_EVERY = timedelta(days=1)  # so that a display that forgot shows its messages again
OF_2X = "DisplayMessageCtrlr"
FORMATS, PRIORITIES, STATES = (
    f"{OF_2X}.SupportedFormats",
    f"{OF_2X}.SupportedPriorities",
    f"{OF_2X}.SupportedStates",
)
LANGUAGES, MESSAGES = f"{OF_2X}.Language", f"{OF_2X}.DisplayMessages"


class DisplayService:
    def __init__(
        self,
        store: DisplayStore,
        stations: StationService,
        settings: StationSettings,
        outgoing: Outgoing,
        ids: Ids,
    ) -> None:
        self._store = store
        self._stations = stations
        self._settings = settings
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._ids = ids

    # -- what shall be shown

    async def put_template(self, template: Template) -> Template:
        """Add one, or change it as a whole; it keeps its number at the stations."""
        if not 0 < len(template.label.strip()) <= LABEL_MAX:
            raise InvalidError(f"a message's name has 1 to {LABEL_MAX} characters")
        known = await self._store.template(template.tenant, template.id)
        if known is None and len(await self._store.templates(template.tenant)) >= TEMPLATES_MAX:
            raise InvalidError(f"there are {TEMPLATES_MAX} messages already")
        saved = replace(
            template,
            label=template.label.strip(),
            contents=checked(template.contents),
            number=known.number if known else self._ids.wire_number(),
        )
        _check_times(saved.starts_at, saved.ends_at)
        self._store.save_template(saved)
        await self._call(saved.tenant, [saved, *filter(None, [known])])
        return saved

    async def template(self, tenant: TenantId, id: str) -> Template:
        known = await self._store.template(tenant, id)
        if known is None:
            raise NotFoundError(f"there is no message {id}")
        return known

    async def remove_template(self, tenant: TenantId, id: str) -> None:
        """Stations that show it are told to clear it."""
        known = await self.template(tenant, id)
        self._store.remove_template(known)
        await self._call(tenant, [known])

    async def _call(self, tenant: TenantId, templates: Sequence[Template]) -> None:
        self._announce(DisplaysChanged(None))
        places = frozenset((each.site, each.station) for each in templates)
        first = StationKey(tenant, StationId(""))
        await self._stations.bring_in_step(first, BringOthersInStep(UPKEEP, places))

    # -- what is shown

    async def message_for(self, key: StationKey, message: Message) -> SetMessage:
        """A message of the moment, as the station's display can show it.

        Raises:
            InvalidError: it cannot; the text has OCPP's word for why.
        """
        _check_times(message.starts_at, message.ends_at)
        given = replace(message, contents=checked(message.contents))
        fitting = fitted(given, await self.abilities(key))
        if isinstance(fitting, str):
            raise InvalidError(f"the display of {key.station} cannot show it: {fitting}")
        return SetMessage(fitting)

    async def next_command(self, key: StationKey, at: datetime) -> object | None:
        """What a station has to be told next so that it shows what it shall; or nothing."""
        templates = await self._store.templates(key.tenant)
        station = await self._stations.get(key)
        wanted = wanted_of(templates, key.station, station.site, at)
        shown = await self._store.shown_at(key)
        if not wanted and not any(each.template for each in shown):
            return None
        state = await self._store.state(key)
        if state is None or _needs_asking(state, station.booted_at, at):
            return await self.read_all(key, at)
        if state.told_at is None:
            return ReadMessages(state.number)  # an answer that is on its way brings it here again
        for each in gone(shown, wanted, at):
            return ClearMessage(each.number)
        return await self._missing(key, wanted, shown, at)

    async def read_all(self, key: StationKey, at: datetime) -> ReadMessages:
        """The question for all; noted, for parts of its answer may come before its acceptance."""
        number = self._ids.wire_number()
        await self._store.state(key)
        self._store.save_state(DisplayState(key, number, at))
        return ReadMessages(number)

    async def _missing(
        self, key: StationKey, wanted: Sequence[Template], shown: Sequence[Shown], at: datetime
    ) -> SetMessage | None:
        can = await self.abilities(key)
        there = {each.number: each for each in shown}
        room = None if can.most is None else can.most - len(_taking_room(shown, at))
        for template in wanted:
            known = there.get(template.number)
            fitting = fitted(template.message, can)
            message = template.message if isinstance(fitting, str) else fitting
            if is_there(message, known):
                continue
            is_new = known is None or known.state is ShownState.REFUSED
            why_not = fitting if isinstance(fitting, str) else None
            if why_not is None and is_new and room is not None and room <= 0:
                why_not = "Full"
            if why_not is None:
                return SetMessage(message, template.id)
            self._note_refusal(key, message, template.id, why_not, at)
        return None

    async def abilities(self, key: StationKey) -> Abilities:
        """By what the station told of its settings."""
        names = (FORMATS, PRIORITIES, STATES, LANGUAGES, MESSAGES)
        told = await self._settings.named(key, names)
        values = {name: _list_of(each.value or each.choices) for name, each in told.items()}
        languages = _list_of(told[LANGUAGES].choices) if LANGUAGES in told else None
        most = told[MESSAGES].highest if MESSAGES in told else None
        return Abilities(
            _known(Format, values.get(FORMATS)),
            _known(Priority, values.get(PRIORITIES)),
            _known(Moment, values.get(STATES)),
            None if languages is None else frozenset(word.casefold() for word in languages),
            None if most is None or most < 1 else int(most),
        )

    # -- what stations tell

    async def set(
        self, key: StationKey, command: SetMessage, why_not: str | None, at: datetime
    ) -> None:
        """It shows it from now on, or says why not."""
        message = command.message
        await self._store.shown(key, message.number)
        if why_not is not None:
            self._note_refusal(key, message, command.template, why_not, at)
            return
        digest = digest_of(message)
        if message.priority is Priority.ALWAYS_FRONT:
            await self._drive_out(key, message)
        self._store.save(Shown(key, message, ShownState.SHOWN, at, command.template, digest))
        self._announce(DisplaysChanged(key))

    async def _drive_out(self, key: StationKey, newer: Message) -> None:
        """O01.FR.16: the station replaces the one that was in front of all."""
        for shown in await self._store.shown_at(key):
            message = shown.message
            if message.priority is newer.priority and message.number != newer.number:
                self._store.remove(shown)

    def _note_refusal(
        self, key: StationKey, message: Message, template: str | None, why: str, at: datetime
    ) -> None:
        digest = digest_of(message)
        self._store.save(Shown(key, message, ShownState.REFUSED, at, template, digest, detail=why))
        self._announce(DisplaysChanged(key))

    async def cleared(self, key: StationKey, number: int) -> None:
        """It shows it no more, or never did. O05"""
        shown = await self._store.shown(key, number)
        if shown is not None:
            self._store.remove(shown)
            self._announce(DisplaysChanged(key))

    async def asked(
        self, key: StationKey, command: ReadMessages, at: datetime, *, has_any: bool
    ) -> None:
        """It is going to tell which it has, or has none. O03.FR.03"""
        state = await self._store.state(key)
        if state is None or state.number != command.number:
            return
        if not has_any:
            self._store.save_state(replace(state, told_at=at))
        for shown in await self._store.shown_at(key):
            # What it refused is tried again: it has booted since, perhaps with other firmware.
            if shown.state is ShownState.REFUSED or not has_any:
                self._store.remove(shown)

    async def told(self, key: StationKey, part: MessagesPart, at: datetime) -> None:
        """Messages that a station has. O03, O04"""
        number, is_last = part.number, part.is_last
        messages = await self._fitting(key, part.messages)
        for message in messages:
            known = await self._store.shown(key, message.number)
            told = Shown(key, message, ShownState.SHOWN, at)
            if known is not None:
                digest = known.digest if is_alike(message, known.message) else None
                told = replace(told, template=known.template, digest=digest)
            self._store.save(told)
        state = await self._store.state(key)
        if state is not None and state.number == number:
            numbers = (*state.found, *(message.number for message in messages))
            found = tuple(dict.fromkeys(numbers))
            self._store.save_state(
                replace(state, found=found, told_at=at if is_last else state.told_at)
            )
            if is_last:
                await self._forget_others(key, frozenset(found))
                self._tell(key, BringInStep(UPKEEP))
        self._announce(DisplaysChanged(key))

    async def _fitting(self, key: StationKey, told: Sequence[Message]) -> list[Message]:
        """Those that are known, and as many others as there is room for."""
        there = {each.number for each in await self._store.shown_at(key)}
        new = dict.fromkeys(each.number for each in told if each.number not in there)
        there.update(list(new)[: max(SHOWN_MAX - len(there), 0)])
        return [message for message in told if message.number in there]

    async def _forget_others(self, key: StationKey, found: frozenset[int]) -> None:
        """What it did not name is not there, whatever we believed."""
        for shown in await self._store.shown_at(key):
            if shown.state is ShownState.SHOWN and shown.number not in found:
                self._store.remove(shown)


def _needs_asking(state: DisplayState, booted_at: datetime | None, at: datetime) -> bool:
    if state.told_at is None:
        return at - state.asked_at >= ASK_AGAIN
    if booted_at is not None and state.asked_at < booted_at:
        return True
    return at - state.told_at >= ASK_EVERY


def _taking_room(shown: Sequence[Shown], at: datetime) -> list[Shown]:
    return [
        each
        for each in shown
        if each.state is ShownState.SHOWN
        and (each.message.ends_at is None or each.message.ends_at > at)
    ]


def _check_times(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidError("a message ends after it begins")


def _list_of(value: str | None) -> list[str]:
    return [word.strip() for word in (value or "").split(",") if word.strip()]


def _known(words: type[W], told: Sequence[str] | None) -> frozenset[W] | None:
    """Of our words, those that a station names, e.g. AlwaysFront for always_front."""
    if not told:
        return None
    spelled = {word.casefold() for word in told}
    return frozenset(word for word in words if word.replace("_", "") in spelled)
