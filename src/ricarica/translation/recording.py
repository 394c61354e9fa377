"""What was told of a transaction, and what it means for all that hangs on it."""

from collections.abc import Mapping

from ricarica.billing.facts import Charged
from ricarica.slices import Slices
from ricarica.transactions.facts import Ended, Recorded, TransactionFact
from ricarica.translation.starting import take_profile


async def recorded_by(
    slices: Slices, fact: TransactionFact, details: Mapping[str, str] | None = None
) -> Recorded:
    """With its reservation, its profile, and its payment, of which a card has `details`."""
    recorded = await slices.transactions.record(fact)
    if fact.reservation is not None:  # H03.FR.09
        await slices.reservations.used(
            fact.station, fact.reservation, recorded.transaction, fact.received_at
        )
    if recorded.arranged is not None:
        await take_profile(slices, fact, recorded)
    if recorded.payment is not None:
        await slices.billing.charged(charge_of(fact, recorded, details))
    return recorded


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
