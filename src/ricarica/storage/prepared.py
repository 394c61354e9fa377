"""Queries that are compiled once: what SQLAlchemy asks for its flexibility is paid at the start."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from ricarica.storage.database import Row

KNOWN_MAX = 1_000  # the program has some dozens: one made for the occasion is not to stay for good

Query = sa.Select[Any] | sa.CompoundSelect[Any]
Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query in the words of one driver."""

    sql: str
    constants: Mapping[str, Any]
    binds: Sequence[tuple[str, Processor]]  # in the order of their places
    results: Sequence[Processor]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        given = {**self.constants, **values}
        return [_processed(given[name], processor) for name, processor in self.binds]

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Row]:
        return [tuple(map(_processed, row, self.results)) for row in found]


class PreparedQueries:
    """By the query itself: whoever hands one in keeps it for as long as the program runs."""

    def __init__(self, dialect: Dialect, most: int = KNOWN_MAX) -> None:
        self._dialect = dialect
        self._most = most
        self._known: dict[Query, Prepared] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, query: Query) -> Prepared:
        prepared = self._known.get(query)
        if prepared is None:
            prepared = prepare(query, self._dialect)
            if len(self._known) < self._most:
                self._known[query] = prepared
        return prepared


def prepare(query: Query, dialect: Dialect) -> Prepared:
    compiled = query.compile(dialect=dialect)
    assert isinstance(compiled, sa.sql.compiler.SQLCompiler), "a query is compiled to SQL"
    places = compiled.positiontup
    assert places is not None, "both drivers take their values by place"
    return Prepared(
        compiled.string,
        {name: bind.value for name, bind in compiled.binds.items() if not bind.required},
        [(name, _bind(compiled.binds[name].type, dialect)) for name in places],
        [_result(column.type, dialect) for column in query.selected_columns],
    )


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _processed(value: Any, processor: Processor) -> Any:
    return processor(value) if processor else value
