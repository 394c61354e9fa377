"""What a station told of a customer, and whether it forgot it. Pure.

It is somebody's private life: it is kept for days, not for years, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ricarica.authorization.commands import TellCustomer
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationKey

PARTS_MAX = 400  # of 512 characters each: more is no customer, but a fault
IDENTIFIER_MAX = 64  # characters


class ReportState(StrEnum):
    ASKED = "asked"
    GATHERING = "gathering"
    TOLD = "told"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CustomerReport:
    """`who`: whom it is about, as far as a screen may say it. `parts` by their numbers."""

    station: StationKey
    number: int
    asked_at: datetime
    who: str
    report: bool
    clear: bool
    state: ReportState = ReportState.ASKED
    parts: Mapping[int, str] = field(default_factory=dict)
    last: int | None = None
    detail: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.parts[number] for number in sorted(self.parts))


def checked(command: TellCustomer) -> TellCustomer:
    """
    Raises:
        InvalidError: it names nobody, or several, or asks for nothing.
    """
    named = [command.token, command.certificate, command.identifier]
    if sum(each is not None for each in named) != 1:  # N09.FR.04, N10.FR.08
        raise InvalidError("name one of a token, a certificate and a customer's identifier")
    if not command.report and not command.clear:  # N09.FR.07, N10.FR.07
        raise InvalidError("ask for a report, or that the data be cleared, or for both")
    if command.identifier is not None and not 0 < len(command.identifier) <= IDENTIFIER_MAX:
        raise InvalidError(f"a customer's identifier has 1 to {IDENTIFIER_MAX} characters")
    return command


def who_of(command: TellCustomer) -> str:
    """Enough to recognise whom it is about, and no more."""
    if command.token is not None:
        return masked(command.token.uid)
    if command.certificate is not None:
        return f"…{command.certificate.serial[-4:]}"
    return masked(command.identifier or "")


def masked(uid: str) -> str:
    """The uid with its middle hidden, for those who need not know it. Digits alone may be a code,
    which half of it would give away."""
    return "…" if len(uid) <= 6 or uid.isdecimal() else f"{uid[:2]}…{uid[-2:]}"


def with_part(report: CustomerReport, number: int, text: str, *, is_last: bool) -> CustomerReport:
    """Parts may come twice, and in any order."""
    if len(report.parts) >= PARTS_MAX and number not in report.parts:
        return report
    parts = {**report.parts, number: text}
    last = number if is_last else report.last
    is_whole = last is not None and all(each in parts for each in range(last + 1))
    state = ReportState.TOLD if is_whole else ReportState.GATHERING
    return replace(report, parts=parts, last=last, state=state)
