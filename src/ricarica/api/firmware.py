"""/firmware: images, the roots they are checked against, and who gets them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, once_only, require
from ricarica.api.commands import CommandReply, noted, with_answer
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, ShortText, page_from, page_of
from ricarica.engine.intake import take_image
from ricarica.firmware.commands import UnpublishFirmware
from ricarica.firmware.facts import Wanted
from ricarica.firmware.images import Image, Root
from ricarica.firmware.queries import FirmwareQueries, UpdateView
from ricarica.firmware.updates import UpdateKind, UpdateState
from ricarica.slices import Slices


class ImageReply(Struct, frozen=True):
    """`signer`: whoever the certificate names; null: it is not signed."""

    id: str
    name: str
    vendor: str
    model: str
    firmware: str
    size: int
    sha256: str
    md5: str
    signer: str | None
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None


class FirmwareRootBody(Struct, frozen=True, forbid_unknown_fields=True):
    vendor: ShortText
    pem: Annotated[str, Meta(max_length=16_384)]


class FirmwareRootReply(Struct, frozen=True):
    fingerprint: str
    vendor: str
    subject: str
    until: datetime


class UpdateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`signed`: with its signature and certificate; null: if it has them."""

    image: str
    signed: bool | None = None
    retrieve_at: Instant | None = None
    install_at: Instant | None = None
    retries: Annotated[int, Meta(ge=0, le=100)] | None = None
    retry_interval_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    any_model: bool = False


class PublishBody(Struct, frozen=True, forbid_unknown_fields=True):
    image: str


class UnpublishBody(Struct, frozen=True, forbid_unknown_fields=True):
    checksum: Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="MD5 of the image.")]


class UpdateReply(Struct, frozen=True):
    """`status` and `detail` are the station's own words. `number` 0: nobody ordered it."""

    station: str
    number: int
    kind: UpdateKind
    state: UpdateState
    image: str | None
    firmware: str | None
    is_signed: bool
    status: str | None
    detail: str | None
    ordered_at: datetime
    ordered_by: str
    changed_at: datetime
    campaign: str | None
    locations: list[str]
    downloads: int


@get("/firmware/images", opt=needs(Permission.READ), tags=["Firmware"])
async def list_images(caller: Asking, page: PageWanted) -> Page[ImageReply]:
    """Images, the latest first."""
    return page_from(await FirmwareQueries(caller.database).images(caller.tenant, page), _image)


@get("/firmware/images/{image:str}", opt=needs(Permission.READ), tags=["Firmware"])
async def get_image(caller: Asking, image: FromPath[str]) -> ImageReply:
    """One image."""
    found = await FirmwareQueries(caller.database).image(caller.tenant, image)
    return _image(require(found, f"image {image}"))


@post(
    "/firmware/images",
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Firmware"],
    request_max_body_size=None,  # counted while it comes
)
@once_only
async def add_image(caller: Asking, request: Request[Any, Any, Any]) -> ImageReply:
    """Add an image: `multipart/form-data` with `vendor`, `model`, `firmware` (the version that
    stations tell when they boot with it), perhaps `signature` (Base64) and `certificate` (PEM),
    and last the file.

    A signature is checked before anything is kept: RSA-PSS or ECDSA with SHA-256 over the whole
    file, by a certificate that a root of the manufacturer has issued.
    """
    kind = request.headers.get("Content-Type", "")
    image = await take_image(
        caller.engine.files.get(), caller.actor, caller.carry_out, kind, request.stream()
    )
    return _image(image)


@delete("/firmware/images/{image:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Firmware"])
async def withdraw_image(caller: Asking, image: FromPath[str]) -> None:
    """Withdraw an image: no station gets it any more. Its file is deleted, its record stays."""

    async def withdraw(slices: Slices) -> None:
        await slices.firmware.withdraw(caller.tenant, image, slices.now)
        caller.audit(slices, "firmware.withdraw", f"image:{image}")

    await caller.carry_out(withdraw)
    await caller.engine.files.get().images.delete(image)


@get("/firmware/roots", opt=needs(Permission.READ), tags=["Firmware"])
async def list_roots(caller: Asking) -> Page[FirmwareRootReply]:
    """Manufacturers' roots, which signatures have to lead back to."""
    return page_of(map(_root, await FirmwareQueries(caller.database).roots(caller.tenant)))


@post("/firmware/roots", opt=needs(Permission.ADMINISTER), tags=["Firmware"])
async def add_root(caller: Asking, data: JSONBody[FirmwareRootBody]) -> FirmwareRootReply:
    """Trust a manufacturer's root for images of its stations."""

    async def add(slices: Slices) -> FirmwareRootReply:
        root = slices.firmware.add_root(caller.tenant, data.vendor, data.pem, slices.now)
        caller.audit(slices, "firmware.trust", f"root:{root.fingerprint}", vendor=root.vendor)
        return _root(root)

    return await caller.once(FirmwareRootReply, add)


