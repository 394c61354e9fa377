from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.simulator.battery import UNLIMITED, Battery, Limit, Vehicle
from ricarica.simulator.evse import Authorization, ChargingState, Evse, Reservation, State
from ricarica.simulator.simulated import ac_evse, dc_evse
from ricarica.simulator.transaction import Token, Transaction

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
TOKEN = Token("TAG1")


def car(stored_wh: int = 24_000) -> Vehicle:
    return Vehicle(Battery(Decimal(60_000), Decimal(stored_wh)), dc_power_w_max=Decimal(100_000))


def charging(evse: Evse, vehicle: Vehicle | None = None) -> Evse:
    evse.plug_in(vehicle or car(), 1)
    evse.transaction = Transaction("tx", evse.number, 1, NOON, Decimal(0), TOKEN)
    evse.advance(NOON)
    return evse


def test_states_from_arrival_to_departure() -> None:
    evse = ac_evse(1)
    assert evse.state(1) is State.AVAILABLE

    evse.authorization = Authorization(TOKEN, NOON)
    assert evse.state(1) is State.PREPARING

    charging(evse)
    assert evse.state(1) is State.CHARGING

    evse.transaction, evse.authorization, evse.last_finished = None, None, True
    assert evse.state(1) is State.FINISHING

    evse.unplug()
    assert evse.state(1) is State.AVAILABLE


def test_what_keeps_an_evse_from_use() -> None:
    evse = ac_evse(1)
    evse.reservation = Reservation(1, TOKEN, NOON)
    assert evse.state(1) is State.RESERVED

    evse.is_operative = False
    assert evse.state(1) is State.UNAVAILABLE

    evse.fault = "GroundFailure"
    assert evse.state(1) is State.FAULTED
    assert not evse.is_free


def test_one_connector_may_be_closed_alone() -> None:
    evse = dc_evse(1)
    evse.inoperative_connectors = frozenset({2})

    assert (evse.state(1), evse.state(2)) == (State.AVAILABLE, State.UNAVAILABLE)


def test_the_other_plug_of_a_busy_evse_is_taken_too() -> None:
    evse = charging(dc_evse(1))

    assert evse.state(2) is State.CHARGING


@pytest.mark.parametrize(
    "limit,state",
    [
        (UNLIMITED, ChargingState.CHARGING),
        (Limit(current_a=Decimal(6)), ChargingState.CHARGING),
        (Limit(current_a=Decimal("5.9")), ChargingState.SUSPENDED_EVSE),
        (Limit(power_w=Decimal(0)), ChargingState.SUSPENDED_EVSE),
    ],
)
def test_a_limit_too_low_to_charge_with_suspends(limit: Limit, state: ChargingState) -> None:
    evse = charging(ac_evse(1))
    evse.limit = limit

    assert evse.charging_state() is state


def test_a_full_car_suspends_and_a_gone_one_idles() -> None:
    evse = charging(ac_evse(1), car(60_000))
    assert evse.charging_state() is ChargingState.SUSPENDED_EV

    evse.unplug()
    assert evse.charging_state() is ChargingState.IDLE


def test_energy_flows_only_while_charging() -> None:
    evse = charging(ac_evse(1))
    evse.advance(NOON + timedelta(hours=1))
    first = evse.meter.shown_wh
    assert 11_020 < first < 11_040  # 11.04 kW, less what the ramp at the start costs

    evse.limit = Limit(current_a=Decimal(0))
    evse.advance(NOON + timedelta(hours=2))
    assert evse.meter.shown_wh == first
    assert evse.draw.power_w == 0


def test_what_the_meter_counts_is_what_the_battery_gets() -> None:
    evse = charging(ac_evse(1), car(55_000))
    evse.advance(NOON + timedelta(hours=5))

    assert evse.vehicle is not None
    assert evse.vehicle.battery.stored_wh == 60_000
    assert evse.meter.register_wh == 5_000


def test_the_lock_holds_the_cable_until_it_is_released() -> None:
    evse = charging(ac_evse(1))
    assert evse.is_locked

    evse.lock_is_jammed = True
    assert not evse.unlock()
    assert evse.is_locked

    evse.lock_is_jammed = False
    assert evse.unlock()
    assert not evse.is_locked


def test_time_never_runs_backwards_through_a_meter() -> None:
    evse = charging(ac_evse(1))
    evse.advance(NOON + timedelta(minutes=10))
    before = evse.meter.register_wh

    evse.advance(NOON + timedelta(minutes=5))

    assert evse.meter.register_wh == before


def test_the_same_drive_in_small_or_large_steps_differs_little() -> None:
    fine, coarse = charging(ac_evse(1)), charging(ac_evse(1))
    for seconds in range(1, 3601):
        fine.advance(NOON + timedelta(seconds=seconds))
    coarse.advance(NOON + timedelta(hours=1))

    assert abs(fine.meter.register_wh - coarse.meter.register_wh) < 20
