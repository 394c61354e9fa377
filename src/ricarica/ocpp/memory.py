"""What a session remembers of the peer's calls, to know a repeated one."""

import msgspec

from ricarica.ocpp.frames import MessageId


class Remembered(msgspec.Struct):
    digest: bytes
    answer: str | None = None
    """The frame that answered it; None while it is being handled."""


class Memory:
    """Ids in two generations: the younger fills up, ages, and takes the place of the older.

    So between one and two times `most` ids are kept, for one to two times `seconds`, without
    a time in each entry: a quiet connection soon holds next to nothing.
    """

    __slots__ = ("_born", "_most", "_older", "_seconds", "_younger")

    def __init__(self, most: int, seconds: float, now: float) -> None:
        self._most, self._seconds, self._born = most, seconds, now
        self._younger: dict[MessageId, Remembered] = {}
        self._older: dict[MessageId, Remembered] = {}

    def recall(self, message_id: MessageId, now: float) -> Remembered | None:
        self._age(now)
        return self._younger.get(message_id) or self._older.get(message_id)

    def keep(self, message_id: MessageId, digest: bytes) -> None:
        self._younger[message_id] = Remembered(digest)

    def answered(self, message_id: MessageId, digest: bytes, answer: str) -> None:
        """Keep the answer too, unless the id has become another message's meanwhile."""
        known = self._younger.get(message_id) or self._older.get(message_id)
        if known and known.digest == digest:
            known.answer = answer

    def _age(self, now: float) -> None:
        if len(self._younger) >= self._most or now - self._born >= self._seconds:
            self._older, self._younger, self._born = self._younger, {}, now
