"""Whatever lies between sockets and decisions, each finds the other as it was promised."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import msgspec
import pytest

from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.bus import Bus
from ricarica.link.letters import (
    Admission,
    Answer,
    Ask,
    Challenge,
    Closed,
    Delivered,
    HangUp,
    Knock,
    Noted,
    Opened,
    Outcome,
    Refusal,
    Reply,
    Ruled,
    Told,
    Verdict,
    Withheld,
)
from ricarica.testing.lines import Line, LocalLine, NatsLine
from ricarica.testing.nats import NatsServer, nats_server

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KNOCK = Knock("default", "TORINO-1", ("ocpp1.6",), True, b"TORINO-1", b"\x00secret", "::1", NOW)
OPENED = Opened(KEY, "ocpp1.6", "::1", secure=True, at=NOW)
NUMBERS = count(1)


@dataclass
class Core:
    """Decides what a test says, and keeps what it heard."""

    heard: list[object] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    waiting: dict[str, Callable[[Reply], None]] = field(default_factory=dict)
    is_down: bool = False

    async def admit(self, knock: Knock) -> Admission:
        self.heard.append(knock)
        return Admission(Verdict.WELCOME, KEY, "ocpp1.6", authenticated=True)

    async def open(self, opened: Opened) -> int:
        if self.is_down:
            raise StorageUnavailableError("no disk")
        self.heard.append(msgspec.structs.replace(opened, node=""))
        return 7

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        self.heard.append(delivered)
        if delivered.message_id in self.replies:
            reply(self.replies[delivered.message_id])
        else:
            self.waiting[delivered.message_id] = reply

    def close(self, closed: Closed) -> None:
        self.heard.append(closed)

    def note(self, noted: Noted) -> None:
        self.heard.append(noted)


@dataclass
class Gateway:
    """Sockets that answer what a test says."""

    told: Told = field(default_factory=lambda: Told(Outcome.ANSWERED, "1", b"{}"))
    heard: list[object] = field(default_factory=list)

    async def ask(self, ask: Ask) -> Told:
        self.heard.append(ask)
        return self.told

    def hang_up(self, hang_up: HangUp) -> None:
        self.heard.append(hang_up)

    async def rule(self, challenge: Challenge) -> Ruled | None:
        return Ruled("flapping") if challenge.authenticated else None


@pytest.fixture(scope="module")
def nats() -> Iterator[NatsServer]:
    with nats_server() as server:
        yield server


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture(params=["local", "nats"])
async def line(request: pytest.FixtureRequest, core: Core, gateway: Gateway) -> AsyncIterator[Line]:
    if request.param == "local":
        made: Line = LocalLine()
    else:
        server: NatsServer = request.getfixturevalue("nats")
        made = NatsLine(server.url, f"contract{next(NUMBERS)}")
    await made.join(core, gateway)
    yield made
    await made.cut()


def message(id: str, *, wants_answer: bool = True) -> Delivered:
    return Delivered(
        KEY, 7, "ocpp1.6", id, "Heartbeat", b'{"a":1}', b"\x00\xff", wants_answer, NOW, ("flag",)
    )


async def carried(line: Line) -> None:
    while await line.carry():
        pass


async def test_a_knock_is_decided(line: Line, core: Core) -> None:
    admission = await line.decisions.admit(KNOCK)

    assert core.heard == [KNOCK]
    assert admission == Admission(Verdict.WELCOME, KEY, "ocpp1.6", authenticated=True)


async def test_who_opens_learns_the_epoch(line: Line, core: Core) -> None:
    assert await line.decisions.open(OPENED) == 7
    assert core.heard == [OPENED]


async def test_who_cannot_be_opened_learns_that_nothing_can_be_stored(
    line: Line, core: Core
) -> None:
    core.is_down = True

    with pytest.raises(StorageUnavailableError):
        await line.decisions.open(OPENED)


@pytest.mark.parametrize(
    "reply",
    [Answer(b'{"b":2}'), Refusal("NotSupported", "no", b'{"c":3}'), Withheld(1013, "later")],
    ids=lambda reply: type(reply).__name__,
)
async def test_every_kind_of_reply_comes_back_once(line: Line, core: Core, reply: Reply) -> None:
    await line.decisions.open(OPENED)
    core.replies["1"] = reply
    replies: list[Reply] = []

    line.decisions.deliver(message("1"), replies.append)
    await carried(line)

    assert replies == [reply]
    assert core.heard == [OPENED, message("1")]


async def test_letters_of_a_station_arrive_in_their_order(line: Line, core: Core) -> None:
    await line.decisions.open(OPENED)
    letters: list[object] = []
    for number in range(100):
        letters.append(message(str(number)))
        line.decisions.deliver(message(str(number)), lambda _: None)
        letters.append(Noted(KEY, 7, "kind", str(number), NOW))
        line.decisions.note(Noted(KEY, 7, "kind", str(number), NOW))
    letters.append(Closed(KEY, 7, "gone", NOW))
    line.decisions.close(Closed(KEY, 7, "gone", NOW))
    await carried(line)

    assert core.heard == [OPENED, *letters]


async def test_replies_may_come_in_any_order(line: Line, core: Core) -> None:
    await line.decisions.open(OPENED)
    replies: list[tuple[str, Reply]] = []

    def deliver(id: str) -> None:
        line.decisions.deliver(message(id), lambda reply: replies.append((id, reply)))

    deliver("1")
    deliver("2")
    await carried(line)

    for id in ("2", "1"):
        core.waiting[id](Answer(id.encode()))
    await carried(line)

    assert replies == [("2", Answer(b"2")), ("1", Answer(b"1"))]


async def test_a_message_that_wants_no_answer_arrives(line: Line, core: Core) -> None:
    await line.decisions.open(OPENED)

    line.decisions.deliver(message("1", wants_answer=False), lambda _: None)
    await carried(line)

    assert core.heard == [OPENED, message("1", wants_answer=False)]


@pytest.mark.parametrize(
    "told",
    [
        Told(Outcome.ANSWERED, "9", b'{"status":"Accepted"}', duration_ms=12),
        Told(Outcome.REFUSED, "9", code="NotImplemented", description="no", details=b"{}"),
        Told(Outcome.UNREACHED),
        Told(Outcome.UNKNOWN),
    ],
    ids=lambda told: told.outcome.value,
)
async def test_every_end_of_a_call_is_told(line: Line, gateway: Gateway, told: Told) -> None:
    gateway.told = told
    ask = Ask(KEY, "Reset", b'{"type":"Soft"}', 30.0, line.node)

    assert await line.sockets.ask(ask) == told
    assert gateway.heard == [ask]


async def test_calls_do_not_wait_for_each_other(line: Line, gateway: Gateway) -> None:
    asks = [Ask(KEY, "Reset", str(number).encode(), 30.0, line.node) for number in range(20)]

    told = await asyncio.gather(*map(line.sockets.ask, asks))

    assert told == [gateway.told] * 20
    assert gateway.heard == asks


async def test_a_station_is_hung_up_on(line: Line, gateway: Gateway) -> None:
    hang_up = HangUp(KEY, 1008, "removed", line.node, epoch=7)

    line.sockets.hang_up(hang_up)
    await carried(line)

    assert gateway.heard == [hang_up]


async def test_of_several_servers_one_that_answers_is_enough(nats: NatsServer) -> None:
    bus = Bus(f"nats://127.0.0.1:1,{nats.url}", "somebody")

    await bus.connect()

    assert bus.is_connected
    await bus.close()


async def test_a_call_to_a_gateway_that_is_not_there_is_unreached(nats: NatsServer) -> None:
    line = NatsLine(nats.url, f"contract{next(NUMBERS)}")
    await line.join(Core(), Gateway())

    assert await line.sockets.ask(Ask(KEY, "Reset", b"{}", 1.0, "nobody")) == Told(
        Outcome.UNREACHED
    )
    await line.cut()
