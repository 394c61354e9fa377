"""Limits, payments, prices at the station and battery swaps, for programs."""

import json
from typing import Any

import httpx

from ricarica.link.letters import Outcome, Told
from ricarica.ocpp.dialects import V16, V21, V201
from tests.wire.api.house import Api

ACCEPTED = b'{"status":"Accepted"}'
TARIFF = {"name": "Day", "prices": {"currency": "EUR", "per_kwh": 0.5}, "is_default": True}


def sent(api: Api) -> tuple[str, dict[str, Any]]:
    ask = api.sockets.asked[-1]
    return ask.action, json.loads(ask.payload)


async def test_a_payment_that_a_kiosk_took_starts_the_station_once(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V21)
    api.sockets.will_answer("RequestStartTransaction", ACCEPTED)
    body = {"reference": "psp-1", "station": "cp-1", "evse": 1, "amount": 30, "currency": "EUR"}

    started = await admin.post("/payments", json=body)
    again = await admin.post("/payments", json=body)

    action, payload = sent(api)
    assert started.json()["outcome"] == "accepted", started.text
    assert action == "RequestStartTransaction"
    assert payload["idToken"] == {"idToken": "psp-1", "type": "DirectPayment"}
    assert again.status_code == 409
    assert len(api.sockets.asked) == 1
    listed = (await admin.get("/payments", params={"station": "CP-1"})).json()["items"]
    assert [each["state"] for each in listed] == ["authorized"]


async def test_nobody_pays_at_a_station_that_waits_to_be_accepted(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={"status": "pending"})
    await api.connect("CP-1", V21)

    response = await admin.post("/payments", json={"reference": "psp-1", "station": "CP-1"})

    assert response.status_code == 409
    assert "not been accepted" in response.text
    assert api.sockets.asked == []
    assert (await admin.get("/payments")).json()["items"] == []


async def test_a_station_that_knows_no_payments_is_given_a_short_token(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V16)
    api.sockets.will_answer("RemoteStartTransaction", ACCEPTED)

    await admin.post("/payments", json={"reference": "psp-" + "1" * 60, "station": "CP-1"})

    assert len(sent(api)[1]["idTag"]) == 20


async def test_what_the_provider_settled_is_noted_once(api: Api, admin: httpx.AsyncClient) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V21)
    api.sockets.will_answer("RequestStartTransaction", ACCEPTED)
    await admin.post("/payments", json={"reference": "psp-1", "station": "CP-1"})
    body = {"status": "settled", "amount": 3.5, "at": "2026-05-04T12:00:00Z"}

    await admin.post("/payments/psp-1/settlement", json=body)
    settled = await admin.post("/payments/psp-1/settlement", json=body)

    assert settled.status_code == 200, settled.text
    assert settled.json()["state"] == "settled"
    assert settled.json()["settled"] == 3.5
    assert len(settled.json()["tries"]) == 1


