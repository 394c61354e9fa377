"""A gateway without a core: a station changes its core, and what the former one says is late."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.bus import Bus, UnreachedError
from ricarica.link.letters import (
    Answer,
    Ask,
    Challenge,
    Closed,
    CoreLives,
    Delivered,
    HangUp,
    Letter,
    Opened,
    Posted,
    Replied,
    Reply,
    Ruled,
    Told,
    Welcomed,
    Withheld,
)
from ricarica.link.nats import NatsLink

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPENED = Opened(KEY, "ocpp1.6", "::1", secure=True, at=NOW)


class Wire:
    """In place of NATS: who opens is welcomed by whoever is next, when that is so far."""

    def __init__(self) -> None:
        self.is_connected = True
        self.comes_back: Callable[[], None] = lambda: None
        self.heard: dict[str, Callable[[Any], None]] = {}
        self.posted: list[tuple[str, Posted]] = []
        self.next: asyncio.Queue[Welcomed | None] = asyncio.Queue()

    async def request(self, _subject: str, _letter: Letter, _kind: type, _s: float) -> Welcomed:
        welcomed = await self.next.get()
        if welcomed is None:
            raise UnreachedError("there is no core")
        return welcomed

    def send(self, subject: str, letter: Posted) -> bool:
        if self.is_connected:
            self.posted.append((subject, letter))
        return self.is_connected

    async def listen(self, subject: str, _kind: type, hear: Callable[[Any], None]) -> None:
        self.heard[subject] = hear

    async def serve(self, *_args: object, **_queue: str) -> Callable[[], Awaitable[None]]:
        return self.flush

    async def flush(self) -> None:
        """Nothing is on its way."""

    async def answered(self) -> None:
        """Nobody waits."""

    def when_lost(self, call: Callable[[], None]) -> None:
        """Nobody here is told when it is lost."""

    def when_back(self, call: Callable[[], None]) -> None:
        self.comes_back = call


class Gateway:
    def __init__(self) -> None:
        self.hung_up: list[HangUp] = []

    async def ask(self, _ask: Ask) -> Told:
        raise NotImplementedError

    def hang_up(self, hang_up: HangUp) -> None:
        self.hung_up.append(hang_up)

    async def rule(self, _challenge: Challenge) -> Ruled | None:
        return None


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def link(wire: Wire, gateway: Gateway) -> NatsLink:
    """With a station, whose connection the first core has given the epoch 5."""
    link = NatsLink(cast("Bus", wire), "gateway")
    link.attach_sockets(gateway)
    await link.start()
    wire.next.put_nowait(Welcomed("core-1", 5))
    assert await link.open(OPENED) == 5
    return link


def deliver(link: NatsLink) -> list[Reply]:
    replies: list[Reply] = []
    message = Delivered(KEY, 5, "ocpp1.6", "1", "Heartbeat", b"{}", b"", wants_answer=True, at=NOW)
    link.deliver(message, replies.append)
    return replies


async def changes(wire: Wire, welcomed: Welcomed | None) -> None:
    wire.heard["cores"](CoreLives("core-1", leaving=True))
    wire.next.put_nowait(welcomed)
    for _ in range(10):
        await asyncio.sleep(0)


def answers(wire: Wire, epoch: int, reply: Reply) -> None:
    number = wire.posted[0][1].number
    wire.heard["gateway.gateway.replies"](Replied(number, epoch, cast("Answer", reply)))


async def test_what_a_core_it_has_left_cannot_store_the_other_one_may(
    link: NatsLink, wire: Wire
) -> None:
    replies = deliver(link)
    await changes(wire, Welcomed("core-2", 6))

    answers(wire, 5, Withheld(1000, "this connection gave way to a newer one"))
    assert replies == []

    answers(wire, 6, Answer(b"{}"))
    assert replies == [Answer(b"{}")]
    assert [subject for subject, _ in wire.posted] == ["core.core-1", "core.core-2"]


async def test_a_core_that_was_only_silent_may_have_it_again(link: NatsLink, wire: Wire) -> None:
    replies = deliver(link)
    await changes(wire, Welcomed("core-1", 6))

    answers(wire, 5, Withheld(1000, "this connection gave way to a newer one"))
    answers(wire, 6, Answer(b"{}"))

    assert replies == [Answer(b"{}")]


async def test_while_it_changes_its_core_nothing_is_withheld(link: NatsLink, wire: Wire) -> None:
    replies = deliver(link)
    wire.heard["cores"](CoreLives("core-1", leaving=True))

    answers(wire, 5, Withheld(1000, "this connection gave way to a newer one"))

    assert replies == []


async def test_what_the_core_it_has_left_did_store_is_an_answer(link: NatsLink, wire: Wire) -> None:
    replies = deliver(link)
    await changes(wire, Welcomed("core-2", 6))

    answers(wire, 5, Answer(b"{}"))
    answers(wire, 6, Answer(b"{}"))

    assert replies == [Answer(b"{}")]


async def test_what_its_core_withholds_is_withheld(link: NatsLink, wire: Wire) -> None:
    replies = deliver(link)

    answers(wire, 5, Withheld())

    assert replies == [Withheld()]


async def test_the_core_it_has_left_does_not_hang_up_on_it(
    link: NatsLink, wire: Wire, gateway: Gateway
) -> None:
    await changes(wire, Welcomed("core-2", 6))

    wire.heard["gateway.gateway.hang_up"](HangUp(KEY, 1008, "replaced", "gateway", epoch=5))
    assert gateway.hung_up == []

    newer = HangUp(KEY, 1008, "replaced", "gateway", epoch=6)
    wire.heard["gateway.gateway.hang_up"](newer)
    assert gateway.hung_up == [newer]


async def test_who_finds_no_other_core_is_sent_off_but_not_who_came_after_him(
    link: NatsLink, wire: Wire, gateway: Gateway
) -> None:
    await changes(wire, None)

    assert [(each.code, each.epoch) for each in gateway.hung_up] == [(1012, 5)]


async def test_who_leaves_while_nobody_can_be_told_is_told_of_later(
    link: NatsLink, wire: Wire
) -> None:
    wire.is_connected = False
    link.close(Closed(KEY, 5, "gone", NOW))
    wire.is_connected = True

    wire.comes_back()

    [(subject, posted)] = wire.posted
    assert (subject, posted.letter) == ("core.core-1", Closed(KEY, 5, "gone", NOW))
