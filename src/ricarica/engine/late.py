"""What a station does after we have stopped waiting: its answers that come too late."""

from datetime import datetime, timedelta
from typing import NamedTuple

from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Ask
from ricarica.ocpp.dialects import Dialect
from ricarica.translation import hearing
from ricarica.translation.route import Origin, Phrase

WITHIN = timedelta(minutes=10)  # as long as a slow network holds something back; then all is new
STATIONS_MAX = 1_000  # that owe answers at the same time; more are no slowness but an outage
ANSWERS_MAX = 16  # of one station, as many as its connection remembers


class Unanswered(NamedTuple):
    phrase: Phrase
    command: object
    dialect: Dialect
    ask: Ask
    at: datetime


async def note(unit: UnitOfWork, late: Unanswered, payload: bytes) -> None:
    """Whoever asked has heard that nobody knows; what the station did is noted all the same."""
    remember, key, dialect = late.phrase.remember, late.ask.key, late.dialect
    if remember is None:
        return
    heard = hearing.read(payload, late.ask.action, dialect)
    if heard.error and not (await unit.slices.stations.get(key)).pedantic:
        heard = hearing.mended(payload, late.ask.action, dialect, late.at)
    if heard.response is not None:
        # What follows from it may have begun at once, long before it was told.
        origin = Origin(key, dialect, late.at)
        await remember(late.command, heard.response, origin, unit.slices)


class LateAnswers:
    """An answer counts only as long as it is the latest that the station has given to its kind."""

    def __init__(self) -> None:
        self._owed: dict[StationKey, dict[str, Unanswered]] = {}

    def expect(self, message_id: str, unanswered: Unanswered) -> None:
        key = unanswered.ask.key
        owed = self._owed.pop(key, {})
        owed[message_id] = unanswered
        if len(owed) > ANSWERS_MAX:
            del owed[next(iter(owed))]
        self._owed[key] = owed  # the last of all
        if len(self._owed) > STATIONS_MAX:
            del self._owed[next(iter(self._owed))]

    def superseded(self, ask: Ask) -> None:
        """The same is asked again, perhaps with other values: what was answered before is old."""
        owed = self._owed.get(ask.key, {})
        for message_id in [each for each, old in owed.items() if old.ask.action == ask.action]:
            del owed[message_id]

    def overtaken(self, key: StationKey) -> None:
        """The station has answered what was asked later: nobody knows its order any more."""
        self._owed.pop(key, None)

    def take(self, key: StationKey, message_id: str, now: datetime) -> Unanswered | None:
        found = self._owed.get(key, {}).pop(message_id, None)
        return found if found and now - found.at <= WITHIN else None
