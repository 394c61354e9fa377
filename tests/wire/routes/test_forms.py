"""Forms that were opened some time ago, in pages that others did not wait for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ricarica.access.model import Role
from ricarica.app.wiring import Parts, running_node
from ricarica.testing.tables import empty_database
from tests.wire.routes.forms import form_in, opened, sent
from tests.wire.routes.network import Site, site_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HI = [{"text": "Hi"}]
CITY = {"name": "City", "prices": {"currency": "EUR", "per_kwh": 0.5}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with (
        empty_database() as database,
        running_node(
            Parts(database, through_bytes=True, upkeep_after_boot=timedelta(days=1))
        ) as node,
        site_of(node) as site,
    ):
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def person(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with await site.person(Role.ADMIN) as person:
        yield person


@pytest_asyncio.fixture(loop_scope="module")
async def program(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with await site.program(Role.ADMIN) as program:
        program.base_url = httpx.URL("http://test/api/v1/")
        await program.put("stations/GENOVA-1", json={"status": "accepted"})
        yield program


async def test_a_token_keeps_what_happened_to_it_while_its_label_was_typed(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    await program.post("tokens", json={"uid": "PREPAID-1", "credit": 20, "group": "FLEET"})
    form = await opened(person, "/tokens/PREPAID-1/edit")
    await program.patch("tokens/PREPAID-1", json={"credit": 15.55, "status": "blocked"})

    answer = await sent(person, form, label="Mario", group="")

    token = (await program.get("tokens/PREPAID-1")).json()
    assert answer.status_code == 303
    assert (token["label"], token["group"]) == ("Mario", None)
    assert (token["credit"], token["status"]) == (15.55, "blocked")


async def test_a_form_that_was_refused_once_still_changes_only_what_was_typed(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    await program.post("tokens", json={"uid": "PREPAID-2", "credit": 20})
    form = await opened(person, "/tokens/PREPAID-2/edit")
    await program.patch("tokens/PREPAID-2", json={"credit": 15})
    refused = await sent(person, form, label="Mario", concurrent_max="many")
    again = form_in(refused.text, "/tokens/PREPAID-2/edit")
    await program.patch("tokens/PREPAID-2", json={"credit": 9})

    await sent(person, again, concurrent_max="")

    token = (await program.get("tokens/PREPAID-2")).json()
    assert (refused.status_code, token["label"], token["credit"]) == (422, "Mario", 9)


@pytest.mark.parametrize("expires_at", ["2027-10-31T00:30:59Z", "2027-10-31T01:30:00Z"])
async def test_an_expiry_that_nobody_touched_stays_as_it_is(
    person: httpx.AsyncClient, program: httpx.AsyncClient, expires_at: str
) -> None:
    await program.post("tokens", json={"uid": "TIMED-1"})
    await program.patch("tokens/TIMED-1", json={"expires_at": expires_at})
    form = await opened(person, "/tokens/TIMED-1/edit")

    await sent(person, form, label=expires_at)

    token = (await program.get("tokens/TIMED-1")).json()
    assert (token["label"], token["expires_at"]) == (expires_at, expires_at)


async def test_a_station_that_was_blocked_meanwhile_is_not_let_in_by_its_new_name(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    form = await opened(person, "/stations/GENOVA-1/edit")
    blocked = {"status": "blocked", "labels": ["fleet"]}
    await program.put("stations/GENOVA-1", json=blocked)

    await sent(person, form, name="Piazza", free_charging="1")

    station = (await program.get("stations/GENOVA-1")).json()
    assert (station["name"], station["status"]) == ("Piazza", "blocked")
    assert station["labels"] == ["fleet"]
    assert (await opened(person, "/stations/GENOVA-1/edit")).fields["free_charging"] == "1"


async def test_a_price_that_changed_meanwhile_stays_when_its_tariff_is_renamed(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    tariff = (await program.post("tariffs", json=CITY)).json()["id"]
    form = await opened(person, f"/tariffs/{tariff}/edit")
    prices = {"currency": "EUR", "per_kwh": 0.79}
    await program.patch(f"tariffs/{tariff}", json={"prices": prices})

    await sent(person, form, name="Renamed", per_minute="0.05")

    known = (await program.get(f"tariffs/{tariff}")).json()
    assert known["name"] == "Renamed"
    assert (known["prices"]["per_kwh"], known["prices"]["per_minute"]) == (0.79, 0.05)


@pytest.mark.parametrize(
    ("page", "things", "made", "other"),
    [
        ("sites", "sites", {"name": "Porto"}, {"city": "Genova"}),
        ("tokens/rules", "access-rules", {"group": "NIGHT"}, {"begins": "22:00"}),
        ("tokens/lists", "local-lists", {"group": "FLEET"}, {"station": "GENOVA-1"}),
        ("displays", "displays", {"label": "Hi", "contents": HI}, {"language0": "en"}),
        ("templates", "templates", {"name": "All", "settings": {"A": "1"}}, {"rank": "7"}),
        ("events/rules", "alert-rules", {"name": "X", "kind": "offline"}, {"vendor": "V*"}),
    ],
)
async def test_two_who_edit_the_same_take_nothing_back_from_each_other(
    person: httpx.AsyncClient,
    program: httpx.AsyncClient,
    page: str,
    things: str,
    made: dict[str, Any],
    other: dict[str, str],
) -> None:
    reply = await program.post(things, json=made)
    path = f"/{page}/{reply.json()['id']}/edit"
    one, another = await opened(person, path), await opened(person, path)
    name = "name" if "name" in one.fields else "label"

    first = await sent(person, one, **{name: "First"})
    second = await sent(person, another, **other)

    assert (first.status_code, second.status_code) == (303, 303)
    assert (await opened(person, path)).fields[name] == "First"


async def _count(program: httpx.AsyncClient, things: str) -> int:
    return len((await program.get(things, params={"limit": 200})).json()["items"])


@pytest.mark.parametrize(
    ("page", "action", "typed", "leads_to"),
    [
        ("/tariffs/new", "/tariffs/new", {"name": "Twice"}, "/tariffs?done=tariff-saved"),
        ("/settings", "/settings/api-keys", {"key_name": "Twice"}, "/settings"),
        ("/sites/new", "/sites/new", {"name": "Twice"}, "/sites?done=site-saved"),
    ],
)
async def test_a_second_click_does_nothing_again_and_leads_where_the_first_one_led(
    person: httpx.AsyncClient,
    program: httpx.AsyncClient,
    page: str,
    action: str,
    typed: dict[str, str],
    leads_to: str,
) -> None:
    things = action.split("/")[-1 if "api" in action else 1]
    form, before = await opened(person, page, action), await _count(program, things)
    person.headers["Referer"] = f"http://test{page}"

    both = await asyncio.gather(sent(person, form, **typed), sent(person, form, **typed))
    reloaded = await sent(person, form, **typed)

    assert await _count(program, things) == before + 1
    led = {
        answer.headers["Location"] for answer in (*both, reloaded) if answer.has_redirect_location
    }
    assert (led, reloaded.status_code) == ({leads_to}, 303)
    assert all(answer.is_success or answer.has_redirect_location for answer in both)


async def test_what_came_to_nothing_may_be_tried_again(person: httpx.AsyncClient) -> None:
    form = await opened(person, "/sites/new")
    form.action = "/sites/nowhere/edit"

    answers = [await sent(person, form, name="Nowhere") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_a_form_that_was_refused_is_sent_again_and_other_words_are_another_form(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    form, before = await opened(person, "/sites/new"), await _count(program, "sites")

    refused = [await sent(person, form, name="A", latitude="north") for _ in range(2)]
    made = [await sent(person, form, name=name) for name in ("A", "B")]

    assert [answer.status_code for answer in refused + made] == [422, 422, 303, 303]
    assert await _count(program, "sites") == before + 2


async def test_thousands_are_not_taken_for_units(
    person: httpx.AsyncClient, program: httpx.AsyncClient
) -> None:
    person.cookies.set("lang", "it")
    prices = {"currency": "EUR", "per_kwh": 1.125}
    tariff = (await program.post("tariffs", json={"name": "Fine", "prices": prices})).json()["id"]
    token, price = (
        await opened(person, "/tokens/new"),
        await opened(person, f"/tariffs/{tariff}/edit"),
    )

    credit = await sent(person, token, uid="PREPAID-3", credit="1.000")
    per_kwh = await sent(person, price, per_kwh="1.250")
    renamed = await sent(person, price, name="Finer")

    assert (credit.status_code, per_kwh.status_code, renamed.status_code) == (422, 422, 303)
    assert "Scrivi le migliaia senza segno" in credit.text
    assert (await program.get("tokens/PREPAID-3")).status_code == 404
    assert (await program.get(f"tariffs/{tariff}")).json()["prices"]["per_kwh"] == 1.125
