"""A form that is sent twice, by a second click or a reload, has its effect once.

Each page gives its forms a mark of its own. Whatever comes with a mark is claimed, in the database
that all nodes share, before it is carried out; what comes again is led where the first one led.
The same store keeps the answers of the API to requests with an idempotency key, for a day.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from ricarica.access.model import KeptAnswer
from ricarica.kernel.errors import ConflictError, RicaricaError
from ricarica.slices import Slices
from ricarica.web.house import House
from ricarica.web.sessions import Anyone, actor_of, form_of
from ricarica.web.visitor import Visitor

MARK = "once"
LOOK_S = 0.25  # between two looks whether the first has been answered
LOOKS = 160  # 40 s: as long as a browser waits for a station


class SentAlreadyError(RicaricaError):
    """It had its effect before. `leads_to`: where that led."""

    def __init__(self, leads_to: str) -> None:
        super().__init__("this form was sent before")
        self.leads_to = leads_to


def provide_visitor(house: House) -> Callable[[Anyone], AsyncGenerator[Visitor, None]]:
    async def visitor(request: Anyone) -> AsyncGenerator[Visitor, None]:
        visitor = Visitor(house, request, await form_of(request))
        async with once(visitor):
            yield visitor

    return visitor


@asynccontextmanager
async def once(visitor: Visitor) -> AsyncIterator[None]:
    """Whatever is carried out within.

    Raises:
        SentAlreadyError: it was.
        ConflictError: it is under way, and takes long.
    """
    if not visitor.form.get(MARK) or visitor.is_part or actor_of(visitor.request) is None:
        yield
        return
    key = await _key(visitor)
    await _claim(visitor, key)
    try:
        yield
    finally:
        await visitor.carry_out(lambda slices: _settle(visitor, slices, key))


async def _key(visitor: Visitor) -> str:
    """The mark alone is not enough: whoever goes back and types something else means it."""
    sent = hashlib.sha256(f"{visitor.request.url.path}\n".encode())
    sent.update(await visitor.request.body())
    return f"form {sent.hexdigest()}"


async def _claim(visitor: Visitor, key: str) -> None:
    async def claim(slices: Slices) -> KeptAnswer | None:
        earlier = await slices.access.answer_kept(visitor.actor, key, key, slices.now)
        if earlier is None:
            await slices.access.keep_answer(visitor.actor, _answer(visitor, slices, key))
        return earlier

    for _ in range(LOOKS):
        try:
            earlier = await visitor.carry_out(claim)
        except ConflictError:
            continue  # both came at once, and the other was faster
        if earlier is None:
            return
        if earlier.status is not None:
            raise SentAlreadyError(earlier.body.decode())
        await asyncio.sleep(LOOK_S)
    raise ConflictError("this form was sent before, and is still being carried out")


async def _settle(visitor: Visitor, slices: Slices, key: str) -> None:
    if visitor.leads_to is None:
        await slices.access.forget_answer(visitor.actor, key)  # it came to nothing
    else:
        answer = _answer(visitor, slices, key, visitor.leads_to)
        await slices.access.keep_answer(visitor.actor, answer)


def _answer(visitor: Visitor, slices: Slices, key: str, leads_to: str | None = None) -> KeptAnswer:
    status, body = (None, b"") if leads_to is None else (303, leads_to.encode())
    return KeptAnswer(visitor.tenant, "", key, key, slices.now, status, body)
