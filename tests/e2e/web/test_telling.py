import pytest
from playwright.async_api import Page, expect

from tests.e2e.web.network import Network

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_request_is_filled_in_by_its_schema_and_answered(
    network: Network, admin: Page
) -> None:
    await admin.goto("/stations/NEW-2/call")
    await admin.get_by_role("link", name="GetVariables").click()

    form = admin.locator(".call-form").first
    await form.locator("[name='getVariableData.0.component.name']").fill("OCPPCommCtrlr")
    await form.locator("[name='getVariableData.0.variable.name']").fill("HeartbeatInterval")
    await form.get_by_role("button", name="Add getVariableData").click()
    await expect(form.locator("[data-item]")).to_have_count(2)
    await form.get_by_role("button", name="Remove getVariableData").last.click()
    await form.get_by_role("button", name="As JSON").click()
    await expect(admin.get_by_label("Payload as JSON")).to_have_value(
        '{"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},'
        '"variable":{"name":"HeartbeatInterval"}}]}'
    )
    await form.get_by_role("button", name="Send").click()

    outcome = admin.locator("#call-outcome")
    await expect(outcome.locator(".verdict")).to_contain_text("Accepted")
    await expect(outcome.locator(".answer")).to_contain_text("attributeValue")
    assert await network.audited("station.GetVariables")


async def test_parts_of_an_answer_appear_as_they_come(admin: Page) -> None:
    await admin.goto("/stations/NEW-2/call/GetBaseReport")

    await admin.locator("[name=reportBase]").select_option("FullInventory")
    await admin.locator(".call-form").first.get_by_role("button", name="Send").click()

    report = admin.locator(".report")
    await expect(report).to_contain_text("Complete")
    await expect(report.locator(".answer")).to_contain_text("reportData")


async def test_what_does_not_fit_is_not_sent(admin: Page) -> None:
    await admin.goto("/stations/NEW-2/call/Reset")

    await admin.get_by_label("Payload as JSON").fill('{"type":"Sideways"}')
    await admin.locator(".call-form").last.get_by_role("button", name="Send").click()

    verdict = admin.locator("#call-outcome .verdict")
    await expect(verdict).to_contain_text("Not sent")
    await expect(verdict).to_contain_text("$.type")


async def test_many_stations_are_told_once_it_was_seen_which(admin: Page) -> None:
    await admin.goto("/commands/new")
    await admin.get_by_label("Only these").fill("new-2 old-2")
    await admin.get_by_label("Stations a minute").fill("6000")
    await admin.get_by_role("button", name="See who fits").click()
    await expect(admin.get_by_role("status")).to_contain_text("NEW-2, OLD-2")

    await admin.get_by_role("button", name="Tell 2 stations").click()

    await expect(admin.locator("#job")).to_contain_text("Done", timeout=15_000)
    await expect(admin.locator("#job tbody tr")).to_have_count(2)
    await expect(admin.locator("#job tbody")).to_contain_text("Accepted")
