"""People with cars: when they come, what they do in front of a station, and when they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from ricarica.simulator.battery import Battery, Vehicle
from ricarica.simulator.evse import Evse
from ricarica.simulator.simulated import SimulatedStation
from ricarica.simulator.transaction import Token

AC_STAY = timedelta(hours=2)  # on average; people come back before the car is full, or late
DC_STAY = timedelta(minutes=35)
SMALLEST_WH = Decimal(400)  # a battery shrunk further would fill while the driver walks away
HANDS = timedelta(seconds=8)  # between the card and the cable
QUICKEST = Decimal(4)  # hands do not get quicker than that, however fast life goes
PATIENCE = timedelta(minutes=2)  # until someone gives up on a station that does not start


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of car on the road."""

    capacity_wh: int
    phases: int
    current_a: int
    dc_w: int | None


MODELS = (
    Model(40_000, 1, 32, 46_000),
    Model(52_000, 3, 32, None),
    Model(58_000, 3, 16, 100_000),
    Model(64_000, 3, 16, 80_000),
    Model(77_000, 3, 16, 135_000),
    Model(95_000, 3, 32, 150_000),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop at one EVSE, decided in advance; the rest is the station's and the server's."""

    arrives_at: datetime
    stays: timedelta
    token: Token
    vehicle: Vehicle
    connector: int = 1
    shows_card_first: bool = True
    stops_with_card: bool = True


class Stage(StrEnum):
    AWAY = "away"
    ARRIVED = "arrived"
    STARTING = "starting"
    CHARGING = "charging"
    LEAVING = "leaving"


@dataclass(slots=True)
class Habits:
    """Makes visits up. `busy` is the share of time that an EVSE is taken.

    `speed` makes lives shorter: batteries, stays and gaps shrink by it, so that a demo moves
    while power, energy and time stay true to each other.
    """

    tokens: Sequence[Token]
    rng: Random
    busy: Decimal = Decimal("0.6")
    speed: Decimal = Decimal(1)

    @property
    def hands(self) -> timedelta:
        return HANDS / float(min(self.speed, QUICKEST))

    def first_visit(self, evse: Evse, now: datetime) -> Visit | None:
        if self.busy <= 0:
            return None
        if Decimal(str(self.rng.random())) < self.busy:
            soon = timedelta(seconds=self.rng.uniform(1, 30))
            return self._visit(evse, now + soon / float(min(self.speed, QUICKEST)))
        return self.next_visit(evse, now)

    def next_visit(self, evse: Evse, now: datetime) -> Visit | None:
        if self.busy <= 0:
            return None
        stay = self._mean_stay(evse)
        mean_gap = stay * float((1 - min(self.busy, Decimal("0.99"))) / self.busy)
        gap = mean_gap * self.rng.uniform(0.5, 1.5)
        return self._visit(evse, now + max(gap, timedelta(seconds=10)))

    def _mean_stay(self, evse: Evse) -> timedelta:
        return (DC_STAY if evse.outlet.is_dc else AC_STAY) / float(self.speed)

    def _visit(self, evse: Evse, at: datetime) -> Visit:
        rng = self.rng
        return Visit(
            arrives_at=at,
            stays=self._mean_stay(evse) * rng.uniform(0.4, 1.6),
            token=rng.choice(self.tokens),
            vehicle=self._vehicle(evse),
            connector=rng.choice(evse.connectors).number,
            shows_card_first=rng.random() < 0.6,
            stops_with_card=rng.random() < 0.7,
        )

    def _vehicle(self, evse: Evse) -> Vehicle:
        fitting = [model for model in MODELS if model.dc_w or not evse.outlet.is_dc]
        model = self.rng.choice(fitting)
        capacity = max(SMALLEST_WH, Decimal(model.capacity_wh) / self.speed)
        stored = capacity * Decimal(str(round(self.rng.uniform(0.12, 0.65), 3)))
        return Vehicle(
            Battery(capacity.quantize(Decimal("0.001")), stored.quantize(Decimal("0.001"))),
            phases=model.phases,
            ac_current_a_max=Decimal(model.current_a),
            dc_power_w_max=Decimal(model.dc_w) if model.dc_w else None,
            wanted_soc_percent=Decimal(self.rng.choice((80, 90, 100, 100))),
        )


class Driver:
    """Whoever stands at one EVSE: one visit after the other."""

    __slots__ = ("_habits", "_number", "_visit", "due", "stage")

    def __init__(self, evse: Evse, habits: Habits, now: datetime) -> None:
        self._number = evse.number
        self._habits = habits
        self._visit = habits.first_visit(evse, now)
        self.stage = Stage.AWAY
        self.due = self._visit.arrives_at if self._visit else None

    def step(self, station: SimulatedStation, now: datetime) -> None:
        """Do what this person would do by now."""
        visit = self._visit
        if visit is None or self.due is None or now < self.due:
            return
        evse = station.evses[self._number]
        match self.stage:
            case Stage.AWAY:
                self._arrive(station, evse, visit, now)
            case Stage.ARRIVED:
                self._second_hand(station, evse, visit, now)
            case Stage.STARTING:
                self._wait_for_start(evse, visit, now)
            case Stage.CHARGING:
                self._stay(station, evse, visit, now)
            case Stage.LEAVING:
                self._leave(station, evse, now)

    def _arrive(self, station: SimulatedStation, evse: Evse, visit: Visit, now: datetime) -> None:
        if evse.vehicle is not None or not evse.is_free or not station.wants_connection:
            self._go_away(evse, now)
            return
        if visit.shows_card_first:
            station.present(visit.token, evse.number)
        else:
            station.plug_in(evse.number, visit.vehicle, visit.connector)
        self._then(Stage.ARRIVED, now + self._habits.hands)

    def _second_hand(
        self, station: SimulatedStation, evse: Evse, visit: Visit, now: datetime
    ) -> None:
        if not visit.shows_card_first:
            station.present(visit.token, evse.number)
        elif evse.authorization is None or evse.vehicle is not None:
            self._go_away(evse, now)  # the card was refused, or another car was quicker
            return
        else:
            station.plug_in(evse.number, visit.vehicle, visit.connector)
        self._then(Stage.STARTING, now + self._habits.hands)

    def _wait_for_start(self, evse: Evse, visit: Visit, now: datetime) -> None:
        if evse.transaction is not None:
            self._then(Stage.CHARGING, now + self._habits.hands)
        elif evse.last_finished or now >= visit.arrives_at + PATIENCE:
            self._then(Stage.LEAVING, now)
        else:
            self.due = now + self._habits.hands

    def _stay(self, station: SimulatedStation, evse: Evse, visit: Visit, now: datetime) -> None:
        """Until time is up, the car has enough, or somebody ended it from afar."""
        is_full = evse.vehicle is None or evse.vehicle.is_satisfied
        if evse.transaction is None:
            self._then(Stage.LEAVING, now + self._habits.hands)
        elif is_full or now >= visit.arrives_at + visit.stays:
            if visit.stops_with_card:
                station.present(visit.token, evse.number)
            self._then(Stage.LEAVING, now + self._habits.hands)
        else:
            self.due = now + self._habits.hands / 2

    def _leave(self, station: SimulatedStation, evse: Evse, now: datetime) -> None:
        if evse.vehicle is not None:
            station.unplug(evse.number)
        self._go_away(evse, now)

    def _go_away(self, evse: Evse, now: datetime) -> None:
        self._visit = self._habits.next_visit(evse, now)
        self._then(Stage.AWAY, self._visit.arrives_at if self._visit else None)

    def _then(self, stage: Stage, due: datetime | None) -> None:
        self.stage, self.due = stage, due
