"""/logs and /stations/{id}/files: what stations handed over, and what they are sent."""

import asyncio
import gzip
import zlib
from contextlib import nullcontext
from dataclasses import replace
from typing import BinaryIO

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Stream

from ricarica.access.model import Permission
from ricarica.diagnostics.commands import SendLog
from ricarica.diagnostics.facts import LogWanted
from ricarica.diagnostics.model import LogKind, LogRequest
from ricarica.diagnostics.queries import LogQueries
from ricarica.engine.forwarding import Forward, Mode, checked
from ricarica.firmware.commands import PublishFirmware
from ricarica.firmware.facts import Wanted as WantedUpdate
from ricarica.firmware.queries import FirmwareQueries
from ricarica.kernel.errors import InvalidError, NotFoundError, RicaricaError
from ricarica.kernel.ids import StationId, StationKey
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.web.addresses import NumberInPath, path_to
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.messages import station_view
from ricarica.web.sessions import needs
from ricarica.web.views.files import LogsPage, LogText, StationFiles
from ricarica.web.views.lists import Pager
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

TEXT_BYTES = 64 * 1024  # of a page of a log
UNPACKED_MAX = 256 * 1024 * 1024  # bytes of a zipped log that are looked at; a bomb has more
GZIP = b"\x1f\x8b"
ODD_MAX = 0.1  # share of bytes that no text has
RECENT = Wanted(20)


@get("/logs", opt=needs(Permission.READ))
async def logs_page(visitor: Visiting) -> Html:
    wanted = Wanted(50, visitor.query.get("after") or None)
    found = await LogQueries(visitor.database).requests(visitor.tenant, None, wanted)
    return await visitor.show(
        LogsPage(found.items, pager_of("/logs", dict(visitor.query), found.next))
    )


