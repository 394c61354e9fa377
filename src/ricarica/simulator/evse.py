"""One EVSE: its connectors, cable, availability, and the current that flows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ricarica.simulator.battery import (
    NOTHING,
    UNLIMITED,
    Draw,
    Limit,
    Outlet,
    Vehicle,
    draw,
    offered_a,
    offered_w,
    pack_voltage_v,
)
from ricarica.simulator.meter import Electrics, Meter, energy_wh
from ricarica.simulator.transaction import Token, Transaction

STEP = timedelta(seconds=10)  # fine enough for ramp and taper, coarse enough to skip a night
STEPS_MAX = 400  # bounds the work of one jump in time


class State(StrEnum):
    """A connector's state in the finest words there are, those of 1.6."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ChargingState(StrEnum):
    CHARGING = "Charging"
    EV_CONNECTED = "EVConnected"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    IDLE = "Idle"


STATE_IN_TRANSACTION = {
    ChargingState.CHARGING: State.CHARGING,
    ChargingState.SUSPENDED_EV: State.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: State.SUSPENDED_EVSE,
    ChargingState.EV_CONNECTED: State.PREPARING,
    ChargingState.IDLE: State.PREPARING,
}


@dataclass(frozen=True, slots=True)
class Connector:
    number: int
    type: str = "cType2"


@dataclass(frozen=True, slots=True)
class Reservation:
    id: int
    token: Token
    until: datetime
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """A driver who may charge here, and until when they have to plug in."""

    token: Token
    until: datetime
    is_remote: bool = False
    remote_start_id: int | None = None
    group: str | None = None


@dataclass(slots=True)
class Evse:
    number: int
    outlet: Outlet = field(default_factory=lambda: Outlet(Decimal(22_000)))
    connectors: tuple[Connector, ...] = (Connector(1),)
    meter: Meter = field(default_factory=Meter)
    vehicle: Vehicle | None = None
    connector_in_use: int | None = None
    is_locked: bool = False
    lock_is_jammed: bool = False
    is_operative: bool = True
    inoperative_connectors: frozenset[int] = frozenset()
    operative_wanted: bool | None = None
    fault: str | None = None
    reservation: Reservation | None = None
    authorization: Authorization | None = None
    transaction: Transaction | None = None
    last_finished: bool = False
    limit: Limit = UNLIMITED
    draw: Draw = NOTHING
    contactor_closed_at: datetime | None = None
    advanced_at: datetime | None = None

    # The cable

    def plug_in(self, vehicle: Vehicle, connector: int) -> None:
        assert self.vehicle is None, "two cars in one EVSE"
        self.vehicle, self.connector_in_use = vehicle, connector
        self.is_locked = True
        self.last_finished = False

    def unplug(self) -> Vehicle | None:
        gone, self.vehicle = self.vehicle, None
        self.connector_in_use = None
        self.is_locked = self.last_finished = False
        self._open_contactor()
        return gone

    def unlock(self) -> bool:
        """Release the cable; says whether the lock moved."""
        if self.lock_is_jammed:
            return False
        self.is_locked = False
        return True

    # What it looks like from outside

    def state(self, connector: int) -> State:
        if self.fault is not None:
            return State.FAULTED
        if self.transaction is not None or self.vehicle is not None:
            return self._state_in_use(connector)
        if not self.is_operative or connector in self.inoperative_connectors:
            return State.UNAVAILABLE
        if self.authorization is not None:
            return State.PREPARING
        if self.reservation is not None:
            return State.RESERVED
        return State.AVAILABLE

    def _state_in_use(self, connector: int) -> State:
        if self.transaction is not None:
            return STATE_IN_TRANSACTION[self.charging_state()]
        if not self.is_operative:
            return State.UNAVAILABLE
        return State.FINISHING if self.last_finished else State.PREPARING

    def charging_state(self) -> ChargingState:
        if self.vehicle is None:
            return ChargingState.IDLE
        if self.transaction is None or self.authorization_is_missing:
            return ChargingState.EV_CONNECTED
        if self.fault is not None or self.transaction.is_suspended:
            return ChargingState.SUSPENDED_EVSE
        if offered_w(self.outlet, self.limit) <= 0:
            return ChargingState.SUSPENDED_EVSE
        if self.vehicle.is_satisfied:
            return ChargingState.SUSPENDED_EV
        return ChargingState.CHARGING

    @property
    def authorization_is_missing(self) -> bool:
        return self.transaction is not None and not self.transaction.is_authorized

    @property
    def is_free(self) -> bool:
        return (
            self.transaction is None
            and self.authorization is None
            and self.is_operative
            and self.fault is None
        )

    def electrics(self) -> Electrics:
        battery = self.vehicle.battery if self.vehicle is not None else None
        watts = offered_w(self.outlet, self.limit)
        return Electrics(
            draw=self.draw,
            offered_w=watts,
            offered_a=watts / pack_voltage_v(battery)
            if self.outlet.is_dc and battery
            else offered_a(self.outlet, self.limit),
            is_dc=self.outlet.is_dc,
            pack_v=pack_voltage_v(battery) if battery else Decimal(0),
            soc_percent=battery.soc_percent if battery and self.outlet.is_dc else None,
        )

    # The current

    def advance(self, now: datetime) -> None:
        """Let time pass until `now`: energy flows, the battery fills, the register grows."""
        since, self.advanced_at = self.advanced_at or now, now
        if self.charging_state() is not ChargingState.CHARGING:
            self._open_contactor()
            return
        if self.contactor_closed_at is None:
            self.contactor_closed_at = since
        for begin, step in _steps(since, now):
            self._charge(begin, step)

    def _charge(self, begin: datetime, step: timedelta) -> None:
        assert self.vehicle is not None, "current without a car"
        assert self.contactor_closed_at is not None, "current through an open contactor"
        elapsed = begin + step / 2 - self.contactor_closed_at
        self.draw = draw(self.vehicle, self.outlet, self.limit, elapsed)
        taken_wh = min(energy_wh(self.draw.power_w, step), self.vehicle.room_wh)
        self.vehicle = self.vehicle.charged_with(taken_wh)
        self.meter = self.meter.advanced(taken_wh)

    def _open_contactor(self) -> None:
        self.contactor_closed_at = None
        self.draw = NOTHING


def _steps(since: datetime, now: datetime) -> Iterator[tuple[datetime, timedelta]]:
    whole = now - since
    if whole <= timedelta(0):
        return
    count = min(STEPS_MAX, -(-whole // STEP))
    for index in range(count):
        yield since + whole * index / count, whole / count
