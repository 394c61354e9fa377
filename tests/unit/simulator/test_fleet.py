import asyncio
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ricarica.simulator.fleet import (
    Fleet,
    FleetOptions,
    dialect_for,
    invented_tokens,
    run_fleet,
    tokens_from,
)
from ricarica.simulator.transaction import Token
from tests.unit.simulator.serving import FriendlyServer, now, serving


def options(port: int = 1, stations: int = 10, journal: Path | None = None) -> FleetOptions:
    return FleetOptions(
        f"ws://127.0.0.1:{port}",
        now,
        stations=stations,
        journal=journal,
        busy=Decimal(1),
        speed=Decimal(30),
    )


def test_the_same_seed_builds_the_same_fleet() -> None:
    one, other = Fleet(options()), Fleet(options())

    for station, twin in zip(one.stations, other.stations, strict=True):
        assert station.core.make == twin.core.make
        assert [evse.meter for evse in station.evses.values()] == [
            evse.meter for evse in twin.evses.values()
        ]


def test_a_mixed_fleet_has_every_version_and_kind() -> None:
    fleet = Fleet(options(stations=50))

    versions = Counter(station.dialect.name for station in fleet.stations)
    assert versions == {"1.6": 25, "2.0.1": 15, "2.1": 10}
    assert [station.identity for station in fleet.stations[:2]] == ["RIC-0001", "RIC-0002"]
    assert {len(station.evses) for station in fleet.stations} == {1, 2, 4}
    powers = {evse.outlet.power_w_max for s in fleet.stations for evse in s.evses.values()}
    assert powers == {7_400, 11_000, 22_000, 50_000, 150_000}
    assert len({station.core.make.serial for station in fleet.stations}) == 50


def test_a_fleet_may_speak_one_version_only() -> None:
    assert {dialect_for("2.1", index).name for index in range(10)} == {"2.1"}


def test_tokens_come_from_a_list_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens.txt"
    file.write_text("# cards\n04AA, ISO14443\n\n04BB\nDE-8AA-1,eMAID\n")

    assert tokens_from("A, B,") == (Token("A"), Token("B"))
    assert len(tokens_from(",".join(f"TOKEN-{number}" for number in range(1_000)))) == 1_000
    assert tokens_from(str(file)) == (Token("04AA"), Token("04BB"), Token("DE-8AA-1", "eMAID"))
    assert invented_tokens(3, 5) == invented_tokens(3, 5)
    assert len(set(invented_tokens(3, 50))) == 50


async def test_a_fleet_connects_charges_and_leaves_in_order(tmp_path: Path) -> None:
    server = FriendlyServer()
    journal = tmp_path / "journal.jsonl"
    async with serving(server) as port:
        fleet = Fleet(options(port, journal=journal))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fleet.run(stop))
            await server.until(lambda: "TransactionEvent" in server.heard)
            await server.until(lambda: "StartTransaction" in server.heard)
            counts = fleet.counts()
            stop.set()
        await server.until(lambda: server.open == 0)

    assert fleet.counts().connected == 0
    assert counts.connected == counts.accepted == 10
    assert counts.charging >= 1
    assert counts.errors == ()
    assert fleet.ever_accepted
    assert server.broken == 0
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert entries
    assert all(entry["acked"] for entry in entries)
    assert len(entries) == fleet.counts().acked
    assert fleet.counts().queued == 0
    kinds = Counter(entry["payload"].get("eventType", entry["kind"]) for entry in entries)
    assert kinds["Started"] == kinds["Ended"]
    assert kinds["StartTransaction"] == kinds["StopTransaction"]


async def test_a_fleet_ends_by_itself_after_its_duration() -> None:
    server = FriendlyServer()
    async with serving(server) as port:
        short = FleetOptions(
            f"ws://127.0.0.1:{port}", now, stations=2, duration=timedelta(seconds=0.5)
        )
        async with asyncio.timeout(10):
            await run_fleet(short, asyncio.Event())

    assert server.heard.count("BootNotification") == 2


async def test_a_fleet_without_a_server_says_what_is_wrong(unused_tcp_port: int) -> None:
    fleet = Fleet(
        FleetOptions(
            f"ws://127.0.0.1:{unused_tcp_port}", now, stations=1, duration=timedelta(seconds=0.3)
        )
    )

    await fleet.run(asyncio.Event())

    assert fleet.counts().connected == 0
    assert not fleet.ever_accepted
    assert "Cannot connect" in fleet.counts().errors[0]


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_station_may_have_a_password_of_its_own(version: str) -> None:
    fleet = Fleet(
        FleetOptions("ws://x", now, stations=2, version=version, passwords={"RIC-0002": "secret"})
    )

    assert [station.settings["password"] for station in fleet.stations] == ["", "secret"]
