"""Battery swapping: batteries in slots, and what was exchanged for what."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from ricarica.kernel.ids import EvseNumber, StationKey, TenantId
from ricarica.kernel.quantities import ZERO
from ricarica.tariffs.model import Usage

HUNDRED = Decimal(100)


class SwapState(StrEnum):
    REQUESTED = "requested"  # by us; the driver has not come yet
    BEGUN = "begun"  # batteries were put in, or taken out, and the others are awaited
    DONE = "done"
    TIMED_OUT = "timed_out"  # what was offered was not taken
    REFUSED = "refused"  # the station has no batteries to give, or would not begin


OVER = frozenset({SwapState.DONE, SwapState.REFUSED})


class Battery(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """As a station tells of it. `evse` is the slot."""

    serial: str
    evse: EvseNumber
    soc_percent: Decimal
    soh_percent: Decimal
    made_at: datetime | None = None
    detail: str | None = None  # in its maker's own words


class HeldBattery(msgspec.Struct, frozen=True, gc=False):
    """A battery, and where it was last heard of. station None: with whoever holds `token`."""

    tenant: TenantId
    battery: Battery
    at: datetime
    station: StationKey | None = None
    token: str | None = None


class Swap(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`number` is what station and we call it; stations begin anew with theirs, so it has an id."""

    station: StationKey
    id: str
    number: int
    state: SwapState
    began_at: datetime
    updated_at: datetime
    token: str | None = None
    token_kind: str | None = None
    taken: tuple[Battery, ...] = ()  # by the station
    given: tuple[Battery, ...] = ()
    ended_at: datetime | None = None
    prices: bytes | None = None  # as they were when it began
    capacity_wh: Decimal | None = None  # of each battery; None: nobody knows
    cost_excl: Decimal | None = None
    cost_incl: Decimal | None = None
    currency: str | None = None
    detail: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in OVER

    @property
    def gained_percent(self) -> Decimal | None:
        """By how much more the given are charged than the taken, all together."""
        if not self.taken or not self.given:
            return None
        return total_soc(self.given) - total_soc(self.taken)

    @property
    def gained_wh(self) -> Decimal | None:
        gained = self.gained_percent
        if gained is None or self.capacity_wh is None:
            return None
        return gained * self.capacity_wh / HUNDRED


def total_soc(batteries: Iterable[Battery]) -> Decimal:
    return sum((battery.soc_percent for battery in batteries), ZERO)


def usage_of(swap: Swap) -> Usage:
    """What is charged for: nobody is paid for bringing a fuller battery than they take."""
    return Usage(max(swap.gained_wh or ZERO, ZERO), timedelta())


class SwapStation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an operator says of a station that swaps."""

    station: StationKey
    capacity_wh: Decimal | None = None
