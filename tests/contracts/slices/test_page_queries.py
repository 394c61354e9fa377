"""What only the pages read, on both databases."""

import pytest

from ricarica.engine.queries.messages import MessageQueries
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.queries import StationQueries
from ricarica.storage.database import Add
from ricarica.storage.open import OpenDatabase
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.transactions.queries.live import LiveQueries
from tests.contracts.slices.network import ALFA, BETA, NOON, RUNNING, fill_network


@pytest.fixture
async def filled(database: OpenDatabase) -> OpenDatabase:
    return await fill_network(database)


async def test_tokens_know_where_they_were_used_last(filled: OpenDatabase) -> None:
    assert RUNNING.token, "it was started with one"

    uses = await TransactionQueries(filled).last_uses(
        DEFAULT_TENANT, [RUNNING.token.lower(), "never seen"]
    )

    assert uses == {RUNNING.token.lower(): (RUNNING.started_at, RUNNING.station.station)}


async def test_stations_are_counted_by_the_tariff_that_was_chosen(filled: OpenDatabase) -> None:
    chosen = await StationQueries(filled).tariffs_chosen(DEFAULT_TENANT)

    assert chosen[None] == sum(chosen.values())


async def test_those_that_wait_are_counted(filled: OpenDatabase) -> None:
    queries = StationQueries(filled)

    waiting = await queries.pending(DEFAULT_TENANT)

    assert await queries.pending_count(DEFAULT_TENANT) == len(waiting.items)


async def test_stations_are_read_again_by_their_names(filled: OpenDatabase) -> None:
    wanted = [BETA.key.station, ALFA.key.station, StationId("gone")]

    found = await LiveQueries(filled).by_ids(DEFAULT_TENANT, wanted)

    assert {live.view.station.key for live in found} == {ALFA.key, BETA.key}
    assert RUNNING in next(live.running for live in found if live.view.station.key == ALFA.key)


async def test_a_log_tells_its_latest_message_and_its_actions(database: OpenDatabase) -> None:
    key = StationKey(DEFAULT_TENANT, StationId("alfa"))
    queries = MessageQueries(database)
    assert await queries.latest(key) is None

    messages = ((1, "Heartbeat"), (2, ""), (3, "Authorize"), (4, "Heartbeat"))
    await database.commit(
        [
            Add(
                MESSAGES,
                (
                    key.tenant,
                    key.station,
                    id,
                    NOON,
                    True,
                    "m",
                    action,
                    "{}",
                    "{}",
                    "answered",
                    1,
                    "",
                ),
            )
            for id, action in messages
        ]
    )

    assert await queries.latest(key) == 4
    assert await queries.actions(key) == ("Authorize", "Heartbeat")
