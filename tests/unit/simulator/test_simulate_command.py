import asyncio
import json
import signal
import sys

import pytest
from typer.testing import CliRunner

from ricarica.cli.simulate import NOBODY_ACCEPTED, app
from tests.unit.simulator.serving import FriendlyServer, serving

RUN = "from ricarica.cli.simulate import app; app()"


async def simulate(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, *arguments, stdout=asyncio.subprocess.PIPE
    )


async def test_an_interrupt_closes_every_socket_and_ends_well() -> None:
    server = FriendlyServer()
    async with serving(server) as port:
        process = await simulate("--url", f"ws://127.0.0.1:{port}", "--stations", "4", "--json")
        await server.until(lambda: server.heard.count("BootNotification") == 4)
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
        await server.until(lambda: server.open == 0)

    assert process.returncode == 0
    last = json.loads(output.decode().splitlines()[-1])
    assert last["final"] is True
    assert last["accepted"] == 4
    assert server.broken == 0


async def test_the_screen_shows_how_many_are_connected() -> None:
    server = FriendlyServer()
    async with serving(server) as port:
        address = f"ws://127.0.0.1:{port}"
        process = await simulate("--url", address, "--stations", "3", "--duration", "1")
        output, _ = await process.communicate()

    assert process.returncode == 0
    assert "3 stations, mixed" in output.decode()
    assert "connected" in output.decode()


async def test_it_fails_when_nobody_was_accepted(unused_tcp_port: int) -> None:
    address = f"ws://127.0.0.1:{unused_tcp_port}"
    process = await simulate("--url", address, "--stations", "1", "--duration", "0.5", "--json")
    output, _ = await process.communicate()

    assert process.returncode == NOBODY_ACCEPTED
    assert json.loads(output.decode().splitlines()[-1])["errors"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--busy", "2"],
        ["--busy", "often"],
        ["--speed", "0"],
        ["--version", "1.7"],
        ["--stations", "0"],
    ],
)
def test_impossible_options_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
