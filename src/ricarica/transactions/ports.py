"""What this slice needs of the world, in its own words."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ricarica.kernel.ids import EvseNumber, StationKey, TenantId, TransactionId
from ricarica.transactions.facts import SignedReading
from ricarica.transactions.model import (
    Arrangement,
    Entry,
    ExpectedStart,
    RegisterPoint,
    StatePoint,
    Transaction,
)
from ricarica.transactions.readings import Reading

Place = tuple[str, str, str]
"""Tenant, station and ref of a transaction, to go on behind it."""


class TransactionStore(Protocol):
    async def get(self, station: StationKey, ref: str) -> Transaction | None:
        """Always by its station: what another station calls the same is another transaction."""
        ...

    async def alike(self, station: StationKey, repeat_key: str, ref: str) -> list[Transaction]:
        """Those of the station that have this key, then the one that has this ref."""
        ...

    async def by_id(self, tenant: TenantId, transaction: TransactionId) -> Transaction | None: ...

    async def running_at(
        self, station: StationKey, evse: EvseNumber | None = None
    ) -> list[Transaction]:
        """Those that have not ended, at one EVSE or at all of the station's, oldest first."""
        ...

    async def charging(self) -> list[StationKey]:
        """The stations of all tenants where one has not ended, as the database has it."""
        ...

    async def ended_at(self, station: StationKey, at: datetime) -> list[Transaction]:
        """Those of the station's transactions that ended at this moment."""
        ...

    async def has_progressed(self, of: Transaction, at: datetime, seq_no: int | None) -> bool:
        """Whether a `Progressed` of this moment and number is on its timeline."""
        ...

    async def running_count(self, tenant: TenantId, token: str) -> int:
        """How many of a token's transactions run; tokens are compared without case."""
        ...

    async def running_with(self, tenant: TenantId, token: str) -> list[Transaction]:
        """The same ones."""
        ...

    async def registers(self, transaction: Transaction) -> list[RegisterPoint]:
        """Its register readings (see `readings.registers_in`) that are stored, in any order."""
        ...

    async def states(self, transaction: Transaction) -> list[StatePoint]:
        """The charging states on its timeline that are stored, in any order."""
        ...

    def save(self, transaction: Transaction) -> None: ...

    def add_readings(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[Reading],
        received_at: datetime,
    ) -> None:
        """Those that are there already are passed over."""
        ...

    def add_signed(
        self,
        station: StationKey,
        evse: EvseNumber,
        ref: str | None,
        readings: Iterable[SignedReading],
        received_at: datetime,
    ) -> None:
        """Those that are there already are passed over."""
        ...

    def add_entry(self, entry: Entry) -> None:
        """One that is there already is passed over."""
        ...

    async def arranged(self, station: StationKey) -> tuple[Arrangement, ...]:
        """What is to hold for starts that were asked for, oldest first."""
        ...

    def arrange(self, station: StationKey, arranged: tuple[Arrangement, ...]) -> None:
        """In place of what was arranged; something of the station must have been read before."""
        ...

    async def silent(self, since: datetime, until: datetime, most: int) -> list[Transaction]:
        """Running ones, of all tenants, that were last heard of in between."""
        ...

    async def bounded(self, behind: Place, most: int) -> list[Transaction]:
        """The next running ones, of all tenants, that have terms, by station."""
        ...


class ExpectedStartStore(Protocol):
    def expect(self, expected: ExpectedStart) -> None: ...

    async def overdue(self, now: datetime, most: int) -> list[ExpectedStart]:
        """Those that are due, of all tenants, oldest first."""
        ...

    def forget(self, expected: ExpectedStart) -> None: ...

    async def begun_since(self, station: StationKey, since: datetime) -> list[Transaction]: ...
