"""An operator limits a station, and sees what comes of it."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.web.network import Network

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.usecase("K01", "K08", "K10")
async def test_a_limit_is_set_seen_and_removed(admin: Page, network: Network) -> None:
    await admin.goto("/stations/GRID-1/energy?evse=1")

    await admin.get_by_label("Limit", exact=True).first.fill("10")
    await admin.locator("form[action$='/energy/limit']").get_by_role("button", name="Set").click()
    row = admin.locator("#energy-state tr", has_text="Every transaction")
    await expect(row).to_contain_text("10 A")
    await expect(row).to_contain_text("Installed")
    assert [profile.purpose for profile in network.stations["GRID-1"].core.profiles] == [
        "TxDefaultProfile"
    ]

    await admin.get_by_role("button", name="Ask the station").click()
    await expect(admin.locator("#energy-state")).to_contain_text("As the station told")

    await row.get_by_role("button", name="Remove").click()
    await expect(admin.locator("#energy-state")).to_contain_text("No charging profile")
    assert "admin" in await network.audited("station.set-profile")


async def test_what_makes_no_sense_is_said_beside_the_form(admin: Page) -> None:
    await admin.goto("/stations/GRID-1/energy")

    await admin.get_by_label("Limit", exact=True).first.fill("3")
    await admin.locator("form[action$='/energy/limit']").get_by_role("button", name="Set").click()

    await expect(admin.locator("#energy-outcome")).to_contain_text("6 at least")


async def test_who_only_looks_has_nothing_to_set(viewer: Page) -> None:
    await viewer.goto("/stations/GRID-1/energy")

    await expect(viewer.get_by_role("heading", name="What will hold")).to_be_visible()
    await expect(viewer.get_by_role("button", name="Set")).to_have_count(0)
    await viewer.goto("/energy")
    await expect(viewer.get_by_role("heading", name="Energy")).to_be_visible()
