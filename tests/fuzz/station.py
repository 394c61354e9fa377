"""A station on a real socket that says anything at all, and counts what it hears back."""

import asyncio
import contextlib
import json
from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import Dialect
from tests.fuzz.payloads import broken, payload
from tests.wire.ocpp.official import complaint

ANSWER_S = 30.0  # within which every call has its answer, on a machine that does much else
AGAIN_S = 0.2
IN_FLIGHT_MAX = 4  # some stations do not wait; more than 32 would end the connection
REMEMBERED = 2_000  # ids that were answered, to notice a second answer
SILENT = 0.02  # how many of the server's calls have no answer: each holds the next up for long
WRONG = 0.45  # how much of what it says is wrong
BOOTS: dict[str, Any] = {
    "v16": {"chargePointVendor": "Fuzz", "chargePointModel": "Any"},
    "v2": {"reason": "PowerUp", "chargingStation": {"vendorName": "Fuzz", "model": "Any"}},
}
LONG = "x" * 4000
NO_FRAMES = (
    "",
    "hello",
    "{}",
    "[]",
    "null",
    "[2]",
    '[2,"half',
    '[2,null,"Heartbeat",{}]',
    '[2,{},"Heartbeat",{}]',
    '[9,"s9",{}]',
    '[1,"s1","Heartbeat",{}]',
    "[" * 200 + "]" * 200,
    LONG,
)


@dataclass
class Found:
    """What the server did, all stations together."""

    said: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def complain(self, text: str) -> None:
        if len(self.complaints) < 50:  # the first ones tell it all
            self.complaints.append(text[:2_000])


