"""A gateway without a core: a station changes its core, and what the former one says is late."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link import remote
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
        self.goes: Callable[[], None] = lambda: None
        self.heard: dict[str, Callable[[Any], None]] = {}
        self.posted: list[tuple[str, Posted]] = []
        self.asked: list[str] = []
        self.hung: set[str] = set()  # where nobody will answer
        self.gone: set[str] = set()  # where nobody listens
        self.next: asyncio.Queue[Welcomed | None] = asyncio.Queue()

    async def request(self, subject: str, _letter: Letter, _kind: type, _s: float) -> Welcomed:
        self.asked.append(subject)
        if subject in self.hung:
            await asyncio.Event().wait()
        if subject in self.gone:
            raise UnreachedError("there is no such core")
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
        self.goes = call

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
    link: NatsLink, wire: Wire, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOVES_WITHIN_S", 0.0)

    await changes(wire, None)

    assert [(each.code, each.epoch) for each in gateway.hung_up] == [(1012, 5)]


async def test_who_finds_no_core_at_once_may_find_one_soon(
    link: NatsLink, wire: Wire, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LOOK_S", 0.0)
    replies = deliver(link)
    wire.next.put_nowait(None)

    await changes(wire, Welcomed("core-2", 6))
    answers(wire, 6, Answer(b"{}"))

    assert (gateway.hung_up, replies) == ([], [Answer(b"{}")])


async def test_who_has_left_is_not_opened_elsewhere(
    link: NatsLink, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LOOK_S", 0.01)
    await changes(wire, None)
    link.close(Closed(KEY, 5, "gone", NOW))
    wire.next.put_nowait(Welcomed("core-2", 6))
    assert await link.open(OPENED) == 6
    asked = len(wire.asked)

    await asyncio.sleep(0.1)

    assert len(wire.asked) == asked


def left(link: NatsLink, after_s: float) -> list[StationKey]:
    assert link.remote is not None
    return link.remote.left(time.monotonic() + after_s, 100)


async def test_whoever_has_left_is_looked_after_once(link: NatsLink) -> None:
    link.close(Closed(KEY, 5, "gone", NOW))

    early, due = left(link, 0.0), left(link, remote.LEFT_AFTER_S)

    assert (early, due, left(link, 99.0)) == ([], [KEY], [])


async def test_whoever_is_back_is_not_looked_after(link: NatsLink, wire: Wire) -> None:
    link.close(Closed(KEY, 5, "gone", NOW))
    wire.next.put_nowait(Welcomed("core-1", 6))
    await link.open(OPENED)

    assert left(link, remote.LEFT_AFTER_S) == []


async def test_who_gave_up_on_a_core_may_have_been_opened_all_the_same(
    link: NatsLink, wire: Wire
) -> None:
    wire.next.put_nowait(None)
    link.close(Closed(KEY, 5, "gone", NOW))

    with pytest.raises(StorageUnavailableError):
        await link.open(OPENED)

    assert left(link, remote.LEFT_AFTER_S) == []
    assert left(link, remote.LEFT_UNKNOWN_S) == [KEY]


async def test_cores_that_live_are_asked_in_turn(link: NatsLink, wire: Wire) -> None:
    for core in ("core-1", "core-2"):
        wire.heard["cores"](CoreLives(core))
    for _ in range(4):
        wire.next.put_nowait(Welcomed("core-1", 6))
        await link.open(OPENED)

    assert sorted(wire.asked[1:]) == ["core.core-1.open"] * 2 + ["core.core-2.open"] * 2


async def test_a_core_that_falls_silent_keeps_nobody_waiting(
    link: NatsLink, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LOOK_S", 0.01)
    monkeypatch.setattr(remote, "CORE_LOST_S", 0.05)
    wire.hung.add("core.core-1.open")
    wire.heard["cores"](CoreLives("core-1"))
    wire.next.put_nowait(Welcomed("core-2", 6))
    opening = asyncio.ensure_future(link.open(OPENED))
    while not opening.done():
        wire.heard["cores"](CoreLives("core-2"))
        await asyncio.sleep(0.01)

    assert await opening == 6
    assert wire.asked[1:] == ["core.core-1.open", "core.core-2.open"]


async def test_cores_that_are_gone_are_forgotten(link: NatsLink, wire: Wire) -> None:
    wire.heard["cores"](CoreLives("core-9"))

    link.check_cores(time.monotonic() + remote.CORE_FORGOTTEN_S + 1)
    forgotten = link.remote and "core-9" not in link.remote._heard
    wire.heard["cores"](CoreLives("core-9"))
    wire.comes_back()
    wire.next.put_nowait(Welcomed("core-1", 6))
    await link.open(OPENED)

    assert forgotten
    assert wire.asked[-1] == "core.core-1.open"


async def test_who_gives_up_waiting_may_have_been_opened_all_the_same(
    link: NatsLink, wire: Wire
) -> None:
    link.close(Closed(KEY, 5, "gone", NOW))
    opening = asyncio.ensure_future(link.open(OPENED))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})

    assert left(link, remote.LEFT_UNKNOWN_S) == [KEY]


async def test_of_a_core_that_is_gone_another_one_is_asked(link: NatsLink, wire: Wire) -> None:
    for core in ("core-1", "core-2"):
        wire.heard["cores"](CoreLives(core))
    wire.gone.add("core.core-1.open")

    for _ in range(2):
        wire.next.put_nowait(Welcomed("core-2", 6))
        assert await link.open(OPENED) == 6


async def test_a_core_that_was_silent_lately_is_not_asked(
    link: NatsLink, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    wire.heard["cores"](CoreLives("core-1"))
    monkeypatch.setattr(time, "monotonic", lambda: now + remote.CORE_SILENT_S + 1)
    wire.heard["cores"](CoreLives("core-2"))

    for _ in range(2):
        wire.next.put_nowait(Welcomed("core-2", 6))
        await link.open(OPENED)

    assert wire.asked[1:] == ["core.core-2.open"] * 2


async def test_while_nothing_is_heard_nobody_is_taken_for_lost(link: NatsLink, wire: Wire) -> None:
    wire.heard["cores"](CoreLives("core-1"))
    later = time.monotonic() + remote.CORE_LOST_S + 1

    wire.goes()
    link.check_cores(later)
    while_deaf = len(wire.asked)
    wire.comes_back()
    link.check_cores(time.monotonic() + 1)
    when_back = len(wire.asked)
    link.check_cores(later)
    await asyncio.sleep(0)

    assert (while_deaf, when_back, len(wire.asked)) == (1, 1, 2)


async def test_a_core_that_is_left_is_not_taken_for_alive(link: NatsLink, wire: Wire) -> None:
    wire.heard["cores"](CoreLives("core-1", leaving=True))

    link.check_cores(time.monotonic())

    assert link.trouble == "no process with the role core is there"


async def test_who_leaves_while_it_is_opened_elsewhere_is_looked_after_then(
    link: NatsLink, wire: Wire
) -> None:
    wire.heard["cores"](CoreLives("core-1", leaving=True))
    await asyncio.sleep(0)
    link.close(Closed(KEY, 5, "gone", NOW))
    before = left(link, remote.LEFT_AFTER_S)
    wire.next.put_nowait(Welcomed("core-2", 6))
    for _ in range(10):
        await asyncio.sleep(0)

    assert [(subject, posted.letter.epoch) for subject, posted in wire.posted[1:]] == [
        ("core.core-2", 6)
    ]
    assert (before, left(link, remote.LEFT_AFTER_S)) == ([KEY], [KEY])


async def test_what_may_take_longer_is_not_looked_after_sooner(link: NatsLink, wire: Wire) -> None:
    link.close(Closed(KEY, 5, "gone", NOW))
    wire.next.put_nowait(None)
    with pytest.raises(StorageUnavailableError):
        await link.open(OPENED)
    assert link.remote is not None

    link.remote.see_again([KEY])

    assert left(link, remote.LEFT_AFTER_S) == []


async def test_a_gateway_without_a_core_is_in_trouble(link: NatsLink, wire: Wire) -> None:
    alone = link.trouble
    wire.heard["cores"](CoreLives("core-1"))
    well = link.trouble
    wire.is_connected = False

    assert alone == "no process with the role core is there"
    assert well is None
    assert "NATS" in (link.trouble or "")
