"""An operator limits what stations draw, and sees what they and others make of it. K"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.energy.commands import (
    AskComposite,
    AskProfiles,
    ClearProfiles,
    SetProfile,
    StartLimited,
    UpdateDynamic,
    UsePriority,
)
from ricarica.energy.model import (
    WHOLE_STATION,
    Amounts,
    Held,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
    flat,
)
from ricarica.energy.queries import EnergyQueries, StationEnergy
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks import smart_charging
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


FIRST = EvseNumber(1)
TAG = "04A1B2C3"
MINUTE = timedelta(minutes=1)

both_of_2x = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
only_2_1 = pytest.mark.parametrize("dialect", [V21], ids=str)


async def charging(network: World, dialect: Dialect) -> SimulatedStation:
    """A station at whose first EVSE a car charges with 11 kW."""
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    station.present(TAG, 1)
    await network.pass_time(2 * MINUTE)
    return station


async def wanted(
    network: World, station: SimulatedStation, evse: EvseNumber, profile: Profile
) -> SetProfile:
    key = key_of(station)
    return await network.carry_out(
        lambda slices: slices.energy.want(key, evse, profile, slices.now), key
    )


async def install(
    network: World, station: SimulatedStation, evse: EvseNumber, profile: Profile
) -> Result:
    result = await network.tell(station, await wanted(network, station, evse, profile))
    await network.pass_time(MINUTE)
    return result


async def known(network: World, station: SimulatedStation) -> StationEnergy:
    return await EnergyQueries(network.database).station(key_of(station), network.clock.now())


async def held(network: World, station: SimulatedStation) -> list[Held]:
    return (await known(network, station)).profiles


def said(network: World, station: SimulatedStation, action: str) -> list[dict[str, Any]]:
    """What we asked of it, oldest first."""
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[0] == 2 and frame[2] == action]


def lose_profiles(station: SimulatedStation) -> None:
    """Nothing outlived a restart."""
    station.core.profiles = ()


def drawn(station: SimulatedStation) -> int:
    """W."""
    return int(station.evses[1].draw.power_w)


def default(limit: int, unit: Unit = Unit.A, **members: Any) -> Profile:
    return flat(Purpose.TX_DEFAULT, unit, Decimal(limit), **members)


def own(limit: int, **members: Any) -> Profile:
    return flat(Purpose.TRANSACTION, Unit.A, Decimal(limit), kind=Kind.RELATIVE, **members)


@pytest.mark.usecase("K01", "K07")
@pytest.mark.tc("TC_K_01_CSMS", "TC_K_60_CSMS")
async def test_a_default_limit_holds_for_every_transaction(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    before_w = drawn(station)

    result = await install(network, station, WHOLE_STATION, default(8))  # K01.FR.02, K01.FR.08

    [profile] = await held(network, station)
    assert result.outcome is Outcome.ACCEPTED
    assert (before_w, drawn(station)) == (16 * 690, 8 * 690)
    assert (profile.outcome, profile.is_in_step) == ("accepted", True)


@pytest.mark.usecase("K01", "K02")
@pytest.mark.tc("TC_K_10_CSMS")
async def test_a_limit_of_a_transaction_names_it_and_ends_with_it(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    [transaction] = await network.transactions(station)

    await install(network, station, FIRST, own(10))  # K01.FR.01, K02.FR.03
    with_limit_w = drawn(station)
    station.present(TAG, 1)
    station.unplug(1)
    await network.pass_time(MINUTE)
    key = key_of(station)
    network.engine.bring(key, "charging_profiles")
    await network.settle()

    [request] = said(network, station, "SetChargingProfile")
    profile = request.get("csChargingProfiles") or request["chargingProfile"]
    assert str(profile["transactionId"]) == transaction.ref  # K01.FR.03
    assert with_limit_w == 10 * 690
    assert await held(network, station) == []  # K02.FR.05


@pytest.mark.usecase("K01", "K02")
async def test_a_limit_without_a_transaction_is_not_sent(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    with pytest.raises(InvalidError, match="transaction"):
        await wanted(network, station, FIRST, own(10))

    assert said(network, station, "SetChargingProfile") == []


@pytest.mark.usecase("K03", "K04")
async def test_the_whole_station_is_limited(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)

    result = await install(
        network, station, WHOLE_STATION, flat(Purpose.STATION_MAX, Unit.W, Decimal(4140))
    )

    assert result.outcome is Outcome.ACCEPTED
    assert drawn(station) == 4140


@pytest.mark.usecase("K01")
async def test_limits_change_with_the_time_of_day(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    now = network.clock.now().replace(microsecond=0)
    periods = (Period(limit=Decimal(10)), Period(start_s=600, limit=Decimal(0)))
    schedule = Schedule(unit=Unit.A, periods=periods, start_at=now, duration_s=1200)
    profile = Profile(
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.RECURRING,
        recurrence=Recurrence.DAILY,
        schedules=(schedule,),
    )

    await install(network, station, FIRST, profile)
    first_w = drawn(station)
    await network.pass_time(10 * MINUTE)

    assert (first_w, drawn(station)) == (10 * 690, 0)


@pytest.mark.usecase("K05", "F07")
@pytest.mark.tc("TC_K_37_CSMS")
async def test_a_start_from_afar_brings_its_limit(network: World, dialect: Dialect) -> None:
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    key = key_of(station)
    ready = await network.carry_out(
        lambda slices: slices.energy.prepare(key, FIRST, own(9), with_start=True), key
    )
    start = StartCharging(TokenRef(TAG, TokenKind.ISO14443), 7, FIRST)

    result = await network.tell(station, StartLimited(start, ready))  # K05.FR.01
    await network.pass_time(2 * MINUTE)

    assert result.outcome is Outcome.ACCEPTED
    assert drawn(station) == 9 * 690


@pytest.mark.usecase("K06", "K07")
async def test_a_station_that_was_away_is_brought_in_step_when_it_is_back(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await network.cut(station)
    await wanted(network, station, WHOLE_STATION, default(8))
    away_w = drawn(station)

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    [profile] = await held(network, station)
    assert away_w == 16 * 690
    assert profile.is_in_step
    assert drawn(station) == 8 * 690


@pytest.mark.usecase("K06", "Q12")
@both_of_2x
async def test_a_profile_that_a_station_has_lost_is_set_again(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    await network.cut(station)
    lose_profiles(station)

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    assert len(said(network, station, "GetChargingProfiles")) == 1
    assert len(said(network, station, "SetChargingProfile")) == 2
    assert [each.purpose for each in station.core.profiles] == ["TxDefaultProfile"]


@pytest.mark.usecase("K06")
async def test_a_profile_that_is_still_there_is_not_set_again(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    await network.cut(station)

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    assert len(said(network, station, "SetChargingProfile")) == 1


@pytest.mark.usecase("K08")
@pytest.mark.tc("TC_K_43_CSMS", "TC_K_44_CSMS")
async def test_what_will_hold_is_asked_and_kept_beside_what_we_believe(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))

    result = await network.tell(station, AskComposite(FIRST, 3600, Unit.A))  # K08.FR.01
    refused = await network.tell(station, AskComposite(EvseNumber(9), 3600))
    await network.settle()

    [evse] = (await known(network, station)).evses
    assert evse.composite is not None
    assert [period.limit for period in evse.composite.schedule.periods] == [8]
    assert Decimal(result.answer["schedule"]["periods"][0]["limit"]) == 8
    assert refused.outcome is Outcome.REFUSED


@pytest.mark.usecase("K09")
@pytest.mark.tc("TC_K_29_CSMS", "TC_K_33_CSMS")
@both_of_2x
async def test_all_profiles_are_reported_in_pages(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    for level in range(3):
        await install(network, station, WHOLE_STATION, default(8 + level, stack_level=level))
    smart_charging.limit_from_outside(station.core, Decimal(12))
    await network.settle()

    result = await network.tell(station, AskProfiles(5, sources=("CSO", "EMS")))
    await network.settle()

    profiles = await held(network, station)
    assert result.outcome is Outcome.ACCEPTED
    assert [(each.source, each.purpose) for each in profiles] == [
        ("EMS", Purpose.EXTERNAL),
        *[("CSO", Purpose.TX_DEFAULT)] * 3,
    ]
    assert all(each.reported_at for each in profiles)


@pytest.mark.usecase("K09")
@pytest.mark.tc("TC_K_35_CSMS")
@both_of_2x
async def test_no_profile_at_all_is_an_answer(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, AskProfiles(5, purpose=Purpose.TX_DEFAULT))

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "NoProfiles")


@pytest.mark.usecase("K10")
@pytest.mark.tc("TC_K_05_CSMS", "TC_K_06_CSMS")
async def test_a_profile_is_cleared_by_its_id(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    [profile] = await held(network, station)
    key = key_of(station)

    command = await network.carry_out(lambda slices: slices.energy.unwant(key, profile.id), key)
    result = await network.tell(station, command)
    await network.pass_time(MINUTE)

    assert result.outcome is Outcome.ACCEPTED
    assert await held(network, station) == []
    assert drawn(station) == 16 * 690


@pytest.mark.usecase("K10")
@pytest.mark.tc("TC_K_08_CSMS")
async def test_profiles_are_cleared_by_what_they_are_for(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    cap = flat(Purpose.STATION_MAX, Unit.A, Decimal(12))
    await install(network, station, WHOLE_STATION, cap)

    await network.tell(station, ClearProfiles(purpose=Purpose.TX_DEFAULT))
    await network.pass_time(MINUTE)

    assert [each.purpose for each in await held(network, station)] == [Purpose.STATION_MAX]
    assert drawn(station) == 12 * 690


@pytest.mark.usecase("K01")
async def test_a_refused_profile_says_why_and_is_not_taken_for_installed(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await install(network, station, EvseNumber(9), default(8))

    [profile] = await held(network, station)
    assert result.outcome is Outcome.REFUSED
    assert (profile.outcome, profile.held) == ("refused", None)


@pytest.mark.usecase("K11", "K12")
@pytest.mark.tc("TC_K_48_CSMS", "TC_K_52_CSMS")
@both_of_2x
async def test_a_limit_from_outside_is_seen(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)

    smart_charging.limit_from_outside(station.core, Decimal(7))
    await network.pass_time(MINUTE)

    [limit] = (await known(network, station)).limits
    told = await network.engine.events.lately(DEFAULT_TENANT, limit.at)
    assert (limit.source, limit.evse, limit.cleared_at) == ("EMS", 0, None)
    assert limit.schedules[0].periods[0].limit == 7
    assert "ChargingLimitChanged" in [event.kind for event in told]


@pytest.mark.usecase("K13", "K14")
@pytest.mark.tc("TC_K_50_CSMS", "TC_K_51_CSMS")
@both_of_2x
async def test_a_limit_from_outside_that_is_lifted_is_seen(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    smart_charging.limit_from_outside(station.core, Decimal(7), evse=1, with_schedule=False)
    await network.settle()

    smart_charging.lift_limit(station.core, evse=1)
    await network.pass_time(MINUTE)

    [limit] = (await known(network, station)).limits
    assert limit.cleared_at is not None
    assert drawn(station) == 16 * 690


@pytest.mark.usecase("K23", "K24", "K25", "K26", "K27")
@only_2_1
async def test_what_is_generated_on_the_spot_comes_on_top(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))

    smart_charging.limit_from_outside(
        station.core, Decimal(4), is_local_generation=True, is_grid_critical=True
    )
    await network.pass_time(MINUTE)

    energy = await known(network, station)
    [limit] = energy.limits
    assert (limit.is_local_generation, limit.is_grid_critical) == (True, True)
    assert drawn(station) == 12 * 690


@pytest.mark.usecase("K21")
@only_2_1
async def test_a_transaction_is_given_priority_and_loses_it(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    [transaction] = await network.transactions(station)
    await install(network, station, WHOLE_STATION, default(8))
    first = flat(Purpose.PRIORITY, Unit.A, Decimal(15))
    await install(network, station, WHOLE_STATION, first)  # K01.FR.72

    result = await network.tell(station, UsePriority(transaction.ref, activate=True))  # K21.FR.10
    await network.pass_time(MINUTE)
    with_priority_w = drawn(station)
    [evse] = (await known(network, station)).evses
    await network.tell(station, UsePriority(transaction.ref, activate=False))
    await network.pass_time(MINUTE)

    assert result.outcome is Outcome.ACCEPTED
    assert evse.has_priority
    assert (with_priority_w, drawn(station)) == (15 * 690, 8 * 690)
    assert not (await known(network, station)).evses[0].has_priority


@pytest.mark.usecase("K21")
@only_2_1
async def test_priority_needs_a_profile(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    [transaction] = await network.transactions(station)

    result = await network.tell(station, UsePriority(transaction.ref, activate=True))

    assert (result.outcome, result.status) == (Outcome.REFUSED, "NoProfile")


@pytest.mark.usecase("K22")
@only_2_1
async def test_a_driver_takes_priority_at_the_station(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    first = flat(Purpose.PRIORITY, Unit.A, Decimal(15))
    await install(network, station, WHOLE_STATION, first)

    smart_charging.want_priority(station.core, 1)
    await network.pass_time(MINUTE)

    assert (await known(network, station)).evses[0].has_priority


def dynamic(**members: Any) -> Profile:
    period = Period(limit=Decimal(8))
    schedule = Schedule(unit=Unit.A, periods=(period,), duration_s=3600)
    return Profile(purpose=Purpose.TX_DEFAULT, kind=Kind.DYNAMIC, schedules=(schedule,), **members)


@pytest.mark.usecase("K28")
@only_2_1
async def test_a_dynamic_profile_is_told_new_amounts(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, dynamic())
    [profile] = await held(network, station)
    key, amounts = key_of(station), Amounts(limit=Decimal(12))

    command = await network.carry_out(
        lambda slices: slices.energy.retune(key, profile.id, amounts, slices.now), key
    )
    result = await network.tell(station, command)
    await network.pass_time(MINUTE)

    [changed] = await held(network, station)
    assert isinstance(command, UpdateDynamic)
    assert result.outcome is Outcome.ACCEPTED
    assert drawn(station) == 12 * 690
    assert changed.held is not None
    assert changed.held.period.limit == 12


@pytest.mark.usecase("K28")
@only_2_1
async def test_a_station_comes_and_asks_for_new_amounts(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, dynamic(update_interval_s=60))
    [profile] = await held(network, station)
    key, amounts = key_of(station), Amounts(limit=Decimal(12))
    await network.carry_out(
        lambda slices: slices.energy.retune(key, profile.id, amounts, slices.now), key
    )

    smart_charging.pull(station.core, profile.id)
    await network.pass_time(MINUTE)

    assert drawn(station) == 12 * 690


@pytest.mark.usecase("K28", "K29")
@only_2_1
async def test_who_asks_for_a_profile_that_is_not_there_is_told_so(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    answer = await network.teller(station).call(
        "PullDynamicScheduleUpdate", {"chargingProfileId": 99}
    )

    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}


@pytest.mark.usecase("K29")
@only_2_1
async def test_a_profile_whose_limits_others_set_is_sent_without_any(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    period = Period(mode=Mode.EXTERNAL_LIMITS)
    profile = Profile(
        purpose=Purpose.TX_DEFAULT,
        kind=Kind.DYNAMIC,
        schedules=(Schedule(unit=Unit.W, periods=(period,)),),
    )

    result = await install(network, station, WHOLE_STATION, profile)

    [request] = said(network, station, "SetChargingProfile")
    [schedule] = request["chargingProfile"]["chargingSchedule"]
    assert result.outcome is Outcome.ACCEPTED
    assert schedule["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "operationMode": "ExternalLimits"}
    ]


@pytest.mark.usecase("K01")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_what_a_dialect_has_no_word_for_is_kept_and_never_sent(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    command = await wanted(network, station, WHOLE_STATION, dynamic())

    result = await network.tell(station, command)

    assert result.outcome is Outcome.UNSUPPORTED
    assert said(network, station, "SetChargingProfile") == []
