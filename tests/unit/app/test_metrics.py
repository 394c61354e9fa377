"""What /metrics tells; the reference, the dashboard and the alerts speak of nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from ricarica.api.health import Measure, Spread
from ricarica.app.alerting import HEED_EVERY, OutboxReader
from ricarica.app.tables import metadata
from ricarica.app.vitals import Health
from ricarica.app.wiring import Parts, node_of
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.clock import START, FakeClock

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def health() -> AsyncIterator[Health]:
    database = SqliteDatabase(":memory:", metadata)
    yield Health(node_of(Parts(database, clock=FakeClock())))
    await database.close()


def line_of(measure: Measure | Spread) -> str:
    """Its line in the reference."""
    if isinstance(measure, Spread):
        return f"| `{measure.name}` | histogram | | {measure.text} |"
    name = f"{measure.name}_total" if measure.kind == "counter" else measure.name
    labels = ", ".join(f"`{label}`" for label in measure.labels)
    return f"| `{name}` | {measure.kind} | {labels + ' ' if labels else ''}| {measure.text} |"


async def test_the_reference_lists_every_number_as_it_is(health: Health) -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")

    listed = [line for line in page.splitlines() if line.startswith("| `ricarica_")]

    assert listed == [line_of(measure) for measure in health.measures()]


async def test_a_number_has_as_many_values_as_labels(health: Health) -> None:
    gateway, engine = health.node.gateway, health.node.engine
    gateway._around.tally.seated["ocpp2.0.1", True] += 1
    engine.dispatcher.counts.count("BootNotification", "answered")
    engine.commands.counts.asked["Reset", "answered"] += 1
    engine.commands.counts.told["Reset", "accepted"] += 1
    engine.batches.counts.failed["conflict"] += 1
    health.node.timers.counts.rung["tidy", "done"] += 1

    for measure in health.measures():
        if isinstance(measure, Measure):
            assert all(len(values) == len(measure.labels) for values in measure.values), measure


async def test_where_nobody_is_connected_it_says_so(health: Health) -> None:
    measures = {each.name: each for each in health.measures() if isinstance(each, Measure)}

    assert measures["ricarica_connections"].values["2.0.1", "false"] == 0
    assert measures["ricarica_commits_failed"].values["unavailable",] == 0


def test_who_looked_long_ago_knows_nothing_of_now() -> None:
    reader = OutboxReader(timedelta(seconds=400), START)

    assert reader.behind_at(START + HEED_EVERY) == timedelta(seconds=400)
    assert reader.behind_at(START + 10 * HEED_EVERY) == timedelta()
