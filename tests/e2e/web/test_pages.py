import re

import httpx
import pytest
from playwright.async_api import Page, expect

from ricarica.access.model import Role
from tests.e2e.web.network import GUEST, PASSWORDS, Network
from tests.e2e.web.visits import log_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "/": "Overview",
    "/stations": "Stations",
    "/stations/OLD-1": "OLD-1",
    "/stations/OLD-1/settings": "OLD-1",
    "/stations/OLD-1/messages": "OLD-1",
    "/stations/OLD-1/edit": "Edit the station",
    "/stations/new": "Prepare a station",
    "/transactions": "Transactions",
    "/tokens": "Tokens",
    "/tokens/new": "Add a token",
    "/tariffs": "Tariffs",
    "/tariffs/city/edit": "Change the tariff",
    "/pending": "Waiting for approval",
    "/settings": "Settings",
    "/stations/NEW-1/settings": "NEW-1",
    "/stations/NEW-1/monitoring": "NEW-1",
    "/stations/NEW-1/events": "NEW-1",
    "/stations/OLD-1/monitoring": "OLD-1",
    "/events": "Events",
    "/events/rules": "Rules for alerts",
    "/events/rules/ground-failure/edit": "Change the rule",
    "/templates": "Templates of settings",
    "/templates/new": "Add a template",
    "/messages/put-aside": "Messages",
    "/settings/audit": "Settings",
    "/sites": "Sites",
    "/sites/porto/edit": "Change the site",
}


@pytest.mark.parametrize("width", [390, 1600])
async def test_every_page_is_there_and_the_browser_has_no_complaint(
    admin: Page, width: int
) -> None:
    await admin.set_viewport_size({"width": width, "height": 900})
    for path, heading in PAGES.items():
        answer = await admin.goto(path)

        assert answer, "a page is answered"
        assert answer.status == 200, path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        await expect(admin.get_by_role("heading", level=1)).to_have_text(heading)
        assert await admin.evaluate(
            "document.fonts.ready.then(() =>"  # another font, shown until then, may be wider
            " document.documentElement.scrollWidth <= document.documentElement.clientWidth)"
        ), path


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("state", ["waiting", "open", "lost"])
async def test_what_is_said_of_the_connection_fits_on_a_phone(
    admin: Page, network: Network, state: str, language: str
) -> None:
    await admin.set_viewport_size({"width": 390, "height": 900})
    await admin.context.add_cookies([{"name": "lang", "value": language, "url": network.url}])
    await admin.goto("/")
    await expect(admin.locator("html")).to_have_attribute("lang", language)

    width = await admin.locator(".live").evaluate(
        "(live, state) => document.fonts.ready.then(() => {"
        " live.dataset.state = state; return document.documentElement.scrollWidth; })",
        state,
    )

    assert width <= 390


async def test_the_keyboard_leads_everywhere(admin: Page) -> None:
    await admin.goto("/")
    await admin.keyboard.press("g")
    await admin.keyboard.press("s")
    await expect(admin).to_have_url(re.compile("/stations$"))
    await admin.keyboard.press("/")
    await admin.keyboard.type("new-")
    await expect(admin.locator("#results tbody tr")).to_have_count(2)
    await admin.keyboard.press("Escape")
    await admin.keyboard.press("j")
    await admin.keyboard.press("Enter")

    await expect(admin.get_by_role("heading", level=1)).to_have_text("NEW-1")


async def test_the_list_of_stations_is_filtered_as_one_types(admin: Page) -> None:
    await admin.goto("/stations")
    await admin.get_by_label("Identity, name, vendor or model").fill("old")
    await expect(admin.locator("#results tbody tr")).to_have_count(2)
    await expect(admin).to_have_url(re.compile("q=old"))

    await admin.get_by_label("Status").select_option("offline")

    await expect(admin.get_by_text("No station fits")).to_be_visible()


async def test_a_page_speaks_italian_and_keeps_to_it(admin: Page) -> None:
    await admin.goto("/stations")
    await admin.get_by_role("button", name="Italiano").first.click()
    await expect(admin.get_by_role("heading", level=1)).to_have_text("Stazioni")

    await admin.goto("/tariffs")

    await expect(admin.get_by_role("heading", level=1)).to_have_text("Tariffe")


async def test_a_theme_is_chosen_for_good(admin: Page) -> None:
    await admin.goto("/")
    await admin.get_by_role("button", name="Dark").first.click()
    await expect(admin.locator("html")).to_have_attribute("data-theme", "dark")

    await admin.reload()

    await expect(admin.locator("html")).to_have_attribute("data-theme", "dark")


