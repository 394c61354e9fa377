"""What hostile peers do to the stations' door, from an address of their own on loopback.

Each attack goes on until its time is over and returns what the peer got to see: statuses of HTTP,
close codes, or `cut`. They are for servers that whoever runs them has started for it.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import socket
import struct
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.frames import CLOSE, PING, TEXT, framed, frames_from, status_of, upgrade_request

ADDRESS = "127.0.0.66"
ANSWER_S = 10.0
MANY = 1_000  # sockets at once; what one process may have without asking for more
SIP_S = 0.2  # between two bytes of those who are slow on purpose
CONTINUATION, NOT_LAST = 0x0, 0x7F  # what is left of a frame's first byte without FIN
COMPRESSED = 0x40
IDENTITIES = itertools.count()
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
BOOT = {"chargePointVendor": "Evil", "chargePointModel": "Twin"}
PARALLEL = 8  # of those who come and go


@dataclass(frozen=True, slots=True)
class Target:
    port: int
    tls_port: int
    victim: str  # a station that is connected, with a password


Outcomes = Counter[str]
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Attack = Callable[[Target, float], Coroutine[Any, Any, Outcomes]]


@asynccontextmanager
async def come(port: int) -> AsyncIterator[Pair]:
    plain = socket.socket()
    plain.setblocking(False)
    plain.bind((ADDRESS, 0))
    try:
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=plain)
    except BaseException:
        plain.close()
        raise
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def request(identity: str, password: str | None = None, *, more: str = "") -> bytes:
    head = upgrade_request(f"/{identity}", "ocpp1.6").removesuffix(b"\r\n")
    if password is not None:
        known = base64.b64encode(f"{identity}:{password}".encode()).decode()
        more += f"Authorization: Basic {known}\r\n"
    return head + more.encode() + b"\r\n"


async def knock(pair: Pair, raw: bytes) -> str:
    reader, writer = pair
    writer.write(raw)
    async with asyncio.timeout(ANSWER_S):
        status = status_of(await reader.readline())
        while await reader.readline() not in {b"\r\n", b""}:
            pass
    return str(status) if status else "cut"


async def ending(reader: asyncio.StreamReader) -> str:
    """The code of the server's close frame, or `cut`; what comes before it is passed over."""
    rest = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(1 << 16):
            frames, rest = frames_from(rest + part)
            for opcode, payload in frames:
                if opcode == CLOSE:
                    return str(int.from_bytes(payload[:2], "big"))
    return "cut"


async def over_and_over(seconds: float, visit: Callable[[int], Awaitable[str]]) -> Outcomes:
    """Several at a time, each as soon as the one before is done."""
    seen: Outcomes = Counter()
    numbers = itertools.count()
    until = time.monotonic() + seconds

    async def one_by_one() -> None:
        while time.monotonic() < until:
            try:
                seen[await visit(next(numbers))] += 1
            except (OSError, TimeoutError):
                seen["cut"] += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(PARALLEL):
            tasks.create_task(one_by_one())
    return seen


async def pouring(target: Target, seconds: float, frames: Callable[[int], bytes]) -> Outcomes:
    """One connection, let in, that writes as fast as it may; and again if it is closed."""
    seen: Outcomes = Counter()
    numbers = itertools.count()
    knocks = request(f"EVIL-{next(IDENTITIES)}", more=DEFLATE)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        async with come(target.port) as pair:
            reader, writer = pair
            seen[await knock(pair, knocks)] += 1
            # To be taken for a station that has a little more credit than a stranger.
            writer.write(framed(TEXT, call(0, "BootNotification", json.dumps(BOOT))))
            end = asyncio.create_task(ending(reader))
            with contextlib.suppress(ConnectionError, TimeoutError):
                while not end.done():
                    async with asyncio.timeout(until - time.monotonic()):
                        writer.write(frames(next(numbers)))
                        await writer.drain()
                        await asyncio.sleep(0)
            if end.done():
                seen[end.result()] += 1
            end.cancel()
    return seen


def call(number: int, action: str = "Heartbeat", payload: str = "{}") -> bytes:
    return f'[2,"{number}","{action}",{payload}]'.encode()


# -- after the handshake


async def messages(target: Target, seconds: float) -> Outcomes:
    return await pouring(
        target,
        seconds,
        lambda n: b"".join(framed(TEXT, call(100 * n + each)) for each in range(100)),
    )


async def long_messages(target: Target, seconds: float) -> Outcomes:
    data = json.dumps({"vendorId": "x", "data": "x" * 900_000})
    return await pouring(target, seconds, lambda n: framed(TEXT, call(n, "DataTransfer", data)))


async def nonsense(target: Target, seconds: float) -> Outcomes:
    kinds = (b"hello", b"[" * 60_000, b'[2,"1","X",{"a":' * 4_000, b'[3,"unasked",{}]', b"\xff\xfe")
    return await pouring(target, seconds, lambda n: framed(TEXT, kinds[n % len(kinds)]))


async def pings(target: Target, seconds: float) -> Outcomes:
    return await pouring(target, seconds, lambda _: framed(PING, b"x" * 125) * 500)


