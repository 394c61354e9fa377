"""OCPP 1.6, core profile: what the OCA asks of a central system."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.authorization.commands import ClearCache
from ricarica.authorization.model import TokenRef, TokenStatus
from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import V16
from ricarica.stations.commands import Outcome, Reset, Unlock
from ricarica.testing.world import World
from ricarica.transactions.commands import StartCharging, StopCharging
from tests.conformance.peer import Json, Peer, booted, connected
from tests.conformance.sessions import (
    TAG,
    authorize,
    charging,
    later,
    no_transaction,
    only_transaction,
    show,
    start,
    stop,
)

ONE = EvseNumber(1)


@pytest.fixture
async def peer(network: World) -> Peer:
    await network.add_token(TAG)
    return await booted(network, V16)


# Booting and charging


@pytest.mark.tc("TC_001_CSMS")
async def test_a_station_that_boots_is_told_the_time_and_how_often_to_call(
    network: World,
) -> None:
    peer = await connected(network, V16)
    boot = {"chargePointVendor": "Stellavolt", "chargePointModel": "Duo 22"}

    answer = await peer.says("BootNotification", boot)
    for connector in (0, 1):
        await show(peer, "Available", connector)
    beat = await peer.says("Heartbeat")

    assert answer["status"] == "Accepted"
    assert answer["interval"] > 0
    for said in (answer, beat):
        assert datetime.fromisoformat(said["currentTime"]) == network.clock.now()


@pytest.mark.tc("TC_003_CSMS")
async def test_a_session_that_begins_with_the_cable(peer: Peer) -> None:
    await show(peer, "Preparing")
    assert (await authorize(peer))["status"] == "Accepted"
    answer = await start(peer)
    await show(peer, "Charging")
    peer.network.clock.pass_time(timedelta(minutes=30))
    stopped = await stop(peer, answer["transactionId"], idTag=TAG, reason="Local")
    await show(peer, "Finishing")
    await show(peer, "Available")

    found = await only_transaction(peer)
    assert answer["idTagInfo"]["status"] == "Accepted"
    assert stopped["idTagInfo"]["status"] == "Accepted"
    assert (found.energy.energy_wh, found.is_running) == (Decimal(2000), False)


@pytest.mark.tc("TC_004_1_CSMS")
async def test_a_session_that_begins_with_the_token(peer: Peer) -> None:
    assert (await authorize(peer))["status"] == "Accepted"
    await show(peer, "Preparing")
    answer = await start(peer)
    await show(peer, "Charging")

    assert answer["idTagInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).is_running


@pytest.mark.tc("TC_004_2_CSMS")
async def test_a_driver_who_never_plugs_in_leaves_no_transaction(peer: Peer) -> None:
    assert (await authorize(peer))["status"] == "Accepted"
    await show(peer, "Preparing")
    peer.network.clock.pass_time(timedelta(minutes=2))
    await show(peer, "Available")

    assert await no_transaction(peer)


@pytest.mark.tc("TC_005_1_CSMS")
async def test_a_session_that_ends_because_the_car_was_unplugged(peer: Peer) -> None:
    number = await charging(peer)
    await show(peer, "SuspendedEV")
    await stop(peer, number, reason="EVDisconnected")
    await show(peer, "Finishing")
    await show(peer, "Available")

    found = await only_transaction(peer)
    assert (found.is_running, found.end_reason) == (False, "EVDisconnected")


@pytest.mark.tc("TC_007_CSMS")
async def test_a_start_by_a_token_of_the_cache_comes_without_asking(peer: Peer) -> None:
    await show(peer, "Preparing")
    answer = await start(peer)

    assert answer["idTagInfo"]["status"] == "Accepted"
    assert answer["transactionId"] > 0


@pytest.mark.tc("TC_061_CSMS")
async def test_a_cache_is_cleared_on_demand(peer: Peer) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, ClearCache()), {"status": "Accepted"}
    )

    assert (action, sent, result.outcome) == ("ClearCache", {}, Outcome.ACCEPTED)


# From afar


def start_order(**more: object) -> StartCharging:
    return StartCharging(TokenRef(TAG), number=17, evse=ONE)


ASKED_TO_START = ("RemoteStartTransaction", {"idTag": TAG, "connectorId": 1})


@pytest.mark.tc("TC_010_CSMS")
async def test_a_start_from_afar_when_the_cable_is_in(peer: Peer) -> None:
    await show(peer, "Preparing")
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, start_order()), {"status": "Accepted"}
    )
    assert (await authorize(peer))["status"] == "Accepted"
    answer = await start(peer)

    assert (action, sent) == ASKED_TO_START
    assert result.outcome is Outcome.ACCEPTED
    assert answer["idTagInfo"]["status"] == "Accepted"


@pytest.mark.tc("TC_011_1_CSMS")
async def test_a_start_from_afar_before_the_cable_is_in(peer: Peer) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, start_order()), {"status": "Accepted"}
    )
    await show(peer, "Preparing")
    answer = await start(peer)

    assert (action, sent) == ASKED_TO_START
    assert result.outcome is Outcome.ACCEPTED
    assert answer["idTagInfo"]["status"] == "Accepted"


@pytest.mark.tc("TC_011_2_CSMS")
async def test_a_start_from_afar_that_nobody_follows_leaves_no_transaction(peer: Peer) -> None:
    await peer.obeys(peer.network.tell(peer.station, start_order()), {"status": "Accepted"})
    await show(peer, "Preparing")
    peer.network.clock.pass_time(timedelta(seconds=70))
    await show(peer, "Available")

    assert await no_transaction(peer)


@pytest.mark.tc("TC_012_CSMS")
async def test_a_stop_from_afar_ends_when_the_station_says_so(peer: Peer) -> None:
    number = await charging(peer)
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, StopCharging(str(number))), {"status": "Accepted"}
    )
    was_running = (await only_transaction(peer)).is_running
    await stop(peer, number, reason="Remote")

    assert (action, sent) == ("RemoteStopTransaction", {"transactionId": number})
    assert result.outcome is Outcome.ACCEPTED
    assert was_running, "the answer alone ended it"
    assert not (await only_transaction(peer)).is_running


@pytest.mark.tc("TC_026_CSMS")
async def test_a_start_from_afar_may_be_refused(peer: Peer) -> None:
    _, _, result = await peer.obeys(
        peer.network.tell(peer.station, start_order()), {"status": "Rejected"}
    )

    assert result.outcome is Outcome.REFUSED


@pytest.mark.tc("TC_028_CSMS")
async def test_a_stop_from_afar_may_be_refused(peer: Peer) -> None:
    number = await charging(peer)
    _, _, result = await peer.obeys(
        peer.network.tell(peer.station, StopCharging(str(number))), {"status": "Rejected"}
    )

    assert result.outcome is Outcome.REFUSED
    assert (await only_transaction(peer)).is_running


# Resets and cables


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param(Reset(hard=True), "Hard", marks=pytest.mark.tc("TC_013_CSMS")),
        pytest.param(Reset(), "Soft", marks=pytest.mark.tc("TC_014_CSMS")),
    ],
)
async def test_a_reset_station_stops_reboots_and_reports(
    peer: Peer, command: Reset, kind: str
) -> None:
    number = await charging(peer)
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, command), {"status": "Accepted"}
    )
    await stop(peer, number, reason=f"{kind}Reset")
    boot = {"chargePointVendor": "Stellavolt", "chargePointModel": "Duo 22"}
    again = await peer.says("BootNotification", boot)
    await show(peer, "Available")

    assert (action, sent) == ("Reset", {"type": kind})
    assert result.outcome is Outcome.ACCEPTED
    assert again["status"] == "Accepted"
    assert (await only_transaction(peer)).end_reason == f"{kind}Reset"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        pytest.param("Unlocked", Outcome.ACCEPTED, marks=pytest.mark.tc("TC_017_1_CSMS")),
        pytest.param(
            "NotSupported",
            Outcome.UNSUPPORTED,
            marks=pytest.mark.tc("TC_017_2_CSMS", "TC_031_CSMS"),
        ),
        pytest.param("UnlockFailed", Outcome.REFUSED, marks=pytest.mark.tc("TC_030_CSMS")),
    ],
)
async def test_what_became_of_an_unlocking_is_told(
    peer: Peer, status: str, outcome: Outcome
) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, Unlock(ONE)), {"status": status}
    )

    assert (action, sent) == ("UnlockConnector", {"connectorId": 1})
    assert (result.outcome, result.status) == (outcome, status)


@pytest.mark.tc("TC_018_1_CSMS")
async def test_unlocking_while_it_charges_ends_the_transaction(peer: Peer) -> None:
    number = await charging(peer)
    _, _, result = await peer.obeys(
        peer.network.tell(peer.station, Unlock(ONE)), {"status": "Unlocked"}
    )
    await stop(peer, number, reason="UnlockCommand")

    assert result.outcome is Outcome.ACCEPTED
    assert (await only_transaction(peer)).end_reason == "UnlockCommand"


@pytest.mark.tc("TC_024_CSMS")
async def test_a_lock_that_fails_is_shown_and_starts_nothing(peer: Peer) -> None:
    assert (await authorize(peer))["status"] == "Accepted"
    await show(peer, "Faulted", error="ConnectorLockFailure")
    await show(peer, "Available")

    assert await no_transaction(peer)


# Settings


@pytest.mark.tc("TC_019_1_CSMS")
async def test_all_keys_are_asked_for_by_naming_none(peer: Peer) -> None:
    keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, ReportSettings(number=1)), {"configurationKey": keys}
    )

    assert (action, sent) == ("GetConfiguration", {})
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.tc("TC_019_2_CSMS")
async def test_one_key_is_asked_for_by_its_name(peer: Peer) -> None:
    keys = [{"key": "SupportedFeatureProfiles", "readonly": True, "value": "Core"}]
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, ReadSettings(("SupportedFeatureProfiles",))),
        {"configurationKey": keys},
    )

    assert (action, sent) == ("GetConfiguration", {"key": ["SupportedFeatureProfiles"]})
    assert result.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("key", "value", "status", "outcome"),
    [
        pytest.param(
            "MeterValueSampleInterval",
            "30",
            "Accepted",
            Outcome.ACCEPTED,
            marks=pytest.mark.tc("TC_021_CSMS"),
        ),
        pytest.param(
            "NoSuchKey",
            "1",
            "NotSupported",
            Outcome.UNSUPPORTED,
            marks=pytest.mark.tc("TC_040_1_CSMS"),
        ),
        pytest.param(
            "MeterValueSampleInterval",
            "-1",
            "Rejected",
            Outcome.REFUSED,
            marks=pytest.mark.tc("TC_040_2_CSMS"),
        ),
    ],
)
async def test_what_became_of_a_changed_key_is_told(
    peer: Peer, key: str, value: str, status: str, outcome: Outcome
) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, WriteSetting(key, value)), {"status": status}
    )

    assert (action, sent) == ("ChangeConfiguration", {"key": key, "value": value})
    assert (result.outcome, result.status) == (outcome, status)


# Who may not charge


@pytest.mark.tc("TC_023_1_CSMS")
async def test_a_token_that_nobody_knows_is_invalid(peer: Peer) -> None:
    assert (await authorize(peer, "NOBODYS"))["status"] == "Invalid"


@pytest.mark.tc("TC_023_2_CSMS")
async def test_a_token_past_its_time_is_expired(peer: Peer) -> None:
    yesterday = peer.network.clock.now() - timedelta(days=1)
    await peer.network.add_token("OLD", expires_at=yesterday)

    assert (await authorize(peer, "OLD"))["status"] == "Expired"


@pytest.mark.tc("TC_023_3_CSMS")
async def test_a_blocked_token_is_blocked(peer: Peer) -> None:
    await peer.network.add_token("LOST", status=TokenStatus.BLOCKED)

    assert (await authorize(peer, "LOST"))["status"] == "Blocked"


# Out of reach


@pytest.mark.tc("TC_032_1_CSMS")
async def test_after_a_power_failure_the_stop_comes_behind_the_boot(peer: Peer) -> None:
    number = await charging(peer)
    peer.network.clock.pass_time(timedelta(minutes=5))
    boot = {"chargePointVendor": "Stellavolt", "chargePointModel": "Duo 22"}
    assert (await peer.says("BootNotification", boot))["status"] == "Accepted"
    await show(peer, "Available")
    await stop(peer, number, reason="PowerLoss", timestamp=later(peer, minutes=-4))

    found = await only_transaction(peer)
    assert (found.is_running, found.end_reason) == (False, "PowerLoss")


@pytest.mark.tc("TC_037_1_CSMS")
async def test_a_start_told_late_is_taken_with_its_own_time(peer: Peer) -> None:
    begun = later(peer, minutes=-7)
    answer = await start(peer, timestamp=begun)

    assert answer["idTagInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).started_at == datetime.fromisoformat(begun)


@pytest.mark.tc("TC_037_3_CSMS")
async def test_a_start_told_late_by_a_stranger_is_kept_and_its_token_refused(peer: Peer) -> None:
    answer = await start(peer, idTag="NOBODYS", timestamp=later(peer, minutes=-7))
    stopped = await stop(peer, answer["transactionId"], reason="DeAuthorized")

    found = await only_transaction(peer)
    assert answer["idTagInfo"]["status"] == "Invalid"
    assert "idTagInfo" not in stopped
    assert (found.is_running, found.end_reason) == (False, "DeAuthorized")


@pytest.mark.tc("TC_039_CSMS")
async def test_a_whole_session_told_late_is_one_transaction(peer: Peer) -> None:
    begun, over = later(peer, hours=-2), later(peer, hours=-1)
    answer = await start(peer, timestamp=begun)
    await stop(peer, answer["transactionId"], idTag=TAG, timestamp=over, reason="Local")

    found = await only_transaction(peer)
    assert found.started_at == datetime.fromisoformat(begun)
    assert found.ended_at == datetime.fromisoformat(over)
    assert found.energy.energy_wh == Decimal(2000)


@pytest.mark.tc("TC_064_CSMS")
@pytest.mark.parametrize("data", [{}, {"messageId": "hello", "data": "world"}])
async def test_data_of_a_vendor_that_nobody_knows_is_refused_by_name(
    peer: Peer, data: Json
) -> None:
    answer = await peer.says("DataTransfer", {"vendorId": "com.example"} | data)

    assert answer["status"] in ("UnknownVendorId", "UnknownMessageId")
