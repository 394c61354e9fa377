from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ricarica.alerts.events import AlertChanged, AlertOpened
from ricarica.alerts.model import (
    OFFLINE,
    Alert,
    AlertState,
    Happened,
    Level,
    Matches,
    Rule,
    check,
)
from ricarica.alerts.service import AlertService
from ricarica.configuration.templates import Applies
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import DEFAULT_TENANT, EventId, StationId, StationKey
from ricarica.stations.model import Acceptance, Station
from ricarica.stations.service import StationPolicy, StationService
from ricarica.testing import memory
from ricarica.testing.clock import CountedIds
from ricarica.testing.memory_alerts import MemoryAlertStore

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CP = StationId("CP-1")
KEY = StationKey(DEFAULT_TENANT, CP)
STATION = Station(KEY, Acceptance.ACCEPTED, NOON - HOUR, vendor="Stellavolt")
HOT: Mapping[str, Any] = {"name": "ChargingStation.Temperature", "value": "80", "severity": 2}


class House:
    def __init__(self) -> None:
        self.store = MemoryAlertStore()
        self.outgoing = memory.Told()
        self.stations = memory.MemoryStationStore()
        self.stations.save(STATION)
        stations = StationService(self.stations, self.outgoing, StationPolicy())
        self.alerts = AlertService(self.store, stations, self.outgoing, CountedIds())
        self._last = 0

    async def happens(
        self, body: Mapping[str, Any] = HOT, at: datetime = NOON, kind: str = "StationNoticed"
    ) -> None:
        self._last += 1
        happened = Happened(EventId(self._last), kind, at, CP, body)
        await self.alerts.look_at(DEFAULT_TENANT, [happened], happened.id)

    def all(self) -> list[Alert]:
        return sorted(self.store.alerts.values(), key=lambda alert: alert.id)

    @property
    def opened(self) -> list[str]:
        return [each.name for each in self.outgoing.events if isinstance(each, AlertOpened)]


@pytest.fixture
def house() -> House:
    return House()


async def test_a_severe_event_calls_somebody_once(house: House) -> None:
    await house.happens()
    await house.happens(at=NOON + MINUTE)

    [alert] = house.all()
    assert (alert.state, alert.level, alert.count) == (AlertState.OPEN, Level.CRITICAL, 2)
    assert alert.text == "ChargingStation.Temperature 80"
    assert (alert.first_at, alert.last_at) == (NOON, NOON + MINUTE)
    assert house.opened == ["Severe failure"]


async def test_what_is_not_severe_calls_nobody(house: House) -> None:
    await house.happens({**HOT, "severity": 4})
    await house.happens({**HOT, "severity": None})

    assert house.all() == []


async def test_what_passed_by_itself_is_resolved(house: House) -> None:
    await house.happens()
    await house.happens({**HOT, "value": "20", "cleared": True}, NOON + MINUTE)

    [alert] = house.all()
    assert (alert.state, alert.by) == (AlertState.RESOLVED, None)
    assert isinstance(house.outgoing.events[-1], AlertChanged)


async def test_what_passed_elsewhere_resolves_nothing(house: House) -> None:
    await house.happens()
    await house.happens({"name": "EVSE@1.Power", "value": "0", "cleared": True})

    assert house.all()[0].state is AlertState.OPEN


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (
            {"name": "Connector@1.Problem", "value": "GroundFailure", "severity": 0},
            "Ground failure",
        ),
        (
            {"name": "ConnectorPlugRetentionLock@1/1.Problem", "value": "true"},
            "Connector lock failure",
        ),
        ({"name": "FanSpeed.Problem", "value": "true"}, "A component has a problem"),
    ],
)
async def test_of_our_own_rules_the_first_that_fits_has_it(
    house: House, body: dict[str, Any], name: str
) -> None:
    await house.happens(body)

    assert house.opened == [name]


async def test_a_rule_of_somebody_looks_besides_ours(house: House) -> None:
    mine = Rule(DEFAULT_TENANT, "mine", "Mine", "StationNoticed", matches=Matches("*.temperature"))
    await house.alerts.save_rule(mine)

    await house.happens()

    assert sorted(house.opened) == ["Mine", "Severe failure"]


async def test_a_threshold_is_reached_within_its_window_only(house: House) -> None:
    rule = Rule(
        DEFAULT_TENANT, "often", "Often", "TokenJudged", threshold=3, window=timedelta(minutes=10)
    )
    await house.alerts.save_rule(rule)

    for minute in (0, 8, 12, 14, 16):
        await house.happens({"uid": "A"}, NOON + minute * MINUTE, "TokenJudged")

    counting, alert = house.all()
    assert counting.state is AlertState.COUNTING
    assert (alert.state, alert.count) == (AlertState.OPEN, 3)
    assert house.opened == ["Often"]


