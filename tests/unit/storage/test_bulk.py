from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import InvalidError
from ricarica.storage import columns as c
from ricarica.storage.bulk import (
    MOVING,
    Kind,
    Loader,
    RowRun,
    indexed_columns,
    resting_columns,
    row_runs,
    statements,
    written_columns,
)
from ricarica.storage.database import Add, AddAll, Run, Save, Staged
from ricarica.storage.sqlite import column_processor

metadata = sa.MetaData()


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    ONE = 1


stations = sa.Table(
    "stations",
    metadata,
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("version", c.Integer),
)
readings = sa.Table(
    "readings",
    metadata,
    sa.Column("number", c.Integer, primary_key=True),
    sa.Column("energy_wh", c.Exact(3)),
)


transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("token", c.Text),
    sa.Column("energy_wh", c.Exact(3)),
    sa.Column("ended_at", c.Instant),
    sa.Column("note", c.Text),
    sa.Column("version", c.Integer),
    sa.Index("ix_running", "token", sqlite_where=sa.text("ended_at IS NULL")),
)


def runs(*staged: Staged) -> list[tuple[str, str, int]]:
    return [(run.table.name, run.kind.value, len(run.rows)) for run in row_runs(staged)]


def written(table: sa.Table, kind: Kind) -> list[str]:
    return [column.name for column in written_columns(table, kind)]


def test_rows_of_one_kind_are_one_run() -> None:
    assert runs(*(Add(readings, (n, None)) for n in range(5))) == [("readings", "add", 5)]


def test_rows_that_were_staged_together_are_in_the_same_run_as_others() -> None:
    several = AddAll(readings, [(1, None), (2, None)])

    assert runs(Add(readings, (0, None)), several) == [("readings", "add", 3)]


def test_tables_come_in_the_order_in_which_they_first_occur() -> None:
    found = runs(Save(stations, ("A", 1)), Add(readings, (1, None)), Save(stations, ("B", 1)))

    assert found == [("stations", "first version", 2), ("readings", "add", 1)]


def test_a_run_ends_where_the_kind_changes() -> None:
    found = runs(
        Add(readings, (1, None)),
        Add(readings, (2, None), if_new=True),
        Add(readings, (3, None), if_new=True),
        Add(readings, (4, None)),
    )

    assert found == [("readings", "add", 1), ("readings", "add if new", 2), ("readings", "add", 1)]


def test_a_run_ends_where_a_row_returns_with_its_next_version() -> None:
    found = runs(Save(stations, ("A", 2)), Save(stations, ("B", 2)), Save(stations, ("A", 3)))

    assert found == [("stations", "next version", 2), ("stations", "next version", 1)]


def test_what_touches_no_index_is_a_run_of_its_own() -> None:
    found = runs(Save(stations, ("A", 2), True), Save(stations, ("B", 2)))

    assert [kind for _, kind, _ in found] == [Kind.STAYING.value, Kind.NEXT.value]


def test_an_index_has_its_columns_and_those_of_its_condition() -> None:
    assert indexed_columns(transactions) == {"id", "token", "ended_at"}


def test_what_touches_no_index_leaves_indexed_columns_out() -> None:
    assert written(transactions, Kind.STAYING) == ["id", "energy_wh", "note", "version"]
    assert written(transactions, Kind.NEXT) == transactions.columns.keys()


def test_of_a_table_with_moving_columns_only_those_are_written_where_no_other_changed() -> None:
    moving = transactions.to_metadata(sa.MetaData())
    moving.info[MOVING] = ("energy_wh",)

    assert resting_columns(moving) == {"id", "token", "ended_at", "note"}
    assert written(moving, Kind.STAYING) == ["id", "energy_wh", "version"]


def test_a_row_keeps_its_values_apart_when_some_are_left_out() -> None:
    run = RowRun(transactions, Kind.STAYING, [("T1", None, Decimal("1.5"), None, "fine", 2)])

    loaded = Loader(column_processor).load(run)

    assert [list(values) for values in loaded.columns] == [["T1"], [1500], ["fine"], [2]]


def test_members_of_enumerations_are_stored_as_plain_values() -> None:
    loaded = Loader(column_processor).load(RowRun(stations, Kind.FIRST, [(Word.ONE, Number.ONE)]))

    assert [type(value) for (value,) in loaded.columns] == [str, int]


def test_statements_are_kept_apart_in_their_order() -> None:
    first, second = sa.delete(stations), sa.delete(readings)
    staged: list[Staged] = [Run(first), Add(readings, (1, None)), Run(second)]

    assert statements(staged) == [first, second]
    assert len(row_runs(staged)) == 1


def test_a_value_that_does_not_fit_is_named_with_its_column() -> None:
    loader = Loader(column_processor)

    with pytest.raises(InvalidError, match=r"readings\.energy_wh"):
        loader.load(RowRun(readings, Kind.ADD, [(1, "much")]))


@pytest.mark.parametrize("rows", [[(1,)], [(1, None), (2,)], [(1, None, None)]])
def test_a_row_has_a_value_for_every_column(rows: list[tuple[object, ...]]) -> None:
    loader = Loader(column_processor)

    with pytest.raises(InvalidError, match="readings"):
        loader.load(RowRun(readings, Kind.ADD, rows))
