"""Payments of drivers without a contract, and the receipts for them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from ricarica.authorization.guard import Guesses
from ricarica.billing.events import PaymentChanged, SettlementFailed, VatNumberAsked
from ricarica.billing.facts import CardShown, Receipt, Settled
from ricarica.billing.model import (
    AMOUNT_MAX,
    REFERENCE_LENGTH_MAX,
    TROUBLE,
    Channel,
    Charge,
    Payment,
    PaymentState,
    Try,
    WebPayments,
    check_web_payments,
    with_charge,
    with_try,
)
from ricarica.billing.ports import BillingStore
from ricarica.billing.totp import is_totp
from ricarica.billing.vat import Company, Standing, VatNumber, is_well_formed, normal
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import Ids, StationKey, TenantId
from ricarica.transactions.facts import Charged

VAT_NUMBERS = "vat_numbers"  # what stations may guess at
CHECK_AGAIN = timedelta(days=30)  # companies are founded and closed


@dataclass(frozen=True, slots=True)
class BillingPolicy:
    """`public_url`: where drivers reach us, without a slash at its end; None: they do not."""

    public_url: str | None = None


class BillingService:
    def __init__(
        self,
        store: BillingStore,
        announcer: Announcer,
        ids: Ids,
        policy: BillingPolicy,
        guesses: Guesses,
    ) -> None:
        self._store = store
        self._announce = announcer.announce
        self._ids = ids
        self.policy = policy
        self._guesses = guesses

    # -- what becomes of a payment

    async def shown(self, card: CardShown) -> Payment:
        """C18: a card was authorised at the station's own terminal."""
        known = await self._store.payment(card.station, card.reference)
        payment = known or _at_terminal(card.station, card.reference, card.at)
        changed = replace(payment, details={**payment.details, **card.details}, updated_at=card.at)
        return self._changed(known, changed)

    async def begin(self, payment: Payment) -> Payment:
        """C24, C25: a card was authorised elsewhere, and the station is told to begin.

        Told again while nothing has followed, for the station was away or refused, it is the
        same payment.

        Raises:
            ConflictError: that reference was used before.
        """
        reference = payment.reference
        if not reference or len(reference) > REFERENCE_LENGTH_MAX:
            raise InvalidError(f"a payment's reference has 1 to {REFERENCE_LENGTH_MAX} characters")
        known = await self._store.payment(payment.station, reference)
        if known is not None and _is_waiting(known, payment):
            return known
        if known or await self._store.by_reference(payment.station.tenant, reference):
            raise ConflictError(f"the payment {reference} is there already")
        return self._changed(None, payment)

    async def charged(self, charged: Charged) -> None:
        """C21.FR.05, C25.FR.40: who speaks to the provider hears by an event what is due."""
        known = await self._store.payment(charged.station, charged.reference)
        payment = known or _at_terminal(charged.station, charged.reference, charged.at)
        cost = charged.cost.rounded() if charged.cost and charged.is_over else None
        charge = Charge(charged.is_over, cost.amount if cost else None)
        changed = replace(
            with_charge(payment, charged.transaction, charge),
            currency=cost.currency if cost else payment.currency,
            authorized=_authorized(charged) or payment.authorized,
        )
        if changed != known:
            self._changed(known, replace(changed, updated_at=charged.at))

    async def settle(self, told: Settled, channel: Channel = Channel.TERMINAL) -> Receipt:
        """C19–C22: note what became of it; a repeat is answered like the first."""
        known = await self._store.payment(told.station, told.reference)
        payment = known or replace(
            _at_terminal(told.station, told.reference, told.received_at), channel=channel
        )
        tried = with_try(payment, Try(told.status, told.amount, told.at, told.detail))
        changed = self._with_receipt(
            replace(
                tried,
                transaction=told.transaction or tried.transaction,
                vat_number=told.vat_number or tried.vat_number,
                company=told.company or tried.company,
                receipt_id=tried.receipt_id or told.receipt_id,
                receipt_url=tried.receipt_url or told.receipt_url,
            )
        )
        if changed != known:
            changed = self._changed(known, replace(changed, updated_at=told.received_at))
        if told.receipt_url is not None:
            return Receipt()  # C21.FR.04: the terminal has one of its own
        return Receipt(changed.receipt_id, changed.receipt_url)

    def _with_receipt(self, payment: Payment) -> Payment:
        """C21.FR.03: ours, unless the terminal made one."""
        public_url = self.policy.public_url
        if payment.state is not PaymentState.SETTLED or payment.receipt_url or not public_url:
            return payment
        secret = self._ids.secret()
        url = f"{public_url}/receipts/{secret}"
        number = payment.receipt_id or self._ids.new()
        return replace(payment, secret=secret, receipt_id=number, receipt_url=url)

    async def find(self, tenant: TenantId, reference: str) -> Payment:
        """
        Raises:
            NotFoundError: there is none.
            ConflictError: several stations told of one of that name.
        """
        found = await self._store.by_reference(tenant, reference)
        if not found:
            raise NotFoundError(f"there is no payment {reference}")
        # What a station tells by the name of a payment that was begun here is not that payment.
        begun = [each for each in found if each.channel is not Channel.TERMINAL] or found
        if len(begun) > 1:
            raise ConflictError(f"{len(begun)} stations told of a payment {reference}")
        return begun[0]

    def _changed(self, known: Payment | None, payment: Payment) -> Payment:
        self._store.save(payment)
        if known is None or (known.state, known.due) != (payment.state, payment.due):
            self._announce(
                PaymentChanged(
                    payment.station,
                    payment.reference,
                    payment.state,
                    payment.transaction,
                    payment.due,
                    payment.settled,
                    payment.currency,
                )
            )
        if payment.state in TROUBLE and (known is None or known.tries != payment.tries):
            last = payment.tries[-1].detail if payment.tries else None
            self._announce(
                SettlementFailed(payment.station, payment.reference, payment.state, last)
            )
        return payment

    # -- paying on a page

    async def web(self, station: StationKey) -> WebPayments | None:
        return await self._store.web(station)

    async def set_web(self, web: WebPayments) -> WebPayments:
        check_web_payments(web)
        await self._store.web(web.station)  # a row is read before it is written
        self._store.save_web(web)
        return web

    async def is_fresh(self, station: StationKey, password: str | None, at: datetime) -> bool:
        """C25.FR.07: whether an address was shown by this station just now, or is a printed one."""
        web = await self._store.web(station)
        if web is None or not web.is_on:
            return False
        if web.secret is None:
            return True
        return password is not None and is_totp(password, web.secret, at, web.validity, web.length)

    # -- numbers under which companies are taxed

    async def check_vat_number(
        self, tenant: TenantId, typed: str, at: datetime, station: StationKey | None = None
    ) -> VatNumber:
        """C18.FR.09: what is known at once; a register is asked in the meantime."""
        number = normal(typed)
        if not is_well_formed(number):
            return VatNumber(tenant, number, at, Standing.INVALID)
        known = await self._store.vat_number(tenant, number)
        if known is None and station is not None:
            # Each new one is kept, and a register is asked for it.
            if self._guesses.is_shut(station, VAT_NUMBERS, at):
                return VatNumber(tenant, number, at)
            self._guesses.count(station, VAT_NUMBERS, at)
        if known is None or (known.checked_at and at - known.checked_at > CHECK_AGAIN):
            known = replace(known or VatNumber(tenant, number, at), asked_at=at, checked_at=None)
            self._store.save_vat_number(known)
            self._announce(VatNumberAsked(number, station))
        return known

    async def vat_numbers_to_check(self, most: int) -> list[VatNumber]:
        return await self._store.vat_numbers_to_check(most)

    async def vat_number_unanswered(self, tenant: TenantId, number: str, at: datetime) -> None:
        """The others come first now: of some countries no register ever answers."""
        known = await self._store.vat_number(tenant, number)
        if known is not None and known.checked_at is None:
            self._store.save_vat_number(replace(known, tried_at=at))

    async def vat_number_checked(
        self, tenant: TenantId, number: str, at: datetime, found: tuple[bool, Company | None]
    ) -> None:
        known = await self._store.vat_number(tenant, number) or VatNumber(tenant, number, at)
        is_valid, company = found
        standing = Standing.VALID if is_valid else Standing.INVALID
        checked = replace(known, standing=standing, checked_at=at, company=company)
        self._store.save_vat_number(checked)


def _authorized(charged: Charged) -> Decimal | None:
    """Some stations say a number without end where there is no limit."""
    limit = charged.authorized
    return limit if limit is not None and limit <= AMOUNT_MAX else None


def _is_waiting(known: Payment, again: Payment) -> bool:
    """For its transaction, and told as it was."""
    is_untouched = known.state is PaymentState.AUTHORIZED and known.transaction is None
    terms = (known.channel, known.authorized, known.currency)
    return is_untouched and terms == (again.channel, again.authorized, again.currency)


def _at_terminal(station: StationKey, reference: str, at: datetime) -> Payment:
    return Payment(station, reference, Channel.TERMINAL, PaymentState.AUTHORIZED, at, at)
