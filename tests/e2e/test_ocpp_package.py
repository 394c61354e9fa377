"""A client written with the PyPI package `ocpp` charges, and a program sees it over REST."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import ocpp.v16.call_result
import ocpp.v21.call_result
import ocpp.v201.call_result
import pytest
from ocpp.routing import on

from tests.e2e.gateway.test_ocpp_package import BEGIN, Station16, Station21, Station201
from tests.e2e.served import Served, boot

TOKEN = "04A1B2C3D4E580"
PATIENCE_S = 30.0


class Resettable16(Station16):
    @on("Reset")  # type: ignore[untyped-decorator]  # the package has no types
    def reset(self, **said: str) -> Any:
        self.wanted.put_nowait(f"reset {said['type']}")
        return ocpp.v16.call_result.Reset("Accepted")


class Resettable201(Station201):
    @on("Reset")  # type: ignore[untyped-decorator]  # the package has no types
    def reset(self, **said: Any) -> Any:
        self.wanted.put_nowait(f"reset {said['type']}")
        return ocpp.v201.call_result.Reset("Accepted")


class Resettable21(Station21):
    @on("Reset")  # type: ignore[untyped-decorator]  # the package has no types
    def reset(self, **said: Any) -> Any:
        self.wanted.put_nowait(f"reset {said['type']}")
        return ocpp.v21.call_result.Reset("Accepted")


STATIONS: dict[str, Any] = {
    "ocpp1.6": Resettable16,
    "ocpp2.0.1": Resettable201,
    "ocpp2.1": Resettable21,
}


@pytest.fixture(params=STATIONS)
def subprotocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def identity(subprotocol: str, request: pytest.FixtureRequest) -> str:
    """A station of each test's own."""
    name = request.function.__name__
    return f"PKG-{subprotocol.removeprefix('ocpp')}-{abs(hash(name)) % 10**6}"


