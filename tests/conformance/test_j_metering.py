"""Block J of 2.0.1 and 2.1: readings outside and inside of transactions."""

from decimal import Decimal

import pytest

from ricarica.ocpp.dialects import Dialect
from ricarica.testing.world import World
from tests.conformance.peer import BOTH, Json, Peer, booted
from tests.conformance.sessions import (
    EVSE,
    TAG,
    authorized,
    charging_2,
    energy,
    event,
    only_transaction,
    token,
)

both = pytest.mark.parametrize("dialect", BOTH, ids=str)


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


def signed(peer: Peer, register_wh: float, context: str) -> list[Json]:
    values = energy(peer, register_wh, context)
    values[0]["sampledValue"][0]["signedMeterValue"] = {
        "signedMeterData": "T0NNRnx7fXx7fQ==",
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "",
    }
    return values


@both
@pytest.mark.usecase("J01")
@pytest.mark.tc("TC_J_01_CSMS")
@pytest.mark.parametrize("evse", [0, 1])
async def test_readings_of_the_clock_are_taken_while_nothing_charges(peer: Peer, evse: int) -> None:
    values = energy(peer, 1000, "Sample.Clock")

    assert await peer.says("MeterValues", {"evseId": evse, "meterValue": values}) == {}


@both
@pytest.mark.usecase("J02")
@pytest.mark.parametrize(
    ("context", "trigger"),
    [
        pytest.param("Sample.Clock", "MeterValueClock", marks=pytest.mark.tc("TC_J_02_CSMS")),
        pytest.param("Sample.Periodic", "MeterValuePeriodic", marks=pytest.mark.tc("TC_J_09_CSMS")),
    ],
)
async def test_readings_of_what_charges_count_at_once(
    peer: Peer, context: str, trigger: str
) -> None:
    await charging_2(peer)
    await event(peer, "Updated", trigger, 2, meterValue=energy(peer, 2500, context))

    assert (await only_transaction(peer)).energy.energy_wh == Decimal(1500)


@both
@pytest.mark.usecase("J02")
@pytest.mark.tc("TC_J_03_CSMS", "TC_J_10_CSMS")
async def test_readings_at_the_end_may_hold_what_came_between(peer: Peer) -> None:
    await charging_2(peer)
    values = [
        *energy(peer, 2000, "Sample.Clock"),
        *energy(peer, 2500, "Sample.Periodic"),
        *energy(peer, 3000, "Transaction.End"),
    ]
    await event(peer, "Ended", "StopAuthorized", 2, {"stoppedReason": "Local"}, meterValue=values)

    assert (await only_transaction(peer)).energy.energy_wh == Decimal(2000)


@both
@pytest.mark.usecase("J01", "J03")
@pytest.mark.tc("TC_J_04_CSMS")
async def test_signed_readings_of_the_clock_are_taken(peer: Peer) -> None:
    values = signed(peer, 1000, "Sample.Clock")

    assert await peer.says("MeterValues", {"evseId": 1, "meterValue": values}) == {}


@both
@pytest.mark.usecase("J02")
@pytest.mark.tc("TC_J_07_CSMS")
async def test_the_first_reading_may_come_with_the_start(peer: Peer) -> None:
    await charging_2(peer)
    await event(peer, "Updated", "MeterValuePeriodic", 2, meterValue=energy(peer, 1200))

    assert (await only_transaction(peer)).energy.energy_wh == Decimal(200)


@both
@pytest.mark.usecase("J02")
@pytest.mark.tc("TC_J_08_CSMS")
async def test_the_first_reading_may_come_when_the_evse_is_known(peer: Peer) -> None:
    await authorized(peer)
    await event(peer, "Started", "Authorized", 0, {"chargingState": "Idle"}, idToken=token())
    values = energy(peer, 1000, "Transaction.Begin")
    info = {"chargingState": "EVConnected"}
    await event(peer, "Updated", "CablePluggedIn", 1, info, evse=EVSE, meterValue=values)
    await event(peer, "Updated", "MeterValuePeriodic", 2, meterValue=energy(peer, 1700))

    found = await only_transaction(peer)
    assert (found.evse, found.energy.energy_wh) == (1, Decimal(700))


@both
@pytest.mark.usecase("J02", "J03")
@pytest.mark.tc("TC_J_11_CSMS")
async def test_signed_readings_of_what_charges_count_like_others(peer: Peer) -> None:
    await charging_2(peer)
    values = signed(peer, 4000, "Transaction.End")
    await event(peer, "Ended", "StopAuthorized", 2, {"stoppedReason": "Local"}, meterValue=values)

    assert (await only_transaction(peer)).energy.energy_wh == Decimal(3000)
