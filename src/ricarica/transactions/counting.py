"""How a fact moves a transaction on, whatever kind of fact it is. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from msgspec.structs import replace

from ricarica.kernel.clock import is_plausible
from ricarica.kernel.money import Money
from ricarica.kernel.quantities import ZERO
from ricarica.tariffs.model import (
    Cost,
    Prices,
    Usage,
    cost_of,
    cost_since,
    prices_from,
    together,
)
from ricarica.transactions.facts import Ended, Started, TransactionFact
from ricarica.transactions.model import (
    WHOLE_WH,
    EnergyTally,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
    energy_along,
    parking_along,
    with_number,
)
from ricarica.transactions.readings import (
    Context,
    Measurand,
    Reading,
    power_in,
    registers_in,
    soc_in,
)
from ricarica.transactions.repeats import was_assumed
from ricarica.transactions.terms import Stretch

ERROR = Decimal("1.1")  # of meters and clocks together
ROUNDING_WH = 1  # 1.6 cuts what is below off its starts and stops
CLOCK_STEP = timedelta(minutes=1)  # some clocks show no seconds
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_PER_HOUR = 3_600_000_000

NOTHING = Money(ZERO, "XXX")  # ISO 4217: of no currency
NO_FLAGS: frozenset[Flag] = frozenset()


def placed(fact: TransactionFact) -> tuple[TransactionFact, frozenset[Flag]]:
    """The fact at a moment that can be reckoned with: ours, where the station's is absurd."""
    at, received_at = fact.at, fact.received_at
    is_sound = is_plausible(at, received_at)
    # Nearly always all that a message tells is of one moment, and that is one object.
    others = [r.at for r in fact.readings if r.at is not at]
    if is_sound and all(is_plausible(other, received_at) for other in others):
        return fact, NO_FLAGS
    readings = tuple(
        reading if is_plausible(reading.at, received_at) else replace(reading, at=received_at)
        for reading in fact.readings
    )
    if is_sound:
        return replace(fact, readings=readings), NO_FLAGS
    return (
        replace(fact, at=received_at, readings=readings),
        frozenset({Flag.IMPLAUSIBLE_TIME}),
    )


def all_readings(fact: TransactionFact) -> tuple[Reading, ...]:
    """What the fact measured, with the register that a start or an end carries apart."""
    if not isinstance(fact, Started | Ended) or fact.register_wh is None:
        return fact.readings
    context = Context.BEGIN if isinstance(fact, Started) else Context.END
    register = Reading(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, fact.register_wh, fact.at, context)
    return (*fact.readings, register)


def register_points(fact: TransactionFact) -> list[RegisterPoint]:
    return [RegisterPoint(r.at, r.value) for r in registers_in(all_readings(fact))]


def first_register(fact: Started) -> Decimal | None:
    points = register_points(fact)
    return min(points).register_wh if points else None


def last_register(fact: Ended) -> Decimal | None:
    """As it was told apart, where it was: a reading beside it may have more digits."""
    if fact.register_wh is not None:
        return fact.register_wh
    registers = registers_in(fact.readings)
    # Among them may be those of the start, of a clock that was set back since.
    ending = [each for each in registers if each.context is Context.END]
    points = [RegisterPoint(each.at, each.value) for each in ending or registers]
    return max(points).register_wh if points else None


def state_points(fact: TransactionFact) -> list[StatePoint]:
    if fact.charging_state is None:
        return []
    seq_no = -1 if fact.seq_no is None else fact.seq_no
    return [StatePoint(fact.at, seq_no, fact.charging_state)]


def counted_on(tally: EnergyTally, points: list[RegisterPoint]) -> EnergyTally | None:
    """The tally with newer points; None when it has to be counted again from the beginning:
    when a point is older than what was counted, or the register fell at some time before."""
    if points and tally.backwards:
        return None
    for point in sorted(points):
        if tally.last is not None and point < tally.last:
            return None
        tally = tally.step(point)
    return tally


def parked_on(tally: ParkingTally, points: list[StatePoint]) -> ParkingTally | None:
    for point in sorted(points):
        if tally.last is not None and point < tally.last:
            return None
        tally = tally.step(point)
    return tally


