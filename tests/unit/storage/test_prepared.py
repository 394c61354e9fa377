import sqlalchemy as sa

from ricarica.storage.prepared import PreparedQueries
from ricarica.storage.sqlite import DIALECT


def test_a_query_that_comes_again_is_prepared_once() -> None:
    prepared, query = PreparedQueries(DIALECT), sa.select(sa.literal(1))

    assert prepared.of(query) is prepared.of(query)


def test_queries_made_for_the_occasion_do_not_fill_the_memory() -> None:
    prepared = PreparedQueries(DIALECT, most=2)

    for number in range(5):
        assert "SELECT" in prepared.of(sa.select(sa.literal(number))).sql

    assert len(prepared) == 2
