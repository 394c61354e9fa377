"""Transactions as rows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from ricarica.kernel.ids import StationKey
from ricarica.kernel.quantities import ZERO
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.transactions.model import (
    Arrangement,
    ChargingState,
    EnergyTally,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
    ranges_from,
    ranges_text,
)
from ricarica.transactions.sql.tables import COST_DIGITS, DIGITS, RUNNING, TRANSACTIONS
from ricarica.transactions.terms import Terms

ENCODER = msgspec.json.Encoder()
TERMS = msgspec.json.Decoder(Terms)
ARRANGED = msgspec.json.Decoder(tuple[Arrangement, ...])

MICROSECOND = timedelta(microseconds=1)
RUNNING_MAX = 1_000  # of one station; one that never ends any must not fill our memory


@dataclass(frozen=True, slots=True)
class Running:
    """The refs of a station's running transactions, in the order in which they came."""

    station: StationKey
    refs: tuple[str, ...] = ()
    arranged: tuple[Arrangement, ...] = ()  # for starts that were asked for

    def noted(self, transaction: Transaction) -> "Running":
        is_listed = transaction.ref in self.refs
        if transaction.is_running == is_listed:
            return self
        if is_listed:
            return replace(self, refs=tuple(ref for ref in self.refs if ref != transaction.ref))
        return replace(self, refs=(*self.refs, transaction.ref)[-RUNNING_MAX:])


def held(value: Decimal | None, digits: int = DIGITS) -> Decimal | None:
    """What a column can hold of a value: a fact is stored, however absurd its numbers are."""
    if value is None or (value.adjusted() < digits and value.is_finite()):
        return value
    largest = Decimal(10) ** digits
    return None if value.is_nan() else min(max(value, -largest), largest)


def transaction_row(transaction: Transaction) -> Row:
    return (
        transaction.station.tenant,
        transaction.station.station,
        transaction.ref,
        transaction.id,
        transaction.evse,
        transaction.started_at,
        transaction.received_at,
        transaction.connector,
        transaction.token,
        token_folded(transaction.token) if transaction.token is not None else None,
        transaction.token_kind,
        transaction.group,
        transaction.verdict,
        transaction.ended_at,
        transaction.end_reason,
        transaction.end_received_at,
        held(transaction.register_start_wh),
        held(transaction.register_stop_wh),
        *_energy_values(transaction.energy),
        *_parking_values(transaction.parking),
        transaction.last_at,
        held(transaction.power_w),
        held(transaction.soc_percent),
        ranges_text(transaction.seen),
        transaction.last_seq_no,
        transaction.repeat_key,
        ",".join(sorted(transaction.flags)),
        transaction.remote_start,
        transaction.reservation,
        transaction.tariff,
        held(transaction.cost_excl, COST_DIGITS),
        held(transaction.cost_incl, COST_DIGITS),
        transaction.currency,
        transaction.cost_shown_at,
        transaction.updated_at,
        None if transaction.terms is None else ENCODER.encode(transaction.terms).decode(),
    )


def token_folded(uid: str) -> str:
    return uid.strip().casefold()


def _energy_values(energy: EnergyTally) -> Row:
    last = energy.last
    return (
        held(energy.energy_wh) or ZERO,
        last.at if last else None,
        held(last.register_wh) if last else None,
        energy.backwards,
    )


def _parking_values(parking: ParkingTally) -> Row:
    last = parking.last
    return (
        last.state if last else None,
        last.at if last else None,
        last.seq_no if last else None,
        parking.parked // MICROSECOND,
    )


def transaction_from(row: Row) -> Transaction:
    tenant, station, ref, id_, evse, started_at, received_at, connector, token, _ = row[:10]
    token_kind, group, verdict, ended_at, end_reason, end_received_at = row[10:16]
    register_start_wh, register_stop_wh, *energy = row[16:22]
    last_at, power_w, soc_percent, seen, last_seq_no, repeat_key, flags = row[26:33]
    remote_start, reservation, tariff, cost_excl, cost_incl, currency = row[33:39]
    cost_shown_at, updated_at, terms = row[39:]
    return Transaction(
        station=StationKey(tenant, station),
        ref=ref,
        id=id_,
        evse=evse,
        started_at=started_at,
        received_at=received_at,
        connector=connector,
        token=token,
        token_kind=token_kind,
        group=group,
        verdict=verdict,
        ended_at=ended_at,
        end_reason=end_reason,
        end_received_at=end_received_at,
        register_start_wh=register_start_wh,
        register_stop_wh=register_stop_wh,
        energy=_energy_from(*energy),
        parking=_parking_from(*row[22:26]),
        last_at=last_at,
        power_w=power_w,
        soc_percent=soc_percent,
        seen=ranges_from(seen),
        last_seq_no=last_seq_no,
        repeat_key=repeat_key,
        flags=flags_from(flags),
        remote_start=remote_start,
        reservation=reservation,
        tariff=tariff,
        cost_excl=cost_excl,
        cost_incl=cost_incl,
        currency=currency,
        cost_shown_at=cost_shown_at,
        updated_at=updated_at,
        terms=None if terms is None else TERMS.decode(terms),
    )


def flags_from(text: str) -> frozenset[Flag]:
    return frozenset(Flag(flag) for flag in text.split(",") if flag)


def _energy_from(
    energy_wh: Decimal, at: datetime | None, register_wh: Decimal | None, backwards: bool
) -> EnergyTally:
    if at is None or register_wh is None:
        return EnergyTally(None, energy_wh, backwards)
    return EnergyTally(RegisterPoint(at, register_wh), energy_wh, backwards)


def _parking_from(
    state: str | None, at: datetime | None, seq_no: int | None, parked_us: int
) -> ParkingTally:
    parked = parked_us * MICROSECOND
    if state is None or at is None or seq_no is None:
        return ParkingTally(None, parked)
    return ParkingTally(StatePoint(at, seq_no, ChargingState(state)), parked)


def _running_row(running: Running) -> Row:
    station = running.station
    arranged = ENCODER.encode(running.arranged).decode() if running.arranged else None
    return (station.tenant, station.station, list(running.refs), arranged)


def _running_from(row: Row) -> Running:
    tenant, station, refs, text = row
    arranged = ARRANGED.decode(text) if text else ()
    return Running(StationKey(tenant, station), tuple(refs), arranged)


TRANSACTION_SHELF = Shelf[Transaction](
    TRANSACTIONS,
    lambda transaction: (
        transaction.station.tenant,
        transaction.station.station,
        transaction.ref,
    ),
    transaction_row,
    transaction_from,
    # Late news of it are rare, and it would stay for as long as there are 200,000 later ones.
    is_over=lambda transaction: not transaction.is_running,
)
RUNNING_SHELF = Shelf[Running](
    RUNNING,
    lambda running: (running.station.tenant, running.station.station),
    _running_row,
    _running_from,
)
