"""What is remembered of those who were asked."""

from datetime import UTC, datetime, timedelta

from ricarica.certificates.inquiries import FAILED_FOR, FAILED_MAX, Inquiries, Trust, ask_nobody
from ricarica.certificates.model import HashAlgorithm, HashData, Inquiry, Source
from ricarica.kernel.ids import DEFAULT_TENANT

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRUST = Trust(DEFAULT_TENANT)


def about(serial: int) -> Inquiry:
    hashes = HashData(HashAlgorithm.SHA256, "ab", "cd", f"{serial:x}")
    return Inquiry(hashes, Source.OCSP, ())


async def asked(inquiries: Inquiries, at: datetime, *serials: int) -> None:
    await inquiries.ask(map(about, serials), lambda: at, TRUST)


async def test_what_nobody_answered_is_remembered_for_a_minute() -> None:
    inquiries = Inquiries(ask_nobody)

    await asked(inquiries, NOON, *range(20))
    assert len(inquiries) == 20
    await asked(inquiries, NOON + FAILED_FOR, 99)

    assert len(inquiries) == 1


async def test_a_station_cannot_make_us_remember_without_end() -> None:
    inquiries = Inquiries(ask_nobody)

    for begin in range(0, FAILED_MAX + 200, 200):
        at = NOON + timedelta(milliseconds=begin)
        await asked(inquiries, at, *range(begin, begin + 200))

    assert len(inquiries) == FAILED_MAX
