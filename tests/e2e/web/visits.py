"""Someone before a screen, who notices whatever the browser complains about."""

from types import TracebackType
from typing import Self

from playwright.async_api import Browser, ConsoleMessage, Error, Page, expect

from ricarica.access.model import SESSION_COOKIE, Role
from tests.e2e.web.network import Network

PATIENCE_MS = 15_000  # a busy machine shows a live page after a few seconds
REFUSALS = ("status of 40", "status of 42")  # the browser tells of answers that tests ask for


class Visit:
    def __init__(self, network: Network, browser: Browser, role: Role | None = None) -> None:
        self._network = network
        self._browser = browser
        self._role = role
        self.complaints: list[str] = []

    async def __aenter__(self) -> Self:
        expect.set_options(timeout=PATIENCE_MS)
        self.context = await self._browser.new_context(
            base_url=self._network.url, viewport={"width": 1600, "height": 1000}, locale="en-GB"
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = await self.context.new_page()
        self.page.on("console", self._noted)
        self.page.on("pageerror", self._broken)
        if self._role is not None:
            token = await self._network.session(self._role)
            await self.context.add_cookies(
                [{"name": SESSION_COOKIE, "value": token, "url": self._network.url}]
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.context.close()
        if error is None:
            assert self.complaints == []

    def _noted(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(
            refusal in message.text for refusal in REFUSALS
        ):
            self.complaints.append(message.text)

    def _broken(self, error: Error) -> None:
        self.complaints.append(str(error))


async def log_in(page: Page, name: str, password: str) -> None:
    """A session of one's own, to be ended by the test."""
    await page.goto("/login")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()


async def start_charging(page: Page, station: str, card: str) -> None:
    """From the station's page, at its first EVSE, where a car is plugged in."""
    await page.goto(f"/stations/{station}")
    await page.locator(".evse").first.get_by_role("button", name="Start").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Token").fill(card)
    await dialog.get_by_role("button", name="Start").click()
    await expect(dialog.locator(".verdict")).to_contain_text("Accepted")
    await dialog.get_by_role("button", name="Close").click()
