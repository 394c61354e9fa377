"""The door for logs by FTP: old stations know nothing else. Off unless a port is given.

Who comes as `log` with the secret of a request may put one file there, and see and fetch nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import aioftp
import structlog

from ricarica.api.caller import House
from ricarica.api.transfers import room_for_log, take_log
from ricarica.diagnostics.model import LogRequest
from ricarica.diagnostics.queries import LogQueries
from ricarica.diagnostics.service import digest_of
from ricarica.kernel.errors import RicaricaError

USER = "log"
ROOT = Path("/")
CONNECTIONS_MAX = 50  # stations that upload at the same time
IDLE_S = 60.0
WAITING_BLOCKS = 16  # between the socket and the disk

log = structlog.get_logger("ricarica.ftp")


class Secrets(aioftp.AbstractUserManager):
    """The name is the same for all; the password is the secret of one request."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    async def get_user(self, login: str) -> Any:
        states = aioftp.AbstractUserManager.GetUserResponse
        user = Expected()
        if login != USER:
            return states.ERROR, None, "no such user"
        return states.PASSWORD_REQUIRED, user, "the password, please"

    async def authenticate(self, user: aioftp.User, password: str) -> bool:
        assert isinstance(user, Expected), "there are no others"
        request = await LogQueries(self._house.database).by_digest(digest_of(password))
        now = self._house.now()
        if request is None or now >= request.expires_at or not request.may_be_uploaded:
            return False
        user.request = request
        return True


class Expected(aioftp.User):
    """May write into the one directory there is."""

    def __init__(self) -> None:
        super().__init__(
            USER,
            base_path=ROOT,
            permissions=(aioftp.Permission("/", readable=False, writable=True),),
        )
        self.request: LogRequest | None = None


class Incoming(aioftp.AbstractPathIO[Path]):
    """A file system in which nothing is, and where what is written goes to `take_log`."""

    def __init__(self, house: House, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._house = house

    def open(self, *args: Any, **kwargs: Any) -> Any:
        user = getattr(self.connection, "user", None)
        assert isinstance(user, Expected), "who opens a file has logged in"
        assert user.request is not None, "with a password that was right"
        return Arriving(self._house, user.request, Path(args[0]).name, kwargs.get("mode", "rb"))

    async def exists(self, path: Path) -> bool:
        return path == ROOT

    async def is_dir(self, path: Path) -> bool:
        return True  # wherever a station likes to put it

    async def is_file(self, path: Path) -> bool:
        return False

    async def mkdir(self, path: Path, *, parents: bool = False, exist_ok: bool = False) -> None:
        """There are no folders, so any may be made."""

    def list(self, path: Path) -> AsyncIterator[Path]:
        raise NotImplementedError("there is nothing to see")

    async def rmdir(self, path: Path) -> None:
        raise NotImplementedError

    async def unlink(self, path: Path) -> None:
        raise NotImplementedError

    async def stat(self, path: Path) -> Any:
        raise NotImplementedError

    async def _open(self, path: Path, mode: str) -> Any:
        raise NotImplementedError

    async def seek(self, file: Any, offset: int, whence: int = 0) -> int:
        raise NotImplementedError

    async def write(self, file: Any, data: bytes) -> int:
        raise NotImplementedError

    async def read(self, file: Any, block_size: int) -> bytes:
        raise NotImplementedError

    async def close(self, file: Any) -> None:
        raise NotImplementedError

    async def rename(self, source: Path, destination: Path) -> Path:
        raise NotImplementedError


class Arriving:
    """One file on its way in."""

    def __init__(self, house: House, request: LogRequest, name: str, mode: str) -> None:
        self._house = house
        self._request = request
        self._name = name
        self._mode = mode
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_BLOCKS)
        self._taking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Arriving":
        if self._mode != "wb":
            raise aioftp.PathIOError(reason=None)  # nothing to read, and nothing to go on with
        room = await room_for_log(self._house.engine.files.get())
        taken = take_log(self._house, self._request, self._coming(), room, self._name)
        self._taking = asyncio.create_task(taken)
        return self

    async def write(self, data: bytes) -> None:
        assert self._taking is not None, "it was opened"
        put = asyncio.ensure_future(self._blocks.put(data))
        await asyncio.wait({put, self._taking}, return_when=asyncio.FIRST_COMPLETED)
        if not put.done():
            put.cancel()
            self._taking.result()  # raises: it stopped before the end, for it is too much

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._taking is not None, "it was opened"
        if kind is not None:  # the line broke: half a file is none
            self._taking.cancel()
            with contextlib.suppress(asyncio.CancelledError, RicaricaError):
                await self._taking
            return
        try:
            await self.write(b"")
            await self._blocks.put(None)
            await self._taking
        except RicaricaError as error:
            log.info("ftp.refused", station=str(self._request.station), why=str(error))
            raise aioftp.PathIOError(reason=None) from error

    async def _coming(self) -> AsyncIterator[bytes]:
        while (block := await self._blocks.get()) is not None:
            yield block


@dataclass(frozen=True, slots=True)
class FtpDoor:
    """`address`: what is told to stations behind NAT, where it is not that of the socket."""

    host: str
    port: int
    data_ports: range | None = None
    address: str | None = None


@asynccontextmanager
async def open_ftp(house: House, door: FtpDoor) -> AsyncIterator[int]:
    """Until the end of the block; gives the port it listens on."""
    server = aioftp.Server(
        Secrets(house),
        idle_timeout=IDLE_S,
        socket_timeout=IDLE_S,
        maximum_connections=CONNECTIONS_MAX,
        path_io_factory=cast("Any", partial(Incoming, house)),
        ipv4_pasv_forced_response_address=door.address,
        data_ports=door.data_ports,
        welcome_message="logs",
    )
    await server.start(door.host, door.port)
    port: int = server.server_port
    log.info("ftp.open", port=port)
    try:
        yield port
    finally:
        await server.close()
