"""Keeping the local lists of stations as they shall be."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from ricarica.authorization import lists
from ricarica.authorization.book import AccessBook, ListDefinition
from ricarica.authorization.commands import ReadListVersion, SendList
from ricarica.authorization.events import LocalListChanged
from ricarica.authorization.lists import ListLimits, ListTrouble, LocalList
from ricarica.authorization.model import ListEntry, Token, TokenRef
from ricarica.authorization.ports import AccessBookStore, LocalListStore, TokenStore
from ricarica.authorization.rules import Place
from ricarica.configuration.model import Setting
from ricarica.configuration.service import ConfigurationService
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.commands import BringInStep, BringOthersInStep
from ricarica.stations.model import Station
from ricarica.stations.service import StationService

UPKEEP = "local_list"
TOLD_AT_ONCE_MAX = 200  # stations; the others are looked after in their turn
ITEMS, BYTES, ENTRIES = "local_list_items_max", "local_list_bytes_max", "local_list_max"


class LocalListService:
    def __init__(
        self,
        store: LocalListStore,
        tokens: TokenStore,
        books: AccessBookStore,
        stations: StationService,
        configuration: ConfigurationService,
        outgoing: Outgoing,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._books = books
        self._stations = stations
        self._configuration = configuration
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    async def next_command(self, key: StationKey, at: datetime) -> object | None:
        """What a station has to be told next so that its list is as it shall be; or nothing."""
        station = await self._stations.get(key)
        book = await self._books.book(key.tenant)
        definitions = book.lists_for(key.station, station.site)
        known = await self._store.get(key)
        if known is None and not definitions:
            return None
        known = known or LocalList(key)
        came = (each for each in (station.booted_at, station.connection_changed_at) if each)
        if lists.needs_asking(known, max(came, default=None), at):
            return ReadListVersion()
        if known.trouble is ListTrouble.UNSUPPORTED:
            return ReadListVersion() if definitions else None  # it may have learned it since
        limits = await self.limits(key)
        wanted = await self._wanted(station, book, definitions, known, at)
        fitting = wanted[: limits.entries]
        command = lists.next_command(known, fitting, limits)
        if (left_out := len(wanted) - len(fitting)) != known.left_out:
            self._store.save(replace(known, left_out=left_out))
        return command

    async def _wanted(
        self,
        station: Station,
        book: AccessBook,
        definitions: Sequence[ListDefinition],
        known: LocalList,
        at: datetime,
    ) -> list[ListEntry]:
        if not definitions:
            return []
        tenant = station.key.tenant
        tokens = await self._tokens.listed(tenant, definitions, lists.ENTRIES_MAX)
        place = Place(station.key.station, station.site)
        left = [token for token in tokens if token.folded not in known.forgotten]
        return lists.wanted_of(left, definitions, book, place, at)

    async def limits(self, key: StationKey) -> ListLimits:
        """What the station takes, by what it told of its settings."""
        told = await self._configuration.named(key, (ITEMS, BYTES, ENTRIES))
        usual = ListLimits()
        return ListLimits(
            items=_most(told.get(ITEMS)) or usual.items,
            bytes=_most(told.get(BYTES)) or usual.bytes,
            entries=_most(told.get(ENTRIES)) or usual.entries,
        )

    async def told_version(self, key: StationKey, version: int, at: datetime) -> None:
        """D02: it answered which version it has."""
        known = await self._store.get(key) or LocalList(key)
        self._keep(lists.told(known, version, at))

    async def answered(
        self, key: StationKey, command: SendList, at: datetime, *, is_accepted: bool
    ) -> None:
        known = await self._store.get(key) or LocalList(key)
        change = lists.accepted if is_accepted else lists.refused
        self._keep(change(known, command, at))
        if not is_accepted and not command.is_full:
            self._tell(key, BringInStep(UPKEEP))  # D01.FR.03: now in full

    async def unsupported(self, key: StationKey, at: datetime) -> None:
        known = await self._store.get(key) or LocalList(key)
        self._keep(lists.unsupported(known, at))

    async def forget(self, key: StationKey, ref: TokenRef) -> None:
        """N10.FR.02: a customer whose data a station erases is not on its list either."""
        known = await self._store.get(key) or LocalList(key)
        self._store.save(replace(known, forgotten=known.forgotten | {ref.folded}))
        self._tell(key, BringInStep(UPKEEP))

    async def send_anew(self, key: StationKey) -> None:
        """In full, whatever we believe that it has."""
        known = await self._store.get(key) or LocalList(key)
        self._store.save(replace(known, is_unsure=True, trouble=None, told_at=None))
        self._tell(key, BringInStep(UPKEEP, anew=True))

    async def call(self, tenant: TenantId, *tokens: Token) -> None:
        """Tokens changed, given as they were and as they are: have stations brought in step."""
        book = await self._books.book(tenant)
        about = [each for each in book.lists if any(map(each.is_about, tokens))]
        await self._call(tenant, about)

    async def call_for(self, before: AccessBook, after: AccessBook) -> None:
        """What lists are made from changed: those who had one, and those who shall."""
        await self._call(after.tenant, {*before.lists, *after.lists})

    async def _call(self, tenant: TenantId, definitions: Collection[ListDefinition]) -> None:
        places = frozenset((each.site, each.station) for each in definitions if each.is_on)
        if places:
            first = StationKey(tenant, StationId(""))
            await self._stations.bring_in_step(first, BringOthersInStep(UPKEEP, places))

    async def look_after(self, now: datetime) -> None:
        """Lists that nobody looked at for a day: tokens expire, and stations forget."""
        for key in await self._store.unseen(now - lists.ASK_EVERY, TOLD_AT_ONCE_MAX):
            self._tell(key, BringInStep(UPKEEP))

    def _keep(self, known: LocalList) -> None:
        self._store.save(known)
        trouble = known.trouble and known.trouble.value
        self._announce(LocalListChanged(known.station, known.version, len(known.held), trouble))


def _most(setting: Setting | None) -> int | None:
    """The most that it may be: of what counts, its highest value; of a limit, its value."""
    if setting is None:
        return None
    if setting.highest is not None and setting.highest >= 1:
        return int(setting.highest)
    value = setting.value or ""
    return int(value) if value.isdecimal() and int(value) > 0 else None
