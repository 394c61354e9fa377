"""Forms before somebody who is impatient, slow, or changes their mind."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_button_that_is_pressed_twice_sends_its_form_once(admin: Page) -> None:
    sent: list[str] = []
    answered = asyncio.Event()

    async def answer_slowly(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            await answered.wait()
        await route.continue_()

    await admin.goto("/sites/new")
    await admin.route("**/sites/new", answer_slowly)
    await admin.get_by_label("Name").fill("Pressed twice")
    place = await admin.get_by_role("button", name="Save").bounding_box()
    assert place, "the button is seen"
    for _ in range(2):  # by hand: a locator would wait for the first answer
        await admin.mouse.click(place["x"] + 9, place["y"] + 9)
    answered.set()

    await expect(admin.get_by_role("status").first).to_be_visible()
    await expect(admin).to_have_url(re.compile("/sites"))
    assert len(sent) == 1


async def test_a_key_is_made_once_however_often_its_page_is_loaded_again(admin: Page) -> None:
    await admin.goto("/settings")
    await admin.locator("#api-keys").get_by_label("Name").fill("Reloaded")
    await admin.get_by_role("button", name="Create a key").click()
    await expect(admin.get_by_role("textbox", name="API key")).to_be_visible()

    await admin.evaluate("location.reload()")

    await expect(admin.get_by_role("textbox", name="API key")).to_have_count(0)
    await expect(admin.get_by_role("button", name="Revoke Reloaded")).to_have_count(1)


async def test_the_language_changes_on_a_page_that_answers_a_form_too(admin: Page) -> None:
    await admin.goto("/settings")
    people = admin.locator("#operators")
    await people.get_by_label("Name").fill("zoe")
    await people.get_by_label("First password").fill("short")
    await people.locator("form").last.evaluate("form => form.noValidate = true")
    await people.get_by_role("button", name="Add an operator").click()
    await expect(admin.locator("#operator_password-problem")).to_be_visible()

    await admin.get_by_role("button", name="Italiano").first.click()

    await expect(admin).to_have_url(re.compile("/settings$"))
    await expect(admin.locator("html")).to_have_attribute("lang", "it")


async def test_what_was_typed_survives_a_stream_that_was_refused(admin: Page) -> None:
    refused: list[str] = []

    async def refuse_once(route: Route) -> None:
        if refused:
            await route.continue_()
        else:
            refused.append(route.request.url)
            await route.fulfill(status=408, body="")

    await admin.route("**/live?*", refuse_once)
    await admin.goto("/stations/NEW-1/call/DataTransfer")
    await admin.locator("[name=vendorId]").first.fill("typed for ten minutes")

    await expect(admin.locator(".live").first).to_have_attribute("data-state", "open")
    await expect(admin.locator("[name=vendorId]").first).to_have_value("typed for ten minutes")


async def test_what_was_typed_survives_the_end_of_the_session(admin: Page) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, body="")

    await admin.route("**/live?*", refuse)
    await admin.goto("/stations/NEW-1/call/DataTransfer")
    await admin.locator("[name=vendorId]").first.fill("typed for ten minutes")

    await expect(admin.locator(".alert")).to_contain_text("Your session has ended")
    await expect(admin.locator("[name=vendorId]").first).to_have_value("typed for ten minutes")


async def test_a_selection_drawn_out_of_a_dialog_leaves_it_open(admin: Page) -> None:
    await admin.goto("/stations/NEW-1")
    await admin.locator("button[data-opens='command-start']").first.click()
    dialog = admin.get_by_role("dialog")
    field = dialog.get_by_label("Token")
    await field.fill("ABCDEF")
    place = await field.bounding_box()
    assert place, "the field is seen"

    await admin.mouse.move(place["x"] + 40, place["y"] + 9)
    await admin.mouse.down()
    await admin.mouse.move(5, place["y"] + 9, steps=4)
    await admin.mouse.up()
    await expect(dialog).to_be_visible()

    await admin.mouse.click(5, 300)
    await expect(dialog).to_have_count(0)
