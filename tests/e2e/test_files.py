"""Files with a real server: stations that fetch and leave them, by HTTP and by FTP; a second back
end that hears what a station says."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aioftp
import aiohttp
import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from ricarica.ocpp.dialects import V201
from ricarica.simulator.blocks.firmware import Firmware
from ricarica.simulator.client import Endpoint, StationClient
from ricarica.simulator.simulated import SimulatedStation
from ricarica.testing.signers import signer
from tests.e2e.served import Served, boot, ricarica, serving

IMAGE = b"version 3.0.0\n" + bytes(range(256)) * 2_000
LONG_S = 30.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    variables = {"RICARICA_FTP_PORT": "0", "RICARICA_FORWARD_TO_PRIVATE": "true"}
    data = tmp_path_factory.mktemp("files") / "data"
    with serving(data, "--accept-unknown-stations", "--http-host", "127.0.0.1", **variables) as it:
        yield it


async def command(socket: ClientConnection, action: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What the server asks next under this name, once it is answered."""
    while True:
        frame = json.loads(await socket.recv())
        if frame[0] == 2:
            await socket.send(json.dumps([3, frame[1], answer if frame[2] == action else {}]))
            if frame[2] == action:
                return dict(frame[3])


async def say(socket: ClientConnection, action: str, payload: dict[str, Any], id: str) -> Any:
    await socket.send(json.dumps([2, id, action, payload]))
    while True:
        frame = json.loads(await socket.recv())
        if frame[0] == 2:
            await socket.send(json.dumps([4, frame[1], "NotImplemented", "", {}]))
        elif frame[1] == id:
            assert frame[0] == 3, frame
            return frame[2]


async def test_a_station_fetches_a_signed_image_in_two_parts(server: Served) -> None:
    by = signer(datetime.now(UTC))
    async with server.client() as client, server.door("FILES-1") as socket:
        await boot(socket)
        await client.post("/firmware/roots", json={"vendor": "Vendor", "pem": by.root})
        form = {"vendor": "Vendor", "model": "Model", "firmware": "3.0.0"}
        signed = {"signature": by.sign(IMAGE), "certificate": by.certificate}
        added = await client.post(
            "/firmware/images", data={**form, **signed}, files={"file": ("i.bin", IMAGE)}
        )
        body = {"image": added.json()["id"]}
        asking = asyncio.create_task(client.post("/stations/FILES-1/firmware", json=body))
        asked = await command(socket, "SignedUpdateFirmware", {"status": "Accepted"})
        ordered = await asking

        url = asked["firmware"]["location"]
        async with httpx.AsyncClient(trust_env=False) as station:
            first = await station.get(url, headers={"Range": "bytes=0-999"})
            rest = await station.get(url, headers={"Range": "bytes=1000-"})
        number = asked["requestId"]
        for word in ("Downloading", "Downloaded", "SignatureVerified", "Installing"):
            status = {"status": word, "requestId": number}
            await say(socket, "SignedFirmwareStatusNotification", status, f"s-{word}")
        [update] = (await client.get("/stations/FILES-1/firmware")).json()["items"]

    assert ordered.json()["outcome"] == "accepted", ordered.text
    assert url.startswith(server.http)
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == IMAGE
    assert base64.b64decode(asked["firmware"]["signature"])
    assert (update["state"], update["status"], update["downloads"]) == (
        "installing",
        "Installing",
        1,
    )


