"""Stations and tokens whose names an address has to have encoded."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import pytest_asyncio

from ricarica.access.model import Role
from ricarica.app.wiring import Parts, running_node
from ricarica.ocpp.dialects import V21
from ricarica.testing.tables import empty_database
from ricarica.web.addresses import path_to
from tests.wire.routes.network import Site, site_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("A#1", "what?", "50 %", "桩-1")
FORMS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("energy/rule", "energy", {"power_kw": "11"}),
    ("access/send-list", "access", {}),
    ("money/counting", "money", {"counts": "yes"}),
    ("swaps/capacity", "money", {"capacity": "20"}),
    ("security/give-up", "security", {}),
)
PAGES = ("", "edit", "energy", "access", "money", "security", "settings", "messages", "events")
OF_NAMES = re.compile(r'(?:href|action|hx-get|hx-post|data-live)="([^"]*)"')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with (
        empty_database() as database,
        running_node(
            Parts(database, through_bytes=True, upkeep_after_boot=timedelta(days=1))
        ) as node,
        site_of(node) as site,
    ):
        async with await site.program(Role.ADMIN) as program:
            for name in NAMES:
                path = f"/api/v1/stations/{quote(name, safe='')}"
                reply = await program.put(path, json={"status": "accepted"})
                assert reply.is_success, reply.text
                await site.connect(name, V21)
        yield site


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form,page,typed", FORMS)
async def test_a_form_leads_back_to_the_station(
    site: Site, name: str, form: str, page: str, typed: dict[str, str]
) -> None:
    async with await site.person(Role.ADMIN) as person:
        answer = await person.post(path_to("stations", name, *form.split("/")), data=typed)

        assert answer.status_code in (303, 422), answer.text[:2000]
        if answer.status_code == 303:
            where = answer.headers["Location"]
            assert where.partition("?")[0] == path_to("stations", name, page)
            assert (await person.get(where)).status_code == 200


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_names_a_station_on_its_pages_has_it_encoded(site: Site, name: str) -> None:
    async with await site.person(Role.ADMIN) as person:
        pages = [
            await person.get(path_to("stations", name, *filter(None, (page,)))) for page in PAGES
        ]

    for page in pages:
        assert page.status_code == 200, page.url
        named = [address for address in OF_NAMES.findall(page.text) if name in address]
        assert named == [], page.url


@pytest.mark.parametrize("name", NAMES)
async def test_the_login_leads_back_to_the_station(site: Site, name: str) -> None:
    async with await site.person(Role.ADMIN) as person:
        token = dict(person.cookies)
        person.cookies.clear()
        asked = await person.get(path_to("stations", name))
        person.cookies.update(token)
        on = await person.get(asked.headers["Location"])

    assert on.headers["Location"] == path_to("stations", name)
