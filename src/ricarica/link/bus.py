"""What processes say to each other over NATS. It carries nothing that may not be lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from ricarica.kernel.errors import RicaricaError
from ricarica.link.letters import Letter

L = TypeVar("L", bound=Letter)

CONNECT_TIMEOUT_S = 5
PING_S = 10  # a line that is dead without a word is given up after three of these
RECONNECT_WAIT_S = 1
OUTBOX_MAX = 100_000  # letters on their way to the server; what is more is dropped
ANSWERING_MAX = 10_000  # requests being answered; more is an avalanche, and has no answer

log = structlog.get_logger("ricarica.bus")


class UnreachedError(RicaricaError):
    """Nobody listens there, or there is no connection to NATS."""


class NoAnswerError(RicaricaError):
    """It may have been heard, but no answer came in time."""


class BusError(RicaricaError):
    """NATS cannot be reached at all; the text says what to check."""


class Bus:
    """One process's connection to NATS; it comes back by itself.

    `url` may name several servers of a cluster, with commas in between.
    """

    def __init__(self, url: str, name: str, *, prefix: str = "ricarica") -> None:
        self._url = url
        self._name = name
        self._prefix = prefix
        self._client = Client()
        self._sending: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(OUTBOX_MAX)
        self._pump: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._on_lost: list[Callable[[], None]] = []
        self._on_back: list[Callable[[], None]] = []

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected

    @property
    def waiting(self) -> int:
        """Letters that are still to be sent."""
        return self._sending.qsize()

    @property
    def letters(self) -> int:
        """How many came and went since the start."""
        return int(self._client.stats["in_msgs"]) + int(self._client.stats["out_msgs"])

    @property
    def bytes_max(self) -> int:
        """The largest letter that the server takes."""
        return self._client.max_payload

    async def connect(self) -> None:
        """
        Raises:
            BusError: no server answers there.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect()
        except (OSError, nats.errors.Error, TimeoutError) as error:
            raise BusError(f"nats_url: no NATS server answers there: {error!r}") from error
        self._pump = asyncio.create_task(self._send_all())

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self.flush()
        if self._pump:
            self._pump.cancel()
        for task in self._answering:
            task.cancel()
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._client.close()

    def when_lost(self, call: Callable[[], None]) -> None:
        self._on_lost.append(call)

    def when_back(self, call: Callable[[], None]) -> None:
        self._on_back.append(call)

    # -- saying

    def send(self, subject: str, letter: Letter) -> bool:
        """In the order of these calls. False: there is no connection, so it was dropped."""
        if not self.is_connected or self._sending.full():
            return False
        self._sending.put_nowait((self._of(subject), msgspec.msgpack.encode(letter)))
        return True

    async def request(self, subject: str, letter: Letter, answer: type[L], timeout_s: float) -> L:
        """
        Raises:
            UnreachedError: nobody listens there.
            NoAnswerError: no answer came in time.
        """
        if not self.is_connected:
            raise UnreachedError("there is no connection to NATS now")
        payload = msgspec.msgpack.encode(letter)
        try:
            told = await self._client.request(self._of(subject), payload, timeout_s)
        except (nats.errors.NoRespondersError, nats.errors.OutboundBufferLimitError) as error:
            raise UnreachedError(f"nobody listens at {subject}") from error
        except nats.errors.MaxPayloadError as error:
            raise UnreachedError(f"NATS takes {self.bytes_max} bytes at most") from error
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise NoAnswerError(f"no answer from {subject}: {error!r}") from error
        if not told.data:
            raise NoAnswerError(f"{subject} could not answer")
        return msgspec.msgpack.decode(told.data, type=answer)

    # -- hearing

    async def listen(self, subject: str, kind: type[L], hear: Callable[[L], None]) -> None:
        """`hear` is called for each letter, in the order in which one sender sent them."""
        decoder = msgspec.msgpack.Decoder(kind)

        async def on_message(message: Msg) -> None:
            try:
                hear(decoder.decode(message.data))
            except msgspec.ValidationError as error:  # of a node of another release
                log.warning("bus.unreadable", subject=subject, error=str(error))

        await self._client.subscribe(self._of(subject), cb=on_message)

    async def serve(
        self,
        subject: str,
        kind: type[L],
        answer: Callable[[L], Awaitable[Letter | None]],
        *,
        queue: str = "",
    ) -> Callable[[], Awaitable[None]]:
        """Answer requests, each by itself; with a queue, one of all its members answers.

        Returns what ends it.
        """
        decoder = msgspec.msgpack.Decoder(kind)

        async def respond(message: Msg) -> None:
            told = b""
            try:
                letter = await answer(decoder.decode(message.data))
                told = msgspec.msgpack.encode(letter) if letter is not None else b""
            except (msgspec.ValidationError, RicaricaError) as error:
                log.warning("bus.unanswered", subject=subject, error=str(error))
            with contextlib.suppress(nats.errors.Error, OSError):
                await message.respond(told)

        async def on_message(message: Msg) -> None:
            if len(self._answering) >= ANSWERING_MAX:
                return
            task = asyncio.create_task(respond(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

        subscription = await self._client.subscribe(self._of(subject), queue=queue, cb=on_message)

        async def stop() -> None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

        return stop

    async def answered(self) -> None:
        """Until every request that was taken so far has its answer."""
        if waiting := list(self._answering):
            await asyncio.wait(waiting, timeout=CONNECT_TIMEOUT_S)

    async def flush(self) -> None:
        """Until the server has all that was sent, and knows of every subscription, so far."""
        if self.is_connected:
            await self._sending.join()
            with contextlib.suppress(nats.errors.Error, OSError):
                # The client's ping overtakes what it has not written yet; the second one cannot.
                await self._client.flush()
                await self._client.flush()

    # -- parts

    async def _connect(self) -> None:
        await self._client.connect(
            self._url.split(","),
            name=self._name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_WAIT_S,
            error_cb=self._failed,
            disconnected_cb=self._lost,
            reconnected_cb=self._back,
            ping_interval=PING_S,
            max_outstanding_pings=2,
            no_echo=True,  # nobody here needs to hear from himself
            pending_size=0,  # a letter of before the outage would be of yesterday
        )

    def _of(self, subject: str) -> str:
        return f"{self._prefix}.{subject}"

    async def _send_all(self) -> None:
        while True:
            subject, payload = await self._sending.get()
            try:
                await self._client.publish(subject, payload)
            except (nats.errors.Error, OSError) as error:
                log.warning("bus.dropped", subject=subject, error=repr(error))
            finally:
                self._sending.task_done()

    async def _failed(self, error: Exception) -> None:
        log.warning("bus.failed", error=repr(error))

    async def _lost(self) -> None:
        if not self._client.is_closed:
            log.warning("bus.lost")
        for call in self._on_lost:
            call()

    async def _back(self) -> None:
        log.info("bus.back")
        for call in self._on_back:
            call()
