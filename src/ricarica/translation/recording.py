"""What was told of a transaction, and what it means for all that hangs on it."""

from ricarica.slices import Slices
from ricarica.transactions.facts import Recorded, TransactionFact
from ricarica.translation.starting import take_profile


async def recorded_by(slices: Slices, fact: TransactionFact) -> Recorded:
    """With its reservation and its profile."""
    recorded = await slices.transactions.record(fact)
    if fact.reservation is not None:  # H03.FR.09
        await slices.reservations.used(
            fact.station, fact.reservation, recorded.transaction, fact.received_at
        )
    if recorded.arranged is not None:
        await take_profile(slices, fact, recorded)
    return recorded
