"""A station is asked to report at once."""

import json

import pytest

from ricarica.engine.orders import trigger_orders
from ricarica.engine.sayings import Saying
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp import wire
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Topic, Trigger, Unlock
from ricarica.testing.world import World, key_of
from ricarica.translation.routes import PHRASES
from tests.wire.ocpp.official import complaint

FIRST = EvseNumber(1)
ONLY_2X = {
    Topic.TRANSACTION,
    Topic.FIRMWARE_PUBLISHING,
    Topic.COMBINED_CERTIFICATE,
}
ONLY_21 = {Topic.CUSTOM, Topic.V2G20_CERTIFICATE}


def asked(network: World, station: SimulatedStation) -> list[tuple[str, dict[str, object]]]:
    """Every request that made a station report."""
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [(frame[2], frame[3]) for frame in frames if "TriggerMessage" in str(frame[2])]


@pytest.mark.usecase("F06")
@pytest.mark.parametrize("dialect", [V16, V201, V21], ids=str)
async def test_each_topic_can_be_asked_for_that_a_dialect_has_words_for(
    network: World, dialect: Dialect
) -> None:
    topics = network.engine.commands.topics(dialect.name)

    missing = {V16: ONLY_2X | ONLY_21, V201: ONLY_21, V21: set()}[dialect]
    assert topics == set(Topic) - missing
    phrase = PHRASES[dialect.name][Trigger]
    for topic in topics:
        request = phrase.request_for(Trigger(topic, FIRST))
        action = type(request).__name__
        payload = json.loads(wire.encode(request, dialect))
        assert complaint(dialect, action, payload) is None


@pytest.mark.usecase("F06")
async def test_1_6_says_with_the_security_extension_what_it_cannot_otherwise(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V16)

    await network.tell(station, Trigger(Topic.CERTIFICATE))
    await network.tell(station, Trigger(Topic.LOG))
    await network.tell(station, Trigger(Topic.FIRMWARE))

    assert [(action, said["requestedMessage"]) for action, said in asked(network, station)] == [
        ("ExtendedTriggerMessage", "SignChargePointCertificate"),
        ("ExtendedTriggerMessage", "LogStatusNotification"),
        ("TriggerMessage", "FirmwareStatusNotification"),
    ]


@pytest.mark.usecase("F06")
async def test_a_status_is_asked_for_connector_by_connector(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    key = key_of(station)

    result = await network._soon(
        network.engine.speaker.say(key, Saying("trigger", {"topic": "status"}), "anna")
    )

    orders = await network.carry_out(
        lambda slices: trigger_orders(slices, key, Trigger(Topic.STATUS))
    )
    said = [payload for _, payload in asked(network, station)]
    assert result.outcome is Outcome.ACCEPTED
    assert len(said) == len(orders) >= 1
    # F06.FR.13; and connector 0 is never asked for by itself
    places = [payload.get("connectorId", payload.get("evse")) for payload in said]
    assert all(place and place != 0 for place in places)


async def test_2x_is_not_asked_for_the_status_of_nothing(network: World) -> None:
    station = await network.station("ROMA-1", V21)

    result = await network.tell(station, Trigger(Topic.STATUS))

    assert result.outcome is Outcome.UNSUPPORTED
    assert not asked(network, station)


@pytest.mark.usecase("F06")
async def test_a_topic_of_the_vendors_own_is_asked_for_by_its_name(network: World) -> None:
    station = await network.station("ROMA-1", V21)

    await network.tell(station, Trigger(Topic.CUSTOM, custom="AcmeSelfTest"))

    [(_, said)] = asked(network, station)
    assert said == {"requestedMessage": "CustomTrigger", "customTrigger": "AcmeSelfTest"}


@pytest.mark.usecase("F05")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_connector_that_is_not_there_is_not_unlocked(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, Unlock(EvseNumber(9)))

    assert (result.outcome, result.status) == (Outcome.REFUSED, "UnknownConnector")
