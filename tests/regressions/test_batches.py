"""What went wrong, or could have, between a letter and its commit."""

import sqlalchemy as sa

from ricarica.ocpp.dialects import V201
from ricarica.storage.database import Run
from ricarica.testing.world import world
from ricarica.transactions.sql import TRANSACTIONS

EVENT = {
    "eventType": "Started",
    "timestamp": "2026-03-02T07:00:00Z",
    "triggerReason": "CablePluggedIn",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "TX-1"},
    "evse": {"id": 1, "connectorId": 1},
}


async def test_a_fact_that_meets_another_writer_is_decided_again_and_not_put_aside() -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V201)
        told = network.teller(station)
        await told.call("TransactionEvent", EVENT)
        faster = sa.update(TRANSACTIONS).values(version=TRANSACTIONS.c.version + 1)
        await network.database.commit([Run(faster)])

        later = {**EVENT, "eventType": "Ended", "seqNo": 1, "timestamp": "2026-03-02T07:10:00Z"}
        await told.call("TransactionEvent", later)

        [transaction] = await network.transactions(station)
        assert not transaction.is_running
        assert network.engine.batches.counts.put_aside == 0
