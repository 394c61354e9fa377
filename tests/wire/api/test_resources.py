"""What there is: tokens, tariffs, sites, stations, people."""

import httpx

from ricarica.access.model import Role
from ricarica.ocpp.dialects import V16, V201
from tests.wire.api.house import Api

PRICES = {"currency": "EUR", "per_kwh": 0.45, "per_session": "0.35", "vat_percent": 22}


async def test_a_token_is_added_changed_and_removed(admin: httpx.AsyncClient) -> None:
    body = {
        "uid": "04A1B2",
        "kind": "ISO14443",
        "status": "active",
        "group": "fleet",
        "expires_at": "2031-01-01T01:00:00+01:00",
    }

    added = await admin.post("/tokens", json=body)
    changed = await admin.patch("/tokens/04a1b2", json={"status": "blocked", "group": None})
    never = await admin.patch("/tokens/04a1b2", json={"expires_at": None})
    removed = await admin.delete("/tokens/04A1B2")
    gone = await admin.get("/tokens/04A1B2")

    assert added.status_code == 201
    assert added.json()["expires_at"] == "2031-01-01T00:00:00Z"
    assert (changed.json()["status"], changed.json()["group"]) == ("blocked", None)
    assert changed.json()["expires_at"] is not None, "what is left out stays"
    assert never.json()["expires_at"] is None
    assert (removed.status_code, gone.status_code) == (204, 404)


async def test_words_for_kind_and_status_are_taken_in_any_case(admin: httpx.AsyncClient) -> None:
    body = {"uid": "A", "kind": "emaid", "status": "Blocked"}
    emaid = (await admin.post("/tokens", json=body)).json()
    body = {"uid": "B", "kind": "RFID", "status": "accepted"}
    rfid = (await admin.post("/tokens", json=body)).json()
    unknown = await admin.post("/tokens", json={"uid": "C", "kind": "magic"})

    assert (emaid["kind"], emaid["status"]) == ("eMAID", "blocked")
    assert (rfid["kind"], rfid["status"]) == ("ISO14443", "active")
    assert unknown.status_code == 422
    assert "ISO15693" in unknown.json()["detail"]


async def test_the_same_token_twice_is_a_conflict(admin: httpx.AsyncClient) -> None:
    await admin.post("/tokens", json={"uid": "ABC"})

    assert (await admin.post("/tokens", json={"uid": "abc"})).status_code == 409


