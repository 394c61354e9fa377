"""The lists of tokens at stations are kept as an operator wants them."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ricarica.authorization.book import ListDefinition
from ricarica.authorization.lists import ListTrouble, LocalList
from ricarica.authorization.model import TokenKind, TokenStatus
from ricarica.authorization.queries import AccessQueries
from ricarica.authorization.service import TokenChanges
from ricarica.engine.queries.telling import UpkeepQueries
from ricarica.engine.upkeep import State
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.simulator.tokens import Verdict
from ricarica.stations import service
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of

EVERYBODY = ListDefinition("all", "Everybody")
FLEET = ListDefinition("fleet", "The fleet", group="FLEET")
ALL = pytest.mark.usecase("D01", "D02")


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """A list is the same wherever it is made."""
    return LocalLine


async def define(network: World, definition: ListDefinition) -> None:
    await network.carry_out(lambda slices: slices.access_rules.put_list(DEFAULT_TENANT, definition))
    await network.settle()


def sent(network: World, station: SimulatedStation) -> list[dict[str, Any]]:
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[2] == "SendLocalList"]


async def known(network: World, station: SimulatedStation) -> LocalList:
    found = await AccessQueries(network.database).local_list(key_of(station))
    assert found is not None
    return found


def version_in(payload: dict[str, Any]) -> int:
    return int(payload.get("listVersion") or payload["versionNumber"])


def listed(station: SimulatedStation) -> dict[str, str]:
    return {uid: verdict.status for uid, verdict in station.core.tokens.local_list.items()}


@ALL
async def test_a_station_gets_the_list_that_is_wanted(network: World, dialect: Dialect) -> None:
    await network.add_token("A1", group="FLEET")
    await network.add_token("B2")
    await network.add_token("4711", kind=TokenKind.KEY_CODE)
    station = await network.station("SIENA-1", dialect)

    await define(network, EVERYBODY)

    assert listed(station) == {"a1": "Accepted", "b2": "Accepted"}
    assert station.core.tokens.local_list["a1"].group == "FLEET"
    [only] = sent(network, station)
    assert only["updateType"] == "Full"
    assert (await known(network, station)).version == station.core.tokens.list_version == 1


@ALL
async def test_what_changes_is_sent_as_a_change(network: World, dialect: Dialect) -> None:
    await network.add_token("A1", group="FLEET")
    station = await network.station("SIENA-1", dialect)
    await define(network, FLEET)

    await network.add_token("A2", group="FLEET")
    await network.add_token("OTHER")
    await network.carry_out(
        lambda slices: slices.authorization.change(
            DEFAULT_TENANT, "A1", TokenChanges(status=TokenStatus.BLOCKED)
        )
    )
    await network.settle()

    assert listed(station) == {"a2": "Accepted"}
    assert [each["updateType"] for each in sent(network, station)] == [
        "Full",
        "Differential",
        "Differential",
    ]
    versions = [
        each.get("listVersion", each.get("versionNumber")) for each in sent(network, station)
    ]
    assert versions == [1, 2, 3]


@ALL
async def test_a_long_list_comes_in_parts(network: World, dialect: Dialect) -> None:
    for number in range(7):
        await network.add_token(f"TAG-{number}")
    station = network.build("SIENA-1", dialect)
    station.settings.override({"local_list_items": "3"})
    await network.connect(station)

    await define(network, EVERYBODY)

    assert len(listed(station)) == 7
    parts = sent(network, station)
    assert [len(each["localAuthorizationList"]) for each in parts] == [3, 3, 1]
    kinds = [each["updateType"] for each in parts]
    assert kinds == ["Full", "Differential", "Differential"]  # D01.FR.03


@ALL
async def test_what_does_not_fit_is_left_out_and_counted(network: World, dialect: Dialect) -> None:
    for number in range(5):
        await network.add_token(f"TAG-{number}")
    station = network.build("SIENA-1", dialect)
    station.settings.override({"local_list_max": "3"})
    await network.connect(station)

    await define(network, EVERYBODY)

    assert sorted(listed(station)) == ["tag-0", "tag-1", "tag-2"]
    assert (await known(network, station)).left_out == 2


async def reboot(network: World, station: SimulatedStation) -> None:
    station.lose_power()
    await network.cut(station)
    await network.pass_time(timedelta(minutes=1))
    await network.connect(station)
    await network.pass_time(timedelta(minutes=2))


async def reconnect(network: World, station: SimulatedStation) -> None:
    """What was sent last may have arrived, and its answer not."""
    await network.pass_time(timedelta(minutes=1))
    await network.cut(station)
    await network.connect(station)
    await network.pass_time(timedelta(minutes=3))


@ALL
@pytest.mark.parametrize("come_back", [reboot, reconnect])
async def test_a_list_that_is_not_the_one_we_know_is_sent_anew(
    network: World,
    dialect: Dialect,
    come_back: Callable[[World, SimulatedStation], Awaitable[None]],
) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", dialect)
    await define(network, EVERYBODY)
    station.core.tokens.replace_list(77, {"INTRUDER": Verdict("Accepted")})

    await come_back(network, station)

    assert listed(station) == {"a1": "Accepted"}
    assert station.core.tokens.list_version == 78


@ALL
async def test_a_change_that_comes_too_late_is_followed_by_the_whole(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", dialect)
    await define(network, EVERYBODY)
    station.core.tokens.list_version = 5  # so that the next change is refused as outdated

    await network.add_token("A2")
    await network.settle()

    assert listed(station) == {"a1": "Accepted", "a2": "Accepted"}
    kinds = [each["updateType"] for each in sent(network, station)]
    assert kinds == ["Full", "Differential", "Full"]


@pytest.mark.usecase("D02")
async def test_a_station_of_1_6_without_a_list_is_left_alone(network: World) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", V16)
    station.settings.override({"local_list_enabled": "false"})

    await define(network, EVERYBODY)
    await network.add_token("A2")
    await network.settle()

    assert sent(network, station) == []
    assert (await known(network, station)).trouble is ListTrouble.UNSUPPORTED
    assert (await standing(network, station)) is State.UNSUPPORTED


@pytest.mark.usecase("D01", "D02")
async def test_whoever_sends_a_list_anew_has_it_tried_whatever_was_in_vain(network: World) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", V16)
    station.settings.override({"local_list_enabled": "false"})
    await define(network, EVERYBODY)
    station.settings.override({"local_list_enabled": "true"})

    await network.carry_out(lambda slices: slices.local_lists.send_anew(key_of(station)))
    await network.settle()

    assert listed(station) == {"a1": "Accepted"}
    assert (await known(network, station)).trouble is None


@pytest.mark.usecase("D01")
async def test_a_station_that_takes_no_list_at_all_is_not_asked_in_a_loop(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", dialect)
    station.settings.override({"local_list_max": "0"})

    await define(network, EVERYBODY)
    await network.pass_time(timedelta(minutes=4))

    assert 1 <= len(sent(network, station)) <= 3
    assert (await known(network, station)).trouble is ListTrouble.FAILED
    assert (await standing(network, station)) is State.REFUSED


async def standing(network: World, station: SimulatedStation) -> State:
    found = await UpkeepQueries(network.database).standings(key_of(station))
    return next(each.state for each in found if each.kind == "local_list")


@ALL
async def test_a_list_that_is_wanted_no_more_is_emptied(network: World, dialect: Dialect) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", dialect)
    await define(network, EVERYBODY)

    await define(network, replace(EVERYBODY, is_on=False))
    await network.pass_time(timedelta(minutes=1))
    await reboot(network, station)

    assert listed(station) == {}


@pytest.mark.usecase("C13", "C14")
async def test_whoever_is_on_the_list_charges_while_nobody_can_be_asked(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("A1")
    station = await network.station("SIENA-1", dialect)
    station.settings.override({"cache_enabled": "false"})
    await define(network, EVERYBODY)
    await network.cut(station)

    station.plug_in(1)
    station.present("A1", 1)
    await network.pass_time(timedelta(minutes=10))
    await network.connect(station)

    [transaction] = await network.transactions(station)
    assert transaction.is_running
    assert transaction.verdict == "accepted"


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_only_what_a_dialect_can_say_is_on_its_list(network: World, dialect: Dialect) -> None:
    await network.add_token("A1")
    await network.add_token("WVWZZZ1JZXW000001", kind=TokenKind.VIN)
    station = await network.station("SIENA-1", dialect)

    await define(network, EVERYBODY)
    await network.pass_time(timedelta(minutes=1))

    vins = {"wvwzzz1jzxw000001"} if dialect is V21 else set()
    assert set(listed(station)) == {"a1"} | vins
    assert len(sent(network, station)) == 1


async def test_of_many_stations_all_get_their_list(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BROUGHT_AT_ONCE_MAX", 2)
    await network.add_token("A1")
    stations = [await network.station(f"SIENA-{number}", V16) for number in range(1, 6)]

    await define(network, EVERYBODY)

    assert [listed(station) for station in stations] == [{"a1": "Accepted"}] * 5