async def fragments(target: Target, seconds: float) -> Outcomes:
    """Messages in as many pieces as are allowed."""

    def pieces(number: int) -> bytes:
        whole = call(number).ljust(4_000)
        parts = [framed(CONTINUATION if at else TEXT, whole[at : at + 1]) for at in range(4_000)]
        parts[:-1] = [bytes((part[0] & NOT_LAST,)) + part[1:] for part in parts[:-1]]
        return b"".join(parts)

    return await pouring(target, seconds, pieces)


async def endless_fragments(target: Target, seconds: float) -> Outcomes:
    piece = framed(CONTINUATION, b"")
    open_end = bytes((piece[0] & NOT_LAST,)) + piece[1:]
    first = framed(TEXT, b"")
    return await pouring(
        target, seconds, lambda _: bytes((first[0] & NOT_LAST,)) + first[1:] + open_end * 5_000
    )


async def a_frame_too_large(target: Target, seconds: float) -> Outcomes:
    header = struct.pack("!BBQ", 0x80 | TEXT, 0xFF, 1 << 30) + bytes(4)
    return await pouring(target, seconds, lambda n: (b"" if n % 64 else header) + bytes(1 << 16))


async def bombs(target: Target, seconds: float) -> Outcomes:
    """64 MiB of the same letter in 64 KiB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(b"x" * (64 << 20)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    plain = framed(TEXT, body.removesuffix(b"\x00\x00\xff\xff"))
    bomb = bytes((plain[0] | COMPRESSED,)) + plain[1:]
    return await pouring(target, seconds, lambda _: bomb)


async def slow_frames(target: Target, seconds: float) -> Outcomes:
    """Many connections with a message that hardly goes on."""
    header = struct.pack("!BBQ", 0x80 | TEXT, 0xFF, 1 << 20) + bytes(4)
    begun = [request(f"SLOW-{number}") for number in range(200)]
    return await sipping(target.port, seconds, begun, header)


# -- before it


async def sipping(port: int, seconds: float, begun: list[bytes], then: bytes = b"") -> Outcomes:
    """Begin all of them, then a byte now and then, each at a moment of its own.

    All at once, the bursts of this process would keep others from the core that they share.
    """
    seen: Outcomes = Counter()
    until = time.monotonic() + seconds

    async def sip(stack: AsyncExitStack, first: bytes, offset_s: float) -> None:
        try:
            reader, writer = await stack.enter_async_context(come(port))
            if then:
                seen[await knock((reader, writer), first)] += 1
            writer.write(then or first)
            await asyncio.sleep(offset_s)
            while time.monotonic() < until and not writer.is_closing():
                await asyncio.sleep(SIP_S)
                writer.write(b"x")
                if reader.at_eof():
                    break
        except (OSError, TimeoutError):
            seen["cut"] += 1

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        for number, first in enumerate(begun):
            tasks.create_task(sip(stack, first, SIP_S * number / len(begun)))
    return seen


async def slow_requests(target: Target, seconds: float) -> Outcomes:
    return await sipping(target.port, seconds, [request("SLOW")[:60]] * MANY)


async def half_open_tls(target: Target, seconds: float) -> Outcomes:
    return await sipping(target.tls_port, seconds, [b"\x16\x03\x01\x02\x00\x01\x00\x01"] * MANY)


async def coming_and_going(target: Target, seconds: float) -> Outcomes:
    async def visit(number: int) -> str:
        async with come(target.port) as pair:
            return await knock(pair, request(f"CHURN-{number % 50}"))

    return await over_and_over(seconds, visit)


async def guessing(target: Target, seconds: float) -> Outcomes:
    async def visit(number: int) -> str:
        async with come(target.port) as pair:
            return await knock(pair, request(target.victim, f"guess-number-{number:06}"))

    return await over_and_over(seconds, visit)


async def hijacking(target: Target, seconds: float) -> Outcomes:
    """To be a station that is there, without its password."""

    async def visit(number: int) -> str:
        async with come(target.port) as pair:
            spelling = target.victim if number % 2 else target.victim.lower()
            return await knock(pair, request(spelling))

    return await over_and_over(seconds, visit)


async def malformed_requests(target: Target, seconds: float) -> Outcomes:
    kinds = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100,
        request("EVIL", more="Transfer-Encoding: chunked\r\n"),
        request("EVIL", more="X: a\nY: b\r\n"),
        request("EVIL", more="X: " + "x" * 20_000 + "\r\n"),
        request("EVIL", more="X: x\r\n" * 500),
        request("%00"),
    )

    async def visit(number: int) -> str:
        async with come(target.port) as pair:
            return await knock(pair, kinds[number % len(kinds)])

    return await over_and_over(seconds, visit)


ATTACKS: dict[str, Attack] = {
    each.__name__: each
    for each in (
        messages,
        long_messages,
        nonsense,
        pings,
        fragments,
        endless_fragments,
        a_frame_too_large,
        bombs,
        slow_frames,
        slow_requests,
        half_open_tls,
        coming_and_going,
        guessing,
        hijacking,
        malformed_requests,
    )
}
