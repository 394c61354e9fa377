"""Limits for which a station, or its dialect, has no word. K01, K09"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ricarica.energy.model import WHOLE_STATION
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.ocpp.v2 import messages as v2
from ricarica.stations.commands import Outcome
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World
from tests.stories.limiting import MINUTE, default, dynamic, held, said, wanted


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


@pytest.mark.usecase("K01")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_what_a_dialect_has_no_word_for_is_kept_and_never_sent(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    command = await wanted(network, station, WHOLE_STATION, dynamic())

    result = await network.tell(station, command)

    assert result.outcome is Outcome.UNSUPPORTED
    assert said(network, station, "SetChargingProfile") == []


@pytest.mark.usecase("K01", "K06")
async def test_what_a_dialect_has_no_word_for_does_not_keep_the_rest_from_it(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V201)
    await network.cut(station)
    await wanted(network, station, WHOLE_STATION, dynamic(stack_level=1))
    await wanted(network, station, WHOLE_STATION, default(8))

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    assert [profile.purpose for profile in station.core.profiles] == ["TxDefaultProfile"]
    assert sorted(str(each.outcome) for each in await held(network, station)) == [
        "accepted",
        "unsupported",
    ]


@pytest.mark.usecase("K01", "K09")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_station_that_cannot_say_what_is_installed_is_told_what_shall_be(
    network: World, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    commands = {**station.core.abilities.commands}
    del commands[v2.GetChargingProfilesRequest]
    abilities = replace(station.core.abilities, commands=commands)
    monkeypatch.setattr(station.core, "abilities", abilities)
    await wanted(network, station, WHOLE_STATION, default(8))

    await network.connect(station)
    await network.pass_time(3 * MINUTE)

    assert len(said(network, station, "GetChargingProfiles")) == 1
    assert [profile.purpose for profile in station.core.profiles] == ["TxDefaultProfile"]
