"""What people decide about a running transaction, and what is asked about one that is silent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from ricarica.authorization.model import ref_of
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey, TariffId, TenantId, TransactionId
from ricarica.tariffs.model import cost_of, going_on, prices_from, prices_text, usage_since
from ricarica.tariffs.plan import plan_of
from ricarica.tariffs.texts import text_of, texts_of
from ricarica.transactions.agreeing import ASK_AGAIN
from ricarica.transactions.chronicle import Chronicle
from ricarica.transactions.commands import ChangePrices, CheckTransaction, StopCharging
from ricarica.transactions.counting import cost_along, priced, usage_of
from ricarica.transactions.facts import Ended, Progressed
from ricarica.transactions.model import TOLD_LATE, Arrangement, Flag, Transaction
from ricarica.transactions.neighbours import Neighbours
from ricarica.transactions.ports import Place, TransactionStore
from ricarica.transactions.service import TransactionService
from ricarica.transactions.terms import (
    NO_TERMS,
    Check,
    LimitKind,
    Limits,
    Stretch,
    left_to_us,
    merged,
)

# After so long without a word a station is asked about a transaction; then later and later.
SILENCES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
LOOK_EVERY = timedelta(minutes=5)
AT_ONCE_MAX = 500  # transactions looked at in one unit of work
STOP_WITHIN = timedelta(minutes=15)  # after its time was up; then somebody has to look
ARRANGED_MAX = 20  # starts of one station that wait for their transactions
SOC_MAX = 100
FIRST: Place = ("", "", "")  # before all transactions


@dataclass(frozen=True, slots=True)
class Checked:
    """A station's answer about a transaction. ongoing None: it was asked about none. E14"""

    station: StationKey
    ref: str
    ongoing: bool | None
    queued: bool
    at: datetime