async def test_an_address_that_no_station_shows_is_not_fresh(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("SetVariables", _set("Accepted", "SharedSecret"))
    web = {
        "template": "https://x.example/pay?s={chargingstationid}&totp={totp}&v={version}",
        "secret": "a secret of both",
    }
    await admin.put("/stations/CP-1/web-payments", json=web)
    url = "https://x.example/pay?s=CP-1&totp=guessed1&v=v1&maxenergy=10000&maxtime=0"

    checked = await admin.post("/payments/addresses", json={"url": url, "station": "CP-1"})
    shown = await admin.get("/stations/CP-1/web-payments")

    assert checked.json() == {
        "fresh": False,
        "station": "CP-1",
        "limits": {"cost": None, "energy_wh": 10000, "seconds": None, "soc_percent": None},
    }
    assert shown.json()["dynamic"] is True
    assert "secret" not in shown.json()


def _set(status: str, variable: str) -> bytes:
    place = {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": variable}}
    return json.dumps({"setVariableResult": [{"attributeStatus": status, **place}]}).encode()


async def test_a_start_with_limits_is_told_the_station_and_arranged(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V201)
    api.sockets.will_answer("RequestStartTransaction", ACCEPTED)

    started = await admin.post(
        "/stations/CP-1/commands/start", json={"evse": 1, "limits": {"energy_wh": 10000}}
    )
    refused = await admin.post(
        "/stations/CP-1/commands/start", json={"evse": 1, "limits": {"energy_wh": -1}}
    )

    assert started.json()["outcome"] == "accepted", started.text
    assert refused.status_code == 422


async def test_a_station_that_counts_costs_itself_is_wanted_to(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    await admin.post("/tariffs", json=TARIFF)

    wanted = await admin.put("/stations/CP-1/tariffs", json={"counts": True})

    assert wanted.json()["counts"] is True
    assert (await admin.get("/stations/CP-1/tariffs")).json()["installed"] is None


async def test_a_swap_is_asked_for_only_for_a_token_that_may(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("RequestBatterySwap", ACCEPTED)
    await admin.post("/tokens", json={"uid": "04A1B2C3"})

    refused = await admin.post("/stations/CP-1/commands/swap", json={"token": "STRANGER"})
    asked = await admin.post("/stations/CP-1/commands/swap", json={"token": "04a1b2c3"})

    assert refused.status_code == 403, refused.text
    assert asked.json()["outcome"] == "accepted"
    assert sent(api)[0] == "RequestBatterySwap"
    [swap] = (await admin.get("/swaps")).json()["items"]
    assert (swap["state"], swap["token"]) == ("requested", "04A1B2C3")


async def test_a_restart_that_charging_outlasts_is_said_where_there_is_a_word_for_it(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    await api.connect("CP-2", V201)
    api.sockets.will_answer("Reset", ACCEPTED)

    said = await admin.post("/stations/CP-1/commands/reset", json={"resume": True})
    unsaid = await admin.post("/stations/CP-2/commands/reset", json={"resume": True})

    assert said.json()["outcome"] == "accepted"
    assert sent(api)[1] == {"type": "ImmediateAndResume"}
    assert unsaid.json()["outcome"] == "unsupported"


async def test_a_number_of_a_company_is_looked_at(api: Api, admin: httpx.AsyncClient) -> None:
    found = await admin.get("/vat-numbers/IT 123 4567 0017")
    wrong = await admin.get("/vat-numbers/IT12345670018")

    assert found.json()["standing"] == "unverified"
    assert found.json()["number"] == "IT12345670017"
    assert wrong.json()["standing"] == "invalid"


async def test_a_command_without_an_answer_leaves_the_payment_authorised(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V21)
    api.sockets.answers["RequestStartTransaction"] = Told(Outcome.UNKNOWN, "1")

    started = await admin.post("/payments", json={"reference": "psp-1", "station": "CP-1"})

    assert started.json()["outcome"] == "unknown"
    assert (await admin.get("/payments/psp-1")).json()["state"] == "authorized"


async def test_a_token_has_prices_of_its_own_and_what_is_left_of_its_credit(
    admin: httpx.AsyncClient,
) -> None:
    tariff = (await admin.post("/tariffs", json=TARIFF)).json()["id"]

    added = await admin.post("/tokens", json={"uid": "P-1", "credit": 20.5, "tariff": tariff})
    changed = await admin.patch("/tokens/P-1", json={"credit": 0})
    kept = await admin.patch("/tokens/P-1", json={"label": "Ada"})
    later = await admin.patch("/tokens/P-1", json={"credit": None, "tariff": None})

    assert (added.json()["credit"], added.json()["tariff"]) == (20.5, tariff)
    assert changed.json()["credit"] == 0
    assert (kept.json()["credit"], kept.json()["tariff"]) == (0, tariff)
    assert (later.json()["credit"], later.json()["tariff"]) == (None, None)


async def test_a_token_is_given_no_prices_that_nobody_knows_nor_credit_without_end(
    admin: httpx.AsyncClient,
) -> None:
    await admin.post("/tokens", json={"uid": "P-1"})

    assert (await admin.patch("/tokens/P-1", json={"tariff": "none"})).status_code == 404
    assert (await admin.patch("/tokens/P-1", json={"credit": 1e9})).status_code == 422
    assert (await admin.post("/tokens", json={"uid": "P-2", "credit": "NaN"})).status_code == 422
