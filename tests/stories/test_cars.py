"""What cars ask for, and what they may give back. K15–K20, Q"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.commands import (
    SignalFrequency,
)
from ricarica.energy.der import (
    DerKind,
)
from ricarica.energy.evses import EvseEnergy
from ricarica.energy.model import (
    FrequencyPoint,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Rule,
    Schedule,
    SignalPoint,
    Unit,
)
from ricarica.energy.queries import EnergyQueries, StationEnergy
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.blocks.smart_charging import Outside, Smart, limit_from_outside, tell_plan
from ricarica.simulator.blocks.smart_charging import tell_needs as say_needs
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.transactions.readings import exported_in


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


FIRST = EvseNumber(1)
TAG = "04A1B2C3"
MINUTE = timedelta(minutes=1)

both_of_2x = pytest.mark.parametrize("dialect", [V201, V21], ids=str)

AC_NEEDS = v2.ChargingNeeds(
    requested_energy_transfer=v2.EnergyTransferMode.AC_three_phase,
    ac_charging_parameters=v2.ACChargingParameters(
        energy_amount=Decimal(20_000),
        ev_min_current=Decimal(6),
        ev_max_current=Decimal(16),
        ev_max_voltage=Decimal(230),
    ),
)


def v2x_needs(
    transfer: v2.EnergyTransferMode = v2.EnergyTransferMode.AC_BPT,
    mode: v2.ControlMode = v2.ControlMode.ScheduledControl,
    **details: Any,
) -> v2.ChargingNeeds:
    return v2.ChargingNeeds(
        requested_energy_transfer=transfer,
        available_energy_transfer=[v2.EnergyTransferMode.AC_three_phase, transfer],
        control_mode=mode,
        v2x_charging_parameters=v2.V2XChargingParameters(
            max_charge_power=Decimal(11_000),
            max_discharge_power=Decimal(7_000),
            ev_target_energy_request=Decimal(20_000),
        ),
        **details,
    )


async def charging(network: World, dialect: Dialect = V21) -> SimulatedStation:
    """A station at whose first EVSE a car charges."""
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    station.present(TAG, 1)
    await network.pass_time(2 * MINUTE)
    return station


async def decide(network: World, **decided: Any) -> None:
    rule = Rule(tenant=DEFAULT_TENANT, **decided)
    await network.carry_out(lambda slices: slices.cars.rule(rule))


async def known(network: World, station: SimulatedStation) -> StationEnergy:
    return await EnergyQueries(network.database).station(key_of(station), network.clock.now())


async def at_first(network: World, station: SimulatedStation) -> EvseEnergy:
    evses = (await known(network, station)).evses
    return next(each for each in evses if each.evse == FIRST)


def answers(station: SimulatedStation) -> list[str]:
    """How what it told last was answered."""
    return [str(getattr(each, "status", "")) for each in station.core.memory(Smart).answers]


def said(network: World, station: SimulatedStation, action: str) -> list[dict[str, Any]]:
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[0] == 2 and frame[2] == action]


async def tell_needs(network: World, station: SimulatedStation, needs: v2.ChargingNeeds) -> None:
    say_needs(station.core, 1, needs, tuples_max=3)
    await network.pass_time(MINUTE)


# -- what cars ask for


@pytest.mark.usecase("K15")
@pytest.mark.tc("TC_K_53_CSMS")
@both_of_2x
async def test_a_car_is_given_a_schedule_within_what_it_asked_for(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await decide(network, power_w=Decimal(22_000))

    await tell_needs(network, station, AC_NEEDS)

    [request] = said(network, station, "SetChargingProfile")
    [schedule] = request["chargingProfile"]["chargingSchedule"]
    assert answers(station) == ["Accepted"]
    assert request["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    # The car asked for 3 × 16 A × 230 V, which is less than it was allowed.
    assert schedule["chargingSchedulePeriod"][0]["limit"] == 11_040
    assert (await at_first(network, station)).answer == "accepted"


@pytest.mark.usecase("K15")
@both_of_2x
async def test_without_a_rule_the_station_does_what_it_would_by_itself(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)

    await tell_needs(network, station, AC_NEEDS)

    needs = (await at_first(network, station)).needs
    assert answers(station) == ["Rejected"]
    assert said(network, station, "SetChargingProfile") == []
    assert needs is not None
    assert needs.energy_wh == 20_000
    assert needs.charge_w_max == 11_040


@pytest.mark.usecase("K15", "K17")
@pytest.mark.tc("TC_K_55_CSMS")
@both_of_2x
async def test_a_plan_within_the_limits_is_accepted(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await decide(network, power_w=Decimal(11_000))
    await tell_needs(network, station, AC_NEEDS)

    tell_plan(station.core, 1, [(0, Decimal(10_000)), (600, Decimal(4_000))])
    await network.pass_time(MINUTE)

    evse = await at_first(network, station)
    assert answers(station)[-1] == "Accepted"
    assert evse.plan is not None
    assert evse.plan_fits


@pytest.mark.usecase("K16", "K17")
@pytest.mark.tc("TC_K_57_CSMS", "TC_K_59_CSMS")
@both_of_2x
async def test_a_plan_beyond_the_limits_is_negotiated_anew_but_not_forever(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await decide(network, power_w=Decimal(8_000))
    await tell_needs(network, station, AC_NEEDS)

    for _ in range(5):
        tell_plan(station.core, 1, [(0, Decimal(10_000))])
        await network.pass_time(MINUTE)

    assert answers(station)[1:] == ["Rejected"] * 5
    assert len(said(network, station, "SetChargingProfile")) == 1 + 3
    assert (await at_first(network, station)).plan_fits is False


@pytest.mark.usecase("K18")
async def test_a_car_of_iso_15118_20_that_gets_no_profile_goes_on(network: World) -> None:
    station = await charging(network)

    await tell_needs(network, station, v2x_needs())

    assert answers(station) == ["NoChargingProfile"]
    assert station.transaction(1) is not None


@pytest.mark.usecase("K18", "Q01")
async def test_a_transfer_that_is_not_allowed_ends_the_transaction(network: World) -> None:
    station = await charging(network)
    await decide(network, transfers=(EnergyTransfer.AC_THREE_PHASE,))

    await tell_needs(network, station, v2x_needs())

    [transaction] = await network.transactions(station)
    assert answers(station) == ["Rejected"]
    assert transaction.end_reason == "ReqEnergyTransferRejected"


@pytest.mark.usecase("K19", "K20")
async def test_a_car_that_is_steered_gets_another_profile_when_it_needs_another(
    network: World,
) -> None:
    station = await charging(network)
    await decide(network, power_w=Decimal(9_000))
    dynamic = v2.ControlMode.DynamicControl

    await tell_needs(network, station, v2x_needs(mode=dynamic))
    await tell_needs(
        network,
        station,
        v2x_needs(mode=dynamic, departure_time=network.clock.now() + timedelta(hours=1)),
    )

    requests = said(network, station, "SetChargingProfile")
    evse = await at_first(network, station)
    assert answers(station) == ["Accepted", "Accepted"]
    assert len({request["chargingProfile"]["id"] for request in requests}) == 1
    assert evse.needs is not None
    assert evse.needs.departs_at is not None
    assert evse.needs.is_dynamic


# -- what may flow back


async def reported(network: World, station: SimulatedStation) -> None:
    """Its device model is known."""
    payload = b'{"requestId": 7, "reportBase": "FullInventory"}'
    await network.call(station, "GetBaseReport", payload)
    await network.settle()


async def authorized(network: World, station: SimulatedStation) -> dict[str, Any]:
    return await network.teller(station).call(
        "Authorize", {"idToken": {"idToken": TAG, "type": "ISO14443"}}
    )


@pytest.mark.usecase("Q01")
async def test_a_driver_is_told_with_the_verdict_how_energy_may_flow(network: World) -> None:
    station = await charging(network)
    await reported(network, station)
    await decide(network, transfers=(EnergyTransfer.AC_BPT, EnergyTransfer.AC_THREE_PHASE))

    answer = await authorized(network, station)

    assert answer["allowedEnergyTransfer"] == ["AC_BPT", "AC_three_phase"]


@pytest.mark.usecase("Q01", "Q02")
async def test_where_nothing_is_decided_nothing_is_said_of_it(network: World) -> None:
    station = await charging(network)
    await reported(network, station)

    assert "allowedEnergyTransfer" not in await authorized(network, station)


@pytest.mark.usecase("Q02")
async def test_who_only_charges_is_told_no_more_than_a_limit(network: World) -> None:
    station = await charging(network)
    await decide(network, power_w=Decimal(9_000))

    await tell_needs(network, station, v2x_needs(v2.EnergyTransferMode.AC_three_phase))

    [request] = said(network, station, "SetChargingProfile")
    [schedule] = request["chargingProfile"]["chargingSchedule"]
    [period] = schedule["chargingSchedulePeriod"]
    assert period == {
        "startPeriod": 0,
        "limit": 9_000,
        "operationMode": "ChargingOnly",
        "numberPhases": 3,
    }


@dataclass(frozen=True)
class Case:
    """A period of a mode, and the members by which the station knows it."""

    period: Period
    told: dict[str, Any]
    kind: Kind = Kind.ABSOLUTE


CURVE = (
    FrequencyPoint(Decimal("49.8"), Decimal(-10_000)),
    FrequencyPoint(Decimal("50.2"), Decimal(10_000)),
)
MODES = {
    "Q03": Case(
        Period(mode=Mode.CENTRAL_SETPOINT, setpoint=Decimal(-5_000)),
        {"operationMode": "CentralSetpoint", "setpoint": -5_000},
    ),
    "Q04": Case(
        Period(mode=Mode.CENTRAL_SETPOINT, setpoint=Decimal(3_000)),
        {"operationMode": "CentralSetpoint", "setpoint": 3_000},
        Kind.DYNAMIC,
    ),
    "Q05": Case(
        Period(mode=Mode.EXTERNAL_SETPOINT, limit=Decimal(8_000)),
        {"operationMode": "ExternalSetpoint", "limit": 8_000},
    ),
    "Q07": Case(
        Period(mode=Mode.CENTRAL_FREQUENCY, setpoint=Decimal(-1_000)),
        {"operationMode": "CentralFrequency", "setpoint": -1_000},
        Kind.DYNAMIC,
    ),
    "Q08": Case(
        Period(mode=Mode.LOCAL_FREQUENCY, baseline_w=Decimal(0), frequency_curve=CURVE),
        {
            "operationMode": "LocalFrequency",
            "v2xBaseline": 0,
            "v2xFreqWattCurve": [
                {"frequency": 49.8, "power": -10_000},
                {"frequency": 50.2, "power": 10_000},
            ],
        },
    ),
    "Q09": Case(
        Period(
            mode=Mode.LOCAL_LOAD_BALANCING, limit=Decimal(9_000), discharge_limit=Decimal(-4_000)
        ),
        {"operationMode": "LocalLoadBalancing", "limit": 9_000, "dischargeLimit": -4_000},
    ),
    "Q10": Case(
        Period(mode=Mode.IDLE, evse_sleep=True), {"operationMode": "Idle", "evseSleep": True}
    ),
}


async def install(network: World, station: SimulatedStation, profile: Profile) -> Result:
    key = key_of(station)
    command = await network.carry_out(
        lambda slices: slices.energy.want(key, FIRST, profile, slices.now), key
    )
    return await network.tell(station, command)


def for_transaction(period: Period, kind: Kind = Kind.ABSOLUTE, **members: Any) -> Profile:
    schedule = Schedule(unit=Unit.W, periods=(period,), duration_s=3600)
    return Profile(purpose=Purpose.TRANSACTION, kind=kind, schedules=(schedule,), **members)


@pytest.mark.usecase("Q03", "Q04", "Q05", "Q07", "Q08", "Q09", "Q10")
@pytest.mark.parametrize("case", MODES.values(), ids=list(MODES))
async def test_a_mode_is_set_and_said_in_full(network: World, case: Case) -> None:
    station = await charging(network)

    result = await install(network, station, for_transaction(case.period, case.kind))

    [request] = said(network, station, "SetChargingProfile")
    [schedule] = request["chargingProfile"]["chargingSchedule"]
    assert result.outcome is Outcome.ACCEPTED
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, **case.told}]


@pytest.mark.usecase("Q06")
async def test_what_an_external_system_sets_is_seen(network: World) -> None:
    station = await charging(network)

    limit_from_outside(station.core, Outside(Decimal(6_000), evse=1, unit="W"))
    await network.settle()

    [limit] = (await known(network, station)).limits
    assert (limit.evse, limit.schedules[0].unit) == (1, Unit.W)


@pytest.mark.usecase("Q08")
async def test_a_signal_of_the_grid_reaches_who_has_a_curve_for_it(network: World) -> None:
    station = await charging(network)
    before = await network.tell(station, SignalFrequency(network.clock.now(), 1))
    period = Period(
        mode=Mode.LOCAL_FREQUENCY,
        baseline_w=Decimal(0),
        frequency_curve=CURVE,
        signal_curve=(SignalPoint(-1, Decimal(-2_000)), SignalPoint(1, Decimal(2_000))),
    )
    await install(network, station, for_transaction(period))

    after = await network.tell(station, SignalFrequency(network.clock.now(), 1))

    assert (before.outcome, after.outcome) == (Outcome.REFUSED, Outcome.ACCEPTED)
    assert [signal for _, signal in station.core.memory(Smart).signals] == [1]


@pytest.mark.usecase("Q11", "Q12")
async def test_a_profile_that_outlives_no_outage_is_there_again_after_it(
    network: World,
) -> None:
    station = await charging(network)
    period = Period(mode=Mode.CENTRAL_SETPOINT, setpoint=Decimal(4_000))
    profile = for_transaction(period, max_offline_s=600, invalid_after_offline=True)
    await install(network, station, profile)
    await network.cut(station)
    station.core.profiles = ()

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    requests = said(network, station, "SetChargingProfile")
    assert [request["chargingProfile"]["maxOfflineDuration"] for request in requests] == [600] * 2
    assert len(station.core.profiles) == 1


@pytest.mark.usecase("Q03", "Q04")
async def test_what_flowed_back_is_seen_on_the_transaction(network: World) -> None:
    station = await charging(network)
    [transaction] = await network.transactions(station)
    telling = network.teller(station)
    for minute, register in enumerate((1_000, 1_250, 1_900)):
        at = (network.clock.now() + minute * MINUTE).isoformat()
        sampled = {"measurand": "Energy.Active.Export.Register", "value": register}
        event = {
            "eventType": "Updated",
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": 50 + minute,
            "transactionInfo": {"transactionId": transaction.ref},
            "meterValue": [{"timestamp": at, "sampledValue": [sampled]}],
        }
        await telling.call("TransactionEvent", event)

    queries = TransactionQueries(network.database)
    [after] = await network.transactions(station)
    readings = await queries.readings(after)

    assert exported_in(readings) == 900
    assert after.energy.energy_wh == transaction.energy.energy_wh  # it is not billed


@pytest.mark.usecase("R02", "R03")
async def test_the_inverter_in_the_car_tells_what_it_can(network: World) -> None:
    station = await charging(network)
    nameplate = v2.DERChargingParameters(
        ev_supported_der_control=[v2.DERControl.VoltVar, v2.DERControl.HVMustTrip],
        max_discharge_reactive_power=Decimal(3_000),
        ev_inverter_manufacturer="Kestrel & Moor",
    )

    transfer = v2.EnergyTransferMode.AC_BPT_DER
    await tell_needs(network, station, v2x_needs(transfer, der_charging_parameters=nameplate))

    needs = (await at_first(network, station)).needs
    assert needs is not None
    assert needs.der_controls == (DerKind.VOLT_VAR, DerKind.HV_MUST_TRIP)
    assert needs.details["derChargingParameters"]["evInverterManufacturer"] == "Kestrel & Moor"
