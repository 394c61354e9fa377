from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import InvalidError
from ricarica.storage import columns as c
from ricarica.storage.database import Add
from ricarica.storage.open import OpenDatabase, open_database

metadata = sa.MetaData()
samples = sa.Table(
    "samples",
    metadata,
    sa.Column("number", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", c.Instant),
    sa.Column("energy_wh", c.Exact(3)),
    sa.Column("price", c.Exact(6)),
    sa.Column("text", c.Text),
    sa.Column("flag", c.Boolean),
    sa.Column("json", c.Json),
    sa.Column("blob", c.Blob),
)
PLACES = {column.name: place for place, column in enumerate(samples.columns)}

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def sample(number: int, /, **values: Any) -> Add:
    row: list[Any] = [number] + [None] * (len(PLACES) - 1)
    for name, value in values.items():
        row[PLACES[name]] = value
    return Add(samples, tuple(row))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[OpenDatabase]:
    database = open_database(database_url, metadata)
    await database.create_all()
    yield database
    await database.close()


async def only(database: OpenDatabase, expression: sa.ColumnElement[Any]) -> Any:
    [(value,)] = await database.fetch(sa.select(expression))
    return value


@pytest.mark.parametrize(
    "name, value",
    [
        ("at", NOON),
        ("at", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("at", datetime(9999, 12, 31, tzinfo=UTC)),
        ("energy_wh", Decimal(0)),
        ("energy_wh", Decimal("-0.001")),
        ("energy_wh", Decimal("9007199254740993.001")),
        ("price", Decimal("0.123456")),
        ("number", 2**63 - 1),
        ("number", -(2**63 - 1)),
        ("text", ""),
        ("text", "Größe 🔌 'quoted' \\ \n"),
        ("flag", True),
        ("flag", False),
        ("json", {"a": [1, 2.5, "x", None, True], "b": {}}),
        ("json", "a text"),
        ("json", 7),
        ("json", False),
        ("json", []),
        ("blob", b""),
        ("blob", bytes(range(256))),
    ],
)
async def test_a_value_comes_back_as_it_went_in(
    database: OpenDatabase, name: str, value: object
) -> None:
    await database.commit([sample(1, **{name: value})])

    read = await only(database, samples.c[name])

    assert read == value
    assert type(read) is type(value)


async def test_what_is_unknown_stays_unknown(database: OpenDatabase) -> None:
    await database.commit([sample(1)])

    assert await database.fetch(sa.select(samples)) == [(1, *[None] * (len(PLACES) - 1))]


async def test_an_instant_is_read_back_in_utc(database: OpenDatabase) -> None:
    rome = timezone(timedelta(hours=1))
    await database.commit([sample(1, at=datetime(2026, 3, 1, 13, 0, tzinfo=rome))])

    read = await only(database, samples.c.at)

    assert read == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "given, kept", [("1.0005", "1.000"), ("1.0015", "1.002"), ("-1.0015", "-1.002"), ("2", "2.000")]
)
async def test_an_exact_number_rounds_half_to_even(
    database: OpenDatabase, given: str, kept: str
) -> None:
    await database.commit([sample(1, energy_wh=Decimal(given))])

    assert str(await only(database, samples.c.energy_wh)) == kept


async def test_sums_are_exact_and_keep_their_type(database: OpenDatabase) -> None:
    rows = [sample(n, energy_wh=Decimal("0.1"), price=Decimal("0.000001")) for n in range(1, 11)]
    await database.commit(rows)

    [totals] = await database.fetch(
        sa.select(
            sa.func.sum(samples.c.energy_wh),
            sa.func.sum(samples.c.price),
            sa.func.sum(samples.c.number),
            sa.func.max(samples.c.energy_wh) - sa.func.min(samples.c.energy_wh),
            sa.func.count(),
        )
    )

    assert totals == (Decimal(1), Decimal("0.00001"), 55, Decimal(0), 10)
    assert [type(total) for total in totals] == [Decimal, Decimal, int, Decimal, int]
    assert str(totals[0]) == "1.000"


async def test_the_sum_of_nothing_can_be_a_number_of_the_same_type(database: OpenDatabase) -> None:
    energy = samples.c.energy_wh
    otherwise = sa.literal(Decimal("0.5"), energy.type)

    total = await only(database, sa.func.coalesce(sa.func.sum(energy), otherwise))

    assert str(total) == "0.500"


async def test_numbers_are_compared_as_numbers(database: OpenDatabase) -> None:
    await database.commit([sample(n, energy_wh=Decimal(w)) for n, w in enumerate(["9", "10", "2"])])

    ordered = await database.fetch(
        sa.select(samples.c.energy_wh)
        .where(samples.c.energy_wh > Decimal("2.5"))
        .order_by(samples.c.energy_wh)
    )

    assert ordered == [(Decimal(9),), (Decimal(10),)]


async def test_instants_are_compared_and_ordered(database: OpenDatabase) -> None:
    later = NOON + timedelta(microseconds=1)
    await database.commit([sample(1, at=later), sample(2, at=NOON)])

    found = await database.fetch(sa.select(samples.c.number).order_by(samples.c.at))
    last = await only(database, sa.func.max(samples.c.at))
    after = await database.fetch(sa.select(samples.c.number).where(samples.c.at > NOON))

    assert (found, last, after) == ([(2,), (1,)], later, [(1,)])


async def test_a_query_takes_a_list(database: OpenDatabase) -> None:
    await database.commit([sample(n, at=NOON + timedelta(days=n)) for n in range(5)])

    wanted = [NOON + timedelta(days=1), NOON + timedelta(days=3)]
    found = await database.fetch(
        sa.select(samples.c.number).where(samples.c.at.in_(wanted)).order_by(samples.c.number)
    )

    assert found == [(1,), (3,)]


@pytest.mark.parametrize("sent, kept", [("a\0b", "a\ufffdb"), ("a\ud800b", "a\ufffdb")])
async def test_text_that_no_database_can_hold_is_mended(
    database: OpenDatabase, sent: str, kept: str
) -> None:
    await database.commit([sample(1, text=sent)])

    assert await only(database, samples.c.text) == kept


async def test_a_nul_inside_json_is_mended(database: OpenDatabase) -> None:
    await database.commit([sample(1, json={"a\0": "\\u0000 is no NUL, \0 is"})])

    assert await only(database, samples.c.json) == {"a\ufffd": "\\u0000 is no NUL, \ufffd is"}


@pytest.mark.parametrize(
    "name, value",
    [
        ("number", 2**63),
        ("at", datetime(2026, 3, 1)),  # noqa: DTZ001 - naive is what we try
        ("at", "2026-03-01"),
        ("energy_wh", Decimal("NaN")),
        ("energy_wh", Decimal("Infinity")),
        ("energy_wh", Decimal("1e30")),
        ("energy_wh", 0.1),
        ("text", 5),
    ],
)
async def test_a_value_its_column_cannot_hold_is_refused(
    database: OpenDatabase, name: str, value: object
) -> None:
    with pytest.raises(InvalidError):
        await database.commit([sample(1), sample(2, **{name: value})])

    assert await database.fetch(sa.select(samples)) == []
