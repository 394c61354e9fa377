"""Who may charge, what is held and what is shown, by somebody at a screen."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.web.network import Network

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "/tokens/groups": "Tokens",
    "/tokens/rules": "Tokens",
    "/tokens/rules/new": "Add a rule",
    "/tokens/lists": "Tokens",
    "/tokens/lists/new": "Add a list",
    "/tokens/attempts": "Tokens",
    "/tokens/04E2E0000001/customer": "What stations know",
    "/displays": "Displays",
    "/displays/new": "Add a message",
    "/stations/NEW-2/access": "NEW-2",
    "/stations/NEW-2/displays": "NEW-2",
    "/stations/OLD-2/displays": "OLD-2",
}


@pytest.mark.parametrize("width", [390, 1600])
async def test_every_page_is_there_and_fits(admin: Page, width: int) -> None:
    await admin.set_viewport_size({"width": width, "height": 900})
    for path, heading in PAGES.items():
        answer = await admin.goto(path)

        assert answer, "a page is answered"
        assert answer.status == 200, path
        await expect(admin.get_by_role("heading", level=1)).to_have_text(heading)
        assert await admin.evaluate(
            "document.fonts.ready.then(() =>"  # another font, shown until then, may be wider
            " document.documentElement.scrollWidth <= document.documentElement.clientWidth)"
        ), path


async def test_a_rule_is_laid_down_and_removed(admin: Page) -> None:
    await admin.goto("/tokens/rules/new")
    await admin.get_by_label("Name").fill("By night")
    await admin.get_by_label("Group").fill("NIGHT")
    await admin.get_by_label("Begins").fill("22:00")
    await admin.get_by_label("Ends").fill("06:00")
    await admin.get_by_label("Sat").check()
    await admin.get_by_role("button", name="Save").click()

    row = admin.get_by_role("row", name=re.compile("By night"))
    await expect(row).to_contain_text("22:00–06:00")
    await expect(row).to_contain_text("Sat")
    await row.get_by_role("link", name="By night").click()
    await expect(admin.get_by_label("Sat")).to_be_checked()
    await admin.get_by_role("button", name="Remove the rule").click()
    await expect(admin).to_have_url(re.compile("/tokens/rules"))
    await expect(admin.get_by_role("row", name=re.compile("By night"))).to_have_count(0)


async def test_what_cannot_be_is_said_where_it_was_typed(admin: Page) -> None:
    await admin.goto("/tokens/rules/new")
    await admin.get_by_label("Name").fill("Nonsense")
    await admin.get_by_label("EVSE").fill("1")
    await admin.get_by_role("button", name="Save").click()

    await expect(admin.get_by_role("alert")).to_contain_text("name the station too")
    await expect(admin.get_by_label("Name")).to_have_value("Nonsense")


async def test_who_was_unknown_becomes_a_token(admin: Page, network: Network) -> None:
    network.stations["OLD-2"].present("04FFEEDD01", 2)
    await expect_after_reload(admin, "/tokens/attempts", "04FFEEDD01")

    row = admin.get_by_role("row", name=re.compile("04FFEEDD01"))
    await row.get_by_role("link", name="Make this a token").first.click()
    await admin.get_by_label("Label").fill("Found at OLD-2")
    await admin.get_by_role("button", name="Save").click()

    await expect(admin.get_by_role("row", name=re.compile("04FFEEDD01"))).to_contain_text(
        "Found at OLD-2"
    )


async def test_an_evse_is_reserved_and_let_go(admin: Page) -> None:
    await admin.goto("/stations/NEW-2/access")
    await admin.get_by_role("combobox", name="Token").fill("04E2E0000001")
    await admin.get_by_label("EVSE").select_option("2")
    await admin.get_by_role("button", name="Reserve").click()

    held = admin.get_by_role("row", name=re.compile("04E2E0000001"))
    await expect(held).to_contain_text("Held")
    await held.get_by_role("button", name="Cancel it").click()
    await expect(admin.get_by_role("row", name=re.compile("Cancelled"))).to_have_count(1)


async def test_a_message_that_shall_be_shown_is_at_the_station(admin: Page) -> None:
    await admin.goto("/displays/new")
    await admin.get_by_label("Name").fill("Welcome")
    await admin.get_by_label("Text").first.fill("Welcome, drivers")
    await admin.locator("#station").fill("NEW-2")
    await admin.get_by_role("button", name="Save").click()
    await expect_after_reload(admin, "/stations/NEW-2/displays", "Welcome, drivers")

    await expect(admin.get_by_role("row", name=re.compile("Welcome, drivers"))).to_contain_text(
        "Welcome"
    )


async def test_a_viewer_sees_masked_numbers(viewer: Page) -> None:
    await viewer.goto("/tokens/attempts")

    await expect(viewer.locator("#results")).not_to_contain_text("04FFEEDD01")
    await expect(viewer.get_by_role("link", name="Make this a token")).to_have_count(0)


async def expect_after_reload(page: Page, path: str, text: str) -> None:
    """A station takes a moment to answer, and these pages stand still."""
    for _ in range(20):
        await page.goto(path)
        try:
            await expect(page.get_by_text(text).first).to_be_visible(timeout=500)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{text} never appeared at {path}")
