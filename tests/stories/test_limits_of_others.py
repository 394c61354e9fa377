"""Others limit stations too, some transactions go first, and some limits change by the minute. K"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from ricarica.energy.commands import (
    UpdateDynamic,
    UsePriority,
)
from ricarica.energy.model import (
    WHOLE_STATION,
    Amounts,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Schedule,
    Unit,
    flat,
)
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.simulator.blocks.smart_charging import (
    Outside,
    lift_limit,
    limit_from_outside,
    pull,
    want_priority,
)
from ricarica.stations.commands import Outcome
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from tests.stories.limiting import (
    MINUTE,
    charging,
    default,
    drawn,
    dynamic,
    held,
    install,
    known,
    said,
)


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


both_of_2x = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
only_2_1 = pytest.mark.parametrize("dialect", [V21], ids=str)


@pytest.mark.usecase("K11", "K12")
@pytest.mark.tc("TC_K_48_CSMS", "TC_K_52_CSMS")
@both_of_2x
async def test_a_limit_from_outside_is_seen(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)

    limit_from_outside(station.core, Outside(Decimal(7)))
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
    limit_from_outside(station.core, Outside(Decimal(7), evse=1, is_told_in_full=False))
    await network.settle()

    lift_limit(station.core, evse=1)
    await network.pass_time(MINUTE)

    [limit] = (await known(network, station)).limits
    assert limit.cleared_at is not None
    assert drawn(station) == 16 * 690


@pytest.mark.usecase("K23", "K24", "K25", "K26", "K27")
@only_2_1
async def test_what_is_generated_on_the_spot_comes_on_top(network: World, dialect: Dialect) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))

    limit_from_outside(
        station.core, Outside(Decimal(4), is_local_generation=True, is_grid_critical=True)
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

    want_priority(station.core, 1)
    await network.pass_time(MINUTE)

    assert (await known(network, station)).evses[0].has_priority


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

    pull(station.core, profile.id)
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
