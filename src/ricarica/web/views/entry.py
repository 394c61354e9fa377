"""Pages outside the house: logging in, and what went wrong."""

from dataclasses import dataclass
from typing import ClassVar

from ricarica.web.translations import msgid
from ricarica.web.views.visit import Page


@dataclass(frozen=True, slots=True)
class LoginPage(Page):
    """GET and POST /login"""

    template: ClassVar[str] = "login.html"
    name: str = ""
    next: str = "/"
    error: str | None = None
    """A text of this module, translated where it is shown."""


WRONG_PASSWORD = msgid("Name or password is wrong.")
TOO_MANY_ATTEMPTS = msgid("Too many attempts. Wait a minute, then try again.")
SESSION_EXPIRED = msgid("Your session has ended. Log in again to go on.")


@dataclass(frozen=True, slots=True)
class ErrorPage(Page):
    """Any answer of 400 and above."""

    template: ClassVar[str] = "error.html"
    code: int
    reference: str | None = None
    """What to name when asking for help: it finds the line in the log."""
    detail: str | None = None

    @property
    def title(self) -> str:
        return ERROR_TEXTS.get(self.code, _OTHER)[0]

    @property
    def text(self) -> str:
        return ERROR_TEXTS.get(self.code, _OTHER)[1]


_OTHER = (msgid("That did not work"), msgid("The server could not do this."))
ERROR_TEXTS: dict[int, tuple[str, str]] = {
    400: (
        msgid("That request makes no sense"),
        msgid("Something in the address or form is wrong."),
    ),
    403: (
        msgid("Not for you"),
        msgid("You may look, but this needs an operator. Ask an administrator for the role."),
    ),
    404: (
        msgid("Nothing here"),
        msgid("There is no such page, or it named something that is gone."),
    ),
    409: (
        msgid("It changed in between"),
        msgid("Someone else changed this meanwhile. Go back, look, and try again."),
    ),
    422: (msgid("That does not fit"), msgid("Something in the form makes no sense.")),
    429: (msgid("Slow down"), msgid("Too many requests. Wait a minute, then try again.")),
    500: (
        msgid("Our fault"),
        msgid("Something broke here. Stations go on charging; nothing they sent is lost."),
    ),
    503: (
        msgid("Not just now"),
        msgid("The database does not answer. Stations keep what they have to say until it does."),
    ),
}