async def test_after_it_was_resolved_it_is_quiet_for_a_while(house: House) -> None:
    await house.happens()
    [alert] = house.all()
    await house.alerts.resolve(DEFAULT_TENANT, alert.id, "ada", "", NOON + MINUTE)

    await house.happens(at=NOON + 30 * MINUTE)
    quiet = len(house.opened)
    await house.happens(at=NOON + 2 * HOUR)

    assert quiet == 1
    assert len(house.opened) == 2


async def test_whoever_looks_says_so_with_a_note(house: House) -> None:
    await house.happens()
    [alert] = house.all()

    known = await house.alerts.acknowledge(DEFAULT_TENANT, alert.id, "ada", "on my way", NOON)

    assert (known.state, known.by, known.note) == (AlertState.ACKNOWLEDGED, "ada", "on my way")
    await house.happens(at=NOON + MINUTE)
    assert house.all()[0].state is AlertState.ACKNOWLEDGED


async def test_a_note_without_an_end_is_refused(house: House) -> None:
    await house.happens()

    with pytest.raises(InvalidError):
        await house.alerts.acknowledge(DEFAULT_TENANT, house.all()[0].id, "ada", "x" * 501, NOON)


async def test_an_alert_that_is_none_cannot_be_resolved(house: House) -> None:
    with pytest.raises(NotFoundError):
        await house.alerts.resolve(DEFAULT_TENANT, EventId(5), "ada", "", NOON)


async def test_a_station_that_stays_away_calls_somebody_until_it_is_back(house: House) -> None:
    away = replace(STATION, connected=False, connection_changed_at=NOON)

    await house.alerts.look_for_absent(DEFAULT_TENANT, {CP: away}, NOON + 29 * MINUTE)
    before = list(house.opened)
    await house.alerts.look_for_absent(DEFAULT_TENANT, {CP: away}, NOON + 30 * MINUTE)
    await house.alerts.look_for_absent(DEFAULT_TENANT, {CP: away}, NOON + 31 * MINUTE)
    [alert] = house.all()
    await house.alerts.look_for_absent(DEFAULT_TENANT, {}, NOON + 40 * MINUTE)

    assert before == []
    assert house.opened == ["Station offline"]
    assert (alert.rule, alert.first_at) == (OFFLINE, NOON)
    assert house.all()[0].state is AlertState.RESOLVED


async def test_who_was_told_of_an_absent_station_is_not_told_again(house: House) -> None:
    away = replace(STATION, connected=False, connection_changed_at=NOON)
    await house.alerts.look_for_absent(DEFAULT_TENANT, {CP: away}, NOON + HOUR)
    await house.alerts.resolve(DEFAULT_TENANT, house.all()[0].id, "ada", "known", NOON + HOUR)

    await house.alerts.look_for_absent(DEFAULT_TENANT, {CP: away}, NOON + 2 * HOUR)

    assert len(house.all()) == 1


async def test_a_rule_is_for_some_stations(house: House) -> None:
    await house.alerts.save_rule(
        Rule(DEFAULT_TENANT, "q", "Q", "StationBooted", applies=Applies(vendor="Quaylight"))
    )
    await house.alerts.save_rule(
        Rule(DEFAULT_TENANT, "s", "S", "StationBooted", applies=Applies(vendor="stella*"))
    )

    await house.happens({"reason": "Watchdog"}, kind="StationBooted")

    assert house.opened == ["S"]


async def test_a_rule_that_is_switched_off_is_quiet_and_ours_come_back(house: House) -> None:
    severe = await house.alerts.rule(DEFAULT_TENANT, "severe")
    await house.alerts.save_rule(replace(severe, is_active=False))
    await house.happens()
    off = list(house.opened)

    await house.alerts.remove_rule(DEFAULT_TENANT, "severe")
    await house.happens()

    assert off == []
    assert house.opened == ["Severe failure"]
    with pytest.raises(InvalidError):
        await house.alerts.remove_rule(DEFAULT_TENANT, "severe")


async def test_a_critical_security_event_calls_somebody(house: House) -> None:
    body = {"kind": "TamperDetectionActivated", "is_critical": True}

    await house.happens(body, kind="SecurityEventReported")
    await house.happens({**body, "is_critical": False}, kind="SecurityEventReported")

    [alert] = house.all()
    assert (alert.count, alert.text) == (1, "TamperDetectionActivated")


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"kind": ""}, {"threshold": 0}, {"window": timedelta(days=8)}]
)
def test_what_cannot_be_carried_out_is_no_rule(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        check(replace(Rule(DEFAULT_TENANT, "r", "R", "StationNoticed"), **fields))
