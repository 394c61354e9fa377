"""What a node asks for by other columns than the key, and what it need not remember."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from ricarica.storage import columns as c
from ricarica.storage.open import open_database
from ricarica.storage.shelf import Shelf
from tests.contracts.storage.working import Node

metadata = sa.MetaData()
bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("code", c.Text, nullable=False),
    sa.Column("ended", c.Boolean, nullable=False),
    sa.Column("version", c.Integer, nullable=False),
    sa.Index("uq_bookings_code", "tenant", "code", unique=True),
)
BY_CODE = (bookings.c.tenant, bookings.c.code)


@dataclass(frozen=True, slots=True)
class Booking:
    id: str
    code: str
    ended: bool = False
    tenant: str = "default"


SHELF = Shelf[Booking](
    bookings,
    lambda b: (b.tenant, b.id),
    lambda b: (b.tenant, b.id, b.code, b.ended),
    lambda r: Booking(r[1], r[2], r[3], r[0]),
    is_over=lambda b: b.ended,
)


class Desk(Node):
    """Where bookings are written down."""

    async def put(self, *entities: Booking) -> None:
        work = self.work()
        for booking in entities:
            await work.get(SHELF, (booking.tenant, booking.id))
            work.put(SHELF, booking)
        work.keep()
        await work.commit()


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[Desk]:
    database = open_database(database_url, metadata)
    await database.create_all()
    yield Desk(database)
    await database.close()


async def test_many_are_found_by_another_column_with_one_query(node: Desk) -> None:
    await node.put(*(Booking(f"B{number}", f"code {number}") for number in range(7)))
    work, asked = node.work(), node.asked

    keys = await work.load_by(SHELF, BY_CODE, [("default", f"code {n}") for n in range(9)])

    assert sorted(keys) == [("default", f"B{number}") for number in range(7)]
    for number in range(7):
        found = await work.get_by(SHELF, BY_CODE, ("default", f"code {number}"))
        assert found == Booking(f"B{number}", f"code {number}")
    for number in (7, 8):
        assert await work.get_by(SHELF, BY_CODE, ("default", f"code {number}")) is None
    assert node.asked == asked + 1


async def test_nobody_wanted_is_no_query(node: Desk) -> None:
    assert await node.work().load_by(SHELF, BY_CODE, []) == []
    assert node.asked == 0


async def test_who_was_not_loaded_before_is_looked_for(node: Desk) -> None:
    await node.put(Booking("B1", "one"))

    assert await node.work().get_by(SHELF, BY_CODE, ("default", "one")) == Booking("B1", "one")


async def test_another_tenants_is_not_found(node: Desk) -> None:
    await node.put(Booking("B1", "one", tenant="theirs"))

    assert await node.work().get_by(SHELF, BY_CODE, ("default", "one")) is None


async def test_the_found_is_as_the_batch_changed_it(node: Desk) -> None:
    await node.put(Booking("B1", "one"))
    work = node.work()
    await work.load_by(SHELF, BY_CODE, [("default", "one")])

    work.put(SHELF, Booking("B1", "one", ended=True))
    work.keep()

    found = await work.get_by(SHELF, BY_CODE, ("default", "one"))
    assert found == Booking("B1", "one", ended=True)


async def test_what_goes_on_is_remembered_and_what_is_over_is_not(node: Desk) -> None:
    await node.put(Booking("B1", "one"), Booking("B2", "two", ended=True))
    work, asked = node.work(), node.asked

    assert await work.get(SHELF, ("default", "B1"))
    assert node.asked == asked
    assert await work.get(SHELF, ("default", "B2"))
    assert node.asked == asked + 1


async def test_what_ends_is_forgotten(node: Desk) -> None:
    await node.put(Booking("B1", "one"))
    await node.put(Booking("B1", "one", ended=True))
    asked = node.asked

    await node.work().get(SHELF, ("default", "B1"))

    assert node.asked == asked + 1


async def test_what_is_over_can_still_be_changed(node: Desk) -> None:
    await node.put(Booking("B1", "one", ended=True))
    await node.put(Booking("B1", "another", ended=True))
    await node.put(Booking("B1", "third", ended=True))

    assert await node.work().get(SHELF, ("default", "B1")) == Booking("B1", "third", ended=True)
