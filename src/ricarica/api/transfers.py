"""/files: where stations fetch images and leave logs. Who knows an address may use it, for a while.

Nobody logs in here: an address has 256 random bits, is made for one station and one file, and ends.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import unquote

from litestar import MediaType, Request, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream
from litestar.status_codes import HTTP_206_PARTIAL_CONTENT

from ricarica.access.model import system_actor
from ricarica.api.caller import House
from ricarica.api.errors import EXCEPTION_HANDLERS
from ricarica.diagnostics.model import LogRequest, Upload
from ricarica.diagnostics.queries import LogQueries
from ricarica.engine.files import Files
from ricarica.engine.forms import bare_or_in_form
from ricarica.firmware.images import Image
from ricarica.firmware.queries import FirmwareQueries
from ricarica.firmware.service import digest_of
from ricarica.firmware.updates import Link
from ricarica.kernel.errors import (
    ConflictError,
    NotFoundError,
    RicaricaError,
    StorageUnavailableError,
)
from ricarica.slices import Slices
from ricarica.storage.files import TooLargeError

TOKEN_LENGTH = 43  # see `Ids.secret`; what is longer is not even looked for
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})$")
FILENAME = re.compile(r'filename\*?=(?:UTF-8\'\')?"?([^";]+)"?', re.IGNORECASE)
UNSAFE = re.compile(r"[^\w.\- ]+")

Anyone = Request[Any, Any, Any]


def router(house: House) -> Router:
    """Beside the API and the pages, in every process that serves them."""
    handlers: Sequence[HTTPRouteHandler] = (fetcher(house), receiver(house))
    return Router(
        path="/files",
        route_handlers=handlers,
        exception_handlers={TooLargeError: _too_large, **EXCEPTION_HANDLERS},
        include_in_schema=False,
        request_max_body_size=None,  # counted while it comes
    )


# -- images, to stations


def fetcher(house: House) -> HTTPRouteHandler:
    @route(
        ["/firmware/{token:str}", "/firmware/{token:str}/{name:str}"], http_method=["GET", "HEAD"]
    )
    async def fetch(request: Anyone, token: FromPath[str]) -> Response[Any]:
        found = await FirmwareQueries(house.database).link(_digest(token))
        if found is None:
            raise NotFoundError("there is no such file")
        link, image = found
        if house.now() >= link.expires_at or image.withdrawn_at is not None:
            return Response("this address has expired\n", status_code=410, media_type="text/plain")
        return _part(house, request, link, image)

    return fetch


def _part(house: House, request: Anyone, link: Link, image: Image) -> Response[Any]:
    """RFC 9110 §14: one range at a time, for a station whose line was cut goes on there."""
    tag = f'"{image.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    asked = request.headers.get("Range")
    if asked is not None and request.headers.get("If-Range", tag) == tag:
        wanted = span_of(asked, image.size)
        if wanted is None:
            headers["Content-Range"] = f"bytes */{image.size}"
            return Response("", status_code=416, headers=headers, media_type=MediaType.TEXT)
        start, end = wanted
        headers["Content-Range"] = f"bytes {start}-{end}/{image.size}"
        status = HTTP_206_PARTIAL_CONTENT
    else:
        start, end, status = 0, image.size - 1, 200
    headers["Content-Length"] = str(end - start + 1)
    kind = "application/octet-stream"
    if request.method == "HEAD":
        return Response(b"", status_code=status, headers=headers, media_type=kind)
    content = _counted(house, link, image, start, end)
    return Stream(content, status_code=status, headers=headers, media_type=kind)


def span_of(header: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that a Range asks for; None: there are no such bytes."""
    matched = RANGE.match(header.replace(" ", ""))
    if matched is None:
        return (0, size - 1)  # several ranges, or units that we do not know: all of it
    first, last = matched.groups()
    if not first and not last:
        return None
    if not first:
        length = min(int(last), size)
        return (size - length, size - 1) if length else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end and start < size else None


