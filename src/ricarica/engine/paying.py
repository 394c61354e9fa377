"""Starts that carry more than a token: limits, or a payment that was authorised elsewhere."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus
from ricarica.billing.model import Channel, Payment, PaymentState, WebPayments
from ricarica.configuration.commands import WriteSetting
from ricarica.engine.orders import check_accepted, start_order
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey
from ricarica.ocpp.dialects import BY_NAME
from ricarica.slices import Slices
from ricarica.stations.model import Station
from ricarica.swaps.commands import RequestSwap
from ricarica.transactions.commands import StartCharging
from ricarica.transactions.model import Arrangement
from ricarica.transactions.terms import Limits, tighter

BEGINS_WITHIN = timedelta(minutes=15)  # a driver who paid has this long to plug in
PAID_FOR = timedelta(days=2)  # no charging takes longer; then the token is as good as none
TAG_DIGITS = 19  # with the letter before them 20, which is all that 1.6 takes


@dataclass(frozen=True, slots=True)
class PaidStart:
    """C24, C25: a kiosk or a page has a payment authorised; `reference` is the provider's."""

    reference: str
    channel: Channel
    amount: Decimal | None = None
    currency: str | None = None
    evse: EvseNumber | None = None
    limits: Limits | None = None
    details: dict[str, str] = field(default_factory=dict)


async def limited_start(
    slices: Slices,
    key: StationKey,
    token: str | None,
    limits: Limits,
    evse: EvseNumber | None,
    connector: ConnectorNumber | None = None,
) -> StartCharging:
    """F07.FR.01, E16: the limits hold for the transaction that this leads to."""
    command = await start_order(slices, key, token, evse, connector)
    await _arrange(slices, key, command, limits)
    return command


async def paid_start(slices: Slices, key: StationKey, paid: PaidStart) -> StartCharging:
    """C24.FR.01, C25.FR.23. What did not get through to the station may be told again.

    Raises:
        ConflictError: that reference was used before, and the station began or is about to.
        InvalidError: prices there are in another currency.
    """
    paid = replace(paid, reference=paid.reference.strip())
    station = await slices.stations.get(key)
    check_accepted(station)
    await _check_currency(slices, station, paid.currency)
    dialect = BY_NAME.get(station.dialect or "")
    ref = _token_for(paid.reference, has_payments=dialect is not None and dialect.has_payments)
    payment = Payment(
        key,
        paid.reference,
        paid.channel,
        PaymentState.AUTHORIZED,
        slices.now,
        slices.now,
        evse=paid.evse,
        token=ref.uid,
        authorized=paid.amount,
        currency=paid.currency,
        details=paid.details,
    )
    if await slices.billing.begin(payment) is payment:
        await slices.authorization.add(
            Token(
                key.tenant,
                ref.uid,
                ref.kind or TokenKind.CENTRAL,
                TokenStatus.ACTIVE,
                created_at=slices.now,
                expires_at=slices.now + PAID_FOR,
                label=f"Payment {paid.reference}"[:200],
            )
        )
    arranged = await slices.transactions.arranged(key)
    asked = next((each for each in arranged if each.payment == paid.reference), None)
    if asked and asked.accepted and asked.until > slices.now:
        raise ConflictError(f"the station waits already for who paid with {paid.reference}")
    # By the same number a station that has begun, though its answer was lost, is recognised.
    number = asked.number if asked else slices.ids.wire_number()
    command = StartCharging(ref, number, paid.evse)
    covered = Limits(cost=paid.amount) if paid.amount is not None else None
    await _arrange(slices, key, command, tighter(paid.limits, covered), paid.reference)
    return command


async def _check_currency(slices: Slices, station: Station, currency: str | None) -> None:
    site_tariff = await slices.stations.site_tariff(station)
    tariff = await slices.tariffs.in_force(station.key.tenant, None, station.tariff, site_tariff)
    if tariff and currency and tariff.prices.currency != currency:
        there = tariff.prices.currency
        raise InvalidError(f"prices there are in {there}, so a payment in {currency} buys nothing")


def _token_for(reference: str, *, has_payments: bool) -> TokenRef:
    """The reference itself, where the station knows tokens that are payments; else a short one."""
    if has_payments:
        return TokenRef(reference, TokenKind.DIRECT_PAYMENT)
    digest = hashlib.sha256(reference.encode()).hexdigest()[:TAG_DIGITS]
    return TokenRef(f"P{digest.upper()}", TokenKind.CENTRAL)


async def _arrange(
    slices: Slices,
    key: StationKey,
    command: StartCharging,
    limits: Limits | None,
    payment: str | None = None,
) -> None:
    arrangement = Arrangement(
        command.number,
        command.token.folded,
        slices.now + BEGINS_WITHIN,
        command.evse,
        limits,
        payment,
        since=slices.now,
    )
    await slices.watching.arrange(key, arrangement, slices.now)


def web_settings(web: WebPayments) -> list[WriteSetting]:
    """C25: what a station needs to be set to, so that it shows the address."""
    values = {"URLTemplate": web.template, "Enabled": "true" if web.is_on else "false"}
    if web.secret is not None:
        values |= {
            "SharedSecret": web.secret,
            "ValidityTime": str(int(web.validity.total_seconds())),
            "Length": str(web.length),
            "TOTPVersion": "v1",
        }
    return [WriteSetting(f"WebPaymentsCtrlr.{name}", value) for name, value in values.items()]


async def swap_order(slices: Slices, key: StationKey, token: str) -> RequestSwap:
    """S02"""
    known = await slices.authorization.find(key.tenant, TokenRef(token))
    ref = TokenRef(known.uid, known.kind) if known else TokenRef(token)
    return await slices.swaps.request(key, ref, slices.now)
