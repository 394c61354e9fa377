"""Security events, passwords, security profiles, and the networks by which stations reach us."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES
from ricarica.kernel.errors import ConflictError
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.security.commands import RaiseProfile
from ricarica.security.model import (
    MoveState,
    NetworkProfile,
    NetworkSecrets,
    SecurityEvent,
    StationNetworks,
)
from ricarica.security.sql import EVENT_SHELF, EVENTS, SqlSecurityStore
from ricarica.simulator.blocks.security import Networks
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.stations.model import Station
from ricarica.stations.service import Preparation
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


def work_of(network: World) -> Work:
    return Work(network.database, Remembered(network.clock.monotonic))


async def events_of(network: World, station: SimulatedStation) -> list[SecurityEvent]:
    return await work_of(network).find(EVENT_SHELF, EVENTS.c.station == station.identity)


async def stored(network: World, station: SimulatedStation) -> Station:
    found = await SqlStationStore(work_of(network)).get(key_of(station))
    assert found is not None, "it is not registered"
    return found


async def networks_of(network: World, station: SimulatedStation) -> StationNetworks:
    found = await SqlSecurityStore(work_of(network)).networks(key_of(station))
    assert found is not None, "nothing is known of its networks"
    return found


# -- A04


@pytest.mark.usecase("A04")
@pytest.mark.tc("TC_077_CSMS")
async def test_a_security_event_is_kept_as_it_was_told(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)

    station.say("security_event", kind="TamperDetectionActivated", info="door 2")
    await network.settle()

    [event] = await events_of(network, station)
    assert (event.kind, event.info) == ("TamperDetectionActivated", "door 2")
    assert event.is_critical
    assert event.needs_attention


@pytest.mark.usecase("A04")
async def test_an_event_that_nobody_has_heard_of_is_kept_too(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)

    station.say("security_event", kind="SomethingOddHappened")
    await network.settle()

    [event] = await events_of(network, station)
    assert (event.kind, event.is_critical) == ("SomethingOddHappened", False)


@pytest.mark.usecase("A04")
async def test_an_event_told_twice_is_one(network: World, dialect: Dialect) -> None:
    station = await network.station("BARI-1", dialect)
    told = {"type": "MemoryExhaustion", "timestamp": "2026-03-01T10:00:00Z"}

    await network.teller(station).call("SecurityEventNotification", told)
    await network.teller(station).call("SecurityEventNotification", told)

    assert len(await events_of(network, station)) == 1


@pytest.mark.usecase("A04")
async def test_an_event_that_somebody_looked_at_needs_no_attention(network: World) -> None:
    station = await network.station("BARI-1", V21)
    station.say("security_event", kind="MaintenanceLoginFailed")
    await network.settle()
    [event] = await events_of(network, station)

    seen = await network.carry_out(
        lambda slices: slices.security.acknowledge(
            network.actor.tenant, [event.id], "ada", slices.now
        )
    )

    [event] = await events_of(network, station)
    assert seen == 1
    assert event.acknowledged_by == "ada"
    assert not event.needs_attention


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


async def change_password(network: World, station: SimulatedStation) -> Result:
    command = await network.carry_out(
        lambda slices: slices.security.new_password(key_of(station)), key_of(station)
    )
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
    await network.carry_out(
        lambda slices: slices.security.new_password(key_of(station)), key_of(station)
    )
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


# -- B09, B10


async def with_network(network: World, dialect: Dialect) -> SimulatedStation:
    """Its slot 2 ought to have another way to us."""
    station = await network.station("BARI-1", dialect)
    profile = NetworkProfile(
        network.actor.tenant, "new", "wss://csms.example.com:9443", 2, network.clock.now()
    )
    secrets = NetworkSecrets(password="a-password-that-is-secret")

    async def assign(slices: Slices) -> None:
        await slices.networks.save(profile, secrets)
        await slices.networks.assign(key_of(station), 2, "new")

    await network.carry_out(assign)
    await network.settle()
    return station


@pytest.mark.usecase("B09")
@pytest.mark.tc("TC_B_42_CSMS")
@IN_2X
async def test_a_network_profile_is_set_in_its_slot(network: World, dialect: Dialect) -> None:
    station = await with_network(network, dialect)

    [(slot, data)] = station.core.memory(Networks).slots.items()
    assert slot == 2
    assert (data.ocpp_csms_url, data.security_profile) == ("wss://csms.example.com:9443", 2)
    # 2.0.1 has no room for it
    password = "a-password-that-is-secret" if dialect is V21 else None
    assert data.basic_auth_password == password
    assert (await networks_of(network, station)).slots[2].told_at == network.clock.now()


@pytest.mark.usecase("B09")
@IN_2X
async def test_a_profile_that_was_changed_is_set_again(network: World, dialect: Dialect) -> None:
    station = await with_network(network, dialect)
    await network.pass_time(timedelta(minutes=1))
    changed = NetworkProfile(
        network.actor.tenant, "new", "wss://other.example.com", 2, network.clock.now()
    )

    await network.carry_out(lambda slices: slices.networks.save(changed, NetworkSecrets()))
    await network.settle()

    data = station.core.memory(Networks).slots[2]
    assert data.ocpp_csms_url == "wss://other.example.com"
    if dialect is V21:  # what was not given anew stays
        assert data.basic_auth_password == "a-password-that-is-secret"


@pytest.mark.usecase("B09")
@pytest.mark.tc("TC_B_44_CSMS")
@IN_2X
async def test_a_slot_that_the_station_refuses_is_not_tried_in_a_loop(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("BARI-1", dialect)
    station.core.memory(Networks).refuses = "Failed"
    profile = NetworkProfile(
        network.actor.tenant, "new", "wss://csms.example.com", 2, network.clock.now()
    )

    async def assign(slices: Slices) -> None:
        await slices.networks.save(profile, NetworkSecrets())
        await slices.networks.assign(key_of(station), 2, "new")

    await network.carry_out(assign)
    await network.pass_time(timedelta(seconds=40))

    told = network.frames[key_of(station).station].to_station
    assert sum('"SetNetworkProfile"' in text for text in told) == 1
    assert (await networks_of(network, station)).slots[2].problem == "Failed"


@pytest.mark.usecase("B09")
@IN_2X
async def test_the_slot_in_use_is_left_alone(network: World, dialect: Dialect) -> None:
    station = await with_network(network, dialect)

    async def assign(slices: Slices) -> None:
        await slices.networks.assign(key_of(station), 1, "new")

    with pytest.raises(ConflictError, match="connected over slot 1"):
        await network.carry_out(assign)


async def move(network: World, station: SimulatedStation, **how: bool) -> None:
    await network.carry_out(
        lambda slices: slices.networks.begin_move(key_of(station), 2, slices.now, **how)
    )
    await network.pass_time(timedelta(seconds=30))


async def come_back(network: World, station: SimulatedStation) -> None:
    await network.cut(station)
    await network.pass_time(timedelta(minutes=1))
    await network.connect(station)
    await network.pass_time(timedelta(minutes=2))


@pytest.mark.usecase("B10")
@IN_2X
async def test_a_station_moves_to_another_slot_and_is_back(
    network: World, dialect: Dialect
) -> None:
    station = await with_network(network, dialect)

    await move(network, station)
    await come_back(network, station)

    networks = await networks_of(network, station)
    assert station.settings["network_priority"] == "2,1"
    assert networks.active == 2
    assert networks.move is not None
    assert networks.move.state is MoveState.ARRIVED


@pytest.mark.usecase("B10")
@IN_2X
async def test_a_station_that_comes_back_by_the_old_way_is_left_as_it_was(
    network: World, dialect: Dialect
) -> None:
    station = await with_network(network, dialect)
    station.core.memory(Networks).dead.add(2)

    await move(network, station)
    await come_back(network, station)

    networks = await networks_of(network, station)
    assert station.settings["network_priority"] == "1"
    assert networks.move is not None
    assert networks.move.state is MoveState.ROLLED_BACK
    assert networks.move.detail == "it came back over slot 1"


@pytest.mark.usecase("B10")
@IN_2X
async def test_a_station_that_never_comes_back_is_missed(network: World, dialect: Dialect) -> None:
    station = await with_network(network, dialect)
    key = key_of(station)

    await move(network, station)
    await network.cut(station)
    await network.pass_time(timedelta(minutes=31), step=timedelta(minutes=31))
    await network.carry_out(lambda slices: slices.networks.is_missed(key, slices.now))

    networks = await networks_of(network, station)
    assert networks.move is not None
    assert networks.move.state is MoveState.LOST


@pytest.mark.usecase("B10")
@IN_2X
async def test_a_station_that_was_to_leave_has_left(network: World, dialect: Dialect) -> None:
    station = await with_network(network, dialect)
    key = key_of(station)

    await move(network, station, leaves=True)
    await network.cut(station)
    await network.pass_time(timedelta(minutes=31), step=timedelta(minutes=31))
    await network.carry_out(lambda slices: slices.networks.is_missed(key, slices.now))

    networks = await networks_of(network, station)
    assert networks.move is not None
    assert networks.move.state is MoveState.LEFT
