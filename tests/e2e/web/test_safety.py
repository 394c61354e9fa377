import re
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import Page, expect

from ricarica.access.model import SESSION_COOKIE, Role
from tests.e2e.web.network import CARD, PASSWORDS, PICTURE, SCRIPT, Network
from tests.e2e.web.visits import log_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = f'"><{SCRIPT}/..'


async def session(page: Page) -> str:
    cookies = {cookie.get("name"): cookie for cookie in await page.context.cookies()}
    return str(cookies[SESSION_COOKIE].get("value"))


async def test_the_session_cannot_be_read_by_a_script(stranger: Page) -> None:
    await log_in(stranger, "admin", PASSWORDS[Role.ADMIN])

    [cookie] = [c for c in await stranger.context.cookies() if c.get("name") == SESSION_COOKIE]

    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Lax")


async def test_after_the_login_one_is_where_one_wanted_to_go(stranger: Page) -> None:
    await stranger.goto("/stations/NEW-1?x=1")
    await expect(stranger).to_have_url(re.compile("/login"))
    await stranger.get_by_label("Name").fill("admin")
    await stranger.get_by_label("Password").fill("wrong-password")
    await stranger.keyboard.press("Enter")
    await expect(stranger.get_by_role("alert")).to_contain_text("wrong")

    await stranger.get_by_label("Password").fill(PASSWORDS[Role.ADMIN])
    await stranger.keyboard.press("Enter")

    await expect(stranger).to_have_url(re.compile(r"/stations/NEW-1\?x=1"))


async def test_a_login_leads_to_no_other_site(stranger: Page, network: Network) -> None:
    await stranger.goto("/login?next=//evil.example/")
    await stranger.get_by_label("Name").fill("admin")
    await stranger.get_by_label("Password").fill(PASSWORDS[Role.ADMIN])
    await stranger.keyboard.press("Enter")

    await expect(stranger).to_have_url(f"{network.url}/")


async def test_what_stations_and_people_write_is_never_run(admin: Page) -> None:
    await admin.goto("/tokens/new")
    await admin.get_by_label("Number").fill(HOSTILE)
    await admin.get_by_label("Label").fill(PICTURE)
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.get_by_text(HOSTILE).first).to_be_visible()

    for path in ("/", "/stations", "/stations/EVIL-1", "/stations/EVIL-1/messages"):
        await admin.goto(path)
        assert await admin.evaluate("window.hacked") is None
    await admin.goto("/stations/EVIL-1")
    await expect(admin.get_by_text(PICTURE)).to_be_visible()
    await expect(admin.locator(".facts").first).to_contain_text(SCRIPT)


async def test_names_with_slashes_have_addresses_too(admin: Page) -> None:
    await admin.goto("/tokens/new")
    await admin.get_by_label("Number").fill("A/B")
    await admin.get_by_role("button", name="Save").click()
    await admin.get_by_role("button", name="Block A/B").click()

    await expect(admin.get_by_role("status")).to_contain_text("blocked")
    await admin.goto(f"/tokens/{quote('A/B', safe='')}/edit")
    await expect(admin.get_by_role("heading", name="A/B")).to_be_visible()


async def test_a_viewer_sees_and_cannot_tell(viewer: Page, network: Network) -> None:
    await viewer.goto("/stations/NEW-1")
    await expect(viewer.get_by_text("needs an operator")).to_be_visible()
    await expect(viewer.get_by_role("button", name="Start")).to_have_count(0)

    refused = await viewer.evaluate(
        """async () => {
            const form = document.querySelector('[name=csrf_token]');
            const body = new URLSearchParams({csrf_token: form.value, mode: 'hard'});
            const answer = await fetch('/stations/NEW-1/commands/reset', {method: 'POST', body});
            return answer.status;
        }"""
    )

    assert refused == 403
    assert await network.audited("station.reset") == []
    for path in ("/stations/new", "/tokens/new", "/tariffs/new", "/stations/NEW-1/edit"):
        answer = await viewer.goto(path)
        assert answer, "a page is answered"
        assert answer.status == 403
    await viewer.goto("/settings")
    await expect(viewer.get_by_text("API keys")).to_have_count(0)


async def test_a_form_from_elsewhere_is_refused(admin: Page, network: Network) -> None:
    cookies = {SESSION_COOKIE: await session(admin)}
    async with httpx.AsyncClient(base_url=network.url, cookies=cookies) as client:
        without = await client.post(f"/tokens/{CARD}/block")
        foreign = await client.post(
            "/preferences", data={"theme": "dark"}, headers={"Sec-Fetch-Site": "cross-site"}
        )

    assert (without.status_code, foreign.status_code) == (400, 400)


async def test_whoever_logs_out_is_out(stranger: Page, network: Network) -> None:
    await log_in(stranger, "admin", PASSWORDS[Role.ADMIN])
    token = await session(stranger)
    await stranger.get_by_role("button", name="Log out").first.click()
    await expect(stranger.get_by_role("status")).to_contain_text("logged out")

    async with httpx.AsyncClient(base_url=network.url, cookies={SESSION_COOKIE: token}) as client:
        answer = await client.get("/")

    assert answer.status_code == 303
