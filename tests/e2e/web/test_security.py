"""An operator looks after the security of stations."""

import pytest
from playwright.async_api import Locator, Page, expect

from ricarica.simulator.blocks.certificates import STATION, held_by
from ricarica.simulator.blocks.security import Networks
from tests.e2e.web.network import Network

pytestmark = pytest.mark.asyncio(loop_scope="session")
LOOKS = 50


async def again(page: Page, address: str, place: Locator, text: str) -> None:
    """Look until it is there: a station needs a moment."""
    for _ in range(LOOKS):
        await page.goto(address)
        if await place.count() and text in await place.first.inner_text():
            return
    raise AssertionError(f"{text} never came")


@pytest.mark.usecase("A04")
async def test_an_event_is_seen_and_marked_as_seen(admin: Page, network: Network) -> None:
    network.stations["NEW-2"].say("security_event", kind="MemoryExhaustion", info="98 %")
    row = admin.locator("tr", has_text="MemoryExhaustion")
    await again(admin, "/security?show=open", row, "MemoryExhaustion")
    await row.get_by_role("button", name="Mark as seen").click()

    await expect(admin.get_by_text("The events were marked as seen.")).to_be_visible()
    await expect(row).to_contain_text("admin")
    await admin.goto("/security?show=open")
    await expect(row).to_have_count(0)


@pytest.mark.usecase("A02")
async def test_a_station_is_asked_for_a_certificate_and_has_it(
    admin: Page, network: Network
) -> None:
    await admin.goto("/stations/NEW-2/security")

    await admin.get_by_role("button", name="Have it ask for a new one").click()
    await expect(admin.get_by_text("follows by itself")).to_be_visible()
    row = admin.locator("tr", has_text="Connection to this server")
    await again(admin, "/stations/NEW-2/security", row, "In use")

    assert STATION in held_by(network.stations["NEW-2"].core).own


@pytest.mark.usecase("B09")
async def test_a_network_profile_is_made_and_put_into_a_slot(admin: Page, network: Network) -> None:
    await admin.goto("/security/networks")
    await admin.get_by_label("Name").fill("elsewhere")
    await admin.get_by_label("Address").fill("http://csms.example.com")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_role("alert")).to_contain_text("wss://")
    await admin.get_by_label("Address").fill("wss://csms.example.com")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_role("link", name="elsewhere")).to_be_visible()

    await admin.goto("/stations/GRID-1/security")
    await admin.get_by_role("button", name="Put it there").click()

    slot = admin.locator(".slot", has_text="elsewhere")
    await again(admin, "/stations/GRID-1/security", slot, "put there")
    assert set(network.stations["GRID-1"].core.memory(Networks).slots) == {2}


async def test_the_doctor_says_why_nobody_came(admin: Page) -> None:
    await admin.goto("/security/doctor")

    await admin.get_by_placeholder("Identity of a station").fill("NOWHERE-1")
    await admin.get_by_role("button", name="Examine").click()

    await expect(admin.get_by_text("Nobody has registered NOWHERE-1")).to_be_visible()


async def test_who_only_looks_changes_nothing(viewer: Page) -> None:
    await viewer.goto("/stations/OLD-1/security")

    await expect(viewer.get_by_role("heading", name="How it is")).to_be_visible()
    await expect(viewer.get_by_role("button", name="Give it a new password")).to_have_count(0)
    await viewer.goto("/security/networks")
    await expect(viewer.get_by_role("button", name="Save")).to_have_count(0)
