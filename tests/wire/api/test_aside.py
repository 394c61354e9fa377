import json
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from ricarica.access.model import Role
from ricarica.engine.sql import PUT_ASIDE
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import V16
from ricarica.storage.database import Add, Run
from tests.wire.api.house import Api

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
START = {"connectorId": 1, "idTag": "ABC", "meterStart": 1000, "timestamp": "2026-05-04T12:00:00Z"}
END = "2026-05-04T12:30:00Z"


@pytest.fixture
async def station(api: Api, admin: httpx.AsyncClient) -> StationKey:
    """It charges."""
    await admin.post("/tokens", json={"uid": "ABC"})
    await admin.put("/stations/CP-1", json={})
    key = await api.connect("CP-1", V16)
    await api.deliver(key, V16, "BootNotification", BOOT)
    return key


async def begin(api: Api, station: StationKey) -> int:
    answer = await api.deliver(station, V16, "StartTransaction", START)
    number: int = answer["transactionId"]
    return number


async def set_aside(api: Api, station: StationKey, number: int, payload: dict[str, Any]) -> None:
    """As after a fault of ours that is mended by now."""
    told = ("StopTransaction", json.dumps(payload), "KeyError: 'soon mended'")
    row = (station.tenant, station.station, number, api.node.parts.clock.now(), *told)
    await api.node.engine.database.commit([Add(PUT_ASIDE, row)])


async def the_transaction(admin: httpx.AsyncClient) -> Any:
    [item] = (await admin.get("/transactions")).json()["items"]
    return item


async def test_what_was_put_aside_is_listed_with_why(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    unreadable = {"transactionId": await begin(api, station), "meterStop": "a lot", "timestamp": 7}
    await api.deliver(station, V16, "StopTransaction", unreadable)

    [item] = (await admin.get("/put-aside?station=cp-1")).json()["items"]

    assert (item["station"], item["action"]) == ("CP-1", "StopTransaction")
    assert json.loads(item["payload"]) == unreadable
    assert item["why"]
    assert (await admin.post(f"/put-aside/{item['id']}/replay")).status_code == 422


@pytest.mark.parametrize("number", ["1", "-1", "one", "9" * 19, "9" * 400])
async def test_what_was_never_put_aside_is_not_found(admin: httpx.AsyncClient, number: str) -> None:
    assert (await admin.post(f"/put-aside/{number}/replay")).status_code == 404


async def test_pages_of_what_was_put_aside_follow_each_other(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    for number in (3, 1, 2):
        await set_aside(api, station, number, {})

    first = (await admin.get("/put-aside?limit=2")).json()
    second = (await admin.get(f"/put-aside?limit=2&cursor={first['next']}")).json()

    assert [item["id"] for item in first["items"]] == ["1", "2"]
    assert ([item["id"] for item in second["items"]], second["next"]) == (["3"], None)


async def test_what_can_be_read_by_now_has_its_effect_and_is_gone(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    end = {"transactionId": await begin(api, station), "meterStop": 3500, "timestamp": END}
    await set_aside(api, station, 17, end)

    assert (await admin.post("/put-aside/17/replay")).status_code == 204

    transaction = await the_transaction(admin)
    assert (transaction["ended_at"], transaction["energy_wh"]) == (END, 2500)
    assert (await admin.get("/put-aside")).json()["items"] == []
    audited = (await admin.get("/audit?action=message.replayed")).json()["items"]
    assert [entry["subject"] for entry in audited] == ["CP-1"]
    assert (await admin.post("/put-aside/17/replay")).status_code == 404


async def test_what_a_station_means_by_its_habits_is_read_so_later_too(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await admin.put("/stations/CP-1", json={"habits": {"register_in_kwh": True}})
    end = {"transactionId": await begin(api, station), "meterStop": 1003, "timestamp": END}
    await set_aside(api, station, 17, end)

    assert (await admin.post("/put-aside/17/replay")).status_code == 204

    assert (await the_transaction(admin))["energy_wh"] == 3_000


async def test_what_still_cannot_be_read_stays(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await begin(api, station)
    await set_aside(api, station, 17, {"meterStop": "a lot"})

    response = await admin.post("/put-aside/17/replay")

    assert response.status_code == 422
    assert "still cannot be read" in response.json()["detail"]
    assert [item["id"] for item in (await admin.get("/put-aside")).json()["items"]] == ["17"]


async def test_a_dialect_that_nobody_speaks_any_more_is_told(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    await set_aside(api, station, 17, {"meterStop": 1})
    action = sa.update(PUT_ASIDE).values(action="EndTheTransaction")
    await api.node.engine.database.commit([Run(action)])

    assert (await admin.post("/put-aside/17/replay")).status_code == 422


async def test_who_only_looks_cannot_replay(api: Api, station: StationKey) -> None:
    await set_aside(api, station, 17, {})
    viewer = await api.client_as(Role.VIEWER)

    assert (await viewer.get("/put-aside")).status_code == 200
    assert (await viewer.post("/put-aside/17/replay")).status_code == 403


async def test_a_pin_that_was_put_aside_is_not_shown(
    api: Api, admin: httpx.AsyncClient, station: StationKey
) -> None:
    token = {"idToken": {"idToken": "s3cret", "type": "KeyCode"}, "timestamp": 7}
    await set_aside(api, station, 1, token)

    [item] = (await admin.get("/put-aside")).json()["items"]

    assert json.loads(item["payload"])["idToken"] == {"idToken": "***", "type": "KeyCode"}
