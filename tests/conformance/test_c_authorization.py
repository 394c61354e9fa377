"""Block C of 2.0.1 and 2.1: who may charge, groups and caches."""

from datetime import timedelta

import pytest

from ricarica.authorization.commands import ClearCache
from ricarica.authorization.model import TokenStatus
from ricarica.ocpp.dialects import Dialect
from ricarica.stations.commands import Outcome
from ricarica.testing.world import World
from tests.conformance.peer import BOTH, Peer, booted
from tests.conformance.sessions import (
    EVSE,
    TAG,
    authorized,
    charging_2,
    ended,
    event,
    no_transaction,
    only_transaction,
    token,
)

both = pytest.mark.parametrize("dialect", BOTH, ids=str)


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


@both
@pytest.mark.usecase("C01")
async def test_a_known_token_is_accepted_in_any_case(peer: Peer) -> None:
    assert (await authorized(peer))["status"] == "Accepted"
    assert (await authorized(peer, token(TAG.lower())))["status"] == "Accepted"


@both
@pytest.mark.usecase("C01")
@pytest.mark.tc("TC_C_02_CSMS")
async def test_a_token_that_nobody_knows_is_not_accepted(peer: Peer) -> None:
    assert (await authorized(peer, token("NOBODYS")))["status"] in ("Invalid", "Unknown")
    assert await no_transaction(peer)


@both
@pytest.mark.usecase("C01")
@pytest.mark.tc("TC_C_06_CSMS")
async def test_a_blocked_token_is_blocked(peer: Peer) -> None:
    await peer.network.add_token("LOST", status=TokenStatus.BLOCKED)

    assert (await authorized(peer, token("LOST")))["status"] == "Blocked"


@both
@pytest.mark.usecase("C01")
@pytest.mark.tc("TC_C_07_CSMS")
async def test_a_token_past_its_time_is_expired(peer: Peer) -> None:
    yesterday = peer.network.clock.now() - timedelta(days=1)
    await peer.network.add_token("OLD", expires_at=yesterday)

    assert (await authorized(peer, token("OLD")))["status"] == "Expired"


@both
@pytest.mark.usecase("C12")
@pytest.mark.tc("TC_C_08_CSMS")
async def test_a_start_by_a_token_of_the_cache_is_judged_all_the_same(peer: Peer) -> None:
    answer = await event(peer, "Started", "Authorized", 0, evse=EVSE, idToken=token())

    assert answer["idTokenInfo"]["status"] == "Accepted"  # C12.FR.03


@both
@pytest.mark.usecase("C12")
@pytest.mark.tc("TC_C_20_CSMS")
async def test_a_start_by_a_token_that_was_blocked_meanwhile_is_told_so(peer: Peer) -> None:
    await peer.network.add_token("LOST", status=TokenStatus.BLOCKED)
    answer = await event(peer, "Started", "Authorized", 0, evse=EVSE, idToken=token("LOST"))
    await event(peer, "Ended", "Deauthorized", 1, {"stoppedReason": "DeAuthorized"})

    assert answer["idTokenInfo"]["status"] == "Blocked"
    assert not (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("C11")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        pytest.param("Accepted", Outcome.ACCEPTED, marks=pytest.mark.tc("TC_C_37_CSMS")),
        pytest.param("Rejected", Outcome.REFUSED, marks=pytest.mark.tc("TC_C_38_CSMS")),
    ],
)
async def test_what_became_of_clearing_a_cache_is_told(
    peer: Peer, status: str, outcome: Outcome
) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, ClearCache()), {"status": status}
    )

    assert (action, sent, result.outcome) == ("ClearCache", {}, outcome)


@both
@pytest.mark.usecase("C09")
@pytest.mark.tc("TC_C_39_CSMS")
async def test_the_group_of_a_token_is_told_wherever_it_is_judged(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("TAG-1", group="FAMILY")
    await network.add_token("TAG-2", group="FAMILY")
    peer = await booted(network, dialect)

    first = await authorized(peer)
    started = await event(peer, "Started", "Authorized", 0, evse=EVSE, idToken=token())
    second = await authorized(peer, token("TAG-2"))
    stopped = await ended(peer, "StopAuthorized", "Local", 1, idToken=token("TAG-2"))

    # C09.FR.09, C09.FR.10, C09.FR.12
    infos = (first, started["idTokenInfo"], second, stopped["idTokenInfo"])
    assert [info["groupIdToken"]["idToken"] for info in infos] == ["FAMILY"] * 4
    assert [info["status"] for info in infos] == ["Accepted"] * 4


@both
@pytest.mark.usecase("C13", "C14")
@pytest.mark.tc("TC_C_40_CSMS")
async def test_what_a_local_list_let_in_is_judged_when_it_is_told(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG, group="FAMILY")
    peer = await booted(network, dialect)
    answer = await event(peer, "Started", "Authorized", 0, evse=EVSE, idToken=token(), offline=True)

    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "FAMILY"


@both
@pytest.mark.usecase("C14")
@pytest.mark.tc("TC_C_43_CSMS")
async def test_a_stop_by_a_token_of_the_group_that_is_blocked_is_told_so(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG, group="FAMILY")
    await network.add_token("LOST", group="FAMILY", status=TokenStatus.BLOCKED)
    peer = await booted(network, dialect)
    await charging_2(peer)

    assert (await authorized(peer, token("LOST")))["status"] == "Blocked"
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("C15")
async def test_who_was_let_in_offline_and_is_unknown_is_told_so_and_kept(peer: Peer) -> None:
    answer = await event(
        peer, "Started", "Authorized", 0, evse=EVSE, idToken=token("NOBODYS"), offline=True
    )

    assert answer["idTokenInfo"]["status"] in ("Invalid", "Unknown")
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("C02")
async def test_a_start_button_needs_no_token(peer: Peer) -> None:
    nobody = {"idToken": "", "type": "NoAuthorization"}
    answer = await event(peer, "Started", "Authorized", 0, evse=EVSE, idToken=nobody)

    assert answer["idTokenInfo"]["status"] == "Accepted"  # C02.FR.02


@both
@pytest.mark.usecase("C16")
@pytest.mark.tc("TC_C_47_CSMS", "TC_C_48_CSMS", "TC_C_49_CSMS")
async def test_a_master_pass_stops_what_others_charge(network: World, dialect: Dialect) -> None:
    await network.add_token(TAG)
    await network.add_token("MASTER", group="MASTERS")
    peer = await booted(network, dialect)
    await charging_2(peer)

    shown = await authorized(peer, token("MASTER"))
    answer = await ended(peer, "StopAuthorized", "MasterPass", idToken=token("MASTER"))

    found = await only_transaction(peer)
    assert shown["groupIdToken"]["idToken"] == "MASTERS"
    assert answer["idTokenInfo"]["status"] == shown["status"]
    assert (found.is_running, found.end_reason) == (False, "MasterPass")
