from typing import Any

import httpx
import pytest

from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import V16
from tests.wire.api.house import Api

PRICES = {"currency": "EUR", "per_kwh": "0.50", "vat_percent": 20}


def reading(at: str, register_wh: int, power_w: int) -> dict[str, Any]:
    return {
        "timestamp": at,
        "sampledValue": [
            {"value": str(register_wh), "measurand": "Energy.Active.Import.Register"},
            {"value": str(power_w), "measurand": "Power.Active.Import", "unit": "W"},
        ],
    }


async def charge(api: Api, key: StationKey, *, ends: bool = True) -> None:
    """2,500 Wh in half an hour at 11 kW, more or less."""
    await api.deliver(
        key, V16, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}
    )
    start = {"connectorId": 1, "idTag": "ABC", "meterStart": 1000}
    answer = await api.deliver(
        key, V16, "StartTransaction", {**start, "timestamp": "2026-05-04T12:00:00Z"}
    )
    number = answer["transactionId"]
    metered = {"connectorId": 1, "transactionId": number}
    values = [reading("2026-05-04T12:15:00Z", 2000, 11000)]
    await api.deliver(key, V16, "MeterValues", {**metered, "meterValue": values})
    if ends:
        stop = {"transactionId": number, "meterStop": 3500, "timestamp": "2026-05-04T12:30:00Z"}
        await api.deliver(key, V16, "StopTransaction", stop)


@pytest.fixture
async def station(api: Api, admin: httpx.AsyncClient) -> StationKey:
    tariff = {"name": "City", "prices": PRICES, "is_default": True}
    await admin.post("/tariffs", json=tariff)
    await admin.post("/tokens", json={"uid": "ABC"})
    await admin.put("/stations/CP-1", json={})
    return await api.connect("CP-1", V16)


async def test_a_transaction_has_its_energy_and_its_cost(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station)

    response = await admin.get("/transactions?station=cp-1")

    [item] = response.json()["items"]
    assert (item["station"], item["evse"], item["token"]) == ("CP-1", 1, "ABC")
    assert item["started_at"] == "2026-05-04T12:00:00Z"
    assert item["ended_at"] == "2026-05-04T12:30:00Z"
    assert item["energy_wh"] == 2500
    assert item["cost"] == {"amount": 1.5, "currency": "EUR"}  # 2.5 kWh at 0.50, and 20 % VAT
    assert '"amount":1.50' in response.text
    assert response.json()["next"] is None


async def test_one_transaction_tells_its_costs_timeline_and_readings(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station)
    [item] = (await admin.get("/transactions")).json()["items"]

    detail = (await admin.get(f"/transactions/{item['id']}")).json()

    assert {name: detail[name] for name in item} == item
    [line] = detail["costs"]["lines"]
    assert (line["kind"], line["quantity"], line["price"]) == ("energy", 2.5, 0.5)
    assert (detail["costs"]["excl"], detail["costs"]["vat"]) == (1.25, 0.25)
    assert [entry["kind"] for entry in detail["events"]] == ["started", "ended"]
    measured = {(reading["measurand"], reading["value"]) for reading in detail["readings"]}
    assert ("power_active_import", 11000) in measured


async def test_readings_are_filtered_by_measurand(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station)
    [item] = (await admin.get("/transactions")).json()["items"]
    path = f"/transactions/{item['id']}/readings"

    power = (await admin.get(f"{path}?measurand=power_active_import")).json()["items"]
    unknown = await admin.get(f"{path}?measurand=warmth")

    assert [reading["value"] for reading in power] == [11000]
    assert (unknown.status_code, "warmth" in unknown.json()["detail"]) == (422, True)


async def test_transactions_are_filtered(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station, ends=False)

    async def count(query: str) -> int:
        return len((await admin.get(f"/transactions?{query}")).json()["items"])

    assert await count("running=true") == 1
    assert await count("running=false") == 0
    assert await count("token=abc") == 1
    assert await count("station=CP-2") == 0
    assert await count("since=2026-05-04T12:00:00Z") == 1
    assert await count("until=2026-05-04T12:00:00Z") == 0


async def test_a_transaction_that_is_not_there_is_told_so(admin: httpx.AsyncClient) -> None:
    for path in ("/transactions/none", "/transactions/none/readings"):
        assert (await admin.get(path)).status_code == 404


async def test_what_runs_at_an_evse_is_shown_there(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station, ends=False)
    [item] = (await admin.get("/transactions")).json()["items"]

    [evse] = (await admin.get("/stations/CP-1/evses")).json()["items"]

    assert evse["transaction"] == item["id"]


async def test_the_log_shows_requests_with_their_answers_page_by_page(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await charge(api, station)
    await api.node.engine.idle()  # what it is told meanwhile to keep it in step is written down too

    first = (await admin.get("/stations/CP-1/messages?limit=3")).json()
    rest = (await admin.get(f"/stations/CP-1/messages?cursor={first['next']}")).json()
    starts = (await admin.get("/stations/CP-1/messages?action=StartTransaction")).json()

    every = first["items"] + rest["items"]
    said = [each for each in every if each["direction"] == "from-station"]
    assert [message["action"] for message in said] == [
        "StopTransaction",
        "MeterValues",
        "StartTransaction",
        "BootNotification",
    ]
    told = [each["action"] for each in every if each["direction"] == "to-station"]
    assert told, "it is asked for its settings, for one"
    assert sorted(told) == sorted(ask.action for ask in api.sockets.asked)
    assert (rest["next"], len(every)) == (None, len(said) + len(told))
    [start] = starts["items"]
    assert (start["direction"], start["outcome"]) == ("from-station", "answered")
    assert start["request"]["idTag"] == "ABC"
    assert start["response"]["idTagInfo"]["status"] == "Accepted"
