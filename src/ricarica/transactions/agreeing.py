"""Seeing to what few transactions have besides, see `terms`: limits, credit, costs told."""

from datetime import timedelta

from msgspec.structs import replace

from ricarica.authorization.model import Token, TokenKind, TokenRef, ref_of
from ricarica.configuration.commands import ReadSettings
from ricarica.kernel.events import Outgoing
from ricarica.kernel.quantities import ZERO
from ricarica.transactions.chronicle import Chronicle
from ricarica.transactions.commands import StopCharging
from ricarica.transactions.counting import cost_so_far, usage_of
from ricarica.transactions.facts import Charged, Particulars, TransactionFact
from ricarica.transactions.model import TOLD_LATE, Arrangement, Flag, ToldStart, Transaction
from ricarica.transactions.neighbours import Neighbours
from ricarica.transactions.ports import TransactionStore
from ricarica.transactions.terms import (
    NO_TERMS,
    Amounts,
    LimitKind,
    Say,
    Terms,
    differs,
    left_to_us,
    merged,
    reached,
    tighter,
    to_say,
    with_said,
)

ASK_AGAIN = timedelta(minutes=1)  # a station that refused to stop, or whose answer was lost
SUPPORTED = "TxCtrlr.SupportedLimits"
# As stations write them there.
SUPPORTED_AS = {
    "maxcost": LimitKind.COST,
    "maxenergy": LimitKind.ENERGY,
    "maxtime": LimitKind.TIME,
    "maxsoc": LimitKind.SOC,
}


