import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.web.network import CARD, Network
from tests.e2e.web.visits import start_charging

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOME_ENERGY = re.compile(r"0\.0[1-9]|0\.[1-9]")


def figure(page: Page, name: str) -> Locator:
    return page.locator(".evse").first.locator(".evse-figures > div", has_text=name).locator("dd")


@pytest.mark.parametrize("station", ["OLD-1", "NEW-1"])
async def test_a_station_charges_before_ones_eyes_and_is_stopped_from_its_page(
    network: Network, admin: Page, station: str
) -> None:
    await start_charging(admin, station, CARD)
    await admin.evaluate("window.isTheSamePage = true")

    evse = admin.locator(".evse").first
    await expect(evse.locator(".status")).to_contain_text("Charging")
    await expect(figure(admin, "Energy")).to_contain_text(SOME_ENERGY)
    await expect(figure(admin, "Cost")).to_contain_text("€")

    await evse.get_by_role("button", name="Stop").click()
    dialog = admin.get_by_role("dialog")
    await dialog.get_by_role("button", name="Stop").click()
    await expect(dialog.locator(".verdict")).to_contain_text("Accepted")
    await dialog.get_by_role("button", name="Close").click()
    await expect(evse).to_contain_text("No transaction")
    assert await admin.evaluate("window.isTheSamePage")
    assert await network.audited("station.stop")


async def test_a_transaction_grows_on_its_page_and_ends_with_a_bill(admin: Page) -> None:
    await start_charging(admin, "OLD-2", CARD)
    await admin.locator(".evse").first.get_by_role("link", name="Details").click()
    await expect(admin).to_have_url(re.compile("/transactions/"))

    await expect(admin.locator("#transaction .hero dd").first).to_contain_text(SOME_ENERGY)
    await admin.get_by_role("button", name="Stop charging").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Stop").click()

    await expect(admin.locator("#transaction .hero .note")).to_contain_text("Ended")
    await expect(admin.locator(".bill .total")).to_contain_text("€")
    await expect(admin.locator("time-chart")).to_be_visible()
    await admin.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(admin.get_by_role("button", name="Stop charging")).to_be_hidden()
    await expect(admin.get_by_text("Set limits")).to_be_hidden()


async def test_the_overview_shows_a_transaction_as_soon_as_it_begins_and_the_station_stops_it(
    admin: Page,
) -> None:
    await admin.goto("/")
    await expect(admin.locator("#running")).not_to_contain_text("EVIL-1")

    second = await admin.context.new_page()
    await start_charging(second, "EVIL-1", CARD)
    await admin.bring_to_front()
    await expect(admin.locator("#running")).to_contain_text("EVIL-1")
    await expect(admin.locator("#figures .hero dd").first).to_contain_text(re.compile("[1-9]"))

    # The dialog was made before the transaction began.
    await second.bring_to_front()
    await second.get_by_role("button", name="Stop charging").click()
    await second.get_by_role("dialog").get_by_role("button", name="Stop").click()
    await expect(second.get_by_role("dialog").locator(".verdict")).to_contain_text("Accepted")


async def test_new_messages_appear_in_the_log_by_themselves(admin: Page) -> None:
    await admin.goto("/stations/NEW-2/messages")
    log = admin.locator("#log")
    await expect(log).to_contain_text("BootNotification")
    await expect(log).not_to_contain_text("ClearCache")

    second = await admin.context.new_page()
    await second.goto("/stations/NEW-2")
    await second.get_by_role("button", name="Clear the token cache").click()
    await second.get_by_role("dialog").get_by_role("button", name="Clear").click()

    await admin.bring_to_front()
    await expect(log).to_contain_text("ClearCache")


async def test_settings_are_read_and_written(network: Network, admin: Page) -> None:
    await admin.goto("/stations/OLD-2/settings")
    await admin.get_by_role("button", name="Read again").click()
    dialog = admin.get_by_role("dialog")
    await dialog.get_by_role("button", name="Read").click()
    await expect(dialog.locator(".verdict")).to_contain_text("Accepted")
    await admin.reload()

    setting = admin.locator(".setting", has_text="HeartbeatInterval").first
    await setting.locator("summary").click()
    await setting.get_by_label("HeartbeatInterval").fill("321")
    await setting.get_by_role("button", name="Set").click()

    await expect(admin.locator(".setting .verdict")).to_contain_text("Accepted")
    assert network.stations["OLD-2"].settings["heartbeat_interval"] == "321"


async def test_a_station_that_waits_is_let_in(admin: Page) -> None:
    await admin.goto("/pending")
    await admin.locator(".inbox").get_by_label("Name").fill("Behind the town hall")
    await admin.get_by_role("button", name="Approve").click()

    await expect(admin.get_by_role("status").filter(has_text="approved")).to_be_visible()
    await admin.goto("/stations/STRANGER-1")
    await expect(admin.locator("#evses")).to_contain_text("Preparing")
