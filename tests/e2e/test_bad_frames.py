"""What stations get wrong, and what they are told: against a whole server, in all dialects."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.e2e.served import Served, answer_to, boot

DIALECTS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
PATIENCE_S = 20.0
FIVE_MIB = 5 << 20
DEEP = '{"a":' * 500 + "1" + "}" * 500
STATUS = {
    "ocpp1.6": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    "ocpp2.0.1": {
        "timestamp": "2026-11-22T08:00:00Z",
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    },
}
STATUS["ocpp2.1"] = STATUS["ocpp2.0.1"]
NO_VALUES: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"connectorId": 1, "meterValue": []},
    "ocpp2.0.1": {"evseId": 1, "meterValue": []},
    "ocpp2.1": {"evseId": 1, "meterValue": []},
}

# The frame, and the error code by dialect: None where nothing is to be said.
UNREADABLE = (None, "RpcFrameworkError", "RpcFrameworkError")
MALFORMED = ("FormationViolation", "RpcFrameworkError", "RpcFrameworkError")
FORMATION = ("FormationViolation", "FormatViolation", "FormatViolation")
UNKNOWN_TYPE = (None, "MessageTypeNotSupported", None)
IN_ALL = {
    code: (code, code, code)
    for code in ("NotImplemented", "NotSupported", "TypeConstraintViolation")
}
TABLE: tuple[tuple[str, str, tuple[str | None, ...]], ...] = (
    ("not JSON", "hello", UNREADABLE),
    ("nothing", "", UNREADABLE),
    ("an object", "{}", UNREADABLE),
    ("an empty array", "[]", UNREADABLE),
    ("half a frame", '[2,"9"', UNREADABLE),
    ("no id", '[2,null,"Heartbeat",{}]', UNREADABLE),
    ("three elements", '[2,"9","Heartbeat"]', MALFORMED),
    ("five elements", '[2,"9","Heartbeat",{},1]', MALFORMED),
    ("an action that is no text", '[2,"9",7,{}]', MALFORMED),
    ("an array for a payload", '[2,"9","Heartbeat",[]]', FORMATION),
    ("a text for a payload", '[2,"9","Heartbeat","x"]', FORMATION),
    ("a broken payload", '[2,"9","Heartbeat",{"a":}]', FORMATION),
    ("deep nesting in a payload", f'[2,"9","DataTransfer",{DEEP}]', FORMATION),
    ("deep nesting all over", "[" * 100_000, UNREADABLE),
    ("an unknown action", '[2,"9","Dance",{}]', IN_ALL["NotImplemented"]),
    ("an action in lower case", '[2,"9","heartbeat",{}]', IN_ALL["NotImplemented"]),
    ("an action of ours", '[2,"9","ClearCache",{}]', IN_ALL["NotSupported"]),
    ("an unknown message type", '[9,"9",{}]', UNKNOWN_TYPE),
    ("an answer to nothing", '[3,"unasked",{}]', (None, None, None)),
    ("an error to nothing", '[4,"unasked","GenericError","",{}]', (None, None, None)),
)
CASES = [
    pytest.param(dialect, frame, codes[number], id=f"{dialect}, {name}")
    for name, frame, codes in TABLE
    for number, dialect in enumerate(DIALECTS)
]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def connected(
    server: Served, dialect: str, *, booted: bool = True, identity: str = "BAD"
) -> AsyncIterator[ClientConnection]:
    name = f"{identity}-{dialect.replace('ocpp', '')}"
    async with asyncio.timeout(PATIENCE_S), server.door(name, dialect) as socket:
        if booted:
            assert await boot(socket) == "Accepted"
        yield socket


async def heard_before_heartbeat(socket: ClientConnection) -> list[Any]:
    """What the server says, up to its answer to a Heartbeat that is sent now."""
    await socket.send('[2,"alive","Heartbeat",{}]')
    said = []
    while (frame := json.loads(await socket.recv()))[1] != "alive":
        if frame[0] != 2:
            said.append(frame)
    assert frame[0] == 3, frame
    return said


@pytest.mark.parametrize("dialect, frame, code", CASES)
async def test_a_bad_frame_gets_the_answer_of_its_dialect_and_the_socket_survives(
    server: Served, dialect: str, frame: str, code: str | None
) -> None:
    async with connected(server, dialect) as socket:
        await socket.send(frame)
        said = await heard_before_heartbeat(socket)

    if code is None:
        assert said == []
        return
    [[kind, id, said_code, description, details]] = said
    assert (kind, said_code, details) == (4, code, {})
    assert id == ("-1" if (frame, code) in UNREADABLE_FRAMES else "9")
    assert len(description) <= 255


UNREADABLE_FRAMES = {(frame, UNREADABLE[1]) for _, frame, codes in TABLE if codes is UNREADABLE}


async def test_null_for_an_empty_object_and_integers_for_ids_are_served(
    server: Served, dialect: str
) -> None:
    async with connected(server, dialect) as socket:
        await socket.send('[2,"9","Heartbeat",null]')
        assert (await asyncio.wait_for(_answer(socket), PATIENCE_S))[:2] == [3, "9"]
        assert (await answer_to(socket, "Heartbeat", {}, id=42))[:2] == [3, 42]
        assert (await answer_to(socket, "Heartbeat", {}, id="x" * 255))[:2] == [3, "x" * 255]


async def test_a_payload_that_breaks_its_schema_gets_the_dialects_word_for_it(
    server: Served, dialect: str
) -> None:
    is_16 = dialect == "ocpp1.6"
    status = dict(STATUS[dialect])
    wrong_type = {**status, "connectorId": "one"}
    wrong_word = {**status, "status" if is_16 else "connectorStatus": "Happy"}
    occurrence = "OccurenceConstraintViolation" if is_16 else "OccurrenceConstraintViolation"
    async with connected(server, dialect) as socket:
        missing = await answer_to(socket, "StatusNotification", {}, id="a")
        typed = await answer_to(socket, "StatusNotification", wrong_type, id="b")
        named = await answer_to(socket, "StatusNotification", wrong_word, id="c")
        empty = await answer_to(socket, "MeterValues", NO_VALUES[dialect], id="d")
        fine = await answer_to(socket, "StatusNotification", status, id="e")

    assert missing[:3] == [4, "a", "ProtocolError" if is_16 else occurrence]
    assert typed[:3] == [4, "b", "TypeConstraintViolation"]
    assert named[:3] == [4, "c", "PropertyConstraintViolation"]
    assert empty[:3] == [4, "d", occurrence]
    assert fine[0] == 3


@pytest.mark.parametrize(
    "frame, text, code",
    [
        ("x" * FIVE_MIB, True, 1009),
        (b'[2,"9","Heartbeat",{"\xc3":1}]', True, 1007),
        (b'[2,"9","Heartbeat",{}]', False, 1003),
    ],
    ids=["5 MiB", "invalid UTF-8", "a binary frame"],
)
async def test_what_is_no_text_of_a_station_closes_its_socket_and_no_other(
    server: Served, dialect: str, frame: str | bytes, text: bool, code: int
) -> None:
    async with (
        connected(server, dialect, identity="OTHER") as other,
        connected(server, dialect) as socket,
    ):
        with suppress(ConnectionClosed):
            await socket.send(frame, text=text)
        await socket.wait_closed()
        assert socket.close_code == code
        assert await heard_before_heartbeat(other) == []


async def test_before_its_first_boot_a_2_x_station_may_say_nothing_else(
    server: Served, dialect: str
) -> None:
    async with connected(server, dialect, booted=False, identity="FRESH") as socket:
        early = await answer_to(socket, "StatusNotification", STATUS[dialect], id="a")
        unknown = await answer_to(socket, "Dance", {}, id="b")
        assert await boot(socket) == "Accepted"
        later = await answer_to(socket, "StatusNotification", STATUS[dialect], id="c")

    # Some 1.6 stations never boot at all.
    assert early[0] == 3 if dialect == "ocpp1.6" else early[:3] == [4, "a", "SecurityError"]
    assert unknown[:3] == [4, "b", "NotImplemented"]
    assert later[0] == 3


async def test_a_stranger_is_held_to_the_letter_until_it_has_booted(
    server: Served, dialect: str
) -> None:
    async with connected(server, dialect, booted=False, identity="STRANGER") as socket:
        literal = await answer_to(socket, "Heartbeat", {}, id=7)
        with suppress(ConnectionClosed):
            await socket.send("x" * 65_537)
        await socket.wait_closed()

    assert literal[:2] == [4, 7]
    assert socket.close_code == 1009


async def test_quirk_26_a_station_that_waits_for_approval_may_only_boot(
    server: Served, dialect: str
) -> None:
    name = f"WAITING-{dialect.replace('ocpp', '')}"
    server.ask("PUT", f"/stations/{name}", {"status": "pending"})
    async with connected(server, dialect, booted=False, identity="WAITING") as socket:
        assert await boot(socket) == "Pending"
        refused = await answer_to(socket, "StatusNotification", STATUS[dialect], id="a")
        server.ask("PUT", f"/stations/{name}", {"status": "accepted"})
        assert await boot(socket, "again") == "Accepted"
        served = await answer_to(socket, "StatusNotification", STATUS[dialect], id="b")

    assert refused[:3] == [4, "a", "SecurityError"]
    assert served[0] == 3


async def _answer(socket: ClientConnection) -> Any:
    while (frame := json.loads(await socket.recv()))[0] == 2:
        pass
    return frame