class Agreements:
    def __init__(
        self,
        store: TransactionStore,
        neighbours: Neighbours,
        chronicle: Chronicle,
        outgoing: Outgoing,
    ) -> None:
        self._store = store
        self._authorization = neighbours.authorization
        self._settings = neighbours.settings
        self._payments = neighbours.payments
        self._chronicle = chronicle
        self._tell = outgoing.tell

    async def begun(
        self, transaction: Transaction, fact: TransactionFact
    ) -> tuple[Transaction, Arrangement | None]:
        """It is known by now who charges, or of which start of ours it came."""
        met = await self._arranged_for(transaction, fact)
        if met is not None and (met.limits or met.payment):
            terms = transaction.terms or NO_TERMS
            wanted, payment = tighter(terms.wanted, met.limits), met.payment or terms.payment
            terms = replace(terms, wanted=wanted, payment=payment)
            transaction = replace(transaction, terms=terms)
        return await self._by_its_token(transaction, fact), met

    async def _by_its_token(self, transaction: Transaction, fact: TransactionFact) -> Transaction:
        if fact.token is None:
            return transaction
        if fact.token.kind is TokenKind.DIRECT_PAYMENT:
            terms = transaction.terms or NO_TERMS
            paid = replace(terms, payment=terms.payment or fact.token.uid)
            transaction = replace(transaction, terms=paid)
        return await self._with_credit(transaction, fact.token)

    async def _arranged_for(
        self, transaction: Transaction, fact: TransactionFact
    ) -> Arrangement | None:
        arranged = await self._store.arranged(fact.station)
        if not arranged:
            return None
        start = ToldStart(
            fact.remote_start,
            fact.token.folded if fact.token else None,
            fact.evse or transaction.evse,
            fact.at,
            fact.received_at,
        )
        met = next((each for each in arranged if each.is_met_by(start)), None)
        # Some stations begin anew after a power cut: what is paid for by its token stays so.
        over = None if met and met.payment and fact.remote_start is None else met
        rest = tuple(
            each
            for each in arranged
            if each is not over and each.until + TOLD_LATE > fact.received_at
        )
        if rest != arranged:
            self._store.arrange(fact.station, rest)
        return met

    async def _with_credit(self, transaction: Transaction, ref: TokenRef) -> Transaction:
        """C17.FR.03: who paid in advance charges for that, and no more."""
        token = await self._authorization.meant(transaction.station.tenant, ref)
        if token is None or token.credit is None or not _is_of(transaction, token):
            return transaction
        terms = transaction.terms or NO_TERMS
        return replace(transaction, terms=replace(terms, spent=terms.spent or ZERO))

    async def given_back(self, transaction: Transaction, before: Transaction) -> Transaction:
        """What was taken from a card that, as it turns out, only stopped it."""
        terms = transaction.terms
        if terms is None or terms.spent is None or before.token is None:
            return transaction
        ref = ref_of(before.token, before.token_kind)
        await self._authorization.spend(transaction.station.tenant, ref, -terms.spent)
        return replace(transaction, terms=replace(terms, spent=None, credit=None))

    async def _credited(self, transaction: Transaction, terms: Terms) -> Terms:
        """What all that runs with a card has cost by now is no more on it for this one."""
        if terms.spent is None or transaction.token is None:
            return terms
        tenant, ref = transaction.station.tenant, ref_of(transaction.token, transaction.token_kind)
        token = await self._authorization.meant(tenant, ref)
        if token is None or token.credit is None:
            return terms
        left = token.credit + terms.spent
        for other in await self._store.running_with(tenant, ref.folded):
            if other.id != transaction.id and other.terms and other.terms.spent is not None:
                left -= other.cost_incl or ZERO
        return replace(terms, credit=max(left, ZERO))

    def told(self, transaction: Transaction, more: Particulars) -> Transaction:
        """What the station says besides."""
        terms = transaction.terms or NO_TERMS
        changed = replace(
            terms,
            kept=merged(terms.kept, more.limits) if more.limits else terms.kept,
            tariff=more.tariff or terms.tariff,
            counted=more.cost or terms.counted,
            told={**terms.told, **(more.told or {})},
        )
        return transaction if changed == terms else replace(transaction, terms=changed)

    async def kept(
        self, transaction: Transaction, terms: Terms, fact: TransactionFact
    ) -> tuple[Transaction, Say | None]:
        """What follows from its terms, now that it is counted; and what the answer says of them."""
        transaction = _compared(transaction, terms)
        if not transaction.is_running:
            return await self.paid(transaction, terms, fact), None
        await self._charge(transaction, terms, fact)
        terms = await self._credited(transaction, terms)
        transaction = replace(transaction, terms=terms)
        transaction = self._stopped(transaction, terms, fact)
        say = await self._to_say(transaction, terms, fact)
        if say is None:
            return transaction, None
        terms = with_said(transaction.terms or terms, say, fact.seq_no)
        return replace(transaction, terms=terms), say

    async def paid(
        self, transaction: Transaction, terms: Terms, fact: TransactionFact
    ) -> Transaction:
        """What it cost is due; or taken from the token's credit, and the difference if it changes.

        By whatever it was ended, and whatever is told of it since.
        """
        await self._charge(transaction, terms, fact)
        cost = cost_so_far(transaction)
        due = cost.rounded().amount if cost else ZERO
        if terms.spent is None or terms.spent == due or transaction.token is None:
            return transaction
        ref = ref_of(transaction.token, transaction.token_kind)
        await self._authorization.spend(transaction.station.tenant, ref, due - terms.spent)
        return replace(transaction, terms=replace(terms, spent=due))

    async def _charge(self, transaction: Transaction, terms: Terms, fact: TransactionFact) -> None:
        """C21.FR.05, C24, C25: by the payment it was begun with."""
        if terms.payment is None:
            return
        limits = fact.more.limits if fact.more else None
        await self._payments.charged(
            Charged(
                transaction.station,
                terms.payment,
                transaction.id,
                fact.received_at,
                is_over=not transaction.is_running,
                cost=cost_so_far(transaction),
                authorized=limits.cost if limits else None,
            )
        )

    def again(self, known: Transaction, fact: TransactionFact) -> Say | None:
        """The same to a repeat of the event that was answered with it."""
        terms = known.terms
        if terms is None or terms.said is None or fact.seq_no is None:
            return None
        return Say(terms.said) if terms.said_in == fact.seq_no else None

    def _stopped(
        self, transaction: Transaction, terms: Terms, fact: TransactionFact
    ) -> Transaction:
        """E16: a limit that the station knows nothing of is ours to see to."""
        limits = left_to_us(terms)
        if limits is None or fact.offline:
            return transaction
        if terms.asked_at is not None and fact.received_at - terms.asked_at < ASK_AGAIN:
            return transaction
        usage = usage_of(transaction)
        kind = reached(limits, usage, transaction.cost_incl, transaction.soc_percent)
        if kind is None:
            return transaction
        self._tell(transaction.station, StopCharging(transaction.ref))
        if terms.stopped_for is None:
            self._chronicle.note(
                transaction, fact, f"its limit of {kind} is reached; asked to stop"
            )
        terms = replace(terms, stopped_for=kind, asked_at=fact.received_at)
        return replace(transaction, terms=terms)

    async def _to_say(
        self, transaction: Transaction, terms: Terms, fact: TransactionFact
    ) -> Say | None:
        limits = None  # C24.FR.02, C25.FR.24, F07.FR.02
        if terms.limits is not None and fact.seq_no is not None and _may_say(terms):
            limits = to_say(terms, await self._supported(transaction, fact))
        return Say(limits, terms.text) if limits or terms.text else None

    async def _supported(
        self, transaction: Transaction, fact: TransactionFact
    ) -> frozenset[LimitKind]:
        """E16.FR.12: only what the station said that it supports; it is asked, if it did not."""
        setting = (await self._settings.named(fact.station, (SUPPORTED,))).get(SUPPORTED)
        if setting is None:
            if transaction.last_at == transaction.started_at:
                self._tell(fact.station, ReadSettings((SUPPORTED,)))
            return frozenset()
        words = (word.strip().casefold() for word in (setting.value or "").split(","))
        return frozenset(SUPPORTED_AS[word] for word in words if word in SUPPORTED_AS)


def _may_say(terms: Terms) -> bool:
    """Whether to look at what the station supports: hardly ever, once it has said what it keeps."""
    return terms.limits != terms.said or (terms.kept is not None and terms.kept != terms.said)


def _is_of(transaction: Transaction, token: Token) -> bool:
    shown = ref_of(transaction.token or "", transaction.token_kind)
    return token.folded in shown.spellings


def _compared(transaction: Transaction, terms: Terms) -> Transaction:
    """I12: flagged, where a station came to another amount in the end than we."""
    if terms.counted is None or transaction.is_running:
        return transaction
    ours = Amounts(transaction.cost_excl, transaction.cost_incl)
    is_other = differs(terms.counted, ours, transaction.currency)
    if is_other is (Flag.COST_DIFFERS in transaction.flags):
        return transaction
    return replace(transaction, flags=transaction.flags ^ {Flag.COST_DIFFERS})
