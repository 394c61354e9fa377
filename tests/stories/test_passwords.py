"""New passwords for stations, and higher security profiles."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ricarica.engine import security_orders
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.errors import ConflictError
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.security.commands import RaiseProfile, SetPassword
from ricarica.security.model import NetworkProfile, NetworkSecrets
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.stations.model import Station
from ricarica.stations.service import UNPROVEN_MAX, Preparation
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.lines import LocalLine
from ricarica.testing.world import World, key_of

OLD = "an-old-password-of-ours"
OF_SETTINGS = MESSAGES.c.action.in_(("SetVariables", "ChangeConfiguration"))
IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


@pytest.fixture
def make_line() -> type[LocalLine]:
    """What is said here goes the way of everything else, and other stories hold both ways."""
    return LocalLine


async def stored(network: World, station: SimulatedStation) -> Station:
    work = Work(network.database, Remembered(network.clock.monotonic))
    found = await SqlStationStore(work).get(key_of(station))
    assert found is not None, "it is not registered"
    return found


# -- A01


async def with_password(network: World, dialect: Dialect) -> SimulatedStation:
    station = network.build("BARI-1", dialect)
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station), Preparation(password=OLD), slices.now
        )
    )
    assert await network.connect(station, OLD.encode()) is Verdict.WELCOME
    return station


async def new_password(network: World, station: SimulatedStation) -> SetPassword:
    return await network.carry_out(
        lambda slices: slices.security.new_password(key_of(station)), key_of(station)
    )


async def order_password(network: World, station: SimulatedStation) -> Result:
    """As an operator does."""
    order = security_orders.change_password(
        network.carry_out, network.engine.commands.tell, key_of(station)
    )
    return await network.soon(order)


async def change_password(network: World, station: SimulatedStation) -> Result:
    command = await new_password(network, station)
    result = await network.tell(station, command)
    await network.settle()
    return result


def password_now(station: SimulatedStation) -> bytes:
    """As the station sends it."""
    return station.settings["password"].encode("latin-1")


@pytest.mark.usecase("A01")
@pytest.mark.tc("TC_A_09_CSMS", "TC_073_CSMS")
async def test_a_new_password_replaces_the_old_one_when_the_station_has_used_it(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)

    result = await change_password(network, station)
    await network.cut(station)
    with_new = await network.connect(station, password_now(station))
    await network.cut(station)
    with_old = await network.connect(station, OLD.encode())

    assert result.outcome is Outcome.ACCEPTED
    assert (with_new, with_old) == (Verdict.WELCOME, Verdict.UNAUTHORIZED)
    assert (await stored(network, station)).pending_secret is None


@pytest.mark.usecase("A01")
async def test_until_then_the_old_password_holds_too(network: World, dialect: Dialect) -> None:
    station = await with_password(network, dialect)

    await change_password(network, station)
    await network.cut(station)

    assert await network.connect(station, OLD.encode()) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_the_old_password_does_not_hold_for_longer_than_a_day(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await change_password(network, station)
    await network.cut(station)

    await network.pass_time(timedelta(hours=25), step=timedelta(hours=25))

    assert await network.connect(station, OLD.encode()) is Verdict.UNAUTHORIZED  # A01.FR.03
    assert await network.connect(station, password_now(station)) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_a_station_that_never_said_that_it_took_its_password_keeps_the_old_one(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await new_password(network, station)
    await network.cut(station)

    await network.pass_time(timedelta(hours=25), step=timedelta(hours=25))

    assert await network.connect(station, OLD.encode()) is Verdict.WELCOME


@pytest.mark.usecase("A01")
@pytest.mark.tc("TC_A_10_CSMS")
async def test_a_password_that_the_station_refuses_is_forgotten(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    catalogue = station.settings.catalogue
    station.settings.catalogue = tuple(each for each in catalogue if each.name != "password")

    result = await change_password(network, station)
    await network.cut(station)

    assert result.outcome is not Outcome.ACCEPTED
    assert (await stored(network, station)).pending_secret is None
    assert await network.connect(station, OLD.encode()) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_a_password_that_did_not_get_through_takes_none_away(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await order_password(network, station)
    taken = password_now(station)
    await network.cut(station)

    result = await order_password(network, station)

    assert result.outcome is Outcome.UNREACHED
    assert await network.connect(station, taken) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_a_password_that_the_station_refuses_takes_none_away(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await order_password(network, station)
    taken = password_now(station)
    catalogue = station.settings.catalogue
    station.settings.catalogue = tuple(each for each in catalogue if each.name != "password")

    await order_password(network, station)
    await network.cut(station)

    assert await network.connect(station, taken) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_a_station_may_come_with_any_password_that_it_may_have_taken(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await change_password(network, station)
    first = password_now(station)
    await new_password(network, station)  # whether it got there, nobody knows
    await network.cut(station)

    with_first = await network.connect(station, first)
    await network.cut(station)
    with_old = await network.connect(station, OLD.encode())

    assert (with_first, with_old) == (Verdict.WELCOME, Verdict.UNAUTHORIZED)
    assert (await stored(network, station)).pending_secret is not None


@pytest.mark.usecase("A01")
async def test_a_password_that_it_took_outlives_the_old_one_though_another_was_made_since(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await change_password(network, station)
    taken = password_now(station)
    await new_password(network, station)
    await network.cut(station)

    await network.pass_time(timedelta(hours=25), step=timedelta(hours=25))

    assert await network.connect(station, OLD.encode()) is Verdict.UNAUTHORIZED
    assert await network.connect(station, taken) is Verdict.WELCOME


@pytest.mark.usecase("A01")
async def test_there_is_an_end_to_passwords_that_nobody_comes_with(network: World) -> None:
    station = await with_password(network, V21)
    for _ in range(UNPROVEN_MAX):
        await new_password(network, station)

    with pytest.raises(ConflictError, match="has not come with any"):
        await new_password(network, station)


@pytest.mark.usecase("A01")
async def test_a_password_reaches_no_log(network: World, dialect: Dialect) -> None:
    station = await with_password(network, dialect)

    await change_password(network, station)

    rows = await network.database.fetch(sa.select(MESSAGES.c.request).where(OF_SETTINGS))
    password = station.settings["password"]
    secret = password.encode("latin-1").hex() if dialect is V16 else password
    assert len(rows) == 1
    assert secret not in rows[0][0]


# -- A05


@pytest.mark.usecase("A05")
@pytest.mark.tc("TC_079_CSMS")
async def test_1_6_is_led_to_a_higher_profile_by_a_key(network: World) -> None:
    station = await with_password(network, V16)

    await network.carry_out(
        lambda slices: slices.security.prepare_profile(key_of(station), 1, slices.now)
    )
    result = await network.tell(station, RaiseProfile(1))
    await network.cut(station)
    back = await network.connect(station, OLD.encode())

    assert result.outcome is Outcome.ACCEPTED
    assert station.settings["security_profile"] == "1"
    assert back is Verdict.WELCOME
    assert (await stored(network, station)).security_profile == 1


@pytest.mark.usecase("A05")
@pytest.mark.tc("TC_A_19_CSMS")
async def test_once_it_has_come_by_the_higher_profile_the_lower_one_is_refused(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    await network.carry_out(
        lambda slices: slices.security.prepare_profile(key_of(station), 2, slices.now)
    )
    await network.cut(station)

    before = await network.connect(station, OLD.encode())
    await network.cut(station)
    raised = await network.connect(station, OLD.encode(), secure=True)
    await network.cut(station)
    after = await network.connect(station, OLD.encode())

    # A05.FR.07
    assert (before, raised, after) == (Verdict.WELCOME, Verdict.WELCOME, Verdict.UNAUTHORIZED)


async def order_profile(
    network: World,
    station: SimulatedStation,
    profile: int,
    *,
    slot: int | None = None,
    force: bool = False,
) -> Result:
    """As an operator does."""
    order = security_orders.raise_profile(
        network.carry_out,
        network.engine.commands.tell,
        key_of(station),
        profile,
        slot=slot,
        force=force,
    )
    return await network.soon(order)


@pytest.mark.usecase("A05")
async def test_a_profile_that_did_not_get_through_leaves_the_one_before(network: World) -> None:
    station = await with_password(network, V16)
    await order_profile(network, station, 1)
    await network.cut(station)

    again = await order_profile(network, station, 1)
    other = await order_profile(network, station, 2, force=True)

    assert (again.outcome, other.outcome) == (Outcome.UNREACHED, Outcome.UNREACHED)
    assert (await stored(network, station)).pending_profile == 1


@pytest.mark.usecase("A05")
async def test_a_profile_that_the_station_refuses_leaves_the_one_before(network: World) -> None:
    station = await with_password(network, V16)
    await order_profile(network, station, 1)
    catalogue = station.settings.catalogue
    station.settings.catalogue = tuple(
        each for each in catalogue if each.name != "security_profile"
    )

    with pytest.raises(ConflictError, match="several connections"):
        await order_profile(network, station, 1)

    assert (await stored(network, station)).pending_profile == 1


@pytest.mark.usecase("A05")
async def test_a_station_is_not_led_elsewhere_before_it_has_come_as_it_was_told(
    network: World,
) -> None:
    station = await with_password(network, V16)
    await order_profile(network, station, 2)

    with pytest.raises(ConflictError, match="security profile 2 before, and has not come"):
        await order_profile(network, station, 1)


@pytest.mark.usecase("A05")
@IN_2X
async def test_a_move_that_fails_leaves_the_profile_of_before(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)
    key = key_of(station)
    profile = NetworkProfile(key.tenant, "new", "wss://csms.example.com", 2, network.clock.now())

    async def assign(slices: Slices) -> None:
        await slices.networks.save(profile, NetworkSecrets())
        await slices.networks.assign(key, 2, "new")
        await slices.security.prepare_profile(key, 2, slices.now)

    await network.carry_out(assign)
    await network.settle()
    await network.cut(station)
    await order_profile(network, station, 2, slot=2)

    with pytest.raises(ConflictError, match="on its way"):
        await order_profile(network, station, 2, slot=2)
    between = (await stored(network, station)).pending_profile
    await network.carry_out(lambda slices: slices.networks.give_up(key))

    assert (between, (await stored(network, station)).pending_profile) == (2, 2)


@pytest.mark.usecase("A05")
async def test_a_station_without_a_certificate_is_not_led_to_where_it_needs_one(
    network: World, dialect: Dialect
) -> None:
    station = await with_password(network, dialect)

    async def raise_it(slices: Slices) -> None:
        await slices.security.prepare_profile(key_of(station), 3, slices.now)

    with pytest.raises(ConflictError, match="no certificate"):
        await network.carry_out(raise_it)


@pytest.mark.usecase("A05")
async def test_nobody_is_led_to_a_lower_profile_by_mistake(network: World) -> None:
    station = await with_password(network, V21)
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station), Preparation(security_profile=1), slices.now
        )
    )

    async def lower_it(slices: Slices) -> None:
        await slices.stations.prepare(key_of(station), Preparation(security_profile=2), slices.now)
        await slices.security.prepare_profile(key_of(station), 1, slices.now)

    with pytest.raises(ConflictError, match="may not be led to less"):
        await network.carry_out(lower_it)
