"""How stations misbehave: each fault is one flag that the station obeys until told otherwise."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from random import Random
from typing import Any

GARBAGE = (
    "",
    "hello",
    "{}",
    "[]",
    "[2]",
    '[2,"x"]',
    '[2,"x","Heartbeat"',
    '[2,"x","Heartbeat",[]]',
    '[2,"x","NoSuchAction",{}]',
    '[9,"x","Heartbeat",{}]',
    '[2,17,"Heartbeat",{}]',
    "[" * 200 + "]" * 200,
    '[2,"\\u0000","Heartbeat",null]',
)


@dataclass(slots=True)
class Misbehaviour:
    """Counts are spent one by one; flags last; `None`, 0 and False mean good manners."""

    drop_mid_message: int = 0
    """How many of the next frames are cut off half-way, with the socket."""
    is_silent: bool = False
    """Neither answers nor asks; does not even answer a ping."""
    ignores_calls: bool = False
    """Asks, but never answers the server."""
    repeat_same_id: int = 0
    """How many of the next calls are sent twice as they are."""
    repeat_other_id: int = 0
    """How many of the next calls are sent twice, the second with an id of its own."""
    lose_acks: int = 0
    """How many of the next answers to transaction messages never arrive here."""
    garbage: int = 0
    """How many frames of nonsense to send with the next tick."""
    clock_skew: timedelta = timedelta(0)
    null_optionals: bool = False
    numbers_as_strings: bool = False
    no_time_zone: bool = False
    parallel_calls: bool = False
    """Does not wait for an answer before it sends the next call."""
    reuse_ids: bool = False
    """Restarts its message ids at 1 with every connection."""

    def behave(self) -> None:
        """Forget all faults."""
        fresh = Misbehaviour()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))

    def spend(self, count: str) -> bool:
        """Whether one more of this fault is due; takes one off the count."""
        left: int = getattr(self, count)
        if left <= 0:
            return False
        setattr(self, count, left - 1)
        return True

    @property
    def mangles(self) -> bool:
        return self.null_optionals or self.numbers_as_strings or self.no_time_zone

    def mangled(self, text: str) -> str:
        """The frame as a station with these bad habits would have written it."""
        frame = json.loads(text)
        if not isinstance(frame, list) or not isinstance(frame[-1], dict):
            return text
        payload = frame[-1]
        for applies, mangle in (
            (self.numbers_as_strings, numbers_as_strings),
            (self.no_time_zone, without_time_zones),
            (self.null_optionals, with_nulls),
        ):
            if applies:
                payload = mangle(payload)
        return json.dumps([*frame[:-1], payload], separators=(",", ":"))


def numbers_as_strings(value: Any) -> Any:
    return _each_leaf(value, lambda leaf: str(leaf) if _is_number(leaf) else leaf)


def without_time_zones(value: Any) -> Any:
    return _each_leaf(value, lambda leaf: leaf[:-1] if _looks_like_time(leaf) else leaf)


NULLED = {
    "reservationId": None,
    "info": None,
    "vendorErrorCode": None,
    "iccid": None,
    "imsi": None,
}


def with_nulls(payload: dict[str, Any]) -> dict[str, Any]:
    """Optional members said to be null, as serializers without care do."""
    return {**NULLED, **payload}


def garbage(rng: Random) -> str:
    return rng.choice(GARBAGE)


def cut_off(text: str) -> str:
    """The first half of a frame; the socket goes with the rest."""
    return text[: max(1, len(text) // 2)]


def with_id(text: str, message_id: str) -> str:
    frame = json.loads(text)
    return json.dumps([frame[0], message_id, *frame[2:]], separators=(",", ":"))


def is_call(text: str) -> bool:
    return text.startswith("[2,")


def _each_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _each_leaf(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_each_leaf(item, change) for item in value]
    return change(value)


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _looks_like_time(leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf.endswith("Z") and leaf[4:5] == "-" and "T" in leaf
