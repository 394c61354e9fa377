"""What was charged, when, and by whom: recorded as it is told, in whatever order."""

import dataclasses
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from ricarica.authorization.model import Judgement, Occasion, TokenRef, Verdict, ref_of
from ricarica.kernel.errors import ConflictError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EvseNumber, Ids, StationKey, TenantId, TransactionId
from ricarica.tariffs.model import prices_text
from ricarica.transactions.agreeing import Agreements
from ricarica.transactions.chronicle import Chronicle
from ricarica.transactions.commands import ShowCost
from ricarica.transactions.counting import (
    CLOCK_STEP,
    NO_FLAGS,
    all_readings,
    cost_so_far,
    counted_on,
    energy_of,
    first_register,
    is_in_order,
    is_to_be_recounted,
    last_register,
    moved_on,
    parked_on,
    parking_of,
    placed,
    priced,
    recounted,
    register_points,
    state_points,
    weighed,
)
from ricarica.transactions.differences import differences_of
from ricarica.transactions.facts import (
    Ended,
    Progressed,
    Recorded,
    SignedReading,
    Started,
    TransactionFact,
)
from ricarica.transactions.identifying import (
    identified,
    identifies,
    introduces,
    settled_on_token,
)
from ricarica.transactions.model import (
    Arrangement,
    Flag,
    Transaction,
)
from ricarica.transactions.neighbours import Neighbours
from ricarica.transactions.ports import TransactionStore
from ricarica.transactions.readings import Reading
from ricarica.transactions.recognition import NO_REFS, Recognition
from ricarica.transactions.repeats import is_by, is_of, repeat_key, was_assumed
from ricarica.transactions.terms import Say

SHOW_COST_EVERY = timedelta(seconds=60)  # what a driver at the display needs, and no more
LATE = timedelta(minutes=10)  # what is told later was kept; less may be a clock that is slow


