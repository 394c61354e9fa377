"""Where files are, how stations reach them, and how much of them there may be."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ricarica.access.model import Actor
from ricarica.diagnostics.commands import SendDiagnostics
from ricarica.diagnostics.facts import LogAnswered, LogWanted
from ricarica.diagnostics.model import LogKind
from ricarica.diagnostics.service import Place
from ricarica.engine.commands import Commands
from ricarica.firmware.facts import UpdateAnswered, Wanted
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError, StorageUnavailableError
from ricarica.kernel.ids import RandomIds, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.storage.files import Folder

MEGABYTE = 1024 * 1024
LOGS_PATH = "/files/logs"
PLACES = ("http", "ftp")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """In bytes. Firmware has tens of megabytes, a log that is zipped has a few."""

    image_max: int = 1024 * MEGABYTE
    images_max: int = 20 * 1024 * MEGABYTE
    log_max: int = 200 * MEGABYTE
    logs_max: int = 5 * 1024 * MEGABYTE
    logs_kept: timedelta = timedelta(days=30)  # they tell of drivers, and of what was wrong then


@dataclass(frozen=True, slots=True)
class Files:
    """
    Args:
        public_url: Where stations find us, without a slash at its end.
        ftp: Host and port of the door for files by FTP, if there is one.
    """

    root: Path
    public_url: str
    limits: FileLimits = field(default_factory=FileLimits)
    ftp: tuple[str, int] | None = None
    new_name: Callable[[], str] = field(default_factory=lambda: RandomIds().new)  # of a file

    @property
    def images(self) -> Folder:
        return Folder(self.root / "firmware")

    @property
    def logs(self) -> Folder:
        return Folder(self.root / "logs")

    def place(self, protocol: str | None) -> Place:
        """
        Raises:
            InvalidError: there is no such door here.
        """
        if protocol in (None, "http"):
            # N01.FR.21: a station adds the file's name to what ends with a slash.
            return Place(f"{self.public_url}{LOGS_PATH}/{{token}}/")
        if protocol != "ftp":
            raise InvalidError(f"a protocol is one of {', '.join(PLACES)}, not {protocol}")
        if self.ftp is None:
            raise InvalidError("no files are taken by FTP here; set ftp_port to open that door")
        host, port = self.ftp
        return Place(f"ftp://log:{{token}}@{host}:{port}/")


def host_of(public_url: str) -> str:
    return urlsplit(public_url).hostname or "localhost"


@dataclass(slots=True)
class FilesSoon:
    """The files of this process, once it listens and so knows its own address."""

    now: Files | None = None

    def get(self) -> Files:
        """
        Raises:
            StorageUnavailableError: this process serves none.
        """
        if self.now is None:
            raise StorageUnavailableError("no files are served here (yet)")
        return self.now


@dataclass(frozen=True, slots=True)
class Clerk:
    """Orders that come with a file: noted, told, and noted again when nobody answered."""

    commands: Commands
    clock: Clock
    files: FilesSoon
    carry_out: Callable[..., Awaitable[object]]

    async def update_firmware(
        self, actor: Actor, key: StationKey, wanted: Wanted
    ) -> tuple[int, Result]:
        base = self.files.get().public_url
        at = self.clock.now()

        async def order(slices: Slices) -> object:
            return await slices.firmware.order(key, wanted, at, base)

        command = await self.carry_out(actor, order, station=key)
        return await self._told_firmware(actor, key, command)

    async def publish_firmware(
        self, actor: Actor, key: StationKey, image: str
    ) -> tuple[int, Result]:
        base = self.files.get().public_url
        at = self.clock.now()

        async def order(slices: Slices) -> object:
            return await slices.firmware.publish(key, image, actor.name, at, base)

        command = await self.carry_out(actor, order, station=key)
        return await self._told_firmware(actor, key, command)

    async def send_log(
        self, actor: Actor, key: StationKey, wanted: LogWanted, protocol: str | None
    ) -> tuple[int, Result]:
        place = self.files.get().place(protocol)
        at = self.clock.now()

        async def order(slices: Slices) -> object:
            asked = wanted
            if wanted.by_name_only is None and wanted.kind is LogKind.DIAGNOSTICS:
                station = await slices.stations.get(key)
                knows = SendDiagnostics in self.commands.sayable(station.dialect or "")
                asked = replace(wanted, by_name_only=knows)
            return await slices.diagnostics.order(key, asked, at, place)

        command = await self.carry_out(actor, order, station=key)
        number: int = getattr(command, "number")  # noqa: B009 - both kinds of order have one
        result = await self.commands.tell(key, command)

        async def note(slices: Slices) -> None:
            answer = LogAnswered(key, number, result.outcome, self.clock.now(), result.detail)
            await slices.diagnostics.answered(answer)

        if result.outcome is not Outcome.ACCEPTED:
            await self.carry_out(actor, note, station=key)
        return number, result

    async def _told_firmware(
        self, actor: Actor, key: StationKey, command: object
    ) -> tuple[int, Result]:
        number: int = getattr(command, "number")  # noqa: B009 - every kind of order has one
        result = await self.commands.tell(key, command)

        async def note(slices: Slices) -> None:
            await slices.firmware.answered(
                UpdateAnswered(
                    key,
                    number,
                    result.outcome,
                    self.clock.now(),
                    result.status,
                    result.detail,
                )
            )

        if result.outcome is not Outcome.ACCEPTED:
            await self.carry_out(actor, note, station=key)
        return number, result
