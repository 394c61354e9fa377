"""Payments, prices at stations, swapped batteries: what operators and drivers see of them."""

from decimal import Decimal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ricarica.access.model import system_actor
from ricarica.authorization.model import TokenRef
from ricarica.billing.facts import Settled
from ricarica.billing.model import (
    Channel,
    Payment,
    PaymentState,
    SettlementStatus,
    WebPayments,
)
from ricarica.billing.totp import totp
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey
from ricarica.slices import Slices
from ricarica.swaps.facts import BatteriesMoved, Movement
from ricarica.swaps.model import Battery
from tests.e2e.web.network import CARD, PICTURE, SCRIPT, Network

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

D = Decimal
STATION = StationKey(DEFAULT_TENANT, StationId("EVIL-1"))
SECRET = "a secret of both sides"
RECEIPT = "/receipts/nobody-guesses"
TEMPLATE = "https://charge.example/pay?station={chargingstationid}&totp={totp}&v={version}"
PAGES = ("/swaps", "/stations/EVIL-1/money", "/stations/OLD-2/money", f"/tokens/{CARD}/edit")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def nasty(network: Network) -> None:
    """Somebody paid and swapped at a station whose names are scripts."""

    async def paid(slices: Slices) -> None:
        now = slices.now
        terminal, held = Channel.TERMINAL, PaymentState.AUTHORIZED
        for reference, secret in ((PICTURE, None), ("psp-1", "nobody-guesses")):
            payment = Payment(
                STATION,
                reference,
                terminal,
                held,
                now,
                now,
                authorized=D(30),
                currency="EUR",
                secret=secret,
            )
            await slices.billing.begin(payment)
        await slices.billing.set_web(WebPayments(STATION, TEMPLATE, now, SECRET))
        await slices.swaps.set_capacity(STATION, D(2000))

    async def done(slices: Slices) -> None:
        now = slices.now
        failed = Settled(STATION, PICTURE, SettlementStatus.FAILED, D(3), now, now, detail=SCRIPT)
        settled = Settled(STATION, "psp-1", SettlementStatus.SETTLED, D("3.50"), now, now)
        await slices.billing.settle(failed)
        await slices.billing.settle(settled)
        battery = Battery(PICTURE, EvseNumber(1), D(15), D(91), None, SCRIPT)
        moved = BatteriesMoved(STATION, Movement.IN, 7, TokenRef(CARD), (battery,), now)
        await slices.swaps.record(moved)

    engine = network.served.node.engine
    for work in (paid, done):
        await engine.carry_out(system_actor(), work, station=STATION)


@pytest.mark.parametrize("width", [390, 1600])
async def test_every_page_fits_and_runs_no_script(admin: Page, width: int) -> None:
    await admin.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        answer = await admin.goto(path)

        assert answer, "a page is answered"
        assert answer.status == 200, path
        assert await admin.evaluate("window.hacked") is None, path
        await admin.wait_for_function(
            "document.fonts.ready.then(() =>"  # another font, shown until then, may be wider
            " document.documentElement.scrollWidth <= document.documentElement.clientWidth)"
        )


async def test_a_failed_payment_and_a_battery_are_shown_at_their_station(admin: Page) -> None:
    await admin.goto("/stations/EVIL-1/money")

    await expect(admin.get_by_role("heading", name="Slots")).to_be_visible()
    await expect(admin.get_by_text(PICTURE).first).to_be_visible()
    await expect(admin.locator("main")).to_contain_text("Failed")
    await expect(admin.locator("main")).to_contain_text("15 %")


async def test_a_driver_sees_the_receipt_without_a_login(stranger: Page, network: Network) -> None:
    answer = await stranger.goto(RECEIPT)
    missing = await stranger.goto("/receipts/guessed")

    assert answer
    assert missing
    assert (answer.status, missing.status) == (200, 404)
    await stranger.goto(RECEIPT)
    await expect(stranger.locator("main")).to_contain_text("3.50")
    year = network.served.node.parts.clock.now().year  # it is kept, and read in other years too
    await expect(stranger.locator("time").first).to_contain_text(f"{year}, ")


async def test_a_fresh_code_leads_to_the_price_and_an_old_one_does_not(
    stranger: Page, network: Network
) -> None:
    web = WebPayments(STATION, TEMPLATE, network.served.node.parts.clock.now(), SECRET)
    now = network.served.node.parts.clock.now()
    code = totp(SECRET, now, web.validity, web.length)

    fresh = await stranger.goto(f"/pay?station=EVIL-1&totp={code}")
    assert fresh
    assert fresh.status == 200
    await expect(stranger.locator("main")).to_contain_text("0.45")
    old = await stranger.goto("/pay?station=EVIL-1&totp=0000000x")
    assert old
    assert old.status == 403


async def test_pages_speak_italian(network: Network) -> None:
    async with httpx.AsyncClient(base_url=network.url) as driver:
        answer = await driver.get(RECEIPT, headers={"Accept-Language": "it"})

    assert 'lang="it"' in answer.text
    assert "Ricevuta" in answer.text


async def test_a_viewer_changes_no_limit_price_or_slot(viewer: Page) -> None:
    for path in ("/stations/EVIL-1/money", "/swaps"):
        await viewer.goto(path)

        await expect(viewer.locator("main form[method=post]")).to_have_count(0)


async def test_a_limit_is_set_to_what_charges(admin: Page, network: Network) -> None:
    network.stations["NEW-2"].present(CARD, 1)
    await admin.goto("/transactions?station=NEW-2")
    link = admin.locator("#results tbody a[href^='/transactions/']").first
    for _ in range(20):
        if await link.count():
            break
        await admin.wait_for_timeout(500)
        await admin.reload()
    await link.click()
    await admin.get_by_text("Set limits").click()
    await admin.locator("#limit-kwh").fill("12.5")
    await admin.get_by_role("button", name="Set", exact=True).click()

    await expect(admin.locator("#limits-title + dl")).to_contain_text("12.5")
    assert "admin" in await network.audited("transaction.limit")


async def test_a_token_is_given_credit(admin: Page) -> None:
    await admin.goto("/tokens/new")
    await admin.get_by_label("Number").fill("PREPAID-1")
    await admin.get_by_label("Prepaid").fill("-1x")
    await admin.get_by_role("button", name="Save").click()
    await expect(admin.locator("main")).to_contain_text("This is no number.")
    await admin.get_by_label("Prepaid").fill("20,5")
    await admin.get_by_label("Tariff").select_option("city")
    await admin.get_by_role("button", name="Save").click()

    await admin.goto("/tokens/PREPAID-1/edit")
    await expect(admin.get_by_label("Prepaid")).to_have_value("20.5")
    await expect(admin.get_by_label("Tariff")).to_have_value("city")
