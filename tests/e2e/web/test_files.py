"""Firmware, logs and messages before a real browser, with stations that upload by themselves."""

import re

import pytest
from playwright.async_api import FilePayload, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = {
    "/firmware": "Firmware",
    "/firmware/images/new": "Add an image",
    "/firmware/roots/new": "Trust a root",
    "/firmware/campaigns/new": "Begin a campaign",
    "/logs": "Files",
    "/messages": "Messages",
    "/stations/OLD-1/files": "OLD-1",
}
IMAGE: FilePayload = {
    "name": "duo.bin",
    "mimeType": "application/octet-stream",
    "buffer": b"version 7.0.0\n",
}


@pytest.mark.parametrize("width", [390, 1600])
async def test_pages_of_files_fit_and_the_browser_has_no_complaint(admin: Page, width: int) -> None:
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


async def test_an_image_is_added_and_a_campaign_for_nobody_is_refused(admin: Page) -> None:
    await admin.goto("/firmware/images/new")
    await admin.get_by_label("Vendor").fill("Nobody")
    await admin.get_by_label("Model").fill("None")
    await admin.get_by_label("Version").fill("7.0.0")
    await admin.get_by_label("Signature").fill("half of what it takes")
    await admin.get_by_label("File").set_input_files(IMAGE)
    await admin.get_by_role("button", name="Add").click()
    await expect(admin.locator(".problem")).to_contain_text("belong together")

    await admin.get_by_label("Vendor").fill("Nobody")
    await admin.get_by_label("Model").fill("None")
    await admin.get_by_label("Version").fill("7.0.0")
    await admin.get_by_label("File").set_input_files(IMAGE)
    await admin.get_by_role("button", name="Add").click()
    await expect(admin.get_by_text("The image was added.")).to_be_visible()

    await admin.get_by_role("link", name="Begin a campaign").click()
    await admin.get_by_label("Vendor").fill("Nobody")
    await expect(admin.locator("#fitting")).to_have_text("0 stations fit.")
    await admin.get_by_role("button", name="Begin").click()
    await expect(admin.locator(".problem")).to_contain_text("no station fits")


async def test_a_log_is_asked_for_comes_and_is_read(admin: Page) -> None:
    await admin.goto("/stations/OLD-1/files")
    await admin.get_by_role("button", name="Ask for it").click()
    await expect(admin.locator(".notice")).to_contain_text("accepted")
    log = admin.locator("#logs").get_by_role("link", name=re.compile("log$"))
    await log.click()

    await expect(admin.locator(".file-text")).to_contain_text("OLD-1")


async def test_messages_of_all_stations_are_found_and_shown_live(admin: Page) -> None:
    await admin.goto("/messages?action=BootNotification&q=nobody-said-this")
    await expect(admin.locator("#log .empty")).to_be_visible()
    await admin.goto("/messages?station=old-1&action=BootNotification")
    await expect(admin.locator("#log li").first).to_contain_text("OLD-1 · BootNotification")
    await expect(admin.locator("#log li").filter(has_text="NEW-1")).to_have_count(0)