@get("/logs/{station:str}/{number:int}", opt=needs(Permission.READ))
async def log_page(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    """A page of a log that is text; zipped ones are unpacked on the way."""
    request = await _request(visitor, station, number)
    typed = visitor.query.get("at", "0")
    place = int(typed) if typed.isdigit() and len(typed) < 12 else 0
    path = path_to("logs", request.station.station, str(number))
    if request.file is None:
        return await visitor.show(LogText(request, None, Pager()))
    file = visitor.house.engine.files.get().logs.open(request.file)
    text, following = await asyncio.to_thread(part_of, file, place)
    before = f"{path}?at={max(place - TEXT_BYTES, 0)}" if place else None
    after = f"{path}?at={following}" if following is not None else None
    return await visitor.show(LogText(request, text, Pager(before, after)))


@get("/logs/{station:str}/{number:int}/file", opt=needs(Permission.READ))
async def log_file(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Stream:
    request = await _request(visitor, station, number)
    if request.file is None:
        raise NotFoundError("this log is not here")
    headers = {
        # Never shown by a browser: what a station sends may be a page.
        "Content-Disposition": f'attachment; filename="{request.download_name}"',
        "X-Content-Type-Options": "nosniff",
    }
    content = visitor.house.engine.files.get().logs.read(request.file)
    return Stream(content, media_type="application/octet-stream", headers=headers)


@post("/logs/{station:str}/{number:int}/delete", opt=needs(Permission.COMMAND))
async def delete_log(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    request = await _request(visitor, station, number)

    async def work(slices: Slices) -> str | None:
        subject = f"station:{request.station.station}"
        visitor.audit(slices, "log.discard", subject, number=number)
        return await slices.diagnostics.discard(request.station, number, slices.now)

    file = await visitor.carry_out(work)
    if file is not None:
        await visitor.house.engine.files.get().logs.delete(file)
    return visitor.lead_to("/logs", Notice.LOG_DELETED)


@get("/stations/{station:str}/files", opt=needs(Permission.READ))
async def station_files(visitor: Visiting, station: FromPath[str]) -> Html:
    return await visitor.show(await _files(visitor, station))


@post("/stations/{station:str}/logs", opt=needs(Permission.COMMAND))
async def ask_for_log(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key
    kind = visitor.form.get("kind", "")
    if kind not in set(LogKind):
        raise InvalidError(f"there is no log {kind}")
    wanted = LogWanted(LogKind(kind), visitor.actor.name)
    protocol = visitor.form.get("protocol") or None
    clerk = visitor.house.engine.clerk
    try:
        number, result = await clerk.send_log(visitor.actor, key, wanted, protocol)
    except RicaricaError as error:
        return await visitor.show(await _files(visitor, station, str(error)), 422)
    await visitor.note(key, "log", result.outcome, {"kind": kind, "number": number})
    return await visitor.show(await _files(visitor, station, _said(result)))


@post("/stations/{station:str}/firmware", opt=needs(Permission.COMMAND))
async def update(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key
    image = visitor.form.get("image", "")
    clerk = visitor.house.engine.clerk
    try:
        if visitor.form.get("publish"):
            number, result = await clerk.publish_firmware(visitor.actor, key, image)
        else:
            wanted = WantedUpdate(image, visitor.actor.name)
            number, result = await clerk.update_firmware(visitor.actor, key, wanted)
    except RicaricaError as error:
        return await visitor.show(await _files(visitor, station, str(error)), 422)
    await visitor.note(key, "firmware", result.outcome, {"image": image, "number": number})
    return await visitor.show(await _files(visitor, station, _said(result)))


@post("/stations/{station:str}/forward", opt=needs(Permission.ADMINISTER))
async def forward(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key
    form, forwards = visitor.form, visitor.house.engine.forwards
    try:
        if form.get("remove"):
            await forwards.remove(visitor.actor, key)
        else:
            await forwards.save(
                visitor.actor,
                checked(_typed(visitor, key), may_be_private=forwards.may_be_private),
            )
    except RicaricaError as error:
        return await visitor.show(await _files(visitor, station, str(error)), 422)
    return visitor.lead_to(path_to("stations", key.station, "files"), Notice.STATION_SAVED)


HANDLERS = (
    logs_page,
    log_page,
    log_file,
    delete_log,
    station_files,
    ask_for_log,
    update,
    forward,
)


def part_of(file: BinaryIO, place: int) -> tuple[str | None, int | None]:
    """A page of text from a place on, and where the next one begins.

    None for what is no text. Lines stay whole, as far as they fit on a page.
    """
    with file:
        is_packed = file.read(2) == GZIP
        file.seek(0)
        if place > UNPACKED_MAX:
            return None, None
        try:
            with gzip.open(file) if is_packed else nullcontext(file) as opened:
                opened.seek(place)
                block = opened.read(TEXT_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            return None, None  # it only begins like a zipped one
    if not is_text(block):
        return None, None
    if len(block) <= TEXT_BYTES:
        return block.decode(errors="replace"), None
    end = block.rfind(b"\n", 0, TEXT_BYTES) + 1 or TEXT_BYTES
    return block[:end].decode(errors="replace"), place + end


def is_text(block: bytes) -> bool:
    odd = sum(block.count(bytes((code,))) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return odd <= ODD_MAX * len(block)


async def _request(visitor: Visitor, station: str, number: int) -> LogRequest:
    key = StationKey(visitor.tenant, StationId(name_in(station)))
    found = await LogQueries(visitor.database).request(key, number)
    if found is None:
        raise NotFoundError(f"no log {number} was asked of {key.station}")
    return found


async def _files(visitor: Visitor, station: str, told: str | None = None) -> StationFiles:
    view = await station_view(visitor, station)
    known = view.station
    firmware = FirmwareQueries(visitor.database)
    images = (await firmware.images(visitor.tenant, Wanted(LIMIT_MAX))).items
    sayable = visitor.house.engine.commands.sayable(known.dialect or "")
    files, forwarded = (
        visitor.house.engine.files.now,
        await visitor.house.engine.forwards.get(known.key),
    )
    kinds = tuple(LogKind) if SendLog in sayable else (LogKind.DIAGNOSTICS,)
    page = StationFiles(
        head_from(view),
        (
            await LogQueries(visitor.database).requests(visitor.tenant, known.key.station, RECENT)
        ).items,
        (await firmware.updates(visitor.tenant, known.key.station, RECENT)).items,
        tuple(
            image
            for image in images
            if image.withdrawn_at is None and image.suits(known.vendor, known.model)
        ),
        kinds if known.dialect == "2.1" else kinds[:2],
        PublishFirmware in sayable,
        files is not None and files.ftp is not None,
        told=told,
    )
    if forwarded is None:
        return page
    return replace(page, forward=forwarded[0], standing=forwarded[1])


def _said(result: Result) -> str:
    return f"{result.outcome} {result.words}".strip()


def _typed(visitor: Visitor, key: StationKey) -> Forward:
    form = visitor.form
    mode = form.get("mode", "")
    if mode not in set(Mode):
        raise InvalidError(f"there is no mode {mode}")
    return Forward(
        key,
        form.get("url", "").strip(),
        Mode(mode),
        visitor.now,
        form.get("identity", "").strip() or None,
        form.get("password") or None,
        frozenset(form.get("allowed", "").replace(",", " ").split()),
        form.get("is_on") == "true",
    )
