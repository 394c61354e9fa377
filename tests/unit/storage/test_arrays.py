from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy.types import TypeEngine

from ricarica.storage import columns as c
from ricarica.storage.arrays import array_literal, no_values
from ricarica.storage.postgres_sql import DIALECT


class Word(StrEnum):
    ONE = "one"


def literal(kind: TypeEngine[Any], *values: object) -> str:
    return array_literal(kind, DIALECT)(values)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (c.Text(), "plain", '{"plain"}'),
        (c.Text(), "", '{""}'),
        (c.Text(), "NULL", '{"NULL"}'),
        (c.Text(), 'a "b", {c}', '{"a \\"b\\", {c}"}'),
        (c.Text(), "C:\\x", '{"C:\\\\x"}'),
        (c.Text(), Word.ONE, '{"one"}'),
        (c.Blob(), b"\x00\xff", '{"\\\\x00ff"}'),
        (c.Json(), {"a": [1, "b"]}, '{"{\\"a\\":[1,\\"b\\"]}"}'),
        (c.Integer(), -7, "{-7}"),
        (c.Boolean(), True, "{1}"),
        (c.Exact(2), Decimal("0.125"), "{0.12}"),
        (c.Instant(), datetime(1970, 1, 1, 0, 0, 1, 5, UTC), "{1000005}"),
    ],
)
def test_a_value_is_written_as_an_array_has_it(
    kind: TypeEngine[Any], value: object, text: str
) -> None:
    assert literal(kind, value) == text


def test_a_value_that_is_missing_is_null_and_not_a_word() -> None:
    assert literal(c.Text(), "a", None) == '{"a",NULL}'
    assert literal(c.Integer(), 1, None) == "{1,NULL}"
    assert no_values(2) == "{NULL,NULL}"


def test_texts_that_look_like_the_quotes_between_two_stay_one() -> None:
    assert literal(c.Text(), 'a","b', "c") == '{"a\\",\\"b","c"}'