async def _counted(
    house: House, link: Link, image: Image, start: int, end: int
) -> AsyncIterator[bytes]:
    files: Files = house.engine.files.get()
    async for block in files.images.read(image.id, start, end - start + 1):
        yield block
    if end < image.size - 1:
        return  # the rest is still to come

    async def count(slices: Slices) -> None:
        slices.firmware.downloaded(link, end - start + 1, slices.now)

    await house.engine.carry_out(system_actor(link.station.tenant), count)


# -- logs, from stations


def receiver(house: House) -> HTTPRouteHandler:
    @route(
        ["/logs/{token:str}", "/logs/{token:str}/{rest:path}"],
        http_method=["PUT", "POST"],
        status_code=201,
    )
    async def receive(request: Anyone, token: FromPath[str]) -> Response[str]:
        """N01.FR.18: both methods, and never a redirect."""
        wanted = await LogQueries(house.database).by_digest(_digest(token))
        if wanted is None:
            raise NotFoundError("nothing is expected here")
        if house.now() >= wanted.expires_at:
            return Response("this address has expired\n", status_code=410, media_type="text/plain")
        if not wanted.may_be_uploaded:
            raise ConflictError("this log is here already")
        length = request.headers.get("Content-Length", "0")
        files: Files = house.engine.files.get()
        room = await room_for_log(files)
        if length.isdigit() and int(length) > room + MULTIPART_MARGIN:
            raise TooLargeError(f"there is room for {room:,} bytes")
        kind = request.headers.get("Content-Type", "")
        content = bare_or_in_form(kind, request.stream())
        await take_log(house, wanted, content, room, _name_in(request))
        return Response("", status_code=201, media_type="text/plain")

    return receive


LOOKS = 20  # at the room there is, while the longest log comes
MULTIPART_MARGIN = 64 * 1024  # what a form may put around its file


async def room_for_log(files: Files) -> int:
    """
    Raises:
        TooLargeError: there is none.
    """
    left = files.limits.logs_max - await files.logs.used()
    if left <= 0:
        raise TooLargeError("there is no room for more logs; old ones have to be deleted first")
    return min(left, files.limits.log_max)


async def take_log(
    house: House, wanted: LogRequest, content: AsyncIterator[bytes], room: int, name: str | None
) -> None:
    """Keep a file that comes, by whichever door."""
    files: Files = house.engine.files.get()
    actor = system_actor(wanted.station.tenant, wanted.station.station)
    # Twice at once is possible: each has its file, and the first one counts.
    file = files.new_name()
    stored = await files.logs.receive(file, _while_there_is_room(files, content), room)

    async def note(slices: Slices) -> None:
        upload = Upload(stored.name, stored.size, slices.now, name)
        await slices.diagnostics.receive(wanted.station, wanted.number, upload)

    try:
        await house.engine.carry_out(actor, note, station=wanted.station)
    except StorageUnavailableError:
        raise  # it may be stored for all we know; what no row names is swept later
    except RicaricaError:
        await files.logs.delete(file)
        raise


async def _while_there_is_room(files: Files, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Others come at the same time, perhaps by the same address: together they must fit too."""
    unseen = 0
    async for chunk in content:
        unseen += len(chunk)
        if unseen > files.limits.log_max // LOOKS:
            unseen = 0
            await room_for_log(files)
        yield chunk


def _name_in(request: Anyone) -> str | None:
    """N01.FR.19: as its header has it; else what was added to the address."""
    matched = FILENAME.search(request.headers.get("Content-Disposition", ""))
    given = matched.group(1) if matched else request.path_params.get("rest", "")
    name = UNSAFE.sub("_", unquote(str(given)).rsplit("/", 1)[-1]).strip()
    return name or None


def _digest(token: str) -> str:
    if len(token) > TOKEN_LENGTH:
        raise NotFoundError("there is no such file")
    return digest_of(token)


def _too_large(_request: Anyone, error: TooLargeError) -> Response[str]:
    return Response(f"{error}\n", status_code=413, media_type="text/plain")
