"""Stores of what is laid down about tokens, in memory, and the services over them."""

from dataclasses import dataclass, field
from datetime import datetime

from ricarica.authorization.access import AccessRuleService
from ricarica.authorization.book import AccessBook
from ricarica.authorization.guard import Guesses
from ricarica.authorization.lists import LocalList
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.model import Attempt, CodeGuard
from ricarica.authorization.places import Places
from ricarica.authorization.service import AuthorizationService, Neighbours
from ricarica.configuration.service import ConfigurationService
from ricarica.kernel.ids import EvseNumber, StationKey, TenantId
from ricarica.reservations.model import Reservation, ReservationState
from ricarica.stations.service import StationPolicy, StationService
from ricarica.testing.clock import CountedIds
from ricarica.testing.memory import (
    MemorySettingStore,
    MemoryStationStore,
    MemoryTokenStore,
    Told,
)

__all__ = ["MemoryAccessBookStore", "MemoryLocalListStore", "MemoryReservationStore", "Tokens"]


class MemoryAccessBookStore:
    def __init__(self) -> None:
        self.books: dict[TenantId, AccessBook] = {}
        self.guards: dict[StationKey, CodeGuard] = {}
        self.attempts: list[Attempt] = []

    async def book(self, tenant: TenantId) -> AccessBook:
        return self.books.get(tenant, AccessBook(tenant))

    def save(self, book: AccessBook) -> None:
        self.books[book.tenant] = book

    async def guard(self, station: StationKey) -> CodeGuard:
        return self.guards.get(station, CodeGuard(station))

    def save_guard(self, guard: CodeGuard) -> None:
        self.guards[guard.station] = guard

    def add_attempt(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)


class MemoryLocalListStore:
    def __init__(self, stations: MemoryStationStore) -> None:
        self.lists: dict[StationKey, LocalList] = {}
        self._stations = stations

    async def get(self, station: StationKey) -> LocalList | None:
        return self.lists.get(station)

    def save(self, known: LocalList) -> None:
        self.lists[known.station] = known

    async def unseen(self, since: datetime, most: int) -> list[StationKey]:
        there = {key for key, station in self._stations.stations.items() if station.connected}
        old = sorted(
            (known.told_at, key)
            for key, known in self.lists.items()
            if key in there and known.told_at is not None and known.told_at < since
        )
        return [key for _, key in old][:most]


class MemoryReservationStore:
    def __init__(self) -> None:
        self.reservations: dict[tuple[StationKey, int], Reservation] = {}

    async def get(self, station: StationKey, number: int) -> Reservation | None:
        return self.reservations.get((station, number))

    async def open_at(
        self, station: StationKey, evse: EvseNumber, at: datetime
    ) -> list[Reservation]:
        return [
            each
            for each in self.reservations.values()
            if (each.station, each.evse) == (station, evse)
            and each.is_open
            and (each.state is ReservationState.HELD or each.expires_at > at)
        ]

    def save(self, reservation: Reservation) -> None:
        self.reservations[(reservation.station, reservation.number)] = reservation


@dataclass
class Tokens:
    """The services about tokens, over stores in memory that a test can look into."""

    told: Told = field(default_factory=Told)
    tokens: MemoryTokenStore = field(default_factory=MemoryTokenStore)
    books: MemoryAccessBookStore = field(default_factory=MemoryAccessBookStore)
    stations: MemoryStationStore = field(default_factory=MemoryStationStore)
    settings: MemorySettingStore = field(default_factory=MemorySettingStore)

    def __post_init__(self) -> None:
        ids = CountedIds()
        stations = StationService(self.stations, self.told, StationPolicy())
        configuration = ConfigurationService(self.settings, self.told, ids)
        self.lists = MemoryLocalListStore(self.stations)
        self.local_lists = LocalListService(
            self.lists, self.tokens, self.books, stations, configuration, self.told
        )
        places = Places(stations, configuration)
        around = Neighbours(places, self.local_lists, Guesses())
        self.authorization = AuthorizationService(self.tokens, self.books, around, self.told, ids)
        self.rules = AccessRuleService(self.books, self.local_lists, self.told)