def moved_on(
    transaction: Transaction, fact: TransactionFact, energy: EnergyTally, parking: ParkingTally
) -> Transaction:
    """The transaction with what every kind of fact tells."""
    newest = transaction.last_at is None or fact.at >= transaction.last_at
    power_w = power_in(fact.readings) if newest and transaction.is_running else None
    soc_percent = soc_in(fact.readings) if newest else None
    return replace(
        transaction,
        # Until its start is told, it began with the earliest that is known of it.
        started_at=min(transaction.started_at, fact.at)
        if Flag.ORPHAN in transaction.flags
        else transaction.started_at,
        evse=transaction.evse or fact.evse or transaction.evse,
        connector=transaction.connector or fact.connector,
        energy=energy,
        parking=parking,
        last_at=fact.at if newest else transaction.last_at,
        power_w=transaction.power_w if power_w is None else power_w,
        soc_percent=transaction.soc_percent if soc_percent is None else soc_percent,
        seen=transaction.seen
        if fact.seq_no is None
        else with_number(transaction.seen, fact.seq_no),
        flags=_flags(transaction, energy),
        remote_start=transaction.remote_start or fact.remote_start,
        reservation=transaction.reservation or fact.reservation,
        updated_at=fact.received_at,
    )


def is_in_order(transaction: Transaction) -> bool:
    """Whether what comes next is counted last: not before its start, nor behind its end."""
    last = transaction.energy.last
    is_open = transaction.ended_at is None or was_assumed(transaction)
    return is_open and (last is None or last.at >= transaction.started_at)


def is_to_be_recounted(
    before: Transaction, transaction: Transaction, fact: TransactionFact
) -> bool:
    """Whether its start or its end, told now, moves or cuts off something that was counted."""
    if isinstance(fact, Started):
        return before.energy.last is not None or before.parking.last is not None
    ended_at, energy, parking = transaction.ended_at, transaction.energy, transaction.parking
    if not isinstance(fact, Ended) or ended_at is None:
        return False
    if energy.backwards or (parking.last is not None and parking.last.at > ended_at):
        return True
    # It happens where an end is told late, and meanwhile readings that name no transaction were
    # taken for its.
    last = energy.last
    return last is not None and last.at > ended_at and not _is_stop(transaction, last)


def recounted(
    transaction: Transaction, points: Iterable[RegisterPoint], states: Iterable[StatePoint]
) -> Transaction:
    energy = energy_of(transaction, points)
    return replace(
        transaction,
        energy=energy,
        parking=parking_of(transaction, states),
        flags=_flags(transaction, energy),
    )


def energy_of(transaction: Transaction, points: Iterable[RegisterPoint]) -> EnergyTally:
    """Counted from the beginning: from its start, along what was measured, to its end.

    Whatever the clock says: one that is set back meanwhile must not turn round what happened.
    """
    own = _own(transaction, points)
    return energy_along(own, lambda point: (_place(transaction, point), point))


def parking_of(transaction: Transaction, points: Iterable[StatePoint]) -> ParkingTally:
    if transaction.ended_at is None or was_assumed(transaction):
        return parking_along(points)
    return parking_along(point for point in points if point.at <= transaction.ended_at)


def _own(transaction: Transaction, points: Iterable[RegisterPoint]) -> Iterator[RegisterPoint]:
    """Not what was shown before it began, nor after it ended; what came with its end is its own,
    even where it was measured a little later."""
    points, until = tuple(points), None
    if transaction.ended_at is not None and not was_assumed(transaction):
        stops = (point.at for point in points if _is_stop(transaction, point))
        until = max((transaction.ended_at, *stops))
    for point in points:
        if not _is_before(transaction, point) and (until is None or point.at <= until):
            yield point


def _is_before(transaction: Transaction, point: RegisterPoint) -> bool:
    """By its time and its register: where only the time is less, the clock was set back."""
    start_wh = transaction.register_start_wh
    return (
        start_wh is not None and point.at < transaction.started_at and point.register_wh < start_wh
    )


def _place(transaction: Transaction, point: RegisterPoint) -> int:
    """The register of its start is the first, and that of its end the last."""
    started_at, start_wh = transaction.started_at, transaction.register_start_wh
    if start_wh is not None and point.at == started_at:
        return 0 if abs(point.register_wh - start_wh) < WHOLE_WH else 1
    if transaction.ended_at is None or not _is_stop(transaction, point):
        return 1
    is_early = point.at < started_at and Flag.ORPHAN not in transaction.flags
    return 2 if is_early or point.at >= transaction.ended_at else 1


def _is_stop(transaction: Transaction, point: RegisterPoint) -> bool:
    """Whether it shows what the register showed at its end."""
    stop_wh = transaction.register_stop_wh
    return stop_wh is not None and abs(point.register_wh - stop_wh) < WHOLE_WH


