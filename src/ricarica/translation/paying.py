"""What a transaction means for the payment that it was begun with. Pure."""

from collections.abc import Mapping

from ricarica.billing.facts import Charged
from ricarica.transactions.facts import Ended, Recorded, TransactionFact


def charge_of(
    fact: TransactionFact, recorded: Recorded, details: Mapping[str, str] | None = None
) -> Charged:
    assert recorded.payment is not None, "only what was paid for is charged"
    limits = fact.more.limits if fact.more else None
    return Charged(
        station=fact.station,
        reference=recorded.payment,
        transaction=recorded.transaction,
        at=fact.received_at,
        is_over=isinstance(fact, Ended),
        cost=recorded.cost,
        authorized=limits.cost if limits else None,
        details=dict(details or {}),
    )
