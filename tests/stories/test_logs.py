"""Stations hand over their logs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ricarica.diagnostics.commands import SendDiagnostics
from ricarica.diagnostics.facts import LogWanted
from ricarica.diagnostics.model import LogKind, LogRequest, LogState, Upload
from ricarica.diagnostics.queries import LogQueries
from ricarica.diagnostics.service import Place, digest_of
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.diagnostics import Logs
from ricarica.simulator.simulated import SimulatedStation
from ricarica.simulator.transfers import Transfer, Transfers
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.world import World, key_of

PLACE = Place("https://csms.example/files/logs/{token}/")
DIAGNOSTICS = LogWanted(LogKind.DIAGNOSTICS, "ada")


async def ask(
    network: World, station: SimulatedStation, wanted: LogWanted = DIAGNOSTICS
) -> tuple[object, Result]:
    key = key_of(station)
    command = await network.carry_out(
        lambda slices: slices.diagnostics.order(key, wanted, slices.now, PLACE), key
    )
    return command, await network.tell(station, command)


def sent(station: SimulatedStation) -> Transfer:
    """What the station is about to upload."""
    [transfer] = station.core.memory(Transfers).waiting
    station.core.memory(Transfers).waiting.clear()
    return transfer


async def take(network: World, transfer: Transfer) -> None:
    """What our door does with it."""
    token, name = transfer.url.removeprefix("https://csms.example/files/logs/").split("/")
    request = await LogQueries(network.database).by_digest(digest_of(token))
    assert request is not None, transfer.url
    assert transfer.content is not None
    upload = Upload("file-1", len(transfer.content), network.clock.now(), name)
    await network.carry_out(
        lambda slices: slices.diagnostics.receive(request.station, request.number, upload),
        request.station,
    )
    transfer.end(b"")
    await network.settle()


async def logs(network: World, station: SimulatedStation) -> list[LogRequest]:
    key = key_of(station)
    return list((await LogQueries(network.database).requests(key.tenant, key.station)).items)


@pytest.mark.usecase("N01")
@pytest.mark.tc("TC_N_25_CSMS", "TC_045_1_CSMS", "TC_079_CSMS")
@pytest.mark.parametrize(
    ("spoken", "by_name_only"), [(V16, True), (V16, False), (V201, False), (V21, False)], ids=str
)
async def test_a_station_uploads_what_it_was_asked_for(
    network: World, spoken: Dialect, by_name_only: bool
) -> None:
    station = await network.station("CP-1", spoken)

    command, result = await ask(network, station, replace(DIAGNOSTICS, by_name_only=by_name_only))
    [on_its_way] = await logs(network, station)
    transfer = sent(station)
    await take(network, transfer)

    [done] = await logs(network, station)
    assert isinstance(command, SendDiagnostics) is by_name_only
    assert result.outcome is Outcome.ACCEPTED
    assert on_its_way.state is LogState.UPLOADING
    assert (done.state, done.status, done.file) == (LogState.RECEIVED, "Uploaded", "file-1")
    assert transfer.url.endswith(f"/{done.name}")
    assert b"CP-1" in (transfer.content or b"")


@pytest.mark.usecase("N01")
async def test_the_security_log_is_asked_for_by_its_name(network: World, dialect: Dialect) -> None:
    station = await network.station("CP-1", dialect)

    _, result = await ask(network, station, LogWanted(LogKind.SECURITY, "ada"))

    assert result.answer["name"] == "CP-1-SecurityLog.log"


@pytest.mark.usecase("N01")
async def test_only_2_1_has_a_log_of_a_data_collector(network: World, dialect: Dialect) -> None:
    station = await network.station("CP-1", dialect)

    _, result = await ask(network, station, LogWanted(LogKind.DATA_COLLECTOR, "ada"))

    expected = Outcome.ACCEPTED if dialect is V21 else Outcome.UNSUPPORTED
    assert result.outcome is expected


@pytest.mark.usecase("N01")
@pytest.mark.tc("TC_N_34_CSMS")
async def test_a_station_with_nothing_to_hand_over_refuses(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    station.core.memory(Logs).has_none = True

    _, result = await ask(network, station, replace(DIAGNOSTICS, by_name_only=dialect is V16))

    [refused] = await logs(network, station)
    assert result.outcome is Outcome.REFUSED
    assert refused.state is LogState.REFUSED


@pytest.mark.usecase("N01")
@pytest.mark.parametrize(
    ("before", "state"), [("Uploaded", LogState.MISSING), ("UploadFailure", LogState.UPLOADING)]
)
@pytest.mark.parametrize("spoken", [V201, V21], ids=str)
async def test_what_is_uploaded_is_not_on_its_way_again_and_what_failed_may_be(
    network: World, spoken: Dialect, before: str, state: LogState
) -> None:
    station = await network.station("CP-1", spoken)
    await ask(network, station)
    [request] = await logs(network, station)

    for word in (before, "Uploading"):
        said = {"status": word, "requestId": request.number}
        await network.teller(station).call("LogStatusNotification", said)

    [after] = await logs(network, station)
    assert after.state is state


@pytest.mark.usecase("N01")
async def test_what_was_said_to_be_uploaded_and_never_came_is_missing(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    station.core.memory(Logs).lies = True

    await ask(network, station)
    [missing] = await logs(network, station)
    network.clock.pass_time(timedelta(days=2))
    await network.carry_out(lambda slices: slices.diagnostics.give_up(slices.now))

    [over] = await logs(network, station)
    assert (missing.state, missing.status) == (LogState.MISSING, "Uploaded")
    assert (over.state, over.detail) == (LogState.FAILED, "nothing came in time")


@pytest.mark.usecase("N01")
@pytest.mark.parametrize("word", ["UploadFailure", "BadMessage", "PermissionDenied"])
async def test_an_upload_that_fails_says_why(network: World, word: str) -> None:
    station = await network.station("CP-1", V201)
    station.core.memory(Logs).fails_with = word

    await ask(network, station)
    sent(station).end(None)
    await network.settle()

    [failed] = await logs(network, station)
    assert (failed.state, failed.status) == (LogState.FAILED, word)


@pytest.mark.usecase("N01")
@pytest.mark.tc("TC_N_36_CSMS")
async def test_a_second_request_takes_the_place_of_the_first(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)

    await ask(network, station)
    station.core.memory(Transfers).waiting.clear()
    _, second = await ask(network, station)
    await take(network, sent(station))

    states = {request.state for request in await logs(network, station)}
    assert second.status == "AcceptedCanceled"
    assert states == {LogState.CANCELLED, LogState.RECEIVED}


@pytest.mark.usecase("N01")
async def test_what_nobody_asked_for_is_answered_and_changes_nothing(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)

    station.say("log", status="Uploading")
    station.say("log", status="Idle")
    station.say("log", status="Uploaded", number="4711")
    await network.settle()

    assert await logs(network, station) == []
    refused = [text for text in network.frames[key_of(station).station].to_station if "[4," in text]
    assert refused == []


async def test_the_same_log_is_not_taken_twice(network: World) -> None:
    station = await network.station("CP-1", V21)
    await ask(network, station)
    transfer = sent(station)
    await take(network, transfer)

    with pytest.raises(ConflictError, match="here already"):
        await take(network, transfer)


async def test_the_older_way_knows_diagnostics_only(network: World) -> None:
    station = await network.station("CP-1", V16)

    with pytest.raises(InvalidError, match="GetDiagnostics is for diagnostics"):
        await ask(network, station, LogWanted(LogKind.SECURITY, "ada", by_name_only=True))
