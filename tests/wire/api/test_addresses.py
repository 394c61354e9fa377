"""Stations that nobody knows, and numbers that no database has."""

import base64
import json
from typing import Any, cast

import httpx
import pytest

from ricarica.ocpp.dialects import V21
from ricarica.web.addresses import whole_names
from tests.wire.api.house import Api

LISTS = (
    "/alerts",
    "/authorization-attempts",
    "/certificates",
    "/customer-reports",
    "/messages",
    "/payments",
    "/put-aside",
    "/reservations",
    "/security/events",
    "/station-events",
    "/swaps",
    "/transactions",
)
ENDLESS = "9" * 30
NUMBERED = (
    ("GET", "/stations/CP-1/logs/{}"),
    ("GET", "/stations/CP-1/logs/{}/file"),
    ("GET", "/stations/CP-1/reports/{}"),
    ("DELETE", "/stations/CP-1/logs/{}"),
    ("DELETE", "/stations/CP-1/reservations/{}"),
    ("DELETE", "/stations/CP-1/displays/{}"),
    ("POST", "/alerts/{}/acknowledge"),
    ("POST", "/alerts/{}/resolve"),
    ("POST", "/station-events/{}/acknowledge"),
    ("POST", "/put-aside/{}/replay"),
    ("GET", "/messages/after?id={}"),
    ("POST", "/security/events/acknowledge"),
)


async def test_a_list_of_a_station_that_nobody_knows_is_empty(admin: httpx.AsyncClient) -> None:
    for path in LISTS:
        reply = await admin.get(path, params={"station": "nowhere"})
        assert (path, reply.status_code, reply.json()["items"]) == (path, 200, [])


@pytest.mark.parametrize("cursor", [ENDLESS, str(2**63), "-1", "one", "²"])
async def test_a_page_that_never_was_is_a_complaint(admin: httpx.AsyncClient, cursor: str) -> None:
    for path in ("/alerts", "/station-events", "/messages", "/put-aside", "/transactions"):
        reply = await admin.get(path, params={"cursor": cursor})
        assert (path, reply.status_code) == (path, 422)


@pytest.mark.parametrize("number", [ENDLESS, str(2**63), "0"])
async def test_a_number_that_nothing_has_is_a_complaint(
    api: Api, admin: httpx.AsyncClient, number: str
) -> None:
    await api.connect("CP-1", V21)

    for method, path in NUMBERED:
        body = {"ids": [number]} if "security" in path else {}
        json = body if method == "POST" else None
        reply = await admin.request(method, path.format(number), json=json)
        assert (path, reply.status_code < 500) == (path, True)


async def test_a_slash_within_a_name_belongs_to_it(api: Api, admin: httpx.AsyncClient) -> None:
    served = httpx.ASGITransport(whole_names(cast("Any", api.app)))
    await admin.post("/tokens", json={"uid": "A/B"})

    async with httpx.AsyncClient(
        transport=served, base_url=admin.base_url, headers=admin.headers
    ) as client:
        await client.put("/token-groups/Fleet%2FNorth", json={"label": "North"})
        named = await client.get("/tokens/A%2FB")
        groups = await client.get("/token-groups")
        removed = await client.delete("/tokens/A%2FB")

    assert named.json()["uid"] == "A/B"
    assert [group["id"] for group in groups.json()["items"]] == ["Fleet/North"]
    assert removed.status_code == 204


def cursor(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


MADE_UP = (
    cursor("2026-01-01T00:00:00", "a"),
    cursor("2026-01-01T00:00:00Z", 10**30),
    cursor("0001-01-01T00:00:00Z", 1.5),
    cursor("a", 10**30),
    cursor("a\0", "b"),
    cursor("a", None),
    cursor("a", "b", "c"),
)


@pytest.mark.parametrize("place", MADE_UP)
async def test_a_place_that_somebody_made_up_is_a_complaint(
    admin: httpx.AsyncClient, place: str
) -> None:
    for path in (
        *("/tokens", "/stations", "/sites", "/tariffs", "/operators", "/transactions", "/audit"),
        *("/payments", "/swaps", "/firmware/images", "/firmware/updates", "/certificates"),
        *("/security/events", "/authorization-attempts", "/reservations", "/logs"),
    ):
        reply = await admin.get(path, params={"cursor": place})
        assert reply.status_code in {200, 422}, (path, reply.text)  # a text may be a place
