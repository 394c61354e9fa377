"""Peers that mean harm: what they do is theirs alone, and others hardly notice.

How much others notice is measured by `python -m bench.hostile`; here they are all answered.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest
import trustme

from bench.attacks import ATTACKS, Outcomes, Target, come, knock
from bench.bystanders import Bystander, bystander, leaving, working
from bench.processes import Family
from tests.e2e.served import Served, serving

PASSWORD = "sixteen-and-more!"
SECONDS = 1.5  # each attack
STATIONS = 10
MIB = 1 << 10  # of the KiB in which memory is told
MEMORY_MIB_MAX = 96  # 4,000 handshakes with TLS would be 80

# What the peer has seen at the end, whatever else it saw.
SEEN = {
    "long_messages": {"101"},
    "endless_fragments": {"101", "1008"},
    "a_frame_too_large": {"101", "1009"},
    "bombs": {"101", "1009"},
    "nonsense": {"101", "1007"},
    "guessing": {"401", "429"},
    "hijacking": {"429"},  # and 401, unless there was guessing just before
    "malformed_requests": {"400", "431"},
    "coming_and_going": {"101"},
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Target]]:
    folder = tmp_path_factory.mktemp("hostile")
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "certificate.pem", append=True)
    files = ("--tls-certificate", "certificate.pem", "--tls-key", "key.pem")
    options = ("--accept-unknown-stations", "--log-level", "info", "--station-tls-port", "0")
    with serving(folder / "data", *files, *options) as served:
        served.ask("PUT", "/stations/VICTIM", {"status": "accepted", "password": PASSWORD})
        said = re.search(r"tls_port=(\d+)", served.log)
        assert said, served.log
        yield served, Target(served.station_port, int(said[1]), "VICTIM")


@pytest.fixture
async def others(target: tuple[Served, Target]) -> AsyncIterator[list[Bystander]]:
    port = target[1].port
    stations = [await bystander(port, f"GOOD-{number}") for number in range(STATIONS - 1)]
    stations.append(await bystander(port, "VICTIM", PASSWORD))
    yield stations
    await leaving(stations)


@pytest.mark.parametrize("name", ATTACKS)
async def test_others_are_answered_meanwhile_and_newcomers_let_in(
    name: str, target: tuple[Served, Target], others: list[Bystander]
) -> None:
    served, aim = target
    server = Family(served.pid)
    before = server.rss_kib()

    async with asyncio.TaskGroup() as tasks:
        attack = tasks.create_task(ATTACKS[name](aim, SECONDS))
        work = tasks.create_task(working(others, SECONDS))
        newcomer = tasks.create_task(bystander(aim.port, f"NEW-{name}"))

    await leaving([newcomer.result()])
    assert len(work.result()) >= STATIONS
    assert server.rss_kib() - before < MEMORY_MIB_MAX * MIB
    seen: Outcomes = attack.result()
    assert SEEN.get(name, set()) <= set(seen), seen
    assert "Traceback" not in served.log


async def test_a_victim_of_guessing_still_gets_in_itself(target: tuple[Served, Target]) -> None:
    _, aim = target

    await leaving([await bystander(aim.port, "VICTIM", PASSWORD)])


async def test_the_log_says_who_came_without_a_request(target: tuple[Served, Target]) -> None:
    served, aim = target
    async with come(aim.port) as pair:
        assert await knock(pair, b"\x16\x03\x01") == "400"

    assert "misspoke" in served.log
    assert "127.0.0.66" in served.log
