"""Writing a transaction down with what was told of it, and telling whoever watches."""

from ricarica.authorization.model import shown_uid
from ricarica.kernel.events import Announcer
from ricarica.transactions.counting import all_readings
from ricarica.transactions.events import (
    TransactionEnded,
    TransactionProgressed,
    TransactionStarted,
)
from ricarica.transactions.facts import Ended, Progressed, Started, TransactionFact
from ricarica.transactions.model import Entry, EntryKind, Transaction
from ricarica.transactions.ports import TransactionStore

KIND: dict[type[TransactionFact], EntryKind] = {
    Started: EntryKind.STARTED,
    Progressed: EntryKind.PROGRESSED,
    Ended: EntryKind.ENDED,
}


class Chronicle:
    def __init__(self, store: TransactionStore, announcer: Announcer) -> None:
        self._store = store
        self._announce = announcer.announce

    def write(self, transaction: Transaction, fact: TransactionFact) -> None:
        self._store.save(transaction)
        self._store.add_readings(
            transaction.station,
            transaction.evse,
            transaction.ref,
            all_readings(fact),
            fact.received_at,
        )
        if fact.more is not None and fact.more.signed:
            self._store.add_signed(
                transaction.station,
                transaction.evse,
                transaction.ref,
                fact.more.signed,
                fact.received_at,
            )
        # A long list of equal lines tells nobody anything: readings have a place of their own.
        if fact.charging_state is None and isinstance(fact, Progressed) and fact.seq_no is None:
            return
        self._store.add_entry(
            Entry(
                transaction.station,
                transaction.ref,
                KIND[type(fact)],
                fact.at,
                fact.received_at,
                seq_no=fact.seq_no,
                trigger=fact.trigger,
                charging_state=fact.charging_state,
                offline=fact.offline,
                detail=fact.reason if isinstance(fact, Ended) else None,
            )
        )

    def note(self, transaction: Transaction, fact: TransactionFact, why: str) -> None:
        self._store.add_entry(
            Entry(
                transaction.station,
                transaction.ref,
                EntryKind.NOTE,
                fact.at,
                fact.received_at,
                detail=why,
            )
        )

    def tell_of(self, transaction: Transaction, fact: TransactionFact, *, is_new: bool) -> None:
        if is_new or isinstance(fact, Started):
            self._announce(
                TransactionStarted(
                    transaction.station,
                    transaction.id,
                    transaction.evse,
                    shown_uid(transaction.token, transaction.token_kind)
                    if transaction.token
                    else None,
                    transaction.started_at,
                )
            )
        if not transaction.is_running:
            self.announce_end(transaction)
            return
        self._announce(
            TransactionProgressed(
                transaction.station,
                transaction.id,
                transaction.evse,
                transaction.energy.energy_wh,
                transaction.power_w,
                transaction.soc_percent,
                transaction.charging_state,
                transaction.cost_incl,
                transaction.currency,
                fact.at,
            )
        )

    def announce_end(self, transaction: Transaction) -> None:
        assert transaction.ended_at is not None, "only what has ended is announced so"
        self._announce(
            TransactionEnded(
                transaction.station,
                transaction.id,
                transaction.evse,
                transaction.energy.energy_wh,
                transaction.cost_incl,
                transaction.currency,
                transaction.end_reason or "",
                transaction.ended_at,
            )
        )
