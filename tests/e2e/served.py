"""`ricarica serve` in a process of its own, and the other commands beside it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

RICARICA = str(Path(sys.executable).with_name("ricarica"))
PASSWORD = "charge-me-up-1"
READY_S = 120.0  # two cores that are busy with much else need long to start Python
COMMAND_S = 180.0
STOP_S = 20.0
LOOK_EVERY_S = 0.02
DOORS = re.compile(r"serves at +http://[^:]+:(\d+)/.*?connect at ws://[^:]+:(\d+)/", re.DOTALL)


def until(holds: Callable[[], bool], what: str, seconds: float = READY_S) -> None:
    """Look again and again; fail when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(LOOK_EVERY_S)


def environment(**changes: str) -> dict[str, str]:
    """Ours, without what a developer may have set for Ricarica."""
    inherited = {name: each for name, each in os.environ.items() if not name.startswith("RICARICA")}
    return {**inherited, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200", **changes}


def ricarica(
    *arguments: str, cwd: Path, text: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [RICARICA, *arguments],
        cwd=cwd,
        env=environment(**variables),
        input=text,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


@dataclass
class Served:
    """A server that may be killed and started again on the same data and ports."""

    data: Path
    options: tuple[str, ...] = ("--accept-unknown-stations",)
    variables: dict[str, str] = field(default_factory=dict)
    station_port: int = 0
    http_port: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _key: str = ""

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    @property
    def _log_file(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.station_port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        assert self._process, "it was not started"
        return self._process.pid

    def start(self) -> None:
        """Until both doors are open."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        command = [RICARICA, "serve", "--data", str(self.data), *self.options]
        ports = ["--station-port", str(self.station_port), "--http-port", str(self.http_port)]
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *ports],
                cwd=self.data.parent,
                env=environment(**{"RICARICA_ADMIN_PASSWORD": PASSWORD, **self.variables}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._is_open, "the server is ready")

    def _is_open(self) -> bool:
        assert self._process, "it was started"
        assert self._process.poll() is None, f"the server ended by itself:\n{self.log}"
        found = DOORS.search(self.log)
        if found is None:
            return False
        self.http_port, self.station_port = int(found[1]), int(found[2])
        return True

    def kill(self) -> None:
        """As the kernel would when there is no memory left: without a word."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """In order; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(STOP_S)

    def key(self) -> str:
        """An administrator's API key, made once with the command line."""
        if not self._key:
            url = self.variables.get("RICARICA_DATABASE_URL")
            more = {"RICARICA_DATABASE_URL": url} if url else {}
            role = ("--role", "admin", "--json")
            arguments = ("api-key", "create", "--data", str(self.data), *role)
            made = ricarica(*arguments, cwd=self.data.parent, **more)
            assert made.returncode == 0, made.stderr
            self._key = json.loads(made.stdout)["key"]
        return self._key

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.http}/api/v1",
            headers={"Authorization": f"Bearer {self.key()}"},
            timeout=30,
            trust_env=False,
        )

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request of an administrator's, that has to succeed."""
        with httpx.Client(
            base_url=f"{self.http}/api/v1",
            headers={"Authorization": f"Bearer {self.key()}"},
            timeout=30,
            trust_env=False,
        ) as client:
            response = client.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def door(self, identity: str, subprotocol: str = "ocpp1.6", **options: Any) -> connect:
        return connect(
            f"{self.ws}/{identity}",
            subprotocols=[Subprotocol(subprotocol)],
            proxy=None,
            max_size=None,
            **options,
        )


@contextlib.contextmanager
def serving(data: Path, *options: str, **variables: str) -> Iterator[Served]:
    """A running server, gone at the end whatever happens."""
    chosen = options or Served.options
    served = Served(data, chosen, dict(variables))
    try:
        served.start()
        yield served
    finally:
        served.kill()


BOOTS = {
    "ocpp1.6": {"chargePointVendor": "Vendor", "chargePointModel": "Model"},
    "ocpp2.0.1": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Vendor", "model": "Model"},
    },
}
BOOTS["ocpp2.1"] = BOOTS["ocpp2.0.1"]


async def answer_to(socket: ClientConnection, action: str, payload: Any, id: Any = "1") -> Any:
    """The whole frame that answers a call; calls of the server's are passed over."""
    await socket.send(json.dumps([2, id, action, payload]))
    return await answer(socket, id)


async def answer(socket: ClientConnection, id: Any) -> Any:
    while True:
        frame = json.loads(await socket.recv())
        if frame[0] != 2 and frame[1] == id:
            return frame


async def boot(socket: ClientConnection, id: str = "boot") -> str:
    frame = await answer_to(socket, "BootNotification", BOOTS[str(socket.subprotocol)], id)
    assert frame[0] == 3, frame
    return str(frame[2]["status"])
