"""A batch's reads and staged writes, with what this node remembers between batches."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from ricarica.storage.bulk import resting_columns
from ricarica.storage.database import Add, AddAll, Database, Expect, Row, Run, Save, Staged
from ricarica.storage.shelf import Key, Shelf

E = TypeVar("E")
Place = tuple[str, Key]
"""A table's name, and the key of a row in it."""
Columns = tuple[sa.Column[Any], ...]

# Keys in one query: neither database takes more than 32,766 values, and a key has a few.
LOADED_AT_ONCE_MAX = 1024


class _Kept(Generic[E]):
    """An entity as the database has it, or will have it after this commit."""

    __slots__ = ("entity", "number", "read_at", "resting", "version")

    def __init__(self, entity: E | None, number: int, read_at: float) -> None:
        self.entity = entity
        self.number = number  # of all that was ever kept here, in order
        self.read_at = read_at
        self.version = 0  # the database has no such row
        self.resting: Row = ()  # what its row has in the columns that seldom change


class Remembered:
    """The identity map of one node: what its stations' rows look like, without asking again.

    With `shared`, other nodes write to the database too. What belongs to a station is then
    believed only while the station is ours, and only if it was read since.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        shared: bool = False,
        tell: Callable[[list[Place]], None] | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._shelves: dict[sa.Table, OrderedDict[Key, _Kept[Any]]] = {}
        self._shared = shared
        self._tell = tell
        self._number = 0
        # Our stations, by tenant and name, and the last number before each became ours.
        self._ours: dict[Key, int] = {}

    def own(self, station: Key) -> None:
        """From now on this node alone writes what belongs to the station."""
        self._ours[station] = self._number

    def disown(self, station: Key) -> None:
        self._ours.pop(station, None)

    def get(self, shelf: Shelf[E], key: Key) -> "_Kept[E] | None":
        entries = self._shelves.get(shelf.table)
        kept = entries.get(key) if entries else None
        if kept is None or entries is None:
            return None
        if not self._is_believed(shelf, key, kept):
            return None
        entries.move_to_end(key)
        return kept

    def _is_believed(self, shelf: Shelf[Any], key: Key, kept: "_Kept[Any]") -> bool:
        if shelf.fresh_s is not None:
            return self._monotonic() - kept.read_at <= shelf.fresh_s
        return not self._shared or kept.number > self._ours.get(key[:2], self._number)

    def _is_worth_keeping(self, shelf: Shelf[Any], key: Key, entity: object) -> bool:
        if shelf.fresh_s is not None:
            # Another process may add it at any moment.
            return entity is not None or shelf.keeps_absence
        if entity is not None and shelf.is_over is not None and shelf.is_over(entity):
            return False
        return not self._shared or key[:2] in self._ours

    def last(self, table: sa.Table, key: Key) -> "_Kept[Any] | None":
        """What was last seen, however long ago."""
        entries = self._shelves.get(table)
        return entries.get(key) if entries else None

    def put(self, shelf: Shelf[E], key: Key, entity: E | None, row: Row | None) -> "_Kept[E]":
        self._number += 1
        kept = _Kept(entity, self._number, self._monotonic())
        if row:
            kept.version, kept.resting = row[-1], _resting(shelf.table)(row)
        if not self._is_worth_keeping(shelf, key, entity):
            self.forget(shelf.table, key)
            return kept
        entries = self._shelves.setdefault(shelf.table, OrderedDict())
        entries[key] = kept
        entries.move_to_end(key)
        if len(entries) > shelf.remembered_max:
            entries.popitem(last=False)
        return kept

    def forget(self, table: sa.Table, key: Key) -> None:
        if table in self._shelves:
            self._shelves[table].pop(key, None)

    def forget_all(self) -> None:
        self._shelves.clear()

    def forget_places(self, places: Iterable[Place]) -> None:
        """Others wrote there."""
        tables = {table.name: table for table in self._shelves}
        for name, key in places:
            if name in tables:
                self.forget(tables[name], tuple(key))

    def wrote(self, shelves: Iterable[tuple[Shelf[Any], Key]]) -> None:
        """Tell the others of what they may remember."""
        if self._tell is None:
            return
        places = [
            (str(shelf.table.name), key)
            for shelf, key in shelves
            if shelf.fresh_s is not None or key[:2] not in self._ours
        ]
        if places:
            self._tell(places)


class Work:
    """What one batch reads and stages. Each handler works between `begin` and `keep` or `drop`.

    A read sees what was staged before it in the same batch, by key; a `fetch` does not.
    """

    def __init__(self, database: Database, remembered: Remembered) -> None:
        self._database = database
        self._remembered = remembered
        # What this batch was told at first, whatever others write or the memory drops meanwhile:
        # a decision must be saved as the successor of what it was made on.
        self._seen: dict[tuple[sa.Table, Key], _Kept[Any]] = {}
        # The keys of those that were asked for by other columns; None: the database has none.
        self._named: dict[tuple[sa.Table, str, Key], Key | None] = {}
        self._kept: dict[tuple[sa.Table, Key], tuple[Shelf[Any], Any]] = {}
        self._kept_rest: list[Staged] = []
        self._own: dict[tuple[sa.Table, Key], tuple[Shelf[Any], Any]] = {}
        self._own_rest: list[Staged] = []

    # -- one handler's share

    def begin(self) -> None:
        self._own = {}
        self._own_rest = []

    def keep(self) -> None:
        self._kept.update(self._own)
        self._kept_rest += self._own_rest
        self.begin()

    def drop(self) -> None:
        self.begin()

    # -- reading

    async def get(self, shelf: Shelf[E], key: Key) -> E | None:
        place = (shelf.table, key)
        staged = self._own.get(place) or self._kept.get(place)
        if staged:
            changed: E | None = staged[1]
            return changed
        kept: _Kept[E] | None = self._seen.get(place)
        if kept is None:
            kept = self._known(shelf, key) or await self._load(shelf, key)
        return kept.entity

    async def find(self, shelf: Shelf[E], *where: sa.ColumnElement[bool]) -> list[E]:
        """Those the database has, as this batch would change them; not those only staged."""
        rows = await self._database.fetch(sa.select(shelf.table).where(*where))
        return [entity for entity in self._as_staged(shelf, rows) if entity is not None]

    async def look_up(
        self,
        shelf: Shelf[E],
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[E]:
        """As `find`, by a query of all columns; given `values`, one that lives as long as the
        program."""
        rows = await self._database.fetch(query, values)
        return [entity for entity in self._as_staged(shelf, rows) if entity is not None]

    async def under(self, shelf: Shelf[E], *beginning: object) -> list[E]:
        """As `find`: those whose keys begin so, by a query that is compiled once."""
        columns = _key_of(shelf.table)[: len(beginning)]
        query, names = _by(shelf.table, columns)
        return await self.look_up(shelf, query, dict(zip(names, beginning, strict=True)))

    async def get_by(self, shelf: Shelf[E], unique: Columns, values: Key) -> E | None:
        """The one that has these values in columns that are unique. As `find`, but only once."""
        place = (shelf.table, unique[-1].name, values)
        if place not in self._named:
            await self.load_by(shelf, unique, [values])
        key = self._named[place]
        if key is None:
            return None
        return await self.get(shelf, key)

    async def load_by(self, shelf: Shelf[Any], unique: Columns, named: Iterable[Key]) -> list[Key]:
        """Know all that `get_by` could be asked with few queries; returns the keys there are."""
        wanted = list(dict.fromkeys(named))
        keys: list[Key] = []
        places = [shelf.table.c.keys().index(column.name) for column in unique]
        for start in range(0, len(wanted), LOADED_AT_ONCE_MAX):
            some = wanted[start : start + LOADED_AT_ONCE_MAX]
            self._named.update({(shelf.table, unique[-1].name, values): None for values in some})
            for row in await self._rows_with(shelf, unique, some):
                key = shelf.key(self._keep_row(shelf, row))
                values = tuple(row[place] for place in places)
                self._named[(shelf.table, unique[-1].name, values)] = key
                keys.append(key)
        return keys

    async def load(self, shelf: Shelf[Any], keys: Iterable[Key]) -> None:
        """Know all of these with few queries, if they are not known yet."""
        missing = [key for key in dict.fromkeys(keys) if not self._known(shelf, key)]
        for start in range(0, len(missing), LOADED_AT_ONCE_MAX):
            await self._load_all(shelf, missing[start : start + LOADED_AT_ONCE_MAX])

    async def fetch(
        self,
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        return await self._database.fetch(query, values)

    def staged(self, shelf: Shelf[E]) -> dict[Key, E | None]:
        """What this batch has changed so far, for those who count; None: it is removed."""
        places = {**self._kept, **self._own}
        return {key: entity for (table, key), (_, entity) in places.items() if table is shelf.table}

    # -- writing

    def put(self, shelf: Shelf[E], entity: E) -> None:
        """Stage the whole row. The entity must be new, or have been read through this work."""
        self._own[(shelf.table, shelf.key(entity))] = (shelf, entity)

    def add(self, table: sa.Table, row: Row, *, if_new: bool = False) -> None:
        self._own_rest.append(Add(table, row, if_new))

    def add_all(self, table: sa.Table, rows: Sequence[Row], *, if_new: bool = False) -> None:
        if rows:
            self._own_rest.append(AddAll(table, rows, if_new))

    def run(self, statement: sa.sql.dml.UpdateBase) -> None:
        self._own_rest.append(Run(statement))

    def remove(self, shelf: Shelf[E], entity: E) -> None:
        self._own[(shelf.table, shelf.key(entity))] = (shelf, None)

    # -- the end of the batch

    async def commit(self, expected: Expect | None = None) -> None:
        """Write all that was kept. Whatever fails, nothing of it is remembered."""
        if not self._kept and not self._kept_rest:
            return
        saves = {
            place: self._save(place, shelf.write(entity))
            for place, (shelf, entity) in self._kept.items()
            if entity is not None
        }
        removals = [
            Run(sa.delete(table).where(*_is(table, key)))
            for table, key in self._kept.keys() - saves.keys()
        ]
        # Of these none is in another's way, and so those of a kind can be written together.
        ordered = sorted(saves.values(), key=lambda save: (not save.stays, save.row[-1] == 1))
        try:
            await self._database.commit([*ordered, *removals, *self._kept_rest], expected)
        except BaseException:
            for table, key in self._kept:
                self._remembered.forget(table, key)
            raise
        for place, (shelf, entity) in self._kept.items():
            row = saves[place].row if entity is not None else None
            self._remembered.put(shelf, place[1], entity, row)
        self._remembered.wrote((shelf, key) for (_, key), (shelf, _) in self._kept.items())

    def _staged(self, shelf: Shelf[Any], key: Key) -> tuple[bool, Any]:
        place = (shelf.table, key)
        for staged in (self._own, self._kept):
            if place in staged:
                return True, staged[place][1]
        return False, None

    def _save(self, place: tuple[sa.Table, Key], row: Row) -> Save:
        table, key = place
        last = self._seen.get(place) or self._remembered.last(table, key)
        if last is None or not last.version:
            return Save(table, (*row, 1))
        return Save(table, (*row, last.version + 1), last.resting == _resting(table)(row))

    def _known(self, shelf: Shelf[Any], key: Key) -> _Kept[Any] | None:
        seen = self._seen.get((shelf.table, key))
        if seen is None and (seen := self._remembered.get(shelf, key)):
            self._seen[(shelf.table, key)] = seen
        return seen

    def _remember(self, shelf: Shelf[E], key: Key, entity: E | None, row: Row | None) -> _Kept[E]:
        kept = self._remembered.put(shelf, key, entity, row)
        self._seen[(shelf.table, key)] = kept
        return kept

    async def _load(self, shelf: Shelf[E], key: Key) -> _Kept[E]:
        rows = await self._rows_with(shelf, _key_of(shelf.table), [key])
        if not rows:
            return self._remember(shelf, key, None, None)
        return self._remember(shelf, key, shelf.read(rows[0][:-1]), rows[0])

    async def _load_all(self, shelf: Shelf[Any], keys: list[Key]) -> None:
        rows = await self._rows_with(shelf, _key_of(shelf.table), keys)
        found = {shelf.key(self._keep_row(shelf, row)) for row in rows}
        for key in keys:
            if key not in found:
                self._remember(shelf, key, None, None)

    async def _rows_with(self, shelf: Shelf[Any], columns: Columns, values: list[Key]) -> list[Row]:
        if len(values) == 1:  # as it is whenever there is little to do
            query, names = _by(shelf.table, columns)
            return await self._database.fetch(query, dict(zip(names, values[0], strict=True)))
        # Filled up, there are a dozen lengths of list, and so of statements to prepare.
        filled = values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))
        among = sa.tuple_(*columns).in_(filled)
        return await self._database.fetch(sa.select(shelf.table).where(among))

    def _as_staged(self, shelf: Shelf[E], rows: list[Row]) -> Iterable[E | None]:
        for row in rows:
            entity: E = self._keep_row(shelf, row)
            staged, changed = self._staged(shelf, shelf.key(entity))
            yield changed if staged else entity

    def _keep_row(self, shelf: Shelf[E], row: Row) -> E:
        """Keep a row just read, unless this batch or this node's memory already has one."""
        read = shelf.read(row[:-1])
        key = shelf.key(read)
        seen = self._seen.get((shelf.table, key))
        kept: _Kept[E] | None = seen or self._remembered.get(shelf, key)
        if kept and kept.entity is not None and (seen or kept.version >= row[-1]):
            self._seen[(shelf.table, key)] = kept
            return kept.entity
        if not seen:
            self._remember(shelf, key, read, row)
        return read


def _is(table: sa.Table, key: Key) -> Iterable[sa.ColumnElement[bool]]:
    return (column == value for column, value in zip(table.primary_key, key, strict=True))


@cache  # as many as there are tables, and a few that are looked for by something else
def _by(table: sa.Table, columns: Columns) -> tuple[sa.Select[Any], tuple[str, ...]]:
    """The query of the rows that have one value in each of the columns, and its places' names."""
    names = tuple(column.name for column in columns)
    same = (column == sa.bindparam(column.name) for column in columns)
    return sa.select(table).where(*same), names


@cache
def _key_of(table: sa.Table) -> Columns:
    return tuple(table.primary_key.columns)


@cache
def _resting(table: sa.Table) -> Callable[[Row], Row]:
    """Takes out of a row what a narrower statement would leave as it is."""
    resting = resting_columns(table)
    columns = enumerate(table.columns)
    places = [at for at, column in columns if column.name in resting and not column.primary_key]
    if not places:
        return lambda _row: ()
    return itemgetter(*places, places[0])  # two at least, for of one it gives no tuple