def _flags(transaction: Transaction, energy: EnergyTally) -> frozenset[Flag]:
    if energy.backwards is (Flag.REGISTER_BACKWARDS in transaction.flags):
        return transaction.flags
    return transaction.flags ^ {Flag.REGISTER_BACKWARDS}


@lru_cache(maxsize=1_000)  # a handful of tariffs serve a network
def _prices(text: bytes) -> Prices:
    return prices_from(text)


def usage_of(transaction: Transaction, now: datetime | None = None) -> Usage:
    """As far as it was told of; until `now`, if that is given of one that runs."""
    until = transaction.ended_at or transaction.last_at or transaction.started_at
    if now is not None:
        until = max(until, now)
    elapsed = max(until - transaction.started_at, timedelta())
    return Usage(
        energy_wh=transaction.energy.energy_wh,
        elapsed=elapsed,
        parked=min(transaction.parking.until(until), elapsed),
    )


def energy_max_wh(transaction: Transaction, power_max_w: Decimal) -> Decimal:
    """As much as can have flown by the last that is known of it."""
    told = [at for at in (transaction.ended_at, transaction.last_at) if at is not None]
    elapsed = max([at - transaction.started_at for at in told], default=timedelta())
    microseconds = (max(elapsed, timedelta()) + CLOCK_STEP) // MICROSECOND
    return power_max_w * microseconds / MICROSECONDS_PER_HOUR * ERROR


def may_end(transaction: Transaction, fact: Ended, power_max_w: Decimal) -> bool:
    """Whether an end that names no transaction can be of this one, by its register and time."""
    if fact.register_wh is None or transaction.register_start_wh is None:
        return True
    energy_wh = fact.register_wh - transaction.register_start_wh
    energy_max = energy_max_wh(replace(transaction, ended_at=fact.at), power_max_w)
    return -ROUNDING_WH <= energy_wh <= energy_max


def weighed(transaction: Transaction, power_max_w: Decimal) -> Transaction:
    """Flagged, if its meter told what no outlet can give in that time."""
    is_absurd = transaction.energy.energy_wh > energy_max_wh(transaction, power_max_w)
    if is_absurd is (Flag.IMPLAUSIBLE_ENERGY in transaction.flags):
        return transaction
    return replace(transaction, flags=transaction.flags ^ {Flag.IMPLAUSIBLE_ENERGY})


def priced(transaction: Transaction) -> Transaction:
    """With what it costs so far, at the prices of its start; nothing, if that cannot be said."""
    if transaction.tariff is None:
        return transaction
    cost = cost_along(transaction)
    if cost is None:
        return replace(transaction, cost_excl=None, cost_incl=None, currency=None)
    return replace(transaction, cost_excl=cost.excl, cost_incl=cost.incl, currency=cost.currency)


def cost_so_far(transaction: Transaction) -> Money | None:
    if transaction.cost_incl is not None and transaction.currency is not None:
        return Money(transaction.cost_incl, transaction.currency)
    # C20.FR.03: that it costs nothing is known without any prices
    return NOTHING if is_called_off(transaction) else None


def is_called_off(transaction: Transaction) -> bool:
    """C20: who paid by card and then got no energy at all pays nothing."""
    terms, energy_wh = transaction.terms, transaction.energy.energy_wh
    return bool(terms and terms.payment and not transaction.is_running and energy_wh == 0)


def cost_along(transaction: Transaction) -> Cost | None:
    """What it comes to, with what was counted before its prices were changed."""
    if transaction.tariff is None or Flag.IMPLAUSIBLE_ENERGY in transaction.flags:
        return None
    prices, usage = _prices(transaction.tariff), usage_of(transaction)
    if transaction.terms is None:
        return cost_of(prices, usage)
    if is_called_off(transaction):
        return Cost(prices.currency, (), ZERO, ZERO, ZERO)
    if not transaction.terms.stretches:
        return cost_of(prices, usage)
    stretches = list(_lasted(transaction.terms.stretches, usage.elapsed))
    rest = cost_since(prices, usage, [stretch.usage for stretch in stretches])
    return together([*(stretch.cost for stretch in stretches), rest])


def _lasted(stretches: Iterable[Stretch], elapsed: timedelta) -> Iterator[Stretch]:
    """As far as it lasted: it may have ended before its prices were changed, and say so later."""
    for stretch in stretches:
        usage, prices = stretch.usage, stretch.prices
        if usage.elapsed <= elapsed or prices is None:
            yield stretch
        else:
            usage = replace(usage, elapsed=elapsed, parked=min(usage.parked, elapsed))
            yield Stretch(usage, cost_of(prices, usage), prices)
        elapsed = max(elapsed - usage.elapsed, timedelta())
