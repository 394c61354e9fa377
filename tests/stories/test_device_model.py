"""B05–B08: what a station is built of, and how it is told to be otherwise."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from ricarica.configuration.commands import (
    Criterion,
    Extent,
    ReportChosen,
    ReportSettings,
    WriteSetting,
    WriteSettings,
)
from ricarica.configuration.facts import ReportPart, SettingsReported, Told
from ricarica.configuration.model import Access, Setting
from ricarica.configuration.queries import SettingQueries
from ricarica.configuration.templates import Applies, Standing, Template
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.stations.queries import StationQueries
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


async def known(network: World, station: SimulatedStation) -> dict[str, Setting]:
    settings = await SettingQueries(network.database).settings(key_of(station))
    return {setting.name: setting for setting in settings}


def said(network: World, station: SimulatedStation, action: str) -> list[dict[str, object]]:
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[0] == 2 and frame[2] == action]


def question_in(dialect: Dialect) -> str:
    return "GetConfiguration" if dialect is V16 else "GetBaseReport"


async def _report(told: SettingsReported, slices: Slices) -> None:
    await slices.configuration.report(told)


async def add_template(
    network: World, settings: Mapping[str, str], *, restarts: bool = False
) -> Template:
    now = network.clock.now()
    template = Template(
        DEFAULT_TENANT,
        "city",
        "City",
        Applies(vendor="stella*"),
        settings,
        now,
        now,
        restarts=restarts,
    )

    async def save(slices: Slices) -> None:
        slices.templates.save(template)

    await network.carry_out(save)
    return template


@pytest.mark.usecase("B07")
@pytest.mark.tc("TC_B_12_CSMS")
async def test_a_station_tells_all_it_has_at_first_contact_and_not_at_every_boot(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    settings = await known(network, station)
    await network.cut(station)
    await network.pass_time(timedelta(minutes=3))
    await network.connect(station)

    assert len(settings) > 30
    assert len(said(network, station, question_in(dialect))) == 1
    model = await SettingQueries(network.database).device_model(key_of(station))
    assert model is not None
    assert model.firmware == "2.4.1"
    assert model.told_at is not None


@pytest.mark.usecase("B07")
async def test_what_was_not_answered_before_the_connection_was_lost_is_asked_again(
    network: World, dialect: Dialect
) -> None:
    station = network.build("ROMA-1", dialect)
    station.misbehaviour.ignores_calls = True
    await network.connect(station)
    await network.cut(station)
    station.misbehaviour.ignores_calls = False

    await network.connect(station)
    await network.pass_time(timedelta(minutes=3))

    assert len(await known(network, station)) > 30


@pytest.mark.usecase("B07")
async def test_what_is_not_answered_is_asked_again_after_pauses_that_grow(
    network: World, dialect: Dialect
) -> None:
    station = network.build("ROMA-1", dialect)
    station.misbehaviour.ignores_calls = True

    await network.connect(station)
    asked = []
    for time in (3, 3, 30, 130):
        await network.pass_time(timedelta(minutes=time), step=timedelta(minutes=1))
        network.engine.caretaker.bring(key_of(station))
        await network.settle()
        asked.append(len(said(network, station, question_in(dialect))))

    assert asked == [2, 2, 4, 5]


@pytest.mark.parametrize("wanted", [{}, {"heartbeat_interval": "77"}], ids=["", "wanted"])
async def test_what_fells_a_station_is_not_said_at_every_boot(
    network: World, dialect: Dialect, wanted: Mapping[str, str]
) -> None:
    if wanted:
        await add_template(network, wanted)
    station = network.build("ROMA-1", dialect)
    station.misbehaviour.ignores_calls = True

    await network.connect(station)
    for _ in range(20):
        station.lose_power()
        await network.cut(station)
        await network.pass_time(timedelta(minutes=1))
        await network.connect(station)

    told = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    assert 2 <= sum(frame[0] == 2 for frame in told) <= 5


@pytest.mark.usecase("B07")
@IN_2X
async def test_a_report_that_was_begun_again_says_what_is_not_there_any_more(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    key = key_of(station)
    await network.pass_time(timedelta(minutes=1))
    question = await network.carry_out(
        lambda slices: slices.configuration.ask_for_all(key, "2.4.1", slices.now)
    )
    await network.pass_time(timedelta(minutes=1))

    for seq_no, is_last in ((0, False), (0, False), (1, True)):
        part = ReportPart(question.number, seq_no, is_last)
        told = SettingsReported(key, (Told(f"Only.This{seq_no}", "1"),), network.clock.now(), part)
        await network.carry_out(partial(_report, told))

    assert set(await known(network, station)) == {"Only.This0", "Only.This1"}


@pytest.mark.usecase("B07")
@IN_2X
async def test_what_a_variable_may_be_comes_with_it(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    settings = await known(network, station)

    heartbeat = settings["OCPPCommCtrlr.HeartbeatInterval"]
    assert heartbeat.neutral == "heartbeat_interval"
    assert (heartbeat.unit, heartbeat.kind, heartbeat.access) == (
        "s",
        "integer",
        Access.READ_WRITE,
    )
    assert (heartbeat.lowest, heartbeat.highest) == (Decimal(0), Decimal(31_536_000))
    assert heartbeat.persistent
    assert settings["EVSE@1.Power"].monitorable
    assert settings["FanSpeed.Actual:Target"].value == "2000"
    assert settings["FanSpeed.Actual:MaxSet"].access is Access.READ_WRITE


@pytest.mark.usecase("B07")
async def test_what_can_only_be_written_is_never_kept(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    name = "AuthorizationKey" if dialect is V16 else "SecurityCtrlr.BasicAuthPassword"

    await network.tell(station, WriteSetting(name, "0123456789abcdef0123"))

    assert (await known(network, station))[name].value is None


@pytest.mark.usecase("B07")
@pytest.mark.parametrize(
    ("extent", "is_told"),
    [
        (Extent.WRITABLE, "OCPPCommCtrlr.HeartbeatInterval"),
        (Extent.SUMMARY, "EVSE@1.AvailabilityState"),
    ],
)
@IN_2X
async def test_a_report_may_be_of_a_part(
    network: World, dialect: Dialect, extent: Extent, is_told: str
) -> None:
    station = await network.station("ROMA-1", dialect)
    before = (await known(network, station))[is_told].reported_at
    await network.pass_time(timedelta(minutes=1))

    result = await network.tell(station, ReportSettings(7, extent))
    await network.settle()

    settings = await known(network, station)
    assert result.outcome is Outcome.ACCEPTED
    assert settings[is_told].reported_at > before
    assert settings["ChargingStation.Model"].reported_at == before


@pytest.mark.usecase("B08")
@pytest.mark.tc("TC_B_18_CSMS")
@IN_2X
async def test_components_are_asked_for_by_name_and_by_criterion(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    before = (await known(network, station))["EVSE@1.Power"].reported_at
    await network.pass_time(timedelta(minutes=1))

    chosen = await network.tell(station, ReportChosen(8, places=("EVSE@1.",)))
    broken = await network.tell(station, ReportChosen(9, (Criterion.PROBLEM,)))
    await network.settle()

    settings = await known(network, station)
    assert chosen.status == "Accepted"
    assert broken.status == "EmptyResultSet"  # B08.FR.15: normal, for nothing is broken
    assert broken.outcome is Outcome.ACCEPTED
    assert settings["EVSE@1.Power"].reported_at > before
    assert settings["EVSE@2.Power"].reported_at == before


@pytest.mark.usecase("B06")
@pytest.mark.tc("TC_B_06_CSMS", "TC_B_07_CSMS")
async def test_many_settings_are_read_in_parts_that_the_station_can_take(
    network: World, dialect: Dialect
) -> None:
    station = network.build("ROMA-1", dialect)
    station.settings.override({"keys_max": "20", "get_items": "20", "get_bytes": "4000"})
    await network.connect(station)
    names = [name for name, each in (await known(network, station)).items() if each.value][:40]

    parts = await network.carry_out(
        lambda slices: slices.configuration.reading(key_of(station), names)
    )
    results = [await network.tell(station, part) for part in parts]

    sizes = [len(json.dumps(each)) for each in said(network, station, "GetVariables")]
    assert all(len(part.names) <= 20 for part in parts)
    assert len(parts) > 1
    assert max(sizes, default=0) <= 4000
    assert {name for result in results for name in result.answer["settings"]} == set(names)


@pytest.mark.usecase("B05")
@pytest.mark.tc("TC_B_09_CSMS", "TC_B_10_CSMS")
@IN_2X
async def test_each_of_several_values_has_its_own_outcome(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    values = (
        ("heartbeat_interval", "77"),
        ("FanSpeed.Actual:Target", "9999"),
        ("ChargingStation.Model", "Tre"),
        ("Nowhere.Nothing", "1"),
    )

    result = await network.tell(station, WriteSettings(values))

    assert result.outcome is Outcome.REFUSED
    each = result.answer["settings"]
    assert {name: one["status"] for name, one in each.items()} == {
        "OCPPCommCtrlr.HeartbeatInterval": "Accepted",
        "FanSpeed.Actual:Target": "Rejected",
        "ChargingStation.Model": "Rejected",
        "Nowhere.Nothing": "UnknownComponent",
    }
    settings = await known(network, station)
    assert settings["OCPPCommCtrlr.HeartbeatInterval"].value == "77"
    assert settings["FanSpeed.Actual:Target"].refused == "9999"


@pytest.mark.usecase("B05")
async def test_a_template_brings_stations_in_step_and_says_what_they_refuse(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    template = await add_template(
        network, {"meter_interval": "30", "stop_on_unplug": "maybe", "cache_enabled": "TRUE"}
    )

    await network.carry_out(lambda slices: _push(slices, station))
    await network.settle()

    view = await StationQueries(network.database).station(DEFAULT_TENANT, station.identity)
    assert view is not None
    [drift] = await SettingQueries(network.database).drift([view.station], [template])
    standings = {each.name: each.standing for each in drift.differences}
    assert station.settings.integer("sample_interval") == 30
    assert standings == {
        "meter_interval": Standing.IN_STEP,
        "stop_on_unplug": Standing.REFUSED,
        "cache_enabled": Standing.IN_STEP,
    }
    await network.carry_out(lambda slices: _push(slices, station))
    await network.settle()
    asked = "ChangeConfiguration" if dialect is V16 else "SetVariables"
    maybes = [each for each in said(network, station, asked) if "maybe" in json.dumps(each)]
    assert len(maybes) == 1  # what was refused is not said again


async def _push(slices: Slices, station: SimulatedStation) -> None:
    slices.templates.push([key_of(station)])


async def test_what_holds_after_a_restart_only_is_restarted_for_when_nobody_charges(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.add_token("04A1B2C3")
    setting = station.settings.with_name("connection_timeout")
    station.settings.replace(replace(setting, needs_reboot=True))
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.pass_time(timedelta(minutes=1))
    await add_template(network, {"connection_timeout": "99"}, restarts=True)

    await network.carry_out(lambda slices: _push(slices, station))
    await network.settle()
    while_charging = len(said(network, station, "Reset"))
    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.settle()
    await network.carry_out(lambda slices: _push(slices, station))
    await network.settle()

    assert while_charging == 0
    assert len(said(network, station, "Reset")) == 1
