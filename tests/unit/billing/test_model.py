from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.billing.model import (
    Channel,
    Payment,
    PaymentState,
    SettlementStatus,
    Try,
    WebPayments,
    check_web_payments,
    with_try,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
DUE = Payment(KEY, "psp", Channel.TERMINAL, PaymentState.DUE, NOON, NOON, due=Decimal(3))


def tried(status: SettlementStatus, minute: int = 0, amount: int = 3) -> Try:
    return Try(status, Decimal(amount), NOON + timedelta(minutes=minute))


def test_what_was_settled_is_settled_whatever_comes_after() -> None:
    settled = with_try(DUE, tried(SettlementStatus.SETTLED))

    after = with_try(settled, tried(SettlementStatus.FAILED, 1))
    twice = with_try(after, tried(SettlementStatus.SETTLED, 2, amount=5))

    assert twice.state is PaymentState.SETTLED
    assert twice.settled == 3
    assert len(twice.tries) == 3, "all of it is noted"


def test_a_settlement_told_again_is_the_same() -> None:
    settled = with_try(DUE, tried(SettlementStatus.SETTLED))

    assert with_try(settled, tried(SettlementStatus.SETTLED)) == settled


def test_what_is_told_late_does_not_undo_what_came_after_it() -> None:
    rejected = with_try(DUE, tried(SettlementStatus.REJECTED, 5))

    late = with_try(rejected, tried(SettlementStatus.CANCELED, 1))

    assert late.state is PaymentState.REJECTED


def test_what_was_taken_counts_even_if_a_clock_is_behind() -> None:
    failed = with_try(DUE, tried(SettlementStatus.FAILED, 5))

    settled = with_try(failed, tried(SettlementStatus.SETTLED, 4, amount=12))

    assert settled.state is PaymentState.SETTLED
    assert settled.settled == 12


WEB = WebPayments(
    KEY,
    "https://charge.example/pay?s={chargingstationid}&t={totp}&v={version}",
    NOON,
    "long enough",
)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(WEB, template="https://charge.example/pay?s={chargingstationid}"),
        replace(WEB, template="https://charge.example/pay?t={totp}&v={version}"),
        replace(WEB, secret="short"),
        replace(WEB, length=5),
        replace(WEB, validity=timedelta(seconds=5)),
    ],
)
def test_an_address_that_proves_nothing_is_refused(wrong: WebPayments) -> None:
    check_web_payments(WEB)

    with pytest.raises(InvalidError):
        check_web_payments(wrong)


def test_a_printed_address_needs_no_password() -> None:
    template = "https://charge.example/pay?s={chargingstationid}"

    check_web_payments(WebPayments(KEY, template, NOON))