async def test_a_simulated_station_fetches_installs_and_reports_by_itself(server: Served) -> None:
    image = b"version 9.9.9\n" + IMAGE
    station = SimulatedStation(V201, "FILES-5", now=datetime.now(UTC))
    async with aiohttp.ClientSession() as http, server.client() as client:
        endpoint = Endpoint(server.ws, None, None)
        living = StationClient(station, endpoint, http, lambda: datetime.now(UTC))
        running = asyncio.create_task(living.run())
        await _until(lambda: station.is_accepted)
        form = {"vendor": "Stellavolt", "model": "Duo 22", "firmware": "9.9.9"}
        added = await client.post("/firmware/images", data=form, files={"file": ("s.bin", image)})
        body = {"image": added.json()["id"]}
        ordered = await client.post("/stations/FILES-5/firmware", json=body)
        asked = await client.post("/stations/FILES-5/logs", json={"kind": "security"})
        number = asked.json()["answer"]["number"]
        job = station.core.memory(Firmware)
        await _until(lambda: job.status == "Installing")
        station.core.laters.clear()  # half a minute that nobody has to wait
        log = (await client.get(f"/stations/FILES-5/logs/{number}/file")).text
        [update] = (await client.get("/stations/FILES-5/firmware")).json()["items"]
        running.cancel()
        await asyncio.wait({running})

    assert ordered.json()["outcome"] == "accepted"
    assert "FILES-5 2.4.1" in log
    assert (update["status"], update["downloads"]) == ("Installing", 1)
    assert job.job is not None
    assert job.job.image == image


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not holds():  # noqa: ASYNC110 - a station tells nobody of what it does
            await asyncio.sleep(0.05)


@asynccontextmanager
async def asked_for_log(server: Served, name: str, **body: str) -> AsyncIterator[tuple[str, str]]:
    """The place a station was told, and the path of the request."""
    async with server.client() as client, server.door(name) as socket:
        await boot(socket)
        asking = asyncio.create_task(client.post(f"/stations/{name}/logs", json=body))
        asked = await command(socket, "GetDiagnostics", {"fileName": "d.log"})
        number = (await asking).json()["answer"]["number"]
        yield asked["location"], f"/stations/{name}/logs/{number}"


async def test_a_station_leaves_its_log_by_http(server: Served) -> None:
    async with asked_for_log(server, "FILES-2") as (url, path):
        async with httpx.AsyncClient(trust_env=False) as station:
            taken = await station.put(f"{url}d.log", content=b"all is well")
            again = await station.put(f"{url}d.log", content=b"all is well")
        async with server.client() as client:
            file = await client.get(f"{path}/file")

    assert (taken.status_code, again.status_code) == (201, 409)
    assert file.content == b"all is well"


async def test_a_station_leaves_its_log_by_ftp(server: Served, tmp_path: Path) -> None:
    log = tmp_path / "d.log"
    log.write_bytes(b"all is well\n" * 50_000)
    async with asked_for_log(server, "FILES-3", protocol="ftp") as (url, path):
        place = urlsplit(url)
        assert place.port
        assert place.password
        async with aioftp.Client.context(
            place.hostname or "", place.port, "log", place.password
        ) as station:
            await station.upload(log, "d.log", write_into=True)
            with pytest.raises(aioftp.StatusCodeError):
                await station.download("d.log", str(tmp_path / "back.log"), write_into=True)
        with pytest.raises(aioftp.StatusCodeError):
            async with aioftp.Client.context(
                place.hostname or "", place.port, "log", place.password
            ):
                pass
        with pytest.raises(aioftp.StatusCodeError):
            async with aioftp.Client.context(place.hostname or "", place.port, "log", "guessed"):
                pass
        async with server.client() as client:
            known = (await client.get(path)).json()
            file = await client.get(f"{path}/file")

    assert (known["state"], known["size"]) == ("received", log.stat().st_size)
    assert file.content == log.read_bytes()


