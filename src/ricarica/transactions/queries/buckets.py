"""Two words of SQL that each database says in its own way."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ricarica.storage.columns import Instant, Integer
from ricarica.transactions.sql import DECIMALS

MICROSECOND = timedelta(microseconds=1)


class Bucket(FunctionElement[int]):
    """How many whole steps lie between an origin and an instant: number 0 begins at the origin."""

    type = Integer()
    name = "bucket"
    inherit_cache = True

    def __init__(self, at: sa.Column[Any], origin: datetime, step: timedelta) -> None:
        super().__init__(
            at, sa.literal(origin, Instant()), sa.literal(step // MICROSECOND, Integer())
        )


class Plain(FunctionElement[float]):
    """A measured value as a plain number that can be averaged; not exact, so for curves only."""

    type = sa.Float()
    name = "plain"
    inherit_cache = True


@compiles(Bucket, "sqlite")
def _bucket_of_integers(element: Bucket, compiler: SQLCompiler, **kw: Any) -> str:
    at, origin, step = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(({at} - {origin}) / {step})"


@compiles(Bucket, "postgresql")
def _bucket_of_instants(element: Bucket, compiler: SQLCompiler, **kw: Any) -> str:
    at, origin, step = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM ({at} - {origin})) * 1000000 / {step}) AS BIGINT)"


@compiles(Plain, "sqlite")
def _from_units(element: Plain, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} / {10.0**DECIMALS})"


@compiles(Plain, "postgresql")
def _from_number(element: Plain, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS DOUBLE PRECISION)"
