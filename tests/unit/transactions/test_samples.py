"""Readings of one moment as one row, and back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey
from ricarica.storage.database import Row
from ricarica.transactions.readings import OUTLET, Context, Measurand, Reading
from ricarica.transactions.sql import SAMPLES, readings_from, sample_rows

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
EVSE = EvseNumber(1)
REGISTER = Reading(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Decimal(10800), NOON)
POWER = Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal("7.2"), NOON)
CURRENT = Reading(Measurand.CURRENT_IMPORT, Decimal("15.70"), NOON, phase="L1")


def rows(*readings: Reading, evse: EvseNumber = EVSE, ref: str | None = "17") -> list[Row]:
    return list(sample_rows(KEY, evse, ref, readings, NOON))


def column(row: Row, name: str) -> object:
    return row[SAMPLES.columns.keys().index(name)]


def test_readings_of_one_moment_are_one_row_with_what_is_counted_beside_it() -> None:
    [row] = rows(REGISTER, POWER, CURRENT)

    assert column(row, "readings") == '[[1,10800],[14,7.2],[20,15.70,"L1"]]'
    assert column(row, "register_wh") == 10_800
    assert column(row, "power_w") == Decimal("7.2")


def test_phases_make_the_power_where_there_is_no_total() -> None:
    phases = [replace(POWER, phase=phase) for phase in ("L1", "L2", "L3")]

    [row] = rows(*phases)

    assert column(row, "power_w") == Decimal("21.6")
    assert column(row, "register_wh") is None


def test_what_is_measured_elsewhere_is_neither_counted_nor_drawn() -> None:
    [row] = rows(replace(REGISTER, location="Inlet"), replace(POWER, location="Inlet"))

    assert (column(row, "register_wh"), column(row, "power_w")) == (None, None)


def test_each_moment_is_a_row_of_its_own() -> None:
    later = replace(REGISTER, at=NOON + timedelta(seconds=15), value=Decimal(10_845))

    assert [column(row, "at") for row in rows(REGISTER, later, POWER)] == [NOON, later.at]


def test_each_register_of_one_moment_is_counted() -> None:
    begun = replace(REGISTER, context=Context.BEGIN, value=Decimal(10_000))

    told = rows(begun, POWER, REGISTER)

    assert [column(row, "register_wh") for row in told] == [10_000, 10_800]
    assert [column(row, "power_w") for row in told] == [Decimal("7.2"), None]


def test_the_same_told_again_has_the_same_key_and_anything_else_another() -> None:
    def key(*readings: Reading, evse: EvseNumber = EVSE) -> object:
        [row] = rows(*readings, evse=evse)
        return row[: len(SAMPLES.primary_key)]

    assert key(REGISTER, POWER) == key(REGISTER, POWER)
    others = [
        key(REGISTER),
        key(REGISTER, replace(POWER, value=Decimal("7.3"))),
        key(REGISTER, replace(POWER, context=Context.CLOCK)),
        key(REGISTER, POWER, evse=EvseNumber(2)),
    ]
    assert len({key(REGISTER, POWER), *others}) == 5


@pytest.mark.parametrize(
    "absurd,kept", [("NaN", None), ("Infinity", 10**14), ("-1e300", -(10**14))]
)
def test_what_no_column_can_hold_is_held_as_far_as_it_can_be(absurd: str, kept: int | None) -> None:
    told = rows(replace(REGISTER, value=Decimal(absurd)))

    assert [column(row, "register_wh") for row in told] == ([] if kept is None else [kept])


texts = st.text(max_size=5)
readings = st.builds(
    Reading,
    st.sampled_from(Measurand),
    st.decimals(-(10**13), 10**13, allow_nan=False, places=4),
    st.just(NOON),
    st.sampled_from(Context),
    st.none() | texts.filter(bool),
    st.just(OUTLET) | texts,
    st.none() | texts.filter(bool),
)


@given(st.lists(readings, max_size=6))
def test_every_reading_comes_back_as_it_was_told(told: list[Reading]) -> None:
    found = [reading for row in rows(*told) for reading in readings_from(str(row[-1]), NOON)]

    assert sorted(map(repr, found)) == sorted(map(repr, told))
