"""Cars: what a battery takes, and how fast, while it fills."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

NOMINAL_V = Decimal(230)
LOWEST_A = Decimal(6)  # IEC 61851-1: a pilot signal cannot offer less and still let a car charge
TAPER_FROM_PERCENT = Decimal(80)  # lithium cells reach their end voltage about here
TAPER_FLOOR = Decimal("0.08")  # what is still drawn, as a share, just before the battery is full
FULL_PERCENT = Decimal(100)
AC_RAMP = timedelta(seconds=6)  # on-board chargers close their relays and step up the current
DC_RAMP = timedelta(seconds=20)  # isolation test and pre-charge make DC slower to begin


@dataclass(frozen=True, slots=True)
class Battery:
    capacity_wh: Decimal
    stored_wh: Decimal

    @property
    def soc_percent(self) -> Decimal:
        return self.stored_wh * 100 / self.capacity_wh

    def charged_with(self, energy_wh: Decimal) -> "Battery":
        return replace(self, stored_wh=min(self.capacity_wh, self.stored_wh + energy_wh))


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car with its own AC charger, and a DC inlet if it has one."""

    battery: Battery
    phases: int = 3
    ac_current_a_max: Decimal = Decimal(16)
    dc_power_w_max: Decimal | None = None
    wanted_soc_percent: Decimal = FULL_PERCENT

    def charged_with(self, energy_wh: Decimal) -> "Vehicle":
        return replace(self, battery=self.battery.charged_with(energy_wh))

    @property
    def room_wh(self) -> Decimal:
        """What still goes in until the driver has what they want."""
        wanted_wh = self.battery.capacity_wh * self.wanted_soc_percent / FULL_PERCENT
        return max(Decimal(0), wanted_wh - self.battery.stored_wh)

    @property
    def is_satisfied(self) -> bool:
        return self.battery.soc_percent >= self.wanted_soc_percent


@dataclass(frozen=True, slots=True)
class Outlet:
    """What the hardware of one EVSE can give."""

    power_w_max: Decimal
    phases: int = 3
    is_dc: bool = False

    @property
    def current_a_max(self) -> Decimal:
        return self.power_w_max / (NOMINAL_V * self.phases)


@dataclass(frozen=True, slots=True)
class Limit:
    """A ceiling from a charging profile. What is `None` is not limited."""

    current_a: Decimal | None = None
    power_w: Decimal | None = None
    phases: int | None = None


UNLIMITED = Limit()


@dataclass(frozen=True, slots=True)
class Draw:
    """What flows now: power in W, and current in A on each of the phases in use."""

    power_w: Decimal
    current_a: Decimal
    phases: int


NOTHING = Draw(Decimal(0), Decimal(0), 0)


def taper(soc_percent: Decimal) -> Decimal:
    """Share of full power that a battery takes at this state of charge."""
    if soc_percent >= FULL_PERCENT:
        return Decimal(0)
    if soc_percent <= TAPER_FROM_PERCENT:
        return Decimal(1)
    left = (FULL_PERCENT - soc_percent) / (FULL_PERCENT - TAPER_FROM_PERCENT)
    return TAPER_FLOOR + (1 - TAPER_FLOOR) * left


def ramp(elapsed: timedelta, whole: timedelta) -> Decimal:
    """Share of full power reached this long after the contactor closed."""
    if elapsed >= whole:
        return Decimal(1)
    return Decimal(max(elapsed, timedelta(0)) // timedelta(milliseconds=1)) / Decimal(
        whole // timedelta(milliseconds=1)
    )


def offered_phases(outlet: Outlet, limit: Limit) -> int:
    return min(outlet.phases, limit.phases or outlet.phases)


def offered_a(outlet: Outlet, limit: Limit) -> Decimal:
    """Current that an AC outlet offers on each phase; 0 when it is too little to charge with."""
    phases = offered_phases(outlet, limit)
    ceilings = [outlet.current_a_max]
    if limit.current_a is not None:
        ceilings.append(limit.current_a)
    if limit.power_w is not None:
        ceilings.append(limit.power_w / (NOMINAL_V * phases))
    current_a = min(ceilings)
    return current_a if current_a >= LOWEST_A else Decimal(0)


def offered_w(outlet: Outlet, limit: Limit) -> Decimal:
    """Power that an outlet offers, whether AC or DC."""
    if not outlet.is_dc:
        return offered_a(outlet, limit) * NOMINAL_V * offered_phases(outlet, limit)
    ceilings = [outlet.power_w_max]
    if limit.power_w is not None:
        ceilings.append(limit.power_w)
    if limit.current_a is not None:
        ceilings.append(limit.current_a * NOMINAL_V * offered_phases(outlet, limit))
    return max(Decimal(0), min(ceilings))


def draw(vehicle: Vehicle, outlet: Outlet, limit: Limit, elapsed: timedelta) -> Draw:
    """What a car draws `elapsed` after the contactor closed."""
    if vehicle.is_satisfied:
        return NOTHING
    if outlet.is_dc:
        return _draw_dc(vehicle, outlet, limit, elapsed)
    return _draw_ac(vehicle, outlet, limit, elapsed)


def _draw_ac(vehicle: Vehicle, outlet: Outlet, limit: Limit, elapsed: timedelta) -> Draw:
    phases = min(offered_phases(outlet, limit), vehicle.phases)
    share = taper(vehicle.battery.soc_percent) * ramp(elapsed, AC_RAMP)
    current_a = min(offered_a(outlet, limit), vehicle.ac_current_a_max) * share
    return Draw(current_a * NOMINAL_V * phases, current_a, phases)


def _draw_dc(vehicle: Vehicle, outlet: Outlet, limit: Limit, elapsed: timedelta) -> Draw:
    accepted_w = vehicle.dc_power_w_max or Decimal(0)
    share = taper(vehicle.battery.soc_percent) * ramp(elapsed, DC_RAMP)
    power_w = min(offered_w(outlet, limit), accepted_w) * share
    return Draw(power_w, power_w / pack_voltage_v(vehicle.battery), 1)


def pack_voltage_v(battery: Battery) -> Decimal:
    """Voltage of a 400 V pack, which rises as it fills."""
    return 340 + battery.soc_percent * Decimal("0.8")
