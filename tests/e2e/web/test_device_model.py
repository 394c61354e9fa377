"""An operator keeps stations in step, has them watch something, and is called."""

import pytest
from playwright.async_api import Page, expect

from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.commands import Topic, Trigger
from tests.e2e.web.network import Network

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


RULES_LOOK_MS = 30_000  # the timer looks every few seconds, later on a busy machine


async def test_a_setting_is_found_and_changed_within_its_limits(
    network: Network, admin: Page
) -> None:
    await admin.goto("/stations/NEW-2/settings")
    await admin.get_by_role("searchbox", name="Name of a setting").fill("TxUpdatedInterval")
    setting = admin.locator(".setting")
    await expect(setting).to_have_count(1)
    await expect(setting).to_contain_text("meter_interval")

    await setting.get_by_text("Change").click()
    value = setting.get_by_role("spinbutton")
    await expect(value).to_have_attribute("min", "0")
    await value.fill("7")
    await setting.get_by_role("button", name="Set").click()

    await expect(setting.get_by_role("status")).to_contain_text("Accepted")
    assert network.stations["NEW-2"].settings["sample_interval"] == "7"


async def test_what_a_station_tells_of_its_settings_appears_by_itself(
    network: Network, admin: Page
) -> None:
    await admin.goto("/stations/NEW-1/settings?q=OfflineThreshold")
    setting = admin.locator(".setting")
    await expect(setting).to_contain_text("60")
    network.stations["NEW-1"].settings.override({"offline_threshold": "77"})

    await admin.get_by_role("button", name="Read again").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Read").click()

    await expect(setting).to_contain_text("77")


async def test_a_monitor_is_set_and_what_it_tells_is_seen_live_and_resolved(
    network: Network, admin: Page
) -> None:
    await admin.goto("/stations/NEW-1/monitoring")
    await admin.get_by_label("Variable", exact=True).fill("ChargingStation.Temperature")
    await admin.get_by_label("Value", exact=True).fill("60")
    await admin.get_by_label("Severity", exact=True).select_option("2")
    await admin.get_by_role("button", name="Set").click()
    await expect(admin.locator(".verdict")).to_contain_text("Accepted")
    await expect(admin.locator(".monitors")).to_contain_text("Above")

    await admin.goto("/events")
    hot = {"component": "ChargingStation", "variable": "Temperature", "value": "61"}
    network.stations["NEW-1"].say("senses", **hot)
    await _wake(network, "NEW-1")

    await expect(admin.locator("#results")).to_contain_text("2 System failure")
    alert = admin.locator(".alerts li").filter(has_text="Severe failure")
    await expect(alert).to_contain_text("ChargingStation.Temperature 61", timeout=RULES_LOOK_MS)
    await alert.get_by_text("Treat").click()
    await alert.get_by_placeholder("Note").fill("fan cleaned")
    async with admin.expect_response("**/resolve"):
        await alert.get_by_role("button", name="Resolve").click()
    await expect(admin.get_by_text("Severe failure")).to_have_count(0)
    assert await network.audited("alert.resolve") == ["admin"]


async def test_a_template_shows_who_differs_and_is_pushed(network: Network, admin: Page) -> None:
    await admin.goto("/templates/new")
    await admin.locator("#name").fill("Slow clocks")
    await admin.locator("#stations").fill("OLD-1 NEW-1")
    await admin.locator("#settings").fill("light_intensity = 40\nping_interval")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text("write name = value")).to_be_visible()
    await admin.locator("#settings").fill("light_intensity = 40\nread_items = 7")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_role("heading", level=1)).to_have_text("Slow clocks")
    await expect(admin.locator(".drift")).to_have_count(2)
    await expect(admin.locator(".drift").first).to_contain_text("Station does not have it")

    await admin.get_by_role("button", name="Tell the stations now").click()

    await expect(admin.get_by_text("The stations are being told.")).to_be_visible()
    assert await network.audited("template.push") == ["admin"]


async def _wake(network: Network, identity: str) -> None:
    """What it says by itself leaves with the next thing that happens on its socket."""
    key = StationKey(DEFAULT_TENANT, StationId(identity))
    await network.served.node.engine.commands.tell(key, Trigger(Topic.HEARTBEAT))
