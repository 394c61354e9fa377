"""One station with absurd numbers once kept everybody from seeing any transaction."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V201
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, world
from ricarica.transactions.model import ranges_from, ranges_text
from ricarica.transactions.queries.listing import TransactionQueries


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


@pytest.fixture
async def teller(network: World) -> Teller:
    return network.teller(await network.station("CP-1", V201))


def event(ref: str, seq_no: int, value: Any = 1000, multiplier: int = 0) -> dict[str, Any]:
    at = "2026-03-02T08:00:00Z"
    unit = {"unit": "Wh", "multiplier": multiplier}
    return {
        "eventType": "Started",
        "timestamp": at,
        "triggerReason": "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": ref},
        "evse": {"id": 1},
        "meterValue": [
            {"timestamp": at, "sampledValue": [{"value": value, "unitOfMeasure": unit}]}
        ],
    }


async def test_a_transaction_whose_numbers_begin_below_zero_can_be_read(
    network: World, teller: Teller
) -> None:
    await teller.call("TransactionEvent", event("t1", -1))
    await teller.call("TransactionEvent", event("t1", -1))

    page = await TransactionQueries(network.database).transactions(DEFAULT_TENANT)

    assert [view.transaction.seen for view in page.items] == [((-1, -1),)]


@pytest.mark.parametrize("seen", [(), ((0, 3),), ((-1, 2), (4, 4)), ((-5, -2), (0, 0))])
def test_what_was_seen_is_read_as_it_was_written(seen: tuple[tuple[int, int], ...]) -> None:
    assert ranges_from(ranges_text(seen)) == seen


@pytest.mark.parametrize("value, multiplier", [(5, 10**9), (5, -(10**9)), (0, 10**9)])
async def test_an_absurd_reading_does_not_cost_the_event_that_brings_it(
    network: World, teller: Teller, value: float, multiplier: int
) -> None:
    await teller.call("TransactionEvent", event("t1", 0, value, multiplier))

    [transaction] = await network.transactions(teller.station)
    assert transaction.ref == "t1"
    assert transaction.energy.energy_wh == 0
