"""Who is turned away at the door is remembered, so that somebody finds out why."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from ricarica.app.probe import Probe
from ricarica.app.station_doctor import StationDoctor
from ricarica.engine import refusals
from ricarica.engine.diagnosis import Diagnosis, Level
from ricarica.engine.sql import REFUSALS
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import V16, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.model import Acceptance, UnknownStations
from ricarica.stations.service import Preparation, StationPolicy
from ricarica.testing.lines import LocalLine
from ricarica.testing.world import World, key_of, world

PASSWORD = "0123456789abcdef-long"


@pytest.fixture
def make_line() -> type[LocalLine]:
    """What is said here goes the way of everything else, and other stories hold both ways."""
    return LocalLine


async def examined(network: World, identity: str) -> Diagnosis:
    clock = network.clock
    policy = StationPolicy(unknown=UnknownStations.REFUSE)
    doctor = StationDoctor(
        network.database, network.engine.refusals, policy, Probe(None, clock), clock
    )
    return await network.soon(doctor(network.actor.tenant, identity))


def codes(diagnosis: Diagnosis) -> set[str]:
    return {each.code for each in diagnosis.findings if each.level is not Level.OK}


async def prepared(network: World, dialect: Dialect, **said: object) -> SimulatedStation:
    station = network.build("LODI-1", dialect)
    preparation = Preparation(**said)  # type: ignore[arg-type]  # whatever the test says
    await network.carry_out(
        lambda slices: slices.stations.prepare(key_of(station), preparation, slices.now)
    )
    return station


async def test_a_wrong_password_is_why(network: World, dialect: Dialect) -> None:
    station = await prepared(network, dialect, password=PASSWORD)

    assert await network.connect(station, b"another password") is Verdict.UNAUTHORIZED
    assert await network.connect(station) is Verdict.UNAUTHORIZED

    found = codes(await examined(network, "lodi-1"))
    assert {"refused_wrong_password", "refused_no_password", "never_connected"} <= found


async def test_a_station_that_works_is_well(network: World, dialect: Dialect) -> None:
    await network.station("LODI-1", dialect)

    diagnosis = await examined(network, "LODI-1")

    assert diagnosis.is_well
    assert diagnosis.is_registered


async def test_a_clock_that_is_wrong_is_noticed(network: World) -> None:
    station = network.build("LODI-1", V201)
    station.misbehaviour.clock_skew = timedelta(hours=1)
    await network.connect(station)

    assert "clock_ahead" in codes(await examined(network, "LODI-1"))


async def test_a_token_that_was_refused_is_named(network: World) -> None:
    station = await network.station("LODI-1", V16)
    await network.teller(station).call("Authorize", {"idTag": "04NOBODY"})

    assert "token_refused" in codes(await examined(network, "LODI-1"))


async def test_a_name_that_is_written_nearly_so_is_found() -> None:
    async with world(unknown=UnknownStations.REFUSE) as network:
        await prepared(network, V16)
        stranger = network.build("LODI-l", V16)

        assert await network.connect(stranger) is Verdict.UNAUTHORIZED

        diagnosis = await examined(network, "LODI-l")
        assert codes(diagnosis) >= {"identity_alike", "refused_unknown"}
        assert not diagnosis.is_registered


@pytest.mark.parametrize("acceptance", [Acceptance.BLOCKED, Acceptance.PENDING])
async def test_what_an_operator_decided_is_why(network: World, acceptance: Acceptance) -> None:
    station = await prepared(network, V16, acceptance=acceptance)
    await network.connect(station)

    assert acceptance.value in codes(await examined(network, "LODI-1"))


async def test_strangers_without_end_are_kept_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusals, "STRANGERS_MAX", 5)
    monkeypatch.setattr(refusals, "WAITING_MAX", 8)
    async with world(unknown=UnknownStations.REFUSE) as network:
        station = await prepared(network, V16, password=PASSWORD)
        await network.connect(station, b"another password")
        for number in range(50):
            knock = network.knock(f"NOBODY-{number}", "ocpp1.6")
            await network.soon(network.engine.admit(knock))

        batches = network.engine.batches.counts.batches
        await network.soon(network.engine.refusals.write())

        assert network.engine.batches.counts.batches == batches + 2  # stations', and strangers'
        rows = await network.database.fetch(sa.select(REFUSALS.c.identity))
        names = {name for (name,) in rows}
        assert "LODI-1" in names
        assert len(names) == 6


async def test_of_a_tenant_that_nobody_made_nothing_is_kept(network: World) -> None:
    knock = network.knock("LODI-1", "ocpp1.6", tenant="nobody")

    await network.engine.admit(replace(knock, turned_away="too_often"))
    await network.soon(network.engine.refusals.write())

    assert not await network.database.fetch(sa.select(REFUSALS))