class Other:
    """A second back end, with numbers of its own for transactions."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.sockets: list[ServerConnection] = []
        self.authorization = ""
        self.answers: asyncio.Queue[list[Any]] = asyncio.Queue()

    async def talk(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        assert socket.request
        self.authorization = socket.request.headers.get("Authorization", "")
        async for text in socket:
            frame = json.loads(text)
            if frame[0] != 2:
                await self.answers.put(frame)
                continue
            self.heard.append((frame[2], frame[3]))
            answer = {"status": "Accepted", "interval": 300, "currentTime": "2026-01-01T00:00:00Z"}
            if frame[2] == "StartTransaction":
                answer = {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}
            await socket.send(json.dumps([3, frame[1], answer]))

    async def until(self, action: str) -> dict[str, Any]:
        async with asyncio.timeout(LONG_S):
            while True:
                found = [payload for name, payload in self.heard if name == action]
                if found:
                    return found[-1]
                await asyncio.sleep(0.05)

    async def ask(self, action: str, payload: dict[str, Any]) -> list[Any]:
        await self.sockets[-1].send(json.dumps([2, f"o-{action}", action, payload]))
        async with asyncio.timeout(LONG_S):
            return await self.answers.get()


async def test_a_second_back_end_hears_a_station_and_may_say_what_is_allowed(
    server: Served,
) -> None:
    other = Other()
    async with serve(
        other.talk, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]
    ) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with server.client() as client, server.door("FILES-4") as socket:
            await boot(socket)
            forward = {
                "url": f"ws://127.0.0.1:{port}/ocpp",
                "mode": "second",
                "password": "another-password",
                "allowed": ["RemoteStopTransaction"],
            }
            saved = await client.put("/stations/FILES-4/forward", json=forward)
            heard_boot = await other.until("BootNotification")
            started = await say(
                socket,
                "StartTransaction",
                {
                    "connectorId": 1,
                    "idTag": "A1",
                    "meterStart": 0,
                    "timestamp": "2026-11-22T10:00:00Z",
                },
                "start",
            )
            await other.until("StartTransaction")
            number = started["transactionId"]
            value = {"timestamp": "2026-11-22T10:01:00Z", "sampledValue": [{"value": "7"}]}
            meter = {"connectorId": 1, "transactionId": number, "meterValue": [value]}
            await say(socket, "MeterValues", meter, "meter")
            heard_meter = await other.until("MeterValues")
            stopping = asyncio.create_task(
                other.ask("RemoteStopTransaction", {"transactionId": 77})
            )
            asked = await command(socket, "RemoteStopTransaction", {"status": "Accepted"})
            allowed = await stopping
            refused = await other.ask("Reset", {"type": "Soft"})
            known = (await client.get("/stations/FILES-4/forward")).json()

    assert saved.status_code == 200, saved.text
    assert heard_boot == {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
    assert other.authorization.startswith("Basic ")
    assert heard_meter["transactionId"] == 77
    assert asked == {"transactionId": number}
    assert allowed[2] == {"status": "Accepted"}
    assert refused[:1] + refused[2:3] == [4, "NotSupported"]
    assert "password" not in known
    assert known["mode"] == "second"


async def test_a_second_back_end_is_one_that_a_station_could_have(server: Served) -> None:
    async with server.client() as client:
        await client.put("/stations/FILES-6", json={"status": "accepted"})
        reply = await client.put(
            "/stations/FILES-6/forward", json={"url": "http://csms.example", "mode": "copy"}
        )

    assert reply.status_code == 422


def test_the_command_line_adds_images_and_exports_messages(server: Served, tmp_path: Path) -> None:
    image = tmp_path / "cli.bin"
    image.write_bytes(b"version 5\n")
    access = {"RICARICA_URL": server.http, "RICARICA_API_KEY": server.key()}

    def run(*arguments: str) -> str:
        done = ricarica(*arguments, cwd=tmp_path, **access)
        assert done.returncode == 0, done.stderr
        return done.stdout

    names = ("--vendor", "Volta", "--model", "One", "--firmware", "5")
    added = json.loads(run("firmware", "add", str(image), *names, "--json"))
    listed = run("firmware", "list")
    run("messages", "--action", "BootNotification", "--export", "boots.csv")
    nobody = ricarica("firmware", "campaign", added["id"], "--model", "x", cwd=tmp_path, **access)

    assert (added["name"], added["firmware"]) == ("cli.bin", "5")
    assert "cli.bin" in listed
    assert (tmp_path / "boots.csv").read_text().startswith("id,at,station,")
    assert nobody.returncode == 2
    assert "no station fits" in nobody.stderr
