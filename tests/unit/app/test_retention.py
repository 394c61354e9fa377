from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ricarica.app.retention import TIDY_EVERY, Retention, rings
from ricarica.billing.sql import VAT_NUMBERS
from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.firmware.sql import LINKS, UPDATES
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.reservations.sql import RESERVATIONS
from ricarica.storage.database import Add, Row
from ricarica.swaps.sql import BATTERIES
from ricarica.testing.world import World, world

DAY = timedelta(days=1)
KEPT = Retention(messages=2 * DAY, events=1 * DAY)


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


async def remember(network: World, number: int, at: datetime) -> None:
    message = (DEFAULT_TENANT, "CP-1", number, at, True, "1", "Heartbeat", "{}", None, "", 0, "")
    event = (DEFAULT_TENANT, number, at, "StationBooted", "CP-1", "{}")
    await network.database.commit([Add(MESSAGES, message), Add(OUTBOX, event)])


async def numbers(network: World, table: sa.Table) -> list[int]:
    return [number for (number,) in await network.database.fetch(sa.select(table.c.id))]


async def test_what_is_older_than_it_is_kept_for_goes_and_nothing_else(network: World) -> None:
    now = network.clock.now()
    ages = {1: 3 * DAY, 2: 2 * DAY + timedelta(seconds=1), 3: 2 * DAY, 4: 1 * DAY, 5: timedelta()}
    for number, age in ages.items():
        await remember(network, number, now - age)

    again = await tidied(network)

    assert await numbers(network, MESSAGES) == [3, 4, 5]
    assert await numbers(network, OUTBOX) == [4, 5]
    assert again == TIDY_EVERY


async def test_messages_in_parts_are_thrown_away_by_the_part(network: World) -> None:
    await remember(network, 1, network.clock.now() - 30 * DAY)

    await tidied(network, in_parts=True)

    assert await numbers(network, MESSAGES) == [1]
    assert await numbers(network, OUTBOX) == []


async def test_what_was_put_aside_is_kept_for_as_long_as_a_bill_is_asked_about(
    network: World,
) -> None:
    now = network.clock.now()
    for number, age in {1: 91 * DAY, 2: 89 * DAY}.items():
        aside = (DEFAULT_TENANT, "CP-1", number, now - age, "MeterValues", "{}", "KeyError: 1")
        await network.database.commit([Add(PUT_ASIDE, aside)])

    await tidied(network)

    assert await numbers(network, PUT_ASIDE) == [2]


@pytest.mark.parametrize("kind", ["number", "battery", "reservation", "link", "update"])
async def test_what_is_over_for_long_goes(network: World, kind: str) -> None:
    now = network.clock.now()
    old, lately = now - 1_000 * DAY, now - DAY
    table, rows = over_since(kind, old, lately)
    await network.database.commit([Add(table, row) for row in rows])

    await tidied(network)

    name = table.primary_key.columns.values()[-1]
    left = await network.database.fetch(sa.select(name))
    assert left == [(rows[1][len(table.primary_key.columns) - 1],)]


def over_since(kind: str, *times: datetime) -> tuple[sa.Table, list[Row]]:
    """One for each of these times."""
    a, s = DEFAULT_TENANT, "CP-1"
    match kind:
        case "number":
            checked = ("valid", None, None, None, 1)
            return VAT_NUMBERS, [(a, f"DE{n}", at, *checked) for n, at in enumerate(times)]
        case "battery":
            state = (None, 1, Decimal(90), Decimal(90), None, None)
            return BATTERIES, [(a, f"B{n}", *state, at, None, 1) for n, at in enumerate(times)]
        case "reservation":
            rest = (1, None, None, "held", None, None, None, 1)
            return RESERVATIONS, [(a, s, n, "T", None, at, at, *rest) for n, at in enumerate(times)]
        case "link":
            return LINKS, [(a, s, n, f"d{n}", "i", at, 0, 0, None) for n, at in enumerate(times)]
        case _:
            ordered = (False, None, None, "ada", None, None, None, None, 1)
            return UPDATES, [
                (a, s, n, "update", "confirmed", at, at, None, None, *ordered)
                for n, at in enumerate(times)
            ]


async def test_an_update_that_is_not_over_stays(network: World) -> None:
    at = network.clock.now() - 1_000 * DAY
    rest = (False, None, None, "ada", None, None, None, None, 1)
    row = (DEFAULT_TENANT, "CP-1", 1, "update", "scheduled", at, at, None, None, *rest)
    await network.database.commit([Add(UPDATES, row)])

    await tidied(network)

    assert len(await network.database.fetch(sa.select(UPDATES.c.number))) == 1


async def test_what_was_told_of_a_customer_is_not_put_aside_for_longer(network: World) -> None:
    now, action = network.clock.now(), "NotifyCustomerInformation"
    for number, age in {1: 8 * DAY, 2: 6 * DAY}.items():
        aside = (DEFAULT_TENANT, "CP-1", number, now - age, action, "{}", "KeyError: 1")
        await network.database.commit([Add(PUT_ASIDE, aside)])

    await tidied(network)

    assert await numbers(network, PUT_ASIDE) == [2]


async def tidied(network: World, *, in_parts: bool = False) -> timedelta | None:
    """When to tidy up again."""
    again: list[timedelta | None] = []

    async def tidy(unit: UnitOfWork) -> None:
        again.append(await rings(KEPT, in_parts=in_parts)["tidy"](unit, ""))

    done = network.engine.post(DEFAULT_TENANT, tidy)
    await network.settle()
    await done
    return again[0]
