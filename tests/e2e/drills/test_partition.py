"""The line between stations and server goes dead without a word, or loses much of what it has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from tests.e2e.drills.charging import SEED
from tests.e2e.drills.drill import Drill, Record, drill
from tests.e2e.drills.forked import Plight, free_port
from tests.e2e.drills.namespaces import FAR, CannotMakeNetworksError, two_networks
from tests.e2e.drills.shim import shim_to
from tests.e2e.drills.wire import Wire, wire_between

pytestmark = pytest.mark.slow
# Stations that soon notice when nobody answers, and come back while the server, which does not
# know, still has their old sockets.
IMPATIENT = {"message_timeout": "2", "ping_interval": "2"}
NOTICED_S = 36  # ping interval and what a station waits beyond it


async def test_a_line_that_is_dead_for_a_while_costs_nothing(
    tmp_path: Path, record_property: Record
) -> None:
    port = free_port()
    url = f"sqlite:///{tmp_path}/ricarica.db"
    async with (
        shim_to(("127.0.0.1", port)) as shim,
        drill(
            url,
            tmp_path,
            record_property,
            plight=Plight({"station_port": port}),
            at=f"ws://127.0.0.1:{shim.listening}",
            settings=IMPATIENT,
        ) as held,
    ):
        await held.charge()
        shim.go_deaf()
        async with held.outage():
            await asyncio.sleep(5)
        shim.hear()
        await held.recovers()


@asynccontextmanager
async def over_a_wire(folder: Path, record: Record) -> AsyncIterator[tuple[Drill, Wire] | None]:
    """The server is in a network of its own; None where there can be no such thing."""
    try:
        with two_networks() as networks, wire_between(networks, Random(SEED)) as wire:
            plight = Plight({"station_host": FAR, "http_host": FAR}, network=networks.far)
            url = f"sqlite:///{folder}/ricarica.db"
            async with drill(url, folder, record, plight=plight, settings=IMPATIENT) as held:
                yield held, wire
    except CannotMakeNetworksError as error:
        record("not_drilled", f"a cut wire: {error}")
        yield None


@pytest.mark.long
async def test_a_cut_wire_leaves_half_open_sockets_and_costs_nothing(
    tmp_path: Path, record_property: Record
) -> None:
    async with over_a_wire(tmp_path, record_property) as made:
        if made is None:
            return
        held, wire = made
        await held.charge()
        wire.is_cut = True
        async with held.outage():
            await asyncio.sleep(NOTICED_S)
        wire.is_cut = False
        await held.recovers()
        held.figures |= wire.counts


@pytest.mark.long
async def test_a_wire_that_loses_a_third_and_doubles_a_tenth_costs_nothing(
    tmp_path: Path, record_property: Record
) -> None:
    async with over_a_wire(tmp_path, record_property) as made:
        if made is None:
            return
        held, wire = made
        await held.charge()
        wire.loss, wire.doubled = 0.3, 0.1
        await held.charge(60)
        await asyncio.sleep(20)
        wire.loss = wire.doubled = 0.0
        await held.recovers()
        held.figures |= wire.counts
