import asyncio
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from prometheus_client.exposition import generate_latest

from ricarica.api import health
from ricarica.api.health import Spread, Vitals, health_handlers
from ricarica.kernel.histogram import Histogram
from tests.wire.api.house import Api


@pytest.fixture
async def anyone(api: Api) -> httpx.AsyncClient:
    client = api.client()
    client.base_url = httpx.URL("http://test")
    return client


async def test_a_process_that_runs_is_live(anyone: httpx.AsyncClient) -> None:
    response = await anyone.get("/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_process_is_ready_when_every_check_is_well(
    api: Api, anyone: httpx.AsyncClient
) -> None:
    well = await anyone.get("/health/ready")
    api.complaint = "the disk is full"
    ill = await anyone.get("/health/ready")

    assert (well.status_code, well.json()["checks"]) == (200, {"database": "ok"})
    assert (ill.status_code, ill.json()["checks"]) == (503, {"database": "the disk is full"})


async def test_a_check_that_hangs_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.01)

    async def hanging() -> str | None:
        await asyncio.Event().wait()
        return None

    assert await health._checked(hanging) == "no answer within 0.01 s"


async def test_the_numbers_are_in_prometheus_format(anyone: httpx.AsyncClient) -> None:
    response = await anyone.get("/metrics")

    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert 'ricarica_stations{dialect="1.6"} 2.0' in response.text
    assert "ricarica_calls_total 7.0" in response.text
    assert "process_resident_memory_bytes" in response.text


def test_a_histogram_adds_up_from_bound_to_bound() -> None:
    histogram = Histogram((0.1, 1))
    for value in (0.1, 0.5, 0.5, 7):
        histogram.observe(value)
    vitals = Vitals({}, lambda: [Spread("took_seconds", "How long it took.", histogram)])

    text = generate_latest(health._registry(vitals)).decode()

    samples = [line for line in text.splitlines() if line.startswith("took_seconds")]
    assert samples == [
        'took_seconds_bucket{le="0.1"} 1.0',
        'took_seconds_bucket{le="1.0"} 3.0',
        'took_seconds_bucket{le="+Inf"} 4.0',
        "took_seconds_count 4.0",
        "took_seconds_sum 8.1",
    ]


async def test_who_starts_it_is_told_when_it_has_come_up() -> None:
    has_started = False
    app = Litestar(list(health_handlers(Vitals({}, has_started=lambda: has_started))))
    transport = httpx.ASGITransport(cast("Any", app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        before = await client.get("/health/startup")
        has_started = True
        after = await client.get("/health/startup")

    assert (before.status_code, before.json()["checks"]) == (503, {"started": "not yet"})
    assert (after.status_code, after.json()["checks"]) == (200, {"started": "ok"})
