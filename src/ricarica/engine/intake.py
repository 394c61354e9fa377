"""Taking in an image of firmware, by whichever door it comes."""

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

from ricarica.access.model import Actor
from ricarica.engine.files import Files
from ricarica.engine.forms import Form, file_in
from ricarica.firmware.images import Image
from ricarica.kernel.errors import InvalidError, RicaricaError, StorageUnavailableError
from ricarica.slices import Slices
from ricarica.storage.files import Stored

T = TypeVar("T")
NAME_MAX = 200  # characters of a file's name
FIELDS = ("vendor", "model", "firmware", "signature", "certificate")

CarryOut = Callable[[Callable[[Slices], Awaitable[T]]], Awaitable[T]]


async def take_image(
    files: Files,
    actor: Actor,
    carry_out: "CarryOut[Image]",
    kind: str,
    chunks: AsyncIterable[bytes],
) -> Image:
    """Out of a form, whose fields stand before the file.

    Args:
        kind: The form's Content-Type.

    Raises:
        InvalidError: there is no room, something is missing, or the signature does not hold.
        ConflictError: the same file is here already.
    """
    room = files.limits.images_max - await files.images.used()
    if room <= 0:
        raise InvalidError("there is no room for more images; withdraw some of them")
    form = Form()
    name = files.new_name()
    content = file_in(kind, chunks, form)
    stored = await files.images.receive(name, content, min(room, files.limits.image_max))
    try:
        return await carry_out(lambda slices: _add(slices, actor, form, stored))
    except StorageUnavailableError:
        raise  # it may be stored for all we know; what no row names is swept later
    except RicaricaError:
        await files.images.delete(name)
        raise


async def _add(slices: Slices, actor: Actor, form: Form, stored: Stored) -> Image:
    if not stored.size:
        raise InvalidError("the file is empty")
    fields = {name: form.fields.get(name, "").strip() for name in FIELDS}
    image = Image(
        actor.tenant,
        stored.name,
        form.filename.replace("\\", "/").rsplit("/", 1)[-1][:NAME_MAX],
        fields["vendor"],
        fields["model"],
        fields["firmware"],
        stored.size,
        stored.sha256,
        stored.md5,
        slices.now,
        actor.name,
        fields["signature"] or None,
        fields["certificate"] or None,
    )
    added = await slices.firmware.add(image, slices.now)
    detail: dict[str, object] = {"name": added.name, "sha256": added.sha256}
    slices.access.audit(actor, "firmware.add", f"image:{added.id}", slices.now, detail=detail)
    return added