class WildStation:
    def __init__(
        self, address: str, identity: str, dialect: Dialect, seed: int, found: Found
    ) -> None:
        self._address = f"{address}/{identity}"
        self._dialect = dialect
        self._rng = Random(f"{seed}/{identity}")
        self._found = found
        self._count = 0
        self._waiting: dict[str, tuple[str, Any]] = {}
        self._done: deque[str] = deque(maxlen=REMEMBERED)
        self._room = asyncio.Event()
        self._actions = sorted(actions.from_station(dialect))

    async def run(self, until: float) -> None:
        """Come again whenever the connection was lost, until that time of the loop."""
        clock = asyncio.get_running_loop().time
        while clock() < until:
            try:
                async with connect(
                    self._address,
                    subprotocols=[Subprotocol(self._dialect.subprotocol)],
                    proxy=None,
                    max_size=None,
                ) as socket:
                    await self._converse(socket, until)
            except (OSError, InvalidHandshake, TimeoutError) as error:
                self._found.closes[f"handshake: {type(error).__name__}"] += 1
            await asyncio.sleep(AGAIN_S)

    async def _converse(self, socket: ClientConnection, until: float) -> None:
        self._waiting.clear()
        hearing = asyncio.create_task(self._hear(socket))
        try:
            await self._call(socket, "BootNotification", BOOTS[self._dialect.family])
            await self._settled()
            while asyncio.get_running_loop().time() < until:
                await self._say_something(socket)
            await self._settled()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else "none"
            self._found.closes[f"{code} {closed.rcvd.reason if closed.rcvd else ''}"] += 1
            self._check_close(code)
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await hearing

    def _check_close(self, code: object) -> None:
        if code not in (1000, 1001, 1012, 1013):
            self._found.complain(f"{self._dialect}: the socket was closed with {code}")

    # Out

    async def _say_something(self, socket: ClientConnection) -> None:
        rng, what = self._rng, self._rng.random()
        action = rng.choice(self._actions)
        given = payload(rng, self._dialect, f"{action}Request")
        if what > WRONG:
            await self._call(socket, action, given)
        elif what > WRONG / 2:
            await self._call(socket, action, broken(rng, given))
        elif what > WRONG / 4:
            await self._call_oddly(socket, action, given)
        else:
            await self._say_no_call(socket, action, given)

    async def _call(self, socket: ClientConnection, action: str, given: Any) -> None:
        id = self._fresh_id()
        await self._wait_for_room()
        self._waiting[id] = (action, given)
        self._found.said["call"] += 1
        await socket.send(json.dumps([2, id, action, given]))

    async def _call_oddly(self, socket: ClientConnection, action: str, given: Any) -> None:
        """Still a call with an id, so it has to be answered."""
        rng, id = self._rng, self._fresh_id()
        odd: Any = rng.choice(
            (
                [2, id, action.lower(), given],
                [2, id, "Dance", {}],
                [2, id, LONG, {}],
                [2, id, action],
                [2, id, action, given, "more"],
                [2, id, action, [given]],
                [2, id, action, None],
                [2, id, 7, given],
            )
        )
        await self._wait_for_room()
        self._waiting[id] = (str(odd[2])[:40], odd[3:])
        self._found.said["odd call"] += 1
        await socket.send(json.dumps(odd))

    async def _say_no_call(self, socket: ClientConnection, action: str, given: Any) -> None:
        """Nothing that is owed an answer."""
        rng, id = self._rng, f"s{self._fresh_id()}"
        texts = (
            json.dumps([6, id, "NotifyPeriodicEventStream", given]),
            json.dumps([6, id, action, given]),
            json.dumps([3, id, given]),
            json.dumps([4, id, "GenericError", "", {}]),
            json.dumps([5, id, "FormatViolation", "", {}]),
            rng.choice(NO_FRAMES),
        )
        self._found.said["no call"] += 1
        await socket.send(rng.choice(texts))

    def _fresh_id(self) -> str:
        self._count += 1
        return f"{self._count}-{self._rng.getrandbits(32):x}"

    async def _wait_for_room(self) -> None:
        while len(self._waiting) >= IN_FLIGHT_MAX:
            await self._progress()

    async def _settled(self) -> None:
        while self._waiting:
            await self._progress()

    async def _progress(self) -> None:
        self._room.clear()
        try:
            await asyncio.wait_for(self._room.wait(), ANSWER_S)
        except TimeoutError:
            for action, given in self._waiting.values():
                self._found.complain(f"{self._dialect}: no answer to {action} {given}")
            self._waiting.clear()

    # In

    async def _hear(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    await self._answer(socket, frame)
                else:
                    self._take(frame)
        self._waiting.clear()  # what was not answered is lost with the connection
        self._room.set()

    def _take(self, frame: list[Any]) -> None:
        id = str(frame[1])
        if id == "-1" or frame[0] == 5:
            return
        if id.startswith("s"):
            kind = self._dialect.answers_unknown_message_types
            if not (kind and frame[2] == "MessageTypeNotSupported"):
                self._found.complain(f"{self._dialect}: an answer to no call: {frame}")
            return
        if id not in self._waiting:
            self._found.complain(f"{self._dialect}: a second answer: {frame}")
            return
        action, given = self._waiting.pop(id)
        self._done.append(id)
        self._room.set()
        self._judge(frame, action, given)

    def _judge(self, frame: list[Any], action: str, given: Any) -> None:
        self._found.answered[action if action in self._actions else "odd"] += 1
        if frame[0] == 4:
            self._found.codes[frame[2]] += 1
            if frame[2] == "InternalError":
                text = json.dumps(given)
                self._found.complain(f"{self._dialect}: {action} {text} → {frame}")
        elif actions.response_type(self._dialect, action) is not None:
            wrong = complaint(self._dialect, f"{action}Response", frame[2])
            if wrong is not None:
                self._found.complain(f"{self._dialect}: {action} → {frame}: {wrong}")

    async def _answer(self, socket: ClientConnection, frame: list[Any]) -> None:
        """The server's own calls, with anything between right and nothing."""
        rng, id, action = self._rng, frame[1], frame[2]
        given = payload(rng, self._dialect, f"{action}Response")
        answers = (
            [3, id, given],
            [3, id, given],
            [3, id, given],
            [3, id, broken(rng, given)],
            [4, id, "NotImplemented", "", {}],
            [4, id, "GenericError", "no", {"a": [1]}],
            [3, id],
        )
        chosen = rng.choice(answers) if rng.random() > SILENT else None
        self._found.said["answer"] += 1
        if chosen is not None:
            await socket.send(json.dumps(chosen))
