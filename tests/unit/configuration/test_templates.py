from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.configuration.limits import Limit, limit_from, parts_of
from ricarica.configuration.model import Access, Setting
from ricarica.configuration.templates import (
    Applies,
    MonitorType,
    Standing,
    StreamRate,
    Template,
    WantedMonitor,
    check,
    check_monitor,
    is_equal,
    standing_of,
    wanted_of,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId, StationId, StationKey
from ricarica.stations.model import Acceptance, Station

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
STATION = Station(
    KEY,
    Acceptance.ACCEPTED,
    NOON,
    vendor="Stellavolt",
    model="Duo 22",
    firmware="2.4.1",
    labels=("fast", "motorway"),
)
HOT = WantedMonitor("ChargingStation.Temperature", MonitorType.UPPER, Decimal(60))


def template(id_: str, rank: int = 0, applies: Applies | None = None, **settings: str) -> Template:
    return Template(DEFAULT_TENANT, id_, id_, applies or Applies(), settings, NOON, NOON, rank=rank)


def setting(value: str | None, **fields: object) -> Setting:
    return Setting(KEY, "Name", value, Access.READ_WRITE, NOON, **fields)  # type: ignore[arg-type]  # each test names its own


@pytest.mark.parametrize(
    ("applies", "is_ours"),
    [
        (Applies(), True),
        (Applies(vendor="stella*", model="duo*"), True),
        (Applies(vendor="Quaylight"), False),
        (Applies(firmware="2.4.*"), True),
        (Applies(firmware="2.5.*"), False),
        (Applies(site=SiteId("porto")), False),
        (Applies(stations=(StationId("CP-1"),)), True),
        (Applies(stations=(StationId("CP-2"),)), False),
        (Applies(label=" Fast"), True),
        (Applies(label="fas"), False),
    ],
)
def test_a_template_is_for_some_stations(applies: Applies, is_ours: bool) -> None:
    assert applies.to(STATION) is is_ours


def test_of_several_templates_the_one_of_higher_rank_has_the_last_word() -> None:
    wanted = wanted_of(
        STATION, [template("high", 5, a="1"), template("low", 0, a="2", b="3"), template("other")]
    )

    assert wanted.settings == {"a": "1", "b": "3"}


def test_a_monitor_of_the_same_kind_and_severity_is_wanted_once() -> None:
    low = replace(template("low"), monitors=(HOT,))
    high = replace(template("high", 1), monitors=(replace(HOT, value=Decimal(70)),))

    wanted = wanted_of(STATION, [high, low])

    assert [monitor.value for monitor in wanted.monitors] == [70]


@pytest.mark.parametrize(
    ("actual", "wanted", "kind"),
    [
        ("True", "true", None),
        ("60.0", "60", "integer"),
        ("A, B", "A,B", "SequenceList"),
        ("B,A", "A,B", "MemberList"),
        ("0060", "60", None),
    ],
)
def test_two_texts_may_say_the_same(actual: str, wanted: str, kind: str | None) -> None:
    assert is_equal(actual, wanted, kind)


@pytest.mark.parametrize(
    ("actual", "wanted", "kind"),
    [
        ("false", "true", None),
        ("B,A", "A,B", "SequenceList"),
        (None, "", None),
        ("Roma", "roma", "string"),
        ("NaN", "1", None),
    ],
)
def test_two_texts_may_differ(actual: str | None, wanted: str, kind: str | None) -> None:
    assert not is_equal(actual, wanted, kind)


@pytest.mark.parametrize(
    ("known", "standing"),
    [
        (None, Standing.MISSING),
        (setting("60"), Standing.IN_STEP),
        (setting("30"), Standing.DIFFERS),
        (setting("60", needs_reboot=True), Standing.AFTER_RESTART),
        (setting("30", refused="60", refused_why="Rejected"), Standing.REFUSED),
        (setting("30", refused="90"), Standing.DIFFERS),
        (Setting(KEY, "Name", "30", Access.READ_ONLY, NOON), Standing.READ_ONLY),
        (Setting(KEY, "Name", None, Access.WRITE_ONLY, NOON), Standing.HIDDEN),
    ],
)
def test_how_a_setting_stands(known: Setting | None, standing: Standing) -> None:
    assert standing_of("name", "60", known, NOON - timedelta(hours=1)).standing is standing


def test_after_the_next_boot_nothing_waits_for_it() -> None:
    known = setting("60", needs_reboot=True)

    assert standing_of("name", "60", known, NOON + timedelta(1)).standing is Standing.IN_STEP


@pytest.mark.parametrize(
    "settings",
    [
        {"AuthorizationKey": "secret"},
        {"SecurityProfile": "2"},
        {"SecurityCtrlr.SecurityProfile": "2"},
        {"security_profile": "2"},
        {"NetworkConfiguration#2.OcppCsmsUrl": "wss://elsewhere.example"},
        {"read_items_max": "5"},
        {"EVSE@1.Power:Mean": "1"},
        {"name": "x" * 2_501},
    ],
)
def test_what_nobody_can_keep_in_step_is_no_template(settings: dict[str, str]) -> None:
    with pytest.raises(InvalidError):
        check(replace(template("t"), settings=settings))


@pytest.mark.parametrize(
    "monitor",
    [
        WantedMonitor(HOT.name, MonitorType.DELTA, Decimal(-1)),
        WantedMonitor(HOT.name, MonitorType.PERIODIC, Decimal(0)),
        WantedMonitor(HOT.name, MonitorType.UPPER, Decimal(1), severity=10),
        WantedMonitor("", MonitorType.UPPER, Decimal(1)),
    ],
)
def test_what_no_station_takes_is_no_monitor(monitor: WantedMonitor) -> None:
    with pytest.raises(InvalidError):
        check_monitor(monitor)


def test_a_stream_has_an_interval_or_a_number_of_values() -> None:
    with pytest.raises(InvalidError):
        StreamRate()


# -- limits


def test_a_list_is_cut_by_items_and_by_bytes() -> None:
    items = [(number, "x" * 100) for number in range(5)]

    assert list(parts_of(items, Limit(2))) == [(0, 1), (2, 3), (4,)]
    assert list(parts_of(items, Limit(9, bytes=1_000))) == [(0, 1, 2), (3, 4)]


def test_an_item_longer_than_allowed_goes_alone() -> None:
    assert list(parts_of([(1, "x" * 500), (2, "y")], Limit(9, bytes=300))) == [(1,), (2,)]


def test_a_limit_is_what_the_station_told() -> None:
    known = {"read_items_max": setting("7"), "read_bytes_max": setting("nonsense")}

    assert limit_from(known, "read", Limit(3)) == Limit(7)
    assert limit_from({}, "read", Limit(3)) == Limit(3)
