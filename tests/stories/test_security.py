"""Security events, and the networks by which stations reach us."""

from datetime import timedelta

import pytest

from ricarica.kernel.errors import ConflictError
from ricarica.ocpp.dialects import V21, V201, Dialect
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
from ricarica.storage.work import Remembered, Work
from ricarica.testing.lines import LocalLine
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


@pytest.fixture
def make_line() -> type[LocalLine]:
    """What is said here goes the way of everything else, and other stories hold both ways."""
    return LocalLine


def work_of(network: World) -> Work:
    return Work(network.database, Remembered(network.clock.monotonic))


async def events_of(network: World, station: SimulatedStation) -> list[SecurityEvent]:
    return await work_of(network).find(EVENT_SHELF, EVENTS.c.station == station.identity)


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