async def test_a_price_that_is_none_comes_back_with_the_reason(admin: Page) -> None:
    await admin.goto("/tariffs/city/edit")
    await admin.get_by_label("per kWh").fill("cheap")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.locator("#per_kwh-problem")).to_contain_text("no number")

    await admin.get_by_label("per kWh").fill("0,515")
    await admin.get_by_role("button", name="Save").click()

    await expect(admin.locator("#tariff-city")).to_contain_text("€0.515")


async def test_a_station_is_prepared_and_a_second_one_of_its_name_is_not(admin: Page) -> None:
    await admin.goto("/stations/new")
    await admin.get_by_label("Identity").fill("LATER-1")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_role("heading", level=1)).to_have_text("LATER-1")

    await admin.goto("/stations/new")
    await admin.get_by_label("Identity").fill("later-1")
    await admin.get_by_role("button", name="Save").click()

    await expect(admin.locator("#id-problem")).to_contain_text("taken")


async def test_a_key_is_shown_once_opens_the_api_and_is_revoked(
    admin: Page, network: Network
) -> None:
    await admin.goto("/settings")
    await admin.locator("#api-keys").get_by_label("Name").fill("Backoffice")
    await admin.get_by_role("button", name="Create a key").click()
    key = await admin.get_by_role("textbox", name="API key").input_value()
    headers = {"Authorization": f"Bearer {key}"}
    before = await admin.request.get(f"{network.url}/api/v1/me", headers=headers)

    await admin.get_by_role("button", name="Revoke Backoffice").click()
    await expect(admin.get_by_role("status")).to_contain_text("revoked")

    after = await admin.request.get(f"{network.url}/api/v1/me", headers=headers)
    assert (before.status, after.status) == (200, 401)


async def test_a_new_password_ends_the_other_sessions(stranger: Page, network: Network) -> None:
    old = PASSWORDS[Role.VIEWER]
    await log_in(stranger, GUEST, old)
    cookies = {
        str(cookie.get("name")): str(cookie.get("value"))
        for cookie in await stranger.context.cookies()
    }
    await stranger.goto("/settings")
    await stranger.get_by_label("Password until now").fill(old)
    await stranger.get_by_label("New password").fill("just-looking-2")
    await stranger.get_by_role("button", name="Change the password").click()
    await expect(stranger.get_by_role("status")).to_contain_text("changed")

    async with httpx.AsyncClient(base_url=network.url, cookies=cookies) as other:
        answer = await other.get("/")

    assert answer.status_code == 303


async def test_an_operator_is_let_in_and_removed_and_that_is_written_down(admin: Page) -> None:
    await admin.goto("/settings")
    people = admin.locator("#operators")
    await people.get_by_label("Name").fill("night shift")
    await people.get_by_label("First password").fill("let-me-in-1")
    await people.get_by_role("button", name="Add an operator").click()
    await people.get_by_role("button", name="Remove night shift").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(admin.get_by_role("status")).to_contain_text("removed")
    await expect(admin.locator("#operators")).not_to_contain_text("night shift")

    await admin.get_by_role("link", name="Who did what").click()

    await expect(admin.locator("#results tbody tr").first).to_contain_text("operator.remove")


async def test_stations_are_found_by_their_labels(admin: Page) -> None:
    await admin.goto("/stations/OLD-2/edit")
    await admin.get_by_label("Labels").fill("Motorway, fast")
    await admin.get_by_role("button", name="Save").click()
    await admin.get_by_role("link", name="motorway").click()

    await expect(admin.locator("#results tbody tr")).to_have_count(1)
    await expect(admin.locator("#results tbody")).to_contain_text("OLD-2")


async def test_which_certificate_a_station_shows_is_said_on_its_form(admin: Page) -> None:
    key = "AB:" * 31 + "AB"
    await admin.goto("/stations/OLD-2/edit")
    await admin.get_by_text("Its certificate", exact=True).click()
    await admin.get_by_label("Common name").fill(" MAKER-7 ")
    await admin.get_by_label("SHA-256 of its public key").fill(key[:-1])
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text("64 hex digits")).to_be_visible()

    await admin.get_by_label("SHA-256 of its public key").fill(key)
    await admin.get_by_role("button", name="Save").click()
    await admin.goto("/stations/OLD-2/edit")

    await expect(admin.get_by_label("Common name")).to_have_value("MAKER-7")
    await expect(admin.get_by_label("SHA-256 of its public key")).to_have_value("ab" * 32)


async def test_what_is_not_there_has_a_page_that_says_so(admin: Page, stranger: Page) -> None:
    for page, path in ((admin, "/stations/NOWHERE"), (stranger, "/nowhere")):
        answer = await page.goto(path)

        assert answer, "a page is answered"
        assert answer.status == 404
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
