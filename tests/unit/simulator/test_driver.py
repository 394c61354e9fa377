from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, Dialect
from ricarica.simulator.battery import Outlet
from ricarica.simulator.driver import Driver, Habits, Stage
from ricarica.simulator.evse import Evse, State
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from ricarica.simulator.transaction import Token
from tests.unit.simulator.scripted import NOON, ScriptedServer

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
TOKENS = (Token("TAG1"), Token("TAG2"))


def habits(seed: int = 1, busy: str = "0.7", speed: int = 10) -> Habits:
    return Habits(TOKENS, Random(seed), Decimal(busy), Decimal(speed))


class Street:
    """A station with a server behind it and people in front of it."""

    def __init__(self, dialect: Dialect, seed: int = 1) -> None:
        evses = [ac_evse(1), dc_evse(2)]
        station = SimulatedStation(dialect, "RIC-0001", evses, Random(seed), now=NOON)
        self.server = ScriptedServer(station)
        self.server.connect()
        self.drivers = [Driver(evse, habits(seed), NOON) for evse in evses]

    def live(self, duration: timedelta) -> None:
        end = self.server.now + duration
        while self.server.now < end:
            self.server.let_pass(4)
            for driver in self.drivers:
                driver.step(self.server.station, self.server.now)
            self.server.exchange()


@every_dialect
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hours_of_visits_are_told_completely_and_validly(dialect: Dialect, seed: int) -> None:
    street = Street(dialect, seed)

    street.live(timedelta(hours=2))

    station = street.server.station
    assert station.is_idle
    assert all(entry.acked for entry in station.journal.entries)
    starts = street.server.of("StartTransaction") + [
        event for event in street.server.events() if event["eventType"] == "Started"
    ]
    ends = street.server.of("StopTransaction") + [
        event for event in street.server.events() if event["eventType"] == "Ended"
    ]
    assert len(starts) > 10
    assert len(starts) - len(ends) == sum(1 for evse in (1, 2) if station.transaction(evse))


def test_a_refused_driver_goes_away() -> None:
    street = Street(V16)
    street.server.script["Authorize"] = lambda _: {"idTagInfo": {"status": "Blocked"}}

    street.live(timedelta(minutes=30))

    assert street.server.of("StartTransaction") == []
    assert len(street.server.of("Authorize")) > 3


def test_nobody_charges_where_an_evse_is_closed() -> None:
    street = Street(V16)
    street.server.command("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})

    street.live(timedelta(minutes=30))

    assert street.server.of("Authorize") == []
    assert street.server.station.state(1) is State.UNAVAILABLE


def test_somebody_whose_charging_was_ended_from_afar_unplugs() -> None:
    street = Street(V16)
    while street.server.station.transaction(1) is None:
        street.live(timedelta(seconds=4))
    running = street.server.station.transaction(1)
    assert running is not None

    street.server.command("RemoteStopTransaction", {"transactionId": running.number})
    street.live(timedelta(seconds=24))

    assert street.server.station.state(1) is State.AVAILABLE
    assert street.drivers[0].stage is Stage.AWAY


def test_without_any_business_nobody_ever_comes() -> None:
    driver = Driver(ac_evse(1), habits(busy="0"), NOON)

    assert driver.due is None


def test_speed_shortens_stays_and_shrinks_batteries_alike() -> None:
    evse = Evse(1, Outlet(Decimal(22_000)))
    slow = habits(seed=5, speed=1).first_visit(evse, NOON)
    fast = habits(seed=5, speed=10).first_visit(evse, NOON)
    assert slow is not None
    assert fast is not None

    assert abs(fast.stays * 10 - slow.stays) < timedelta(seconds=1)
    assert fast.vehicle.battery.capacity_wh * 10 == slow.vehicle.battery.capacity_wh


def test_a_direct_current_outlet_gets_cars_that_can_use_it() -> None:
    every_visit = [habits(seed).first_visit(dc_evse(1), NOON) for seed in range(30)]

    assert all(visit and visit.vehicle.dc_power_w_max for visit in every_visit)
    assert {visit.connector for visit in every_visit if visit} == {1, 2}