class TransactionService:
    def __init__(
        self, store: TransactionStore, neighbours: Neighbours, outgoing: Outgoing, ids: Ids
    ) -> None:
        self._store = store
        self._stations = neighbours.stations
        self._power_max_w = neighbours.stations.policy.power_max_w
        self._authorization = neighbours.authorization
        self._tariffs = neighbours.tariffs
        self._tell = outgoing.tell
        self._ids = ids
        self._recognition = Recognition(store, neighbours.authorization, ids, self._power_max_w)
        self._chronicle = Chronicle(store, outgoing)
        self._agreements = Agreements(store, neighbours, self._chronicle, outgoing)

    async def record(self, told: TransactionFact) -> Recorded:
        """Take note of a fact. It is never refused, and a repeat changes nothing."""
        fact, flags = placed(told)
        if not isinstance(told, Started) or told.ref is not None:
            return await self._take(fact, await self._recognition.known(fact), flags)
        key = repeat_key(told)
        if Flag.IMPLAUSIBLE_TIME in flags:
            return await self._take(
                fact, await self._recognition.running_with(fact, key), flags, key
            )
        fact, known = await self._recognition.recognised(fact, key)
        return await self._take(fact, known, flags, key)

    async def _take(
        self,
        fact: TransactionFact,
        known: Transaction | None,
        flags: frozenset[Flag],
        key: str | None = None,
    ) -> Recorded:
        if known is not None and await self._recognition.is_repeat(known, fact, flags):
            return await self._again(known, fact, flags)
        transaction = (known or await self._new(fact)).flagged(*flags)
        judgement = await self._judge(transaction, fact)
        is_introduced, before = introduces(transaction, fact), transaction
        transaction = await self._moved_on(transaction, fact, judgement)
        if isinstance(fact, Started):
            transaction = await self._started(transaction, fact, key)
        elif isinstance(fact, Ended):
            transaction = _ended(transaction, fact)
        else:
            transaction = _prolonged(transaction)
        if transaction.token != before.token:
            transaction = await self._agreements.given_back(transaction, before)
            if _has_begun(transaction, fact):
                transaction = await self._with_tariff(transaction, fact)
        arranged = None
        if is_introduced:
            transaction, arranged = await self._agreements.begun(transaction, fact)
        if fact.more is not None:
            transaction = self._agreements.told(transaction, fact.more)
        if is_to_be_recounted(before, transaction, fact):
            points = [*await self._store.registers(transaction), *register_points(fact)]
            states = [*await self._store.states(transaction), *state_points(fact)]
            transaction = recounted(transaction, points, states)
        transaction = self._shown(self._settled(_completeness(transaction)), fact)
        say = None
        transaction = settled_on_token(transaction)
        if transaction.terms is not None:
            transaction, say = await self._agreements.kept(transaction, transaction.terms, fact)
        self._chronicle.write(transaction, fact)
        self._chronicle.tell_of(transaction, fact, is_new=known is None)
        recorded = _recorded(transaction, await self._answer(known, fact, judgement), say)
        return replace(recorded, arranged=arranged) if arranged else recorded

    async def meter(self, told: Progressed) -> Recorded | None:
        """Readings that may belong to no transaction: of an EVSE at rest, or of the grid."""
        fact, flags = placed(told)
        known = await self._recognition.known(fact)
        if known is not None:
            return await self._take(fact, known, flags)
        evse = fact.evse or EvseNumber(0)
        self.keep_readings(fact.station, evse, fact.readings, fact.received_at)
        if fact.more is not None:
            self.keep_signed(fact.station, evse, fact.more.signed, fact.received_at)
        return None

    def keep_readings(
        self,
        station: StationKey,
        evse: EvseNumber,
        readings: tuple[Reading, ...],
        received_at: datetime,
    ) -> None:
        """Readings that belong to no transaction."""
        self._store.add_readings(station, evse, None, readings, received_at)

    def keep_signed(
        self,
        station: StationKey,
        evse: EvseNumber,
        signed: tuple[SignedReading, ...],
        received_at: datetime,
    ) -> None:
        """What a meter signed while nobody charged."""
        self._store.add_signed(station, evse, None, signed, received_at)

    async def note_state(self, fact: Progressed) -> None:
        """A connector's status says what its running transaction is doing."""
        for transaction in await self._store.running_at(fact.station, fact.evse):
            if fact.at < transaction.started_at - CLOCK_STEP:
                continue  # told late: it was of what charged there before
            if transaction.charging_state is not fact.charging_state:
                await self.record(replace(fact, ref=transaction.ref))

    async def get(self, tenant: TenantId, transaction: TransactionId) -> Transaction:
        known = await self._store.by_id(tenant, transaction)
        if known is None:
            raise NotFoundError(f"there is no transaction {transaction}")
        return known

    async def find(self, station: StationKey, ref: str) -> Transaction | None:
        """By its name between the station and us."""
        return await self._store.get(station, ref)

    async def running_at(
        self, station: StationKey, evse: EvseNumber | None = None
    ) -> list[Transaction]:
        return await self._store.running_at(station, evse)

    async def charging(self) -> list[StationKey]:
        """The stations of all tenants where one runs."""
        return await self._store.charging()

    async def arranged(self, station: StationKey) -> tuple[Arrangement, ...]:
        """For starts of ours that no transaction has followed yet."""
        return await self._store.arranged(station)

    async def are_held(self, station: StationKey, token: TokenRef) -> bool:
        """C01.FR.24: whether every EVSE of a station has somebody else's transaction, which may
        not go on; nobody is to take one over."""
        running = await self._store.running_at(station)
        held = {
            each.evse
            for each in running
            if each.verdict not in (None, Verdict.ACCEPTED) and not is_by(each, token)
        }
        return bool(held) and held >= set(await self._stations.evses(station))

    async def end_by_hand(self, tenant: TenantId, id: TransactionId, ended: Ended) -> Transaction:
        """An operator closes a transaction whose end never came; a later true end prevails."""
        transaction = await self.get(tenant, id)
        if not transaction.is_running:
            raise ConflictError(f"transaction {id} has ended already, at {transaction.ended_at}")
        closed = self._settled(_closed(transaction, ended))
        if closed.terms is not None:
            closed = await self._agreements.paid(closed, closed.terms, ended)
        self._store.save(closed)
        self._chronicle.note(closed, ended, ended.reason)
        self._chronicle.announce_end(closed)
        return closed

    # -- the parts of recording

    async def _new(self, fact: TransactionFact) -> Transaction:
        ref = fact.ref
        if ref is None or ref in NO_REFS:
            ref = await self._recognition.unused_ref(fact.station)
        return Transaction(
            station=fact.station,
            ref=ref,
            id=TransactionId(self._ids.new()),
            evse=fact.evse or EvseNumber(0),
            connector=fact.connector,
            started_at=fact.at,
            received_at=fact.received_at,
            flags=frozenset() if isinstance(fact, Started) else frozenset({Flag.ORPHAN}),
        )

    async def _judge(self, transaction: Transaction, fact: TransactionFact) -> Judgement | None:
        if fact.token is None:
            return None
        tenant = fact.station.tenant
        running = 0
        # In 2.x the driver may identify when the transaction runs already.
        begins = not isinstance(fact, Ended) and identifies(transaction, fact)
        if begins and await self._authorization.is_limited(fact.station, fact.token):
            running = await self._store.running_count(tenant, fact.token.folded)
            if transaction.token and transaction.token.casefold() == fact.token.folded:
                running -= 1  # itself
        evse = fact.evse or transaction.evse
        occasion = Occasion(fact.station, fact.at, evse, max(running, 0), begins=begins)
        return await self._authorization.judge(fact.token, occasion)

    async def _answer(
        self, known: Transaction | None, fact: TransactionFact, judgement: Judgement | None
    ) -> Judgement | None:
        """What the station hears: the truth is recorded, but whoever guesses does not learn it."""
        if fact.token is None or judgement is None:
            return judgement
        if known is not None and is_by(known, fact.token) and known.verdict == Verdict.ACCEPTED:
            return judgement  # the same again while it charges
        return await self._authorization.answer(
            fact.station, fact.token, judgement, fact.received_at
        )

    async def _moved_on(
        self, transaction: Transaction, fact: TransactionFact, judgement: Judgement | None
    ) -> Transaction:
        registers, states = register_points(fact), state_points(fact)
        is_next = is_in_order(transaction)
        energy = counted_on(transaction.energy, registers) if is_next or not registers else None
        if energy is None:
            points = [*await self._store.registers(transaction), *registers]
            energy = energy_of(transaction, points)
        parking = parked_on(transaction.parking, states) if is_next or not states else None
        if parking is None:
            parking = parking_of(transaction, [*await self._store.states(transaction), *states])
        moved = moved_on(transaction, fact, energy, parking)
        if not identifies(transaction, fact):
            return moved
        return identified(await self._given_back(moved, fact), fact, judgement)

    async def _given_back(self, transaction: Transaction, fact: TransactionFact) -> Transaction:
        """What was taken from a token that turns out to have stopped it only."""
        terms, token = transaction.terms, transaction.token
        if terms is None or terms.spent is None or token is None:
            return transaction
        if fact.token is None or is_of(transaction, fact.token):
            return transaction
        ref = ref_of(token, transaction.token_kind)
        await self._authorization.spend(transaction.station.tenant, ref, -terms.spent)
        return replace(transaction, terms=replace(terms, spent=None))

    async def _started(
        self, transaction: Transaction, fact: Started, key: str | None
    ) -> Transaction:
        await self._supersede(transaction, fact)
        started = replace(
            transaction,
            started_at=fact.at,
            received_at=fact.received_at,
            # Its end may have come before, and no end is before its start.
            ended_at=transaction.ended_at and max(transaction.ended_at, fact.at),
            evse=fact.evse or transaction.evse,
            register_start_wh=first_register(fact),
            repeat_key=key,
            flags=transaction.flags - {Flag.ORPHAN} | _turned_round(transaction, fact),
        )
        return await self._with_tariff(started, fact)

    def _settled(self, transaction: Transaction) -> Transaction:
        return priced(weighed(transaction, self._power_max_w))

    async def _with_tariff(self, transaction: Transaction, fact: TransactionFact) -> Transaction:
        """At the prices of its start, however late it or its driver is told of."""
        told_at, at = transaction.received_at, transaction.started_at
        is_late = fact.offline or told_at - at > LATE
        station = await self._stations.get(transaction.station)
        site_tariff = await self._stations.site_tariff(station)
        own = None
        if transaction.token is not None:
            ref = ref_of(transaction.token, transaction.token_kind)
            token = await self._authorization.meant(station.key.tenant, ref)
            own = token.tariff if token else None
        tariff = await self._tariffs.in_force(
            station.key.tenant, own, station.tariff, site_tariff, at=at if is_late else told_at
        )
        if tariff is None:
            return transaction
        return replace(transaction, tariff=prices_text(tariff.prices))

    async def _supersede(self, transaction: Transaction, fact: Started) -> None:
        """An EVSE charges one car: an older transaction there has ended, though nobody said so."""
        if not fact.evse:
            return
        for older in await self._store.running_at(fact.station, fact.evse):
            if older.ref == transaction.ref or older.started_at > fact.at:
                continue
            end = Ended(
                station=fact.station,
                at=max(older.last_at or older.started_at, older.started_at),
                received_at=fact.received_at,
                ref=older.ref,
                reason="Superseded",
            )
            closed = self._settled(_closed(older, end)).flagged(Flag.SUPERSEDED)
            if closed.terms is not None:
                closed = await self._agreements.paid(closed, closed.terms, end)
            self._store.save(closed)
            self._chronicle.note(closed, end, f"ended by the start of {transaction.ref}")
            self._chronicle.announce_end(closed)

    async def _again(
        self, known: Transaction, fact: TransactionFact, flags: frozenset[Flag]
    ) -> Recorded:
        """The first answer to a repeat; one that tells something else is looked into."""
        differences = list(differences_of(known, fact, flags))
        if differences:
            self._contradicted(known, fact, differences)
        judgement = None
        if fact.token is not None:
            occasion = Occasion(fact.station, fact.at, known.evse)
            judgement = await self._authorization.judge(fact.token, occasion)
            if isinstance(fact, Started) and known.verdict and is_of(known, fact.token):
                judgement = dataclasses.replace(judgement, verdict=Verdict(known.verdict))
            judgement = await self._answer(known, fact, judgement)
        return _recorded(known, judgement, self._agreements.again(known, fact))

    def _contradicted(
        self, known: Transaction, fact: TransactionFact, differences: list[str]
    ) -> None:
        """What was told first holds, and what is told now is kept beside it."""
        self._store.save(known.flagged(Flag.CONTRADICTED))
        for difference in differences:
            self._chronicle.note(known, fact, difference)
        self.keep_readings(fact.station, known.evse, all_readings(fact), fact.received_at)
        if fact.more is not None:
            self.keep_signed(fact.station, known.evse, fact.more.signed, fact.received_at)

    def _shown(self, transaction: Transaction, fact: TransactionFact) -> Transaction:
        """Keep the driver informed, while it runs and as news. I02, E16.FR.11, I08.FR.34"""
        due = transaction.cost_shown_at is None or (
            fact.received_at - transaction.cost_shown_at >= SHOW_COST_EVERY
        )
        cost = cost_so_far(transaction)
        if cost is None or fact.offline or not due or not transaction.is_running:
            return transaction
        self._tell(transaction.station, ShowCost(transaction.ref, cost.rounded()))
        return replace(transaction, cost_shown_at=fact.received_at)


