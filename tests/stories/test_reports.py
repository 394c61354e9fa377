"""What a station answers in parts is gathered into one."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.engine.commands import Call
from ricarica.engine.gathering import Report, State, expect
from ricarica.engine.queries.telling import ReportQueries
from ricarica.engine.sql import PUT_ASIDE
from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.storage.database import Run
from ricarica.testing.world import World, key_of

IN_PARTS = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


async def ask(network: World, station: SimulatedStation) -> Report:
    call = Call("GetBaseReport", b'{"reportBase":"FullInventory"}')
    called = await network._soon(network.engine.commands.call(key_of(station), call, by="anna"))
    await network.settle()
    assert called.report is not None, "a number is given where it was left out"
    report = await ReportQueries(network.database).report(key_of(station), called.report)
    assert report is not None
    return report


def pages(network: World, report: Report) -> list[dict[str, Any]]:
    frames = map(json.loads, network.frames[report.station.station].from_station)
    told = [frame[3] for frame in frames if frame[2] == "NotifyReport"]
    return [page for page in told if page["requestId"] == report.number]


@IN_PARTS
@pytest.mark.usecase("B07")
async def test_all_parts_of_a_report_are_one(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    report = await ask(network, station)

    assert report.state(network.clock.now()) is State.COMPLETE
    assert (report.asked_by, report.action) == ("anna", "GetBaseReport")
    content = await ReportQueries(network.database).content(report)
    told = [each for page in pages(network, report) for each in page["reportData"]]
    assert len(content["reportData"]) == len(told) > 0


@IN_PARTS
async def test_a_part_that_comes_twice_is_one(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    report = await ask(network, station)
    before = await ReportQueries(network.database).content(report)

    await network.teller(station).call("NotifyReport", pages(network, report)[0])

    again = await ReportQueries(network.database).report(key_of(station), report.number)
    assert again == report
    assert await ReportQueries(network.database).content(report) == before


@IN_PARTS
async def test_a_part_that_nobody_asked_for_does_no_harm(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    answer = await network.teller(station).call(
        "NotifyReport",
        {"requestId": 4711, "seqNo": 3, "generatedAt": "2026-03-02T08:00:00Z", "tbc": True},
    )

    assert answer == {}
    assert not await ReportQueries(network.database).report(key_of(station), 4711)


@IN_PARTS
async def test_of_what_we_asked_ourselves_only_the_progress_is_kept(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    call = Call("GetBaseReport", b'{"reportBase":"FullInventory"}')

    called = await network._soon(network.engine.commands.call(key_of(station), call))
    await network.settle()

    queries = ReportQueries(network.database)
    report = await queries.report(key_of(station), called.report or 0)
    assert report is not None
    assert report.is_complete
    assert await queries.content(report) == {}


@IN_PARTS
async def test_a_report_survives_a_restart(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    report = await ask(network, station)

    await network.restart_engine()

    assert await ReportQueries(network.database).report(key_of(station), report.number) == report


@IN_PARTS
async def test_a_part_that_nobody_could_read_is_put_aside_and_can_be_added(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    key, at = key_of(station), network.clock.now()
    asked = Report(key, 77, "GetBaseReport", "{}", "anna", at, "Accepted")
    await network.soon(network.engine.in_unit(key.tenant, lambda unit: expect(unit, asked)))
    page = {"requestId": 77, "seqNo": 0, "generatedAt": "2026-05-04T12:00:00Z"}
    variable = {"component": {"name": "FanSpeed"}, "variable": {"name": "Problem"}}
    readable = [variable | {"variableAttribute": [{"value": "true"}]}]

    answer = await network.teller(station).call("NotifyReport", page | {"reportData": ["?"]})
    [(number, action)] = await network.database.fetch(sa.select(PUT_ASIDE.c.id, PUT_ASIDE.c.action))
    mended = json.dumps(page | {"reportData": readable})
    await network.database.commit([Run(sa.update(PUT_ASIDE).values(payload=mended))])
    await network.soon(network.engine.replay(network.actor, key, number))

    assert (answer, action) == ({}, "NotifyReport")
    report = await ReportQueries(network.database).report(key, 77)
    assert report is not None
    assert report.is_complete
    assert await ReportQueries(network.database).content(report) == {"reportData": readable}


def page(number: int, value: str) -> dict[str, Any]:
    told = {"component": {"name": "FanSpeed"}, "variable": {"name": "Actual"}}
    data = [told | {"variableAttribute": [{"value": value}]}]
    at = "2026-05-04T12:00:00Z"
    return {"requestId": number, "seqNo": 0, "generatedAt": at, "reportData": data}


async def begin(network: World, station: SimulatedStation, number: int, action: str) -> None:
    """Ask for it, though the station has not been heard yet."""
    at = network.clock.now()
    asked = Report(key_of(station), number, action, "{}", "anna", at)
    tenant = asked.station.tenant
    await network.soon(network.engine.in_unit(tenant, lambda unit: expect(unit, asked)))


@IN_PARTS
async def test_a_number_that_is_used_again_is_that_of_a_new_report(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    teller, queries = network.teller(station), ReportQueries(network.database)
    await begin(network, station, 5, "GetBaseReport")
    await teller.call("NotifyReport", page(5, "900"))
    await network.restart_engine()
    await network.connect(station)

    await begin(network, station, 5, "GetReport")
    again = await queries.report(key_of(station), 5)
    assert again is not None
    content = await queries.content(again)
    await teller.call("NotifyReport", page(5, "1200"))

    assert (again.action, again.state(network.clock.now())) == ("GetReport", State.WAITING)
    assert content == {}
    assert await queries.content(again) == {"reportData": page(5, "1200")["reportData"]}


@IN_PARTS
async def test_what_is_told_of_a_customer_is_never_part_of_another_report(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    teller, queries = network.teller(station), ReportQueries(network.database)
    secret = {"requestId": 5, "generatedAt": "2026-05-04T12:00:00Z", "data": "04A1B2C3"}
    await begin(network, station, 5, "CustomerInformation")
    await teller.call("NotifyCustomerInformation", secret | {"seqNo": 0, "tbc": True})

    await begin(network, station, 5, "GetBaseReport")
    await teller.call("NotifyCustomerInformation", secret | {"seqNo": 1})

    report = await queries.report(key_of(station), 5)
    assert report is not None
    assert report.state(network.clock.now()) is State.WAITING
    assert await queries.content(report) == {}