@pytest.fixture
async def api(server: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client() as client:
        made = await client.post("/tokens", json={"uid": TOKEN, "kind": "ISO14443"})
        assert made.status_code in {201, 409}, made.text
        yield client


@asynccontextmanager
async def connected(server: Served, identity: str, subprotocol: str) -> AsyncIterator[Any]:
    async with asyncio.timeout(PATIENCE_S), server.door(identity, subprotocol) as socket:
        station = STATIONS[subprotocol](identity, socket)
        listening = asyncio.get_running_loop().create_task(station.start())
        try:
            assert await station.boot() == "Accepted"
            yield station
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def json_of(request: Any, status: int = 200) -> Any:
    response: httpx.Response = await request
    assert response.status_code == status, response.text
    return response.json()


async def transactions(api: httpx.AsyncClient, identity: str) -> list[dict[str, Any]]:
    page = await json_of(api.get("/transactions", params={"station": identity}))
    assert page["next"] is None
    found: list[dict[str, Any]] = page["items"]
    return found


async def test_what_was_charged_is_read_as_promised(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    prices = {"currency": "EUR", "per_kwh": 0.40, "vat_percent": 22}
    tariff = await json_of(api.post("/tariffs", json={"name": identity, "prices": prices}), 201)
    await json_of(api.put(f"/stations/{identity}", json={"tariff": tariff["id"]}))
    async with connected(server, identity, subprotocol) as station:
        assert await station.start_charging(TOKEN) == "Accepted"
        await station.measure(10, 3_000)
        [running] = await transactions(api, identity)
        await station.stop_charging(20, 4_500)

    [ended] = await transactions(api, identity)
    assert running["ended_at"] is None
    assert running["energy_wh"] == 2_000
    assert running["cost"] == {"amount": 0.98, "currency": "EUR"}
    promised = ("id", "station", "evse", "token", "started_at", "ended_at", "energy_wh", "cost")
    assert {name: ended[name] for name in promised} == {
        "id": running["id"],
        "station": identity,
        "evse": 1,
        "token": TOKEN,
        "started_at": instant(0),
        "ended_at": instant(20),
        "energy_wh": 3_500,
        "cost": {"amount": 1.71, "currency": "EUR"},  # 3.5 kWh at 0.40, and 22 % on 1.40
    }
    detail = await json_of(api.get(f"/transactions/{ended['id']}"))
    registers = [r["value"] for r in detail["readings"] if r["measurand"].endswith("register")]
    assert {1_000, 3_000, 4_500} <= set(registers)


async def test_a_station_obeys_the_neutral_commands(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    commands = f"/stations/{identity}/commands"
    async with connected(server, identity, subprotocol) as station:
        start = {"evse": 1, "token": TOKEN}
        assert (await json_of(api.post(f"{commands}/start", json=start)))["outcome"] == "accepted"
        assert await station.wanted.get() == f"start {TOKEN}"
        await station.start_charging(TOKEN)
        assert (await json_of(api.post(f"{commands}/stop", json={})))["outcome"] == "accepted"
        assert await station.wanted.get() == "stop"
        await station.stop_charging(20, 4_500)
        reset = await json_of(api.post(f"{commands}/reset", json={"hard": True}))
        assert await station.wanted.get() in {"reset Hard", "reset Immediate"}

    assert (reset["outcome"], reset["status"]) == ("accepted", "Accepted")
    [ended] = await transactions(api, identity)
    assert ended["running"] is False


async def test_a_station_obeys_its_own_dialects_requests(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    is_16 = subprotocol == "ocpp1.6"
    action = "RemoteStopTransaction" if is_16 else "RequestStopTransaction"
    async with connected(server, identity, subprotocol) as station:
        await station.start_charging(TOKEN)
        [running] = await transactions(api, identity)
        payload = {"transactionId": int(running["ref"]) if is_16 else running["ref"]}
        path = f"/stations/{identity}/commands/{action}"
        stopped = await json_of(api.post(path, json=payload))
        assert await station.wanted.get() == "stop"
        await station.stop_charging(20, 4_500)

    assert stopped == {"outcome": "accepted", "response": {"status": "Accepted"}}


async def test_requests_that_cannot_be_sent_say_why(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    commands = f"/stations/{identity}/commands"
    reset = "Hard" if subprotocol == "ocpp1.6" else "Immediate"
    await json_of(api.put(f"/stations/{identity}", json={}))
    nobody = await api.post("/stations/NOBODY/commands/Reset", json={"type": reset})
    nobody_neutral = await api.post("/stations/NOBODY/commands/reset", json={})
    away = await api.post(f"{commands}/Reset", json={"type": reset})
    away_neutral = await api.post(f"{commands}/reset", json={})
    async with connected(server, identity, subprotocol):
        no_type = await api.post(f"{commands}/Reset", json={})
        no_action = await api.post(f"{commands}/Dance", json={})
        not_ours = await api.post(f"{commands}/BootNotification", json={})
        no_json = await api.post(f"{commands}/Reset", content=b"{")
        no_object = await api.post(f"{commands}/Reset", json=[1])

    statuses = [r.status_code for r in (nobody, nobody_neutral, away, away_neutral)]
    assert statuses == [404, 404, 409, 409]
    wrong = (no_type, no_action, not_ours, no_json, no_object)
    assert [r.status_code for r in wrong] == [422] * 5
    assert "type" in no_type.json()["detail"]
    problems = (nobody, nobody_neutral, away, away_neutral, *wrong)
    assert {r.headers["content-type"] for r in problems} == {"application/problem+json"}


async def test_raw_sends_what_no_schema_allows(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    raw = f"/stations/{identity}/commands/Reset?raw=true"
    async with connected(server, identity, subprotocol):
        answer = await json_of(api.post(raw, json={"type": "Sideways"}))

    assert answer["outcome"] == "refused"
    assert answer["error"]["code"]


async def test_a_station_that_says_nothing_leaves_its_command_unknown(
    server: Served, api: httpx.AsyncClient, subprotocol: str, identity: str
) -> None:
    async with server.door(identity, subprotocol) as socket:
        await boot(socket)
        path = f"/stations/{identity}/commands/Reset?raw=true&timeout=0.5"
        asked = await json_of(api.post(path, json={}))

    assert asked == {"outcome": "unknown"}


def instant(minutes: int) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
