"""In 1.6 each back end gives a transaction a number of its own; between two they are translated.

Pure. What began before we knew both numbers keeps the one it has.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

import msgspec

KNOWN_MAX = 200  # transactions of one station that are remembered
MEMBER = "transactionId"
BEGINS = "StartTransaction"


@dataclass(slots=True)
class Numbers:
    _theirs: OrderedDict[int, int] = field(default_factory=OrderedDict)  # by ours

    def learn(self, action: str, ours: bytes, theirs: bytes) -> None:
        """What both answered to the same start."""
        if action != BEGINS:
            return
        mine, other = _number_in(ours), _number_in(theirs)
        if mine is not None and other is not None:
            self._theirs[mine] = other
            if len(self._theirs) > KNOWN_MAX:
                self._theirs.popitem(last=False)

    def to_other(self, action: str, payload: bytes) -> bytes:
        number = _number_in(payload) if self._theirs else None
        theirs = None if number is None else self._theirs.get(number)
        return payload if theirs is None else _with_number(payload, theirs)

    def to_station(self, action: str, payload: bytes) -> bytes:
        number = _number_in(payload) if self._theirs else None
        for mine, other in self._theirs.items():
            if other == number:
                return _with_number(payload, mine)
        return payload


def _number_in(payload: bytes) -> int | None:
    try:
        members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(members[MEMBER], type=int)
    except (msgspec.MsgspecError, KeyError):
        return None  # in 2.x the station gives the name, and it is text


def _with_number(payload: bytes, number: int) -> bytes:
    members = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    members[MEMBER] = msgspec.Raw(str(number).encode())
    return msgspec.json.encode(members)
