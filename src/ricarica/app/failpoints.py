"""Named places at which a drill has this process die, fail, or lose its sense of time.

`RICARICA_FAILPOINTS="after_commit=kill@17,handle:RIC-0003=raise"`: the seventeenth commit is the
last thing that this process does, and whatever the station RIC-0003 sends meets a fault of ours.
Without the variable nothing here is even called: what is armed is wrapped once, at the start.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from ricarica.app.wiring import Node, Parts
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.events import Announced
from ricarica.link.letters import Delivered, Reply
from ricarica.translation.route import Handler, Route

VARIABLE = "RICARICA_FAILPOINTS"
POINTS = (
    "after_receive",  # a message is here, and nobody knows of it
    "before_commit",
    "after_commit",  # what is stored has not been answered yet
    "between_answers",  # of one batch
    "mid_outbox",  # between two of the events that are told on
    "after_open",  # an epoch is stored, whose connection has no seat yet
    "timer",  # one rings, and nothing of it is stored yet
    "handle",  # a message is being decided
)
EVERY_TIME = 0
Act = Callable[[], None]

log = structlog.get_logger("ricarica.failpoints")


@dataclass(slots=True)
class ShiftedClock:
    """The wall clock of a machine whose time is set while we run; seconds stay seconds."""

    clock: Clock
    shift: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.clock.now() + self.shift

    def monotonic(self) -> float:
        return self.clock.monotonic()


@dataclass(slots=True)
class Failpoint:
    """It acts at the `on`th time, or always; `only` narrows it to a station, or to a station's
    messages of one action: `RIC-0003`, `RIC-0003/MeterValues`."""

    point: str
    only: str | None
    action: str
    argument: str
    on: int = EVERY_TIME
    reached: int = field(default=0, init=False)

    def is_due(self, station: str, action: str) -> bool:
        if self.only not in (None, station, f"{station}/{action}"):
            return False
        self.reached += 1
        return self.on in (EVERY_TIME, self.reached)


class Failpoints:
    """What `RICARICA_FAILPOINTS` asks for."""

    def __init__(self, armed: Iterable[Failpoint] = ()) -> None:
        self._armed = tuple(armed)
        self._clock: ShiftedClock | None = None

    def shifting(self, parts: Parts) -> Parts:
        """The same parts, with a clock that can be set, if anything is armed."""
        if not self._armed:
            return parts
        self._clock = ShiftedClock(parts.clock)
        return replace(parts, clock=self._clock)

    def arm(self, node: Node) -> None:
        """Wrap what is to fail; all else stays as it is."""
        for point in sorted({each.point for each in self._armed}):
            log.warning("failpoints.armed", point=point)
            WRAPPED[point](node, partial(self._reach, point))

    def _reach(self, point: str, station: str = "", action: str = "") -> None:
        for each in self._armed:
            if each.point == point and each.is_due(station, action):
                self._act(each)

    def _act(self, failpoint: Failpoint) -> None:
        match failpoint.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "jump":
                assert self._clock is not None, "the clock was replaced before anything was armed"
                self._clock.shift += timedelta(seconds=float(failpoint.argument))
            case _:
                raise RuntimeError(f"the failpoint {failpoint.point} was reached")


def failpoints_from(environment: Mapping[str, str]) -> Failpoints:
    """
    Raises:
        InvalidError: the variable names a point or an action that there is not.
    """
    return Failpoints(_read(environment.get(VARIABLE, "")))


def _read(text: str) -> Iterator[Failpoint]:
    for each in filter(None, (part.strip() for part in text.split(","))):
        place, _, what = each.partition("=")
        point, _, only = place.partition(":")
        action, _, times = what.partition("@")
        action, _, argument = action.partition(":")
        if point not in POINTS or action not in ("kill", "raise", "jump"):
            raise InvalidError(f"{VARIABLE}: {each} is no point=action; points: {POINTS}")
        yield Failpoint(point, only or None, action, argument, int(times or EVERY_TIME))


# -- what is wrapped, by the name of its point

Reach = Callable[..., None]


def _wrap(owner: object, name: str, wrapper: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))


def _before(work: Callable[..., Awaitable[Any]], reach: Reach) -> Callable[..., Awaitable[Any]]:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        reach()
        return await work(*arguments, **named)

    return wrapped


def _after(work: Callable[..., Awaitable[Any]], reach: Reach) -> Callable[..., Awaitable[Any]]:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        result = await work(*arguments, **named)
        reach()
        return result

    return wrapped


def _after_receive(node: Node, reach: Reach) -> None:
    def wrapped(deliver: Callable[..., None]) -> Callable[..., None]:
        def received(delivered: Delivered, reply: Callable[[Reply], None]) -> None:
            reach(delivered.key.station, delivered.action)
            deliver(delivered, reply)

        return received

    _wrap(node.engine, "deliver", wrapped)


def _between_answers(node: Node, reach: Reach) -> None:
    def wrapped(deliver: Callable[..., None]) -> Callable[..., None]:
        def delivered_with(delivered: Delivered, reply: Callable[[Reply], None]) -> None:
            def answered(answer: Reply) -> None:
                reply(answer)
                reach(delivered.key.station, delivered.action)

            deliver(delivered, answered)

        return delivered_with

    _wrap(node.engine, "deliver", wrapped)


def _mid_outbox(node: Node, reach: Reach) -> None:
    def wrapped(publish: Callable[..., None]) -> Callable[..., None]:
        def published(announced: Iterable[Announced]) -> None:
            for each in announced:
                publish([each])
                reach()

        return published

    _wrap(node.engine.events, "publish", wrapped)


def _timer(node: Node, reach: Reach) -> None:
    def wrapped(rings: Mapping[str, Callable[..., Awaitable[Any]]]) -> Mapping[str, Any]:
        return {kind: _after(ring, reach) for kind, ring in rings.items()}

    _wrap(node.timers, "rings", wrapped)


def _handle(node: Node, reach: Reach) -> None:
    def failing(route: Route) -> Handler:
        async def handled(request: Any, origin: Any, slices: Any) -> Any:
            reach(origin.station.station, route.action)
            return await route.handle(request, origin, slices)

        return handled

    def wrapped(routes: Mapping[str, Mapping[str, Route]]) -> Mapping[str, Mapping[str, Route]]:
        return {
            dialect: {
                action: replace(route, handle=failing(route)) for action, route in by_action.items()
            }
            for dialect, by_action in routes.items()
        }

    _wrap(node.engine.dispatcher, "routes", wrapped)


WRAPPED: Mapping[str, Callable[[Node, Reach], None]] = {
    "after_receive": _after_receive,
    "before_commit": lambda node, reach: _wrap(
        node.parts.database, "commit", lambda commit: _before(commit, reach)
    ),
    "after_commit": lambda node, reach: _wrap(
        node.parts.database, "commit", lambda commit: _after(commit, reach)
    ),
    "between_answers": _between_answers,
    "mid_outbox": _mid_outbox,
    "after_open": lambda node, reach: _wrap(
        node.engine, "open", lambda opening: _after(opening, reach)
    ),
    "timer": _timer,
    "handle": _handle,
}
