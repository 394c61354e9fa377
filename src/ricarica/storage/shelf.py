"""How one kind of aggregate lies in its table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from ricarica.storage.database import Row

E = TypeVar("E")
Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)  # with slots, `Shelf[Station](…)` could not be called
class Shelf(Generic[E]):
    """A table and the way between its rows and its entities.

    The table's last column is `version`, which only `Work` sees: `write` gives a value for
    every column but that one, `read` gets a row without it. The primary key columns come
    first, and `key` gives their values.
    """

    table: sa.Table
    key: Callable[[E], Key]
    write: Callable[[E], Row]
    read: Callable[[Row], E]
    # None: the aggregate belongs to one station, so this node alone writes it while the
    # station is connected here. Otherwise: for how long a remembered copy may serve.
    fresh_s: float | None = None
    # Whether one is hardly ever asked for any more, so that it need not be remembered.
    is_over: Callable[[E], bool] | None = None
    remembered_max: int = 200_000  # entries; beyond it the one unused for longest is forgotten
    # Whether it may also serve, for so long, that there is none. Others who add one tell us.
    keeps_absence: bool = False
