"""An operator limits what stations draw, and what is wanted is kept up. K01–K10"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from msgspec import structs

from ricarica.energy.commands import (
    AskComposite,
    AskProfiles,
    ClearProfiles,
    SetProfile,
    StartLimited,
)
from ricarica.energy.composite import ceiling_at
from ricarica.energy.facts import ProfilesReported
from ricarica.energy.model import (
    WHOLE_STATION,
    Kind,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
    flat,
)
from ricarica.energy.sql import PROFILE_SHELF
from ricarica.engine.energy_orders import limited_start
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationKey
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.simulator.blocks.smart_charging import Outside, limit_from_outside
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Reset
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from tests.stories.limiting import (
    FIRST,
    MINUTE,
    TAG,
    charging,
    default,
    drawn,
    held,
    install,
    known,
    lose_profiles,
    own,
    said,
    wanted,
)


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


both_of_2x = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
THIRD = EvseNumber(3)  # which there is not
only_2_1 = pytest.mark.parametrize("dialect", [V21], ids=str)


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


async def limited(network: World, station: SimulatedStation) -> StartLimited:
    key = key_of(station)
    return await network.carry_out(
        lambda slices: limited_start(slices, key, FIRST, own(9), TAG), key
    )


async def reckoned(slices: Slices, key: StationKey) -> Decimal | None:
    """In A, what we believe to hold at the first EVSE."""
    occasion = await slices.energy.occasion(key, FIRST)
    return ceiling_at(await slices.energy.placed(key), occasion, slices.now).in_a()


@pytest.mark.usecase("K05", "F07")
@pytest.mark.tc("TC_K_37_CSMS")
async def test_a_start_from_afar_brings_its_limit(network: World, dialect: Dialect) -> None:
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    start = await limited(network, station)

    result = await network.tell(station, start)  # K05.FR.01
    await network.pass_time(2 * MINUTE)

    [profile] = await held(network, station)
    [transaction] = await network.transactions(station)
    believed = await network.carry_out(lambda slices: reckoned(slices, key_of(station)))
    assert result.outcome is Outcome.ACCEPTED
    assert drawn(station) == 9 * 690
    assert (profile.transaction, profile.is_in_step) == (transaction.ref, True)
    assert believed == 9  # K05.FR.03
    assert said(network, station, "SetChargingProfile") == []


@pytest.mark.usecase("K05")
async def test_a_limit_of_a_start_that_was_refused_is_no_later_transactions(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    start = await limited(network, station)
    refused = await network.tell(station, replace(start, start=replace(start.start, evse=THIRD)))

    station.plug_in(1)
    station.present(TAG, 1)
    await network.pass_time(2 * MINUTE)

    assert refused.outcome is Outcome.REFUSED
    assert len(await network.transactions(station)) == 1
    assert await held(network, station) == []


@pytest.mark.usecase("K05")
async def test_two_starts_with_limits_do_not_take_each_others_number(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    first, second = await limited(network, station), await limited(network, station)

    assert first.profile.id != second.profile.id


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


@pytest.mark.usecase("B13", "E17")
@only_2_1
async def test_a_transaction_that_goes_on_after_a_restart_gets_its_own_profile_again(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, FIRST, own(9))

    await network.tell(station, Reset(resume=True))
    await network.pass_time(MINUTE / 6)
    await network.cut(station)
    lose_profiles(station)
    await network.pass_time(2 * MINUTE)
    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    [transaction] = await network.transactions(station)
    [profile] = await held(network, station)
    assert transaction.is_running
    assert profile.is_in_step
    assert len(said(network, station, "SetChargingProfile")) == 2  # B13.FR.31, E17.FR.15
    assert drawn(station) == 9 * 690


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


@pytest.mark.usecase("K10")
async def test_a_profile_whose_answer_was_lost_is_cleared_when_it_shall_go(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    [profile] = await held(network, station)
    await network.cut(station)
    await forget_answer(network, station)
    await network.carry_out(lambda slices: slices.energy.unwant(key_of(station), profile.id))

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    assert station.core.profiles == ()
    assert await held(network, station) == []


async def forget_answer(network: World, station: SimulatedStation) -> None:
    """As if we had never heard that it took the profile."""
    [profile] = await held(network, station)
    unheard = structs.replace(profile, held=None, outcome=None, told_at=None)

    async def forget(unit: UnitOfWork) -> None:
        unit.work.put(PROFILE_SHELF, unheard)

    await network.soon(network.engine.in_unit(DEFAULT_TENANT, forget))


@pytest.mark.usecase("K09")
@both_of_2x
async def test_what_changes_while_reports_are_on_their_way_is_asked_for_anew(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await install(network, station, WHOLE_STATION, default(8))
    [profile] = await held(network, station)
    key, clear = key_of(station), ClearProfiles(profile.id)

    ask = await network.carry_out(lambda slices: slices.energy.ask(key, slices.now), key)
    await network.carry_out(lambda slices: slices.energy.unwant(key, profile.id), key)
    waits = await network.carry_out(partial(next_step, key), key)
    await network.tell(station, clear)
    assert profile.held
    late = ProfilesReported(key, WHOLE_STATION, "CSO", (profile.held,), network.clock.now())
    network.clock.pass_time(MINUTE / 60)
    await network.carry_out(
        lambda slices: slices.energy.report(late, ask.number, is_last=True), key
    )
    await network.pass_time(MINUTE)

    assert waits == ask
    assert station.core.profiles == ()
    assert await held(network, station) == []


@both_of_2x
async def test_reports_that_never_come_are_not_waited_for(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    key = key_of(station)
    await network.carry_out(lambda slices: slices.energy.ask(key, slices.now), key)
    await wanted(network, station, WHOLE_STATION, default(8))

    await network.pass_time(6 * MINUTE)
    step = await network.carry_out(partial(next_step, key), key)

    assert isinstance(step, SetProfile)


async def next_step(key: StationKey, slices: Slices) -> object:
    return await slices.energy.next_step(key, slices.now, tells_profiles=True)


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
    limit_from_outside(station.core, Outside(Decimal(12)))
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