def _ended(transaction: Transaction, fact: Ended) -> Transaction:
    return replace(
        transaction,
        ended_at=max(fact.at, transaction.started_at),
        end_received_at=fact.received_at,
        end_reason=fact.reason,
        register_stop_wh=last_register(fact),
        last_seq_no=fact.seq_no,
        power_w=Decimal(0),
        flags=transaction.flags - {Flag.SUPERSEDED} | _turned_round(transaction, fact),
    )


def _turned_round(transaction: Transaction, fact: TransactionFact) -> frozenset[Flag]:
    """A clock that was set back meanwhile."""
    if isinstance(fact, Ended):
        is_turned = fact.at < transaction.started_at
    else:
        ended_at = None if was_assumed(transaction) else transaction.ended_at
        is_turned = ended_at is not None and ended_at < fact.at
    return frozenset({Flag.IMPLAUSIBLE_TIME}) if is_turned else NO_FLAGS


def _prolonged(transaction: Transaction) -> Transaction:
    """Superseded, it ended when it was last heard of, and this was told of it since."""
    last_at, ended_at = transaction.last_at, transaction.ended_at
    if Flag.SUPERSEDED not in transaction.flags or not last_at or not ended_at:
        return transaction
    return replace(transaction, ended_at=max(ended_at, last_at))


def _closed(transaction: Transaction, end: Ended) -> Transaction:
    return replace(
        transaction,
        ended_at=max(end.at, transaction.started_at),
        end_reason=end.reason,
        power_w=Decimal(0),
        updated_at=end.received_at,
    )


def _completeness(transaction: Transaction) -> Transaction:
    """E04, E12: a station may drop what lies between when it is short of memory; so, a flag."""
    has_gap = transaction.last_seq_no is not None and len(transaction.seen) > 1
    if has_gap is (Flag.GAP in transaction.flags):
        return transaction
    return replace(transaction, flags=transaction.flags ^ {Flag.GAP})


def _recorded(transaction: Transaction, judgement: Judgement | None, say: Say | None) -> Recorded:
    cost, terms = cost_so_far(transaction), transaction.terms
    payment = terms.payment if terms else None
    return Recorded(transaction.id, transaction.ref, judgement, cost, say, payment)


def _has_begun(transaction: Transaction, fact: TransactionFact) -> bool:
    """Its prices are chosen already, and nobody has changed them since."""
    is_changed = transaction.terms is not None and transaction.terms.stretches
    told_before = not isinstance(fact, Started) and Flag.ORPHAN not in transaction.flags
    return told_before and not is_changed