async def test_a_list_is_read_page_by_page(admin: httpx.AsyncClient) -> None:
    for number in range(5):
        await admin.post("/tokens", json={"uid": f"T{number}"})

    uids: list[str] = []
    query = {"limit": "2"}
    while True:
        page = (await admin.get("/tokens", params=query)).json()
        uids += [token["uid"] for token in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert uids == ["T0", "T1", "T2", "T3", "T4"]


async def test_tokens_are_filtered(admin: httpx.AsyncClient) -> None:
    await admin.post("/tokens", json={"uid": "A", "group": "fleet"})
    await admin.post("/tokens", json={"uid": "B", "status": "blocked"})

    blocked = (await admin.get("/tokens?status=blocked")).json()["items"]
    fleet = (await admin.get("/tokens?group=fleet")).json()["items"]

    assert [token["uid"] for token in blocked] == ["B"]
    assert [token["uid"] for token in fleet] == ["A"]


async def test_prices_are_exact_numbers(admin: httpx.AsyncClient) -> None:
    added = await admin.post("/tariffs", json={"name": "City", "prices": PRICES})

    assert added.status_code == 201
    assert '"per_kwh":0.45,' in added.text
    assert '"per_session":0.35,' in added.text


async def test_a_tariff_becomes_the_default_and_stops_being_it(admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/tariffs", json={"name": "City", "prices": PRICES})).json()
    path = f"/tariffs/{made['id']}"

    default = await admin.patch(path, json={"is_default": True})
    dearer = await admin.patch(path, json={"prices": {**PRICES, "per_kwh": 0.5}})
    plain = await admin.patch(path, json={"is_default": False})

    assert default.json()["is_default"]
    assert (dearer.json()["revision"], dearer.json()["prices"]["per_kwh"]) == (2, 0.5)
    assert not plain.json()["is_default"]
    assert (await admin.delete(path)).status_code == 204


async def test_a_price_that_cannot_be_is_refused(admin: httpx.AsyncClient) -> None:
    body = {"name": "City", "prices": {**PRICES, "per_kwh": -1}}

    response = await admin.post("/tariffs", json=body)

    assert response.status_code == 422
    assert "per_kwh" in response.json()["detail"]


async def test_a_site_has_its_stations(api: Api, admin: httpx.AsyncClient) -> None:
    place = {"name": "Parco", "city": "Torino", "latitude": 45.05, "longitude": 7.68}
    site = (await admin.post("/sites", json=place)).json()
    await api.connect("CP-1", V16)

    station = await admin.put("/stations/CP-1", json={"site": site["id"]})
    changed = await admin.patch(f"/sites/{site['id']}", json={"city": "Milano"})

    assert station.json()["site"] == {"id": site["id"], "name": "Parco"}
    assert changed.json()["city"] == "Milano"
    assert (changed.json()["stations"], changed.json()["connected"]) == (1, 1)
    assert changed.json()["latitude"] == 45.05


async def test_a_removed_site_leaves_its_stations_behind(admin: httpx.AsyncClient) -> None:
    site = (await admin.post("/sites", json={"name": "Parco"})).json()
    await admin.put("/stations/CP-1", json={"site": site["id"]})

    assert (await admin.delete(f"/sites/{site['id']}")).status_code == 204

    assert (await admin.get("/stations/CP-1")).json()["site"] is None


async def test_a_place_off_the_map_is_refused(admin: httpx.AsyncClient) -> None:
    for place in ({"latitude": 91, "longitude": 0}, {"latitude": 45}):
        response = await admin.post("/sites", json={"name": "Parco", **place})

        assert response.status_code == 422, place


async def test_a_station_or_site_cannot_choose_what_is_not_there(admin: httpx.AsyncClient) -> None:
    tariff = await admin.put("/stations/CP-1", json={"tariff": "none"})
    site = await admin.put("/stations/CP-1", json={"site": "none"})
    of_site = await admin.post("/sites", json={"name": "Parco", "tariff": "none"})

    assert [each.status_code for each in (tariff, site, of_site)] == [422, 422, 422]


async def test_a_station_is_prepared_before_it_connects(admin: httpx.AsyncClient) -> None:
    body = {"status": "pending", "security_profile": 1, "password": "0123456789abcdef"}

    prepared = await admin.put("/stations/CP-1", json=body)
    approved = await admin.put("/stations/cp-1", json={"status": "accepted", "password": None})

    assert prepared.json()["status"] == "pending"
    assert prepared.json()["has_password"]
    assert "0123456789abcdef" not in prepared.text
    assert (approved.json()["id"], approved.json()["status"]) == ("CP-1", "accepted")
    assert approved.json()["security_profile"] == 1, "what is left out stays"
    assert not approved.json()["has_password"]


async def test_a_short_station_password_is_refused(admin: httpx.AsyncClient) -> None:
    response = await admin.put("/stations/CP-1", json={"password": "short"})

    assert response.status_code == 422
    assert "at least 16" in response.json()["detail"]


async def test_an_identity_that_no_station_can_have_is_refused(admin: httpx.AsyncClient) -> None:
    assert (await admin.put(f"/stations/{'x' * 256}", json={})).status_code == 422


async def test_stations_are_filtered_and_show_what_they_can_be_told(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V201)
    await admin.put("/stations/CP-2", json={})

    connected = (await admin.get("/stations?connected=true")).json()["items"]
    pending = (await admin.get("/stations?status=pending")).json()["items"]
    found = (await admin.get("/stations?q=cp-2")).json()["items"]

    assert [station["id"] for station in connected] == ["CP-1"]
    assert [station["id"] for station in pending] == ["CP-1"]
    assert [station["id"] for station in found] == ["CP-2"]
    assert {"start", "stop", "reset", "settings"} <= set(connected[0]["commands"])
    assert found[0]["commands"] == []
    assert connected[0]["dialect"] == "2.0.1"


async def test_stations_are_chosen_by_their_labels(admin: httpx.AsyncClient) -> None:
    labelled = await admin.put("/stations/CP-1", json={"labels": ["Fast", "fleet of Ada"]})
    await admin.put("/stations/CP-2", json={"labels": ["faster"]})

    found = (await admin.get("/stations?label=FAST")).json()["items"]
    trial = {"command": "clear-cache", "select": {"label": "fast"}, "trial": True}
    job = (await admin.post("/bulk", json=trial)).json()
    refused = await admin.put("/stations/CP-1", json={"labels": ["a, b"]})

    assert labelled.json()["labels"] == ["fast", "fleet of ada"]
    assert [each["id"] for each in found] == ["CP-1"]
    assert job["first"] == ["CP-1"]
    assert refused.status_code == 422


async def test_a_removed_station_is_gone(admin: httpx.AsyncClient) -> None:
    await admin.put("/stations/CP-1", json={})

    assert (await admin.delete("/stations/cp-1")).status_code == 204
    assert (await admin.get("/stations/CP-1")).status_code == 404
    assert (await admin.delete("/stations/CP-1")).status_code == 404


async def test_the_evses_of_a_station_show_their_connectors(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    key = await api.connect("CP-1", V16)
    await api.deliver(
        key, V16, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}
    )
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
    await api.deliver(key, V16, "StatusNotification", status)

    [evse] = (await admin.get("/stations/CP-1/evses")).json()["items"]

    assert evse["evse"] == 1
    assert evse["connectors"][0]["status"] == "preparing"
    assert evse["transaction"] is None


async def test_operators_come_change_and_go(admin: httpx.AsyncClient) -> None:
    body = {"name": "Ada", "password": "correct horse", "role": "admin"}

    added = await admin.post("/operators", json=body)
    again = await admin.post("/operators", json=body)
    changed = await admin.patch("/operators/ada", json={"password": "battery staple"})
    last = await admin.delete("/operators/ada")
    await admin.post("/operators", json={**body, "name": "Bob"})
    listed = await admin.get("/operators")
    removed = await admin.delete("/operators/ada")

    assert (added.status_code, again.status_code, changed.status_code) == (201, 409, 200)
    assert last.status_code == 409, "the last admin stays"
    assert [operator["name"] for operator in listed.json()["items"]] == ["Ada", "Bob"]
    assert "horse" not in listed.text
    assert removed.status_code == 204


async def test_a_key_is_told_once(admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/api-keys", json={"name": "ci", "role": "viewer"})).json()

    listed = await admin.get("/api-keys")

    assert made["key"].startswith(made["prefix"])
    assert made["key"] not in listed.text
    assert {"admin", "viewer"} == {key["role"] for key in listed.json()["items"]}


async def test_every_change_is_audited_with_who_made_it(api: Api, admin: httpx.AsyncClient) -> None:
    async with await api.client_as(Role.OPERATOR) as operator:
        await operator.post("/tokens", json={"uid": "ABC"})
    await admin.put("/stations/CP-1", json={})

    of_token = (await admin.get("/audit?subject=token:ABC")).json()["items"]
    of_station = (await admin.get("/audit?action=station.prepare")).json()["items"]

    assert [entry["action"] for entry in of_token] == ["token.add"]
    assert of_token[0]["actor"].startswith("a operator (ric_")
    assert of_station[0]["subject"] == "station:CP-1"


async def test_a_station_whose_tariff_was_removed_can_still_be_changed(
    admin: httpx.AsyncClient,
) -> None:
    tariff = (await admin.post("/tariffs", json={"name": "City", "prices": PRICES})).json()["id"]
    site = (await admin.post("/sites", json={"name": "Parco", "tariff": tariff})).json()["id"]
    await admin.put("/stations/CP-1", json={"tariff": tariff})
    await admin.delete(f"/tariffs/{tariff}")

    station = await admin.put("/stations/CP-1", json={"tariff": tariff, "name": "North"})
    moved = await admin.patch(f"/sites/{site}", json={"city": "Roma"})

    assert (station.json()["name"], moved.json()["city"]) == ("North", "Roma")
