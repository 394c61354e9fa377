import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, Dialect
from ricarica.simulator.driver import Driver, Habits
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from ricarica.simulator.transaction import Token
from tests.unit.simulator.scripted import NOON, Json, Response, ScriptedServer

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
FACTS = ("StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent")


class Storm:
    """A server and a network that fail at random, until they are told to calm down."""

    def __init__(self, dialect: Dialect, seed: int) -> None:
        evses = [ac_evse(1), dc_evse(2)]
        self.rng = Random(seed)
        self.is_calm = False
        station = SimulatedStation(dialect, "RIC-0001", evses, Random(seed), now=NOON)
        station.settings.override(
            {"message_attempts": "1000", "message_attempt_interval": "1", "message_timeout": "5"}
        )
        self.server = ScriptedServer(station)
        for action in FACTS:
            self.server.script[action] = self._moody(action)
        habits = Habits((Token("TAG1"),), Random(seed), Decimal("0.8"), Decimal(20))
        self.drivers = [Driver(evse, habits, NOON) for evse in evses]

    def _moody(self, action: str) -> "Mood":
        return Mood(self, action)

    def blow(self, duration: timedelta) -> None:
        end = self.server.now + duration
        while self.server.now < end:
            if not self.server.station.online and (self.is_calm or self.rng.random() < 0.3):
                self.server.connect()
            elif not self.is_calm and self.rng.random() < 0.05:
                self.server.disconnect()
            self.server.let_pass(4)
            for driver in self.drivers:
                driver.step(self.server.station, self.server.now)
            self.server.exchange()

    def calm_down(self) -> None:
        self.is_calm = True
        self.blow(timedelta(minutes=10))


class Mood:
    def __init__(self, storm: Storm, action: str) -> None:
        self._storm = storm
        self._friendly = storm.server.friendly(action)

    def __call__(self, payload: Json) -> Response:
        luck = self._storm.rng.random()
        answer = self._friendly(payload)
        if self._storm.is_calm or luck > 0.4:
            return answer
        return None if luck > 0.1 else "InternalError"


@every_dialect
@pytest.mark.parametrize("seed", range(1, 4))
def test_through_any_storm_every_fact_arrives_in_order(dialect: Dialect, seed: int) -> None:
    storm = Storm(dialect, seed)
    storm.blow(timedelta(minutes=30))
    storm.calm_down()

    station = storm.server.station
    assert station.queued == 0
    assert len(station.journal.entries) > 50
    assert all(entry.acked for entry in station.journal.entries)
    arrived = without_repeats([said for said in storm.server.heard if said[0] in FACTS])
    told = [(entry.kind, as_written(entry.payload)) for entry in station.journal.entries]
    assert [(kind, as_written(payload)) for kind, payload in arrived] == told
    if dialect is not V16:
        assert seq_nos_without_a_gap([payload for _, payload in arrived])


def without_repeats(said: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """A repeat follows directly, for only the head of the queue is ever sent."""
    kept: list[tuple[str, Json]] = []
    for each in said:
        if not kept or kept[-1] != each:
            kept.append(each)
    return kept


def as_written(payload: Json) -> str:
    """For comparing, whatever became of the numbers."""
    return json.dumps(payload, default=float)


def seq_nos_without_a_gap(events: list[Json]) -> bool:
    numbers: dict[str, list[int]] = defaultdict(list)
    for event in events:
        numbers[event["transactionInfo"]["transactionId"]].append(event["seqNo"])
    return all(found == list(range(len(found))) for found in numbers.values())
