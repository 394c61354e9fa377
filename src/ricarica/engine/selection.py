"""Which stations a command is for."""

from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from ricarica.kernel.ids import StationId
from ricarica.stations.model import label_of

IDS_MAX = 10_000


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that is given has to fit; nothing given: all stations that are accepted.

    `firmware`, `vendor` and `model` are whole words as the station told them, in any case.
    """

    ids: tuple[StationId, ...] = ()
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    site: str | None = None
    dialect: str | None = None
    connected: bool | None = None
    label: str | None = None


def wheres(stations: sa.Table, selection: Selection) -> Iterator[sa.ColumnElement[bool]]:
    columns = stations.c
    if selection.ids:
        yield columns.folded.in_([name.casefold() for name in selection.ids[:IDS_MAX]])
    for name in ("vendor", "model", "firmware"):
        if wanted := getattr(selection, name):
            yield sa.func.lower(columns[name]) == wanted.strip().lower()
    if selection.site:
        yield columns.site == selection.site
    if selection.dialect:
        yield columns.dialect == selection.dialect
    if selection.connected is not None:
        yield columns.connected.is_(selection.connected)
    if selection.label:
        yield columns.labels.contains(f",{label_of(selection.label)},", autoescape=True)
