"""Too many come at once: only those that charge are let in, and the others come again later."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from ricarica.engine.crowds import FRESH_S
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.testing.world import World
from ricarica.transactions.service import TransactionService

CARD = "04A1B2C3"


async def verdict(network: World, station: SimulatedStation, identity: str = "") -> Verdict:
    """On one that comes in the crowd."""
    knock = network.knock(identity or station.identity, station.dialect.subprotocol)
    return (await network.soon(network.engine.admit(replace(knock, crowded=True)))).verdict


async def charges(network: World, station: SimulatedStation) -> None:
    station.plug_in(1)
    station.present(CARD, 1)
    await network.settle()


async def test_who_charges_is_let_in_by_any_spelling_and_whenever_it_began(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(CARD)
    first, second, idle = [await network.station(f"LODI-{n}", dialect) for n in (1, 2, 3)]
    await charges(network, first)

    assert await verdict(network, first, "lodi-1") is Verdict.WELCOME
    assert await verdict(network, idle) is Verdict.CROWDED
    await charges(network, second)  # a moment after all were asked for
    assert await verdict(network, second) is Verdict.WELCOME


async def test_who_has_ended_waits_like_the_others(network: World, dialect: Dialect) -> None:
    await network.add_token(CARD)
    station = await network.station("LODI-1", dialect)
    await charges(network, station)
    assert await verdict(network, station) is Verdict.WELCOME

    station.unplug(1)
    await network.settle()
    network.clock.pass_time(timedelta(seconds=FRESH_S))

    assert await verdict(network, station) is Verdict.CROWDED


async def test_a_crowd_costs_one_question(
    network: World, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = await network.station("LODI-1", dialect)
    asked, ask = 0, TransactionService.charging

    async def counted(transactions: TransactionService) -> list[StationKey]:
        nonlocal asked
        asked += 1
        return await ask(transactions)

    monkeypatch.setattr(TransactionService, "charging", counted)
    batches = network.engine.batches.counts.batches

    for number in range(20):
        assert await verdict(network, station, f"LODI-{number}") is Verdict.CROWDED

    assert asked == 1
    assert network.engine.batches.counts.batches == batches + 1


async def test_while_nobody_knows_who_charges_all_come_again_and_then_it_is_asked_anew(
    network: World, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    await network.add_token(CARD)
    station = await network.station("LODI-1", dialect)
    await charges(network, station)

    async def fails(_transactions: TransactionService) -> list[StationKey]:
        raise StorageUnavailableError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(TransactionService, "charging", fails)
        assert await verdict(network, station) is Verdict.UNAVAILABLE

    assert await verdict(network, station) is Verdict.WELCOME
