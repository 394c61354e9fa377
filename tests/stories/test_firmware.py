"""Stations get new firmware: single ones, and many in a campaign."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ricarica.engine.file_timers import LOOK, STEP, file_rings
from ricarica.engine.files import Files, FilesSoon
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.firmware.campaigns import CampaignState, Plan, TargetState
from ricarica.firmware.commands import PublishFirmware, UnpublishFirmware
from ricarica.firmware.facts import Wanted
from ricarica.firmware.images import Image
from ricarica.firmware.queries import FirmwareQueries, Selection
from ricarica.firmware.updates import Update, UpdateState
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.firmware import Firmware
from ricarica.simulator.simulated import SimulatedStation
from ricarica.simulator.transfers import Transfers
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.signers import Signer, signer
from ricarica.testing.world import World, key_of

BASE = "https://csms.example"
CONTENT = b"version 3.0.0\nwhat a station runs"
SOON = timedelta(minutes=3)
MINUTE = timedelta(minutes=1)
FILES = FilesSoon(Files(Path("nowhere"), BASE))  # no file is opened


async def image(network: World, signed_by: Signer | None = None, **fields: Any) -> Image:
    """Among the images, without its file: what stations fetch, the story hands them."""

    async def add(slices: Slices) -> Image:
        made = Image(
            DEFAULT_TENANT,
            slices.ids.new(),
            "duo-3.0.0.bin",
            "Stellavolt",
            "Duo 22",
            "3.0.0",
            len(CONTENT),
            hashlib.sha256(CONTENT).hexdigest(),
            hashlib.md5(CONTENT).hexdigest(),
            slices.now,
            "ada",
            signed_by.sign(CONTENT) if signed_by else None,
            signed_by.certificate if signed_by else None,
        )
        return await slices.firmware.add(replace(made, **fields), slices.now)

    if signed_by:
        await network.carry_out(lambda slices: _root(slices, signed_by))
    added: Image = await network.carry_out(add)
    return added


async def _root(slices: Slices, signed_by: Signer) -> None:
    slices.firmware.add_root(DEFAULT_TENANT, "Stellavolt", signed_by.root, slices.now)


async def update(
    network: World, station: SimulatedStation, wanted: Wanted
) -> tuple[object, Result]:
    key = key_of(station)
    command = await network.carry_out(
        lambda slices: slices.firmware.order(key, wanted, slices.now, BASE), key
    )
    return command, await network.tell(station, command)


async def carry_files(
    network: World, station: SimulatedStation, content: bytes | None = CONTENT
) -> list[str]:
    """What a network does between the station and our files; the addresses it went to."""
    urls = []
    waiting = station.core.memory(Transfers).waiting
    while waiting:
        transfer = waiting.popleft()
        urls.append(transfer.url)
        transfer.end(content)
    await network.settle()
    return urls


async def finish(
    network: World, station: SimulatedStation, content: bytes | None = CONTENT
) -> list[str]:
    """Let it fetch, install, and boot again."""
    await network.pass_time(MINUTE)
    urls = await carry_files(network, station, content)
    await network.pass_time(SOON)
    if station.wants_connection and not station.online:
        await network.connect(station)
    await network.settle()
    return urls


async def updates(network: World, station: SimulatedStation) -> list[Update]:
    found = await FirmwareQueries(network.database).updates(DEFAULT_TENANT, key_of(station).station)
    return [view.update for view in found.items]


@pytest.mark.usecase("L02")
@pytest.mark.tc("TC_L_05_CSMS", "TC_L_06_CSMS", "TC_044_1_CSMS")
async def test_a_station_installs_an_image_and_is_believed_once_it_boots_with_it(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network)

    _, result = await update(network, station, Wanted(made.id, "ada"))
    urls = await finish(network, station)

    [done] = await updates(network, station)
    assert result.outcome is Outcome.ACCEPTED
    assert urls[0].startswith(f"{BASE}/files/firmware/secret-")
    assert urls[0].endswith("/duo-3.0.0.bin")
    assert (done.state, done.firmware, done.is_signed) == (UpdateState.CONFIRMED, "3.0.0", False)


@pytest.mark.usecase("L01")
@pytest.mark.tc("TC_L_01_CSMS", "TC_080_CSMS")
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
async def test_a_signed_image_is_checked_at_both_ends(
    network: World, dialect: Dialect, kind: str
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network, signer(network.clock.now(), kind))

    _, result = await update(network, station, Wanted(made.id, "ada"))
    await finish(network, station)

    [done] = await updates(network, station)
    assert result.status == "Accepted"
    assert (done.state, done.is_signed) == (UpdateState.CONFIRMED, True)
    assert made.signer == "CN=Stellavolt Signing"
    sent = "".join(network.frames[key_of(station).station].to_station)
    action = "SignedUpdateFirmware" if dialect is V16 else "UpdateFirmware"
    assert f'"{action}"' in sent
    assert "BEGIN CERTIFICATE" in sent


@pytest.mark.usecase("L01")
@pytest.mark.tc("TC_L_03_CSMS", "TC_081_CSMS")
async def test_a_file_that_was_changed_on_its_way_is_not_installed(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network, signer(network.clock.now()))

    await update(network, station, Wanted(made.id, "ada"))
    await finish(network, station, b"something else")

    [failed] = await updates(network, station)
    assert (failed.state, failed.status) == (UpdateState.FAILED, "InvalidSignature")
    assert station.core.make.firmware == "2.4.1"


@pytest.mark.usecase("L01")
@pytest.mark.tc("TC_L_02_CSMS")
@pytest.mark.parametrize("word", ["InvalidCertificate", "RevokedCertificate", "Rejected"])
async def test_a_station_that_does_not_trust_the_signer_refuses(
    network: World, dialect: Dialect, word: str
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network, signer(network.clock.now()))
    station.core.memory(Firmware).refuses = word

    _, result = await update(network, station, Wanted(made.id, "ada"))

    [refused] = await updates(network, station)
    assert (result.outcome, result.status) == (Outcome.REFUSED, word)
    assert (refused.state, refused.status) == (UpdateState.REFUSED, word)


@pytest.mark.usecase("L01", "L02")
@pytest.mark.parametrize("word", ["DownloadFailed", "InstallationFailed"])
async def test_what_goes_wrong_at_the_station_ends_the_update(
    network: World, dialect: Dialect, word: str
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network)
    station.core.memory(Firmware).fails_with = word

    await update(network, station, Wanted(made.id, "ada"))
    await finish(network, station)

    [failed] = await updates(network, station)
    assert (failed.state, failed.status) == (UpdateState.FAILED, word)


@pytest.mark.usecase("L01")
async def test_a_second_order_takes_the_place_of_the_first(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network, signer(network.clock.now()))

    await update(network, station, Wanted(made.id, "ada"))
    _, result = await update(network, station, Wanted(made.id, "ada"))
    await finish(network, station)

    states = sorted(each.state for each in await updates(network, station))
    assert result.status == "AcceptedCanceled"
    assert states == [UpdateState.CANCELLED, UpdateState.CONFIRMED]


@pytest.mark.usecase("L02")
async def test_who_says_installed_and_boots_with_the_old_version_is_not_believed(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)
    made = await image(network)
    station.core.memory(Firmware).stays_old = True

    await update(network, station, Wanted(made.id, "ada"))
    await finish(network, station)
    [doubtful] = await updates(network, station)
    await pass_days(network, 2)

    [given_up] = await updates(network, station)
    assert doubtful.state is UpdateState.INSTALLED
    assert given_up.state is UpdateState.FAILED


async def pass_days(network: World, days: int) -> None:
    """Without what stations do meanwhile."""
    network.clock.pass_time(timedelta(days=days))
    await ring(network, LOOK, "")


@pytest.mark.usecase("L01", "L02")
async def test_what_a_station_tells_of_an_update_nobody_ordered_is_kept_once(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("CP-1", dialect)

    station.say("firmware", status="Downloading")
    station.say("firmware", status="Installed")
    await network.settle()

    [told] = await updates(network, station)
    assert told.is_unasked
    assert told.status == "Installed"


async def test_a_number_nobody_gave_is_answered_all_the_same(network: World) -> None:
    station = await network.station("CP-1", V21)

    station.say("firmware", status="Downloading", number="4711")
    station.say("firmware", status="Idle")
    await network.settle()

    [told] = await updates(network, station)
    assert (told.status, told.detail) == ("Downloading", "requestId 4711")


async def test_an_image_for_another_model_is_not_sent(network: World) -> None:
    station = await network.station("CP-1", V201)
    made = await image(network, model="Solo 7")

    with pytest.raises(InvalidError, match="is for Stellavolt Solo 7"):
        await update(network, station, Wanted(made.id, "ada"))


@pytest.mark.usecase("L03", "L04")
@pytest.mark.tc("TC_L_17_CSMS", "TC_L_21_CSMS")
@pytest.mark.parametrize("dialect_of_2x", [V201, V21], ids=str)
async def test_a_local_controller_offers_an_image_until_it_is_told_not_to(
    network: World, dialect_of_2x: Dialect
) -> None:
    station = await network.station("LC-1", dialect_of_2x)
    made = await image(network)
    command = await network.carry_out(
        lambda slices: slices.firmware.publish(key_of(station), made.id, "ada", slices.now, BASE)
    )

    result = await network.tell(station, command)
    await carry_files(network, station)
    [published] = await updates(network, station)
    gone = await network.tell(station, UnpublishFirmware(made.md5))
    again = await network.tell(station, UnpublishFirmware(made.md5))

    [over] = await updates(network, station)
    assert isinstance(command, PublishFirmware)
    assert result.outcome is Outcome.ACCEPTED
    assert published.state is UpdateState.PUBLISHED
    assert published.locations == (
        f"http://local-controller/{made.md5}",
        f"ftp://local-controller/{made.md5}",
    )
    assert (gone.status, again.status) == ("Unpublished", "NoFirmware")
    assert over.state is UpdateState.CANCELLED


@pytest.mark.usecase("L03", "L04")
@pytest.mark.tc("TC_L_19_CSMS", "TC_L_20_CSMS", "TC_L_22_CSMS")
async def test_a_local_controller_does_not_offer_what_came_broken(network: World) -> None:
    station = await network.station("LC-1", V21)
    made = await image(network)
    command = await network.carry_out(
        lambda slices: slices.firmware.publish(key_of(station), made.id, "ada", slices.now, BASE)
    )
    await network.tell(station, command)

    ongoing = await network.tell(station, UnpublishFirmware(made.md5))
    await carry_files(network, station, b"broken")

    [failed] = await updates(network, station)
    assert (ongoing.outcome, ongoing.status) == (Outcome.REFUSED, "DownloadOngoing")
    assert (failed.state, failed.status) == (UpdateState.FAILED, "InvalidChecksum")


# Campaigns


async def ring(network: World, kind: str, subject: str) -> None:
    rings = file_rings(FILES)

    async def work(unit: UnitOfWork) -> None:
        await rings[kind](unit, subject)

    task = network.engine.post(DEFAULT_TENANT, work)
    await network.settle()
    await task


async def begin(network: World, plan: Plan, stations: list[SimulatedStation]) -> str:
    made = await image(network)
    keys: list[StationKey] = await FirmwareQueries(network.database).candidates(
        DEFAULT_TENANT, Selection(vendor="Stellavolt")
    )
    assert len(keys) == len(stations)
    campaign = await network.carry_out(
        lambda slices: slices.campaigns.begin(
            Wanted(made.id, "ada"), "Spring", plan, keys, slices.now
        )
    )
    return campaign.id


async def go_on(
    network: World,
    campaign: str,
    stations: list[SimulatedStation],
    goes_well: Callable[[SimulatedStation], bool] = lambda _: True,
) -> None:
    """A quarter of an hour with all that happens in it."""
    for _ in range(5):
        await ring(network, STEP, campaign)
        await network.pass_time(MINUTE)
        for station in stations:
            await carry_files(network, station, CONTENT if goes_well(station) else None)
        await network.pass_time(timedelta(minutes=2))
        for station in stations:
            if station.wants_connection and not station.online:
                await network.connect(station)
        await network.settle()


async def counts(network: World, campaign: str) -> tuple[CampaignState, dict[TargetState, int]]:
    view = await FirmwareQueries(network.database).campaign(DEFAULT_TENANT, campaign)
    assert view is not None
    return view.campaign.state, {state: n for state, n in view.counts.items() if n}


PLAN = Plan(canary_percent=25, wave_size=2, at_once=2, pause=timedelta(minutes=5), attempts=1)


async def four(network: World) -> list[SimulatedStation]:
    dialects = (V16, V201, V21, V16)
    return [await network.station(f"CP-{n}", each) for n, each in enumerate(dialects, 1)]


@pytest.mark.usecase("L02")
async def test_a_campaign_updates_a_few_first_and_then_the_others(network: World) -> None:
    stations = await four(network)
    campaign = await begin(network, PLAN, stations)

    await ring(network, STEP, campaign)
    at_first = await counts(network, campaign)
    for _ in range(4):
        await go_on(network, campaign, stations)

    assert at_first == (
        CampaignState.RUNNING,
        {TargetState.WAITING: 3, TargetState.ORDERED: 1},
    )
    assert await counts(network, campaign) == (CampaignState.DONE, {TargetState.DONE: 4})
    assert {station.core.make.firmware for station in stations} == {"3.0.0"}


async def test_a_campaign_halts_by_itself_when_a_canary_fails_and_goes_on_when_told_to(
    network: World,
) -> None:
    stations = await four(network)
    campaign = await begin(network, PLAN, stations)

    await go_on(network, campaign, stations, lambda _: False)
    halted = await counts(network, campaign)
    await network.carry_out(
        lambda slices: slices.campaigns.resume(DEFAULT_TENANT, campaign, slices.now)
    )
    for _ in range(4):
        await go_on(network, campaign, stations)

    assert halted == (
        CampaignState.HALTED,
        {TargetState.WAITING: 3, TargetState.FAILED: 1},
    )
    assert await counts(network, campaign) == (
        CampaignState.DONE,
        {TargetState.DONE: 3, TargetState.FAILED: 1},
    )


async def test_a_campaign_outlives_the_server(network: World) -> None:
    stations = await four(network)
    campaign = await begin(network, PLAN, stations)
    await ring(network, STEP, campaign)

    await network.restart_engine()
    for station in stations:
        await network.connect(station)
    for _ in range(5):
        await go_on(network, campaign, stations)

    assert await counts(network, campaign) == (CampaignState.DONE, {TargetState.DONE: 4})


async def test_who_charges_is_spared_until_the_car_is_gone(network: World) -> None:
    station = await network.station("CP-1", V21)
    await network.add_token("04A1")
    station.plug_in(1)
    station.present("04A1", 1)
    await network.pass_time(MINUTE)
    campaign = await begin(network, replace(PLAN, canary_percent=0), [station])

    await ring(network, STEP, campaign)
    spared = await FirmwareQueries(network.database).targets(DEFAULT_TENANT, campaign)
    station.present("04A1", 1)
    station.unplug(1)
    await network.settle()
    for _ in range(3):
        await go_on(network, campaign, [station])

    assert [target.why for target in spared.items] == ["charging"]
    assert (await counts(network, campaign))[1] == {TargetState.DONE: 1}


async def test_a_cancelled_campaign_leaves_those_alone_that_have_not_begun(
    network: World,
) -> None:
    stations = await four(network)
    campaign = await begin(network, PLAN, stations)
    await ring(network, STEP, campaign)

    await network.carry_out(
        lambda slices: slices.campaigns.cancel(DEFAULT_TENANT, campaign, slices.now)
    )
    await go_on(network, campaign, stations)

    state, by_state = await counts(network, campaign)
    assert state is CampaignState.CANCELLED
    assert by_state[TargetState.CANCELLED] == 3
    assert sum(station.core.make.firmware == "3.0.0" for station in stations) == 1
