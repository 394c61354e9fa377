from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from ricarica.transactions.queries.overview import PowerPoint
from ricarica.web.curves import AFRESH_AFTER, Curves

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Powers:
    """A network whose power is the number of the minute, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[timedelta] = []

    async def power(
        self, tenant: TenantId, since: datetime, until: datetime, step: timedelta
    ) -> list[PowerPoint]:
        self.asked.append(until - since)
        count = (until - since) // step
        times = [since + number * step for number in range(count)]
        return [PowerPoint(at, Decimal((at - NOON) // MINUTE)) for at in times]


async def test_the_past_is_read_once() -> None:
    powers, curves = Powers(), Curves()
    whole = await curves.power(powers, DEFAULT_TENANT, NOON, NOON + HOUR, MINUTE)
    later = NOON + HOUR + 3 * MINUTE

    points = await curves.power(powers, DEFAULT_TENANT, NOON + 3 * MINUTE, later, MINUTE)

    assert len(whole) == 60
    assert points == await Powers().power(DEFAULT_TENANT, NOON + 3 * MINUTE, later, MINUTE)
    assert powers.asked == [HOUR, 4 * MINUTE]


async def test_all_is_read_again_after_a_while_and_for_a_longer_past() -> None:
    powers, curves = Powers(), Curves()
    later = NOON + HOUR + AFRESH_AFTER
    await curves.power(powers, DEFAULT_TENANT, NOON, NOON + HOUR, MINUTE)

    await curves.power(powers, DEFAULT_TENANT, later - HOUR, later, MINUTE)
    await curves.power(powers, DEFAULT_TENANT, later - 2 * HOUR, later, MINUTE)

    assert powers.asked == [HOUR, HOUR, 2 * HOUR]