@delete("/firmware/roots/{fingerprint:str}", opt=needs(Permission.ADMINISTER), tags=["Firmware"])
async def remove_root(caller: Asking, fingerprint: FromPath[str]) -> None:
    """Trust it no longer: images signed under it cannot be ordered any more."""

    async def remove(slices: Slices) -> None:
        slices.firmware.remove_root(caller.tenant, fingerprint)
        caller.audit(slices, "firmware.distrust", f"root:{fingerprint}")

    await caller.carry_out(remove)


@get("/firmware/updates", opt=needs(Permission.READ), tags=["Firmware"])
async def list_updates(caller: Asking, page: PageWanted) -> Page[UpdateReply]:
    """Updates of all stations, the latest first."""
    return page_from(await FirmwareQueries(caller.database).updates(caller.tenant, None, page), _up)


@get("/stations/{identity:str}/firmware", opt=needs(Permission.READ), tags=["Firmware"])
async def station_updates(
    caller: Asking, identity: FromPath[str], page: PageWanted
) -> Page[UpdateReply]:
    """A station's updates, the latest first."""
    key = await caller.station(identity)
    found = await FirmwareQueries(caller.database).updates(caller.tenant, key.station, page)
    return page_from(found, _up)


@post(
    "/stations/{identity:str}/firmware",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
async def update_station(
    caller: Asking, identity: FromPath[str], data: JSONBody[UpdateBody]
) -> CommandReply:
    """Order an update. `answer.number` names it in what the station tells of it."""
    key = await caller.station(identity)
    interval = data.retry_interval_s
    wanted = Wanted(
        data.image,
        caller.actor.name,
        data.signed,
        data.retrieve_at,
        data.install_at,
        data.retries,
        None if interval is None else timedelta(seconds=interval),
        data.any_model,
    )

    async def act() -> CommandReply:
        number, result = await caller.engine.clerk.update_firmware(caller.actor, key, wanted)
        detail = {"image": data.image, "number": number}
        return with_answer(await noted(caller, key, "firmware", result, detail), number=number)

    return await caller.once_outside(CommandReply, act)


@post(
    "/stations/{identity:str}/firmware/publish",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
async def publish(
    caller: Asking, identity: FromPath[str], data: JSONBody[PublishBody]
) -> CommandReply:
    """Let a local controller offer an image to the stations behind it."""
    key = await caller.station(identity)

    async def act() -> CommandReply:
        clerk = caller.engine.clerk
        number, result = await clerk.publish_firmware(caller.actor, key, data.image)
        detail = {"image": data.image, "number": number}
        reply = await noted(caller, key, "publish-firmware", result, detail)
        return with_answer(reply, number=number)

    return await caller.once_outside(CommandReply, act)


@post(
    "/stations/{identity:str}/firmware/unpublish",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Firmware"],
)
async def unpublish(
    caller: Asking, identity: FromPath[str], data: JSONBody[UnpublishBody]
) -> CommandReply:
    """Let a local controller offer an image no longer."""
    key = await caller.station(identity)

    async def act() -> CommandReply:
        result = await caller.tell(key, UnpublishFirmware(data.checksum))
        return await noted(caller, key, "unpublish-firmware", result, {"checksum": data.checksum})

    return await caller.once_outside(CommandReply, act)


HANDLERS = (
    list_images,
    get_image,
    add_image,
    withdraw_image,
    list_roots,
    add_root,
    remove_root,
    list_updates,
    station_updates,
    update_station,
    publish,
    unpublish,
)


def _image(image: Image) -> ImageReply:
    return ImageReply(
        image.id,
        image.name,
        image.vendor,
        image.model,
        image.firmware,
        image.size,
        image.sha256,
        image.md5,
        image.signer,
        image.added_at,
        image.added_by,
        image.withdrawn_at,
    )


def _root(root: Root) -> FirmwareRootReply:
    return FirmwareRootReply(root.fingerprint, root.vendor, root.subject, root.until)


def _up(view: UpdateView) -> UpdateReply:
    update = view.update
    return UpdateReply(
        update.station.station,
        update.number,
        update.kind,
        update.state,
        update.image,
        update.firmware,
        update.is_signed,
        update.status,
        update.detail,
        update.ordered_at,
        update.ordered_by,
        update.changed_at,
        update.campaign,
        list(update.locations),
        view.downloads,
    )