class WatchService:
    def __init__(
        self,
        store: TransactionStore,
        transactions: TransactionService,
        neighbours: Neighbours,
        outgoing: Outgoing,
    ) -> None:
        self._store = store
        self._transactions = transactions
        self._authorization = neighbours.authorization
        self._tariffs = neighbours.tariffs
        self._chronicle = Chronicle(store, outgoing)
        self._tell = outgoing.tell

    # -- limits and prices

    async def arrange(self, station: StationKey, arrangement: Arrangement, now: datetime) -> None:
        """For the transaction that a start of ours leads to."""
        if arrangement.limits is not None:
            check_limits(arrangement.limits)
        known = [
            each
            for each in await self._store.arranged(station)
            if each.until + TOLD_LATE > now and each.number != arrangement.number
        ]
        self._store.arrange(station, (*known, arrangement)[-ARRANGED_MAX:])

    async def accepted(self, station: StationKey, number: int) -> None:
        """The station waits for the driver of that start."""
        known = await self._store.arranged(station)
        noted = tuple(
            replace(each, accepted=True) if each.number == number else each for each in known
        )
        if noted != known:
            self._store.arrange(station, noted)

    async def call_off(self, station: StationKey, number: int) -> None:
        """The station refused that start, so nothing will follow it."""
        known = await self._store.arranged(station)
        left = tuple(each for each in known if each.number != number)
        if left != known:
            self._store.arrange(station, left)

    async def limit(
        self, tenant: TenantId, id: TransactionId, limits: Limits, now: datetime
    ) -> Transaction:
        """Set limits of a running transaction, or change them. E16

        Raises:
            ConflictError: it is over.
        """
        check_limits(limits)
        transaction = await self._running(tenant, id)
        terms = transaction.terms or NO_TERMS
        wanted = merged(terms.wanted, limits)
        changed = replace(
            transaction,
            terms=replace(terms, wanted=wanted, stopped_for=None, asked_at=None),
            updated_at=now,
        )
        self._store.save(changed)
        self._note(changed, now, f"limits set: {described(wanted)}")
        return changed

    async def change_prices(
        self, tenant: TenantId, id: TransactionId, tariff: TariffId, now: datetime
    ) -> Transaction:
        """From now on other prices hold; what was counted before stays. I06, I11

        Raises:
            ConflictError: it is over, or had no prices.
            InvalidError: they are in another currency. I11
        """
        transaction = await self._running(tenant, id)
        chosen = await self._tariffs.get(tenant, tariff)
        if transaction.tariff is None:
            raise ConflictError(f"transaction {id} began without prices, and is free of charge")
        if prices_from(transaction.tariff).currency != chosen.prices.currency:
            raise InvalidError("prices in another currency cannot follow those of its start")
        changed = self._stretched(transaction, now)
        language = await self._language(transaction)
        text = text_of(chosen.prices, language).content
        terms = replace(changed.terms or NO_TERMS, text=text)
        changed = priced(
            replace(changed, tariff=prices_text(chosen.prices), terms=terms, updated_at=now)
        )
        self._store.save(changed)
        self._note(changed, now, f"prices changed to {chosen.name}")
        if terms.tariff is not None:
            plan = plan_of(chosen, texts_of(chosen.prices))
            self._tell(transaction.station, ChangePrices(transaction.ref, plan))
        return changed

    def _stretched(self, transaction: Transaction, now: datetime) -> Transaction:
        """With what was counted so far closed; its time passed, whether or not that was told."""
        assert transaction.tariff is not None, "what has no prices is not counted"
        terms = transaction.terms or NO_TERMS
        before = [stretch.usage for stretch in terms.stretches]
        if cost_along(transaction) is None:
            return transaction
        prices = prices_from(transaction.tariff)
        prices = going_on(prices) if before else prices
        usage = usage_since(usage_of(transaction, now), before)
        stretches = (*terms.stretches, Stretch(usage, cost_of(prices, usage), prices))
        return replace(transaction, terms=replace(terms, stretches=stretches))

    async def _language(self, transaction: Transaction) -> str | None:
        if transaction.token is None:
            return None
        token = await self._authorization.meant(
            transaction.station.tenant, ref_of(transaction.token, transaction.token_kind)
        )
        return token.treatment.language if token else None

    # -- asking, and what is answered

    async def checked(self, checked: Checked) -> None:
        """E14: what the station said of a transaction. One it knows no more of is over."""
        transaction = await self._store.get(checked.station, checked.ref)
        if transaction is None:
            return
        terms = transaction.terms or NO_TERMS
        check = Check(checked.at, checked.ongoing, checked.queued)
        noted = replace(transaction, terms=replace(terms, check=check), updated_at=checked.at)
        self._store.save(noted)
        # What waits to be told will come, and it may be the true end.
        if checked.ongoing is False and not checked.queued and transaction.is_running:
            await self._end(noted, checked.at)

    async def _end(self, transaction: Transaction, at: datetime) -> None:
        flagged = transaction.flagged(Flag.LOST_END)
        self._store.save(flagged)
        end = Ended(
            station=flagged.station,
            at=max(flagged.last_at or flagged.started_at, flagged.started_at),
            received_at=at,
            ref=flagged.ref,
            reason="the station, when asked, knew no more of it",
        )
        await self._transactions.end_by_hand(flagged.station.tenant, flagged.id, end)

    async def look_for_silent(self, now: datetime) -> int:
        """Ask about those that have been silent for so long; returns how many."""
        asked = 0
        for silence in SILENCES:
            until = now - silence
            for transaction in await self._store.silent(until - LOOK_EVERY, until, AT_ONCE_MAX):
                self._tell(transaction.station, CheckTransaction(transaction.ref))
                asked += 1
        return asked

    async def look_for_overdue(self, now: datetime, behind: Place = FIRST) -> Place | None:
        """Stop those whose time is up though nothing is told of them.

        Returns:
            Behind which to go on, for there are more; None: those were all.
        """
        found = await self._store.bounded(behind, AT_ONCE_MAX)
        for transaction in found:
            terms = transaction.terms or NO_TERMS
            limits = left_to_us(terms)
            if limits is None or limits.time is None or not transaction.is_running:
                continue
            if terms.asked_at is not None and now - terms.asked_at < ASK_AGAIN:
                continue
            until = transaction.started_at + limits.time
            if until <= now <= until + STOP_WITHIN:
                self._tell(transaction.station, StopCharging(transaction.ref))
        if len(found) < AT_ONCE_MAX:
            return None
        last = found[-1]
        return last.station.tenant, last.station.station, last.ref

    # -- parts

    async def _running(self, tenant: TenantId, id: TransactionId) -> Transaction:
        transaction = await self._transactions.get(tenant, id)
        if not transaction.is_running:
            raise ConflictError(f"transaction {id} has ended already, at {transaction.ended_at}")
        return transaction

    def _note(self, transaction: Transaction, now: datetime, why: str) -> None:
        fact = Progressed(station=transaction.station, at=now, received_at=now, ref=transaction.ref)
        self._chronicle.note(transaction, fact, why)


def check_limits(limits: Limits) -> None:
    """
    Raises:
        InvalidError: no transaction could keep them.
    """
    if not limits.kinds:
        raise InvalidError("name one limit at least: of cost, energy, time or state of charge")
    for name, value in (("cost", limits.cost), ("energy_wh", limits.energy_wh)):
        if value is not None and not (value.is_finite() and value > 0):
            raise InvalidError(f"{name} is a number above 0, not {value}")
    if limits.time is not None and limits.time <= timedelta():
        raise InvalidError("a time begins with one second")
    soc = limits.soc_percent
    if soc is not None and not 0 < soc <= SOC_MAX:
        raise InvalidError(f"soc_percent is from 1 to {SOC_MAX}, not {soc}")


def described(limits: Limits) -> str:
    """For a timeline, e.g. `cost 30, time 1:00:00`."""
    values = {
        LimitKind.COST: limits.cost,
        LimitKind.ENERGY: limits.energy_wh and f"{limits.energy_wh} Wh",
        LimitKind.TIME: limits.time,
        LimitKind.SOC: limits.soc_percent and f"{limits.soc_percent} %",
    }
    return ", ".join(f"{kind} {value}" for kind, value in values.items() if value is not None)
