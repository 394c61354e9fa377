import asyncio

import httpx
import pytest

from ricarica.api import health
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
