"""`ricarica simulate`: a fleet of stations against any server, and a screen to watch it."""

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ricarica.kernel.clock import SystemClock
from ricarica.simulator.blocks.registered import abilities_without
from ricarica.simulator.fleet import Fleet, FleetCounts, FleetOptions, Saying, tokens_from

NOBODY_ACCEPTED = 1
LOOK_EVERY_S = 0.5
JSON_EVERY = 10  # looks between two lines of JSON
STATIONS_MAX = 5_000  # one process has one core
Watch = Callable[[Fleet], Coroutine[None, None, None]]


class Version(StrEnum):
    MIXED = "mixed"
    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is not a number") from error


def _share(text: str) -> Decimal:
    share = _number(text)
    if not 0 <= share <= 1:
        raise typer.BadParameter("must be between 0 and 1")
    return share


def _speed(text: str) -> Decimal:
    speed = _number(text)
    if not 1 <= speed <= 1000:
        raise typer.BadParameter("must be between 1 and 1000")
    return speed


def _saying(text: str) -> Saying:
    name, _, rest = text.partition(":")
    if name not in abilities_without(frozenset()).sayings:
        known = ", ".join(sorted(abilities_without(frozenset()).sayings)) or "none"
        raise typer.BadParameter(f"there is no {name!r}; there are: {known}")
    pairs = [pair.partition("=") for pair in rest.split(",") if pair]
    return Saying(name, {key: value for key, _, value in pairs})


app = typer.Typer()


@app.command()
def simulate(
    *,
    url: Annotated[
        str, typer.Option(help="Where stations connect.", envvar="RICARICA_SIMULATE_URL")
    ] = "ws://localhost:9000",
    stations: Annotated[int, typer.Option(min=1, max=STATIONS_MAX, help="How many.")] = 50,
    version: Annotated[Version, typer.Option(help="OCPP version.")] = Version.MIXED,
    prefix: Annotated[str, typer.Option(help="Beginning of their names.")] = "RIC",
    password: Annotated[
        str | None, typer.Option(help="For HTTP Basic.", envvar="RICARICA_SIMULATE_PASSWORD")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    busy: Annotated[
        Decimal, typer.Option(parser=_share, help="Share of time that an EVSE is taken.")
    ] = Decimal("0.6"),
    speed: Annotated[
        Decimal,
        typer.Option(parser=_speed, help="Shortens stays and batteries, never falsifies time."),
    ] = Decimal(1),
    tokens: Annotated[
        str | None, typer.Option(help="File with a token a line, or a list with commas.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Authority for wss.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Append every acknowledged fact to this file, as JSON.")
    ] = None,
    duration: Annotated[float | None, typer.Option(min=0.1, help="Seconds until the end.")] = None,
    say: Annotated[
        list[Saying] | None,
        typer.Option(
            parser=_saying,
            metavar="NAME[:KEY=VALUE,…]",
            help="What each station says once it is accepted; several times for several things.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Lines of JSON, no screen.")] = False,
) -> None:
    """Run simulated stations against a server, with drivers who come, charge and leave."""
    options = FleetOptions(
        url=url,
        clock=SystemClock().now,
        stations=stations,
        version=version.value,
        prefix=prefix,
        password=password,
        seed=seed,
        busy=busy,
        speed=speed,
        tokens=tokens_from(tokens) if tokens else (),
        ca_file=ca_file,
        journal=journal,
        duration=timedelta(seconds=duration) if duration else None,
        sayings=tuple(say or ()),
    )
    fleet = Fleet(options)
    asyncio.run(_run(fleet, _print_json if as_json else _show))
    if not fleet.ever_accepted:
        raise typer.Exit(NOBODY_ACCEPTED)


async def _run(fleet: Fleet, watch: Watch) -> None:
    """Both until the end; an interrupt closes every socket in order first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(fleet))
        await fleet.run(stop)
        watching.cancel()


async def _print_json(fleet: Fleet) -> None:
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY_S * JSON_EVERY)
            print(_as_json(fleet.counts()), flush=True)
    finally:
        print(_as_json(fleet.counts(), final=True), flush=True)


def _as_json(counts: FleetCounts, *, final: bool = False) -> str:
    return json.dumps({**asdict(counts), "final": final}, default=str)


async def _show(fleet: Fleet) -> None:
    console = Console()
    with Live(_screen(fleet.counts(), fleet.options), console=console, auto_refresh=False) as live:
        try:
            while True:
                live.update(_screen(fleet.counts(), fleet.options), refresh=True)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            live.update(_screen(fleet.counts(), fleet.options), refresh=True)


def _screen(counts: FleetCounts, options: FleetOptions) -> Group:
    title = Text(f"{counts.stations} stations, {options.version}, at {options.url}", style="bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="left", style="dim")
    table.add_column(justify="right")
    table.add_column()
    for name, value, share in _rows(counts):
        table.add_row(name, value, _bar(share, counts.stations))
    errors = (Text(f"last error: {error}", style="yellow") for error in counts.errors[:3])
    return Group(title, table, *errors, Text("Ctrl-C to stop", style="dim"))


def _bar(share: int | None, whole: int) -> ProgressBar | str:
    return "" if share is None else ProgressBar(max(1, whole), share, width=30)


def _rows(counts: FleetCounts) -> Iterator[tuple[str, str, int | None]]:
    yield "connected", f"{counts.connected}", counts.connected
    yield "accepted", f"{counts.accepted}", counts.accepted
    yield "charging", f"{counts.charging}", None
    yield "power", f"{counts.power_w / 1000:,.1f} kW", None
    yield "energy", f"{counts.energy_wh / 1000:,.2f} kWh", None
    yield "transactions", f"{counts.transactions:,}", None
    yield "acknowledged", f"{counts.acked:,}", None
    yield "queued", f"{counts.queued:,}", None
    yield "given up", f"{counts.dropped:,}", None
