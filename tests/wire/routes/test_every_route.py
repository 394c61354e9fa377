"""Every address there is, asked by everybody: with hostile texts, for other tenants, for codes."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ricarica.access.model import Role
from ricarica.app.alerting import HEED, alert_rings
from ricarica.app.wiring import Parts, running_node
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21
from ricarica.testing.tables import empty_database
from tests.wire.routes.network import (
    HOSTILE,
    OF_A_NAME,
    OTHER,
    PIN,
    SPEAKERS,
    Site,
    let_all_speak,
    other_tenant,
    site_of,
)

AT_21 = f"{OF_A_NAME}-21"
READING = ("GET", "HEAD")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
EXPECTED = (*range(200, 500), 503)  # 503: here nobody takes files
OF_NOW = ("/composite", "/doctor")  # they begin with this moment
EVERYBODYS = ("/login", "/logout", "/preferences", "/settings/password", "/pay")
DOCUMENTATION = re.compile(r"/api(?!/v1)")  # the same for all
ENDLESS = ("/api/v1/events", "/live")  # streams: they end when nobody listens any more
NOT_IN_HTML = ("<script>CANARY", "<script>IDENTITY", "<script>C")
MADE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/sites", {"id": "home", "name": HOSTILE, "address": HOSTILE, "city": HOSTILE}),
    ("POST", "/tariffs", {"id": "t", "name": HOSTILE, "prices": {"currency": "EUR", "per_kwh": 1}}),
    ("POST", "/tokens", {"uid": "CARD-1", "label": HOSTILE, "group": HOSTILE}),
    ("POST", "/tokens", {"uid": PIN, "kind": "KeyCode", "label": HOSTILE}),
    ("POST", "/access-rules", {"label": HOSTILE, "token": PIN, "effect": "confine"}),
    ("PUT", "/token-groups/friends", {"label": HOSTILE}),
    ("POST", "/local-lists", {"label": HOSTILE}),
    ("POST", "/displays", {"name": HOSTILE, "texts": {"en": HOSTILE}}),
    ("POST", "/templates", {"name": HOSTILE, "settings": {"HeartbeatInterval": HOSTILE}}),
    ("PUT", "/network-profiles/home", {"url": "wss://x.example", "security_profile": 2}),
    ("POST", f"/stations/{AT_21}/commands/start?when_away=keep", {"token": PIN}),
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with (
        empty_database() as database,
        running_node(
            Parts(database, through_bytes=True, upkeep_after_boot=timedelta(days=1))
        ) as node,
        site_of(node) as site,
    ):
        await _furnish(site)
        yield site


async def _furnish(site: Site) -> None:
    async with await site.program(Role.ADMIN) as admin:
        for identity in SPEAKERS:
            said = {"status": "accepted", "name": HOSTILE, "labels": [HOSTILE]}
            await _done(admin.put(f"/api/v1/stations/{identity}", json=said))
        for method, path, body in MADE:
            await admin.request(method, f"/api/v1{path}", json=body)
        await _heed(site)
        await let_all_speak(site)
        await _begin_with_a_code(site)
        await _heed(site)
        site.ids |= {"identity": AT_21, "station": AT_21, "uid": "CARD-1", "token": "CARD-1"}
        for parameter, path, member in (
            ("transaction", "/transactions", "id"),
            ("site", "/sites", "id"),
            ("tariff", "/tariffs", "id"),
            ("rule", "/access-rules", "id"),
            ("definition", "/local-lists", "id"),
            ("template", "/templates", "id"),
            ("display", "/displays", "id"),
            ("swap", "/swaps", "id"),
            ("alert", "/alerts", "id"),
            ("certificate", "/certificates", "id"),
        ):
            listed = (await admin.get(f"/api/v1{path}")).json().get("items", [])
            if listed:
                site.ids[parameter] = str(listed[0][member])


async def _done(asked: Any) -> None:
    reply = await asked
    assert reply.is_success, reply.text


async def _heed(site: Site) -> None:
    """Now: by themselves the rules look some seconds later, when pages are compared already."""

    async def look(unit: UnitOfWork) -> None:
        await alert_rings()[HEED](unit, "")

    await site.node.engine.in_unit(DEFAULT_TENANT, look)


async def _begin_with_a_code(site: Site) -> None:
    key = await site.connect(AT_21, V21)
    for number, action in ((1, "Started"), (2, "Updated")):
        told = {
            "eventType": action,
            "timestamp": f"{site.node.parts.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "triggerReason": "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": "BY-CODE"},
            "evse": {"id": 2, "connectorId": 1},
            "idToken": {"idToken": PIN, "type": "KeyCode"},
        }
        await site.tell(key, V21, "TransactionEvent", told)


async def _everything(site: Site, client: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """What is answered at each address that can be read."""
    return {
        address: await client.get(address)
        for _, address in dict.fromkeys(site.addresses("GET"))
        if not address.startswith(ENDLESS) and not DOCUMENTATION.match(address)
    }


async def test_what_is_hostile_stays_a_text_on_every_page(site: Site) -> None:
    async with await site.person(Role.ADMIN) as admin:
        answers = await _everything(site, admin)

    pages = {
        address: reply
        for address, reply in answers.items()
        if "html" in reply.headers.get("content-type", "")
    }
    assert len([r for r in pages.values() if r.status_code == 200]) > 40
    assert any("CANARY" in reply.text for reply in pages.values())
    for address, reply in answers.items():
        assert reply.status_code in EXPECTED, (address, reply.text[-2000:])
    for address, reply in pages.items():
        assert not [each for each in NOT_IN_HTML if each in reply.text], address
        assert "script-src 'self'" in reply.headers.get("content-security-policy", ""), address
        assert reply.headers.get("x-content-type-options") == "nosniff", address


async def test_nothing_of_a_tenant_is_shown_to_another(site: Site) -> None:
    await other_tenant(site)
    async with (
        await site.program(Role.ADMIN, OTHER) as program,
        await site.person(Role.ADMIN, OTHER) as person,
    ):
        answers = [*(await _everything(site, program)).items()]
        answers += (await _everything(site, person)).items()

    assert len(answers) > 200
    for address, reply in answers:
        assert "CANARY" not in reply.text, (address, reply.text[:2000])
        assert reply.status_code in EXPECTED, address


async def test_nothing_of_a_tenant_is_changed_by_another(site: Site) -> None:
    await other_tenant(site)
    async with await site.program(Role.ADMIN) as admin:
        before = await _state(site, admin)
        async with await site.program(Role.ADMIN, OTHER) as stranger:
            for method, address in site.addresses(*CHANGING):
                if address.startswith("/api/v1/"):
                    reply = await stranger.request(method, address, json={})
                    assert reply.status_code in EXPECTED, (method, address, reply.text)
        after = await _state(site, admin)

    assert after == before


async def _state(site: Site, admin: httpx.AsyncClient) -> dict[str, str]:
    lists = [address for _, address in site.addresses("GET") if address.startswith("/api/v1/")]
    leave = (*ENDLESS, "/api/v1/api-keys", "/api/v1/me", "/api/v1/messages")
    kept = [each for each in lists if not each.startswith(leave) and not each.endswith(OF_NOW)]
    return {address: (await admin.get(address)).text for address in kept}


async def test_whoever_may_only_look_presses_no_button(site: Site) -> None:
    async with await site.person(Role.VIEWER) as viewer:
        pressed = [
            (address, (await viewer.post(address)).status_code)
            for _, address in site.addresses("POST")
            if not address.startswith(("/api", "/files", *EVERYBODYS))
        ]

    assert len(pressed) > 50
    assert [(address, status) for address, status in pressed if status != 403] == []


@pytest.mark.parametrize("typed", ["x" * 60_000, "a\0b"])
async def test_no_page_is_searched_for_what_no_text_is(site: Site, typed: str) -> None:
    async with await site.person(Role.ADMIN) as admin:
        searched = {
            path: (await admin.get(path, params={"q": typed})).status_code
            for path in ("/stations", "/tokens", "/transactions", "/messages", "/templates")
        }

    assert set(searched.values()) == {422}, searched


async def test_a_form_with_a_character_that_no_text_has_is_refused(site: Site) -> None:
    async with await site.person(Role.ADMIN) as admin:
        refused = await admin.post("/sites/new", data={"name": "Nulla\0"})
        sites = (await admin.get("/sites")).text

    assert refused.status_code == 422
    assert "Nulla" not in sites


async def test_a_code_is_shown_to_nobody_who_may_not_edit_tokens(site: Site) -> None:
    async with await site.program(Role.VIEWER) as program, await site.person(Role.VIEWER) as person:
        answers = [*(await _everything(site, program)).items()]
        answers += (await _everything(site, person)).items()
        looked_for = [
            (await program.get(f"/api/v1/{path}={PIN}")).json()["items"]
            for path in ("tokens?q", "transactions?token", "reservations?token", "swaps?token")
        ]
        guessed = await program.get(f"/api/v1/tokens/{PIN}")

    assert "BY-CODE" in "".join(reply.text for _, reply in answers)
    for address, reply in answers:
        assert PIN not in reply.text, (address, reply.text[:2000])
    assert looked_for == [[], [], [], []]
    assert guessed.status_code == 404


async def test_whoever_edits_tokens_sees_codes_where_they_are_edited(site: Site) -> None:
    async with await site.program(Role.OPERATOR) as operator:
        listed = (await operator.get("/api/v1/tokens")).json()["items"]
        transactions = (await operator.get("/api/v1/transactions")).text
        audit = await operator.get("/api/v1/audit")

    assert PIN in [token["uid"] for token in listed]
    assert PIN not in transactions
    assert PIN not in audit.text
