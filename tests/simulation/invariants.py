"""The promises that can be checked once everything has come to rest: one function for each.

Those that can be checked at every frame and every commit are in `watch`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.tariffs.model import Prices, prices_from
from ricarica.transactions.sql import ENTRIES, SAMPLES, TRANSACTIONS
from tests.simulation.clients import Client
from tests.simulation.disk import Disk
from tests.simulation.ledger import (
    Session,
    at_of,
    energy_of,
    nameless_of,
    readings_of,
    sessions_of,
)
from tests.simulation.watch import NO_IDS, BrokenPromiseError, Watch

Found = dict[str, Any]
KIND = {"Started": "started", "Updated": "progressed", "Ended": "ended"}
CLOCK_WAS_ABSURD = "implausible_time"
LOOKED_AT_BY_PEOPLE = {
    "register_backwards",
    "implausible_energy",
    "contradicted",
    CLOCK_WAS_ABSURD,
}
MOST_W = Decimal(22_000)  # of any outlet here
ROUNDING_WH = Decimal(1)  # 1.6 cuts what is below off its starts and stops
WIDEST = Decimal("1.1")


@dataclass(frozen=True)
class Evidence:
    """What is left when everything has come to rest."""

    disk: Disk
    clients: Sequence[Client]
    watch: Watch
    prices: Sequence[Prices]  # every one that was ever in force
    lost_queues: frozenset[str]  # stations that forgot what nobody had acknowledged
    moved_clocks: bool  # of stations, while they were charging
    was_absurd: bool  # the server's clock: by it, stations told of another year
    has_jumped: bool  # the server's clock, by however little
    at: datetime

    def rows(self, table: sa.Table) -> list[Found]:
        names = table.columns.keys()
        return [dict(zip(names, row, strict=True)) for row in self.disk.read(sa.select(table))]

    @cached_property
    def transactions(self) -> dict[tuple[str, str], Found]:
        return {(row["station"], row["ref"]): row for row in self.rows(TRANSACTIONS)}

    @cached_property
    def entries(self) -> dict[tuple[str, str], list[Found]]:
        found = defaultdict(list)
        for row in self.rows(ENTRIES):
            found[row["station"], row["ref"]].append(row)
        return found

    @cached_property
    def registers(self) -> dict[str, set[tuple[str, Any, Decimal]]]:
        """Of each station: the transaction, the moment and the value of every reading."""
        found = defaultdict(set)
        for row in self.rows(SAMPLES):
            if row["register_wh"] is not None:
                found[row["station"]].add((row["ref"], row["at"], row["register_wh"]))
        return found

    @cached_property
    def sessions(self) -> list[Session]:
        return [session for client in self.clients for session in sessions_of(client)]


# -- what was acknowledged is there


def acked_is_stored(evidence: Evidence) -> Iterator[str]:
    """I1"""
    for session in evidence.sessions:
        row = evidence.transactions.get((session.station, session.ref or ""))
        for entry in session.entries:
            if not entry.acked:
                continue
            if row is None:
                yield f"{session.station}: {entry.key} was acknowledged, and is nowhere"
                return
            if "contradicted" in row["flags"] and session.station in evidence.lost_queues:
                continue  # a stop that came without a name was taken for its own
            yield from _differences(evidence, session, entry, row)
    if put_aside := evidence.rows(PUT_ASIDE):
        yield f"put aside: {put_aside[0]['action']} {put_aside[0]['why']}"


def _differences(evidence: Evidence, session: Session, entry: Any, row: Found) -> Iterator[str]:
    told, absurd = entry.payload, CLOCK_WAS_ABSURD in row["flags"]
    where = f"{session.station} {entry.key}"
    match entry.kind:
        case "StartTransaction":
            stored = (row["evse"], row["token"], row["register_start_wh"])
            if stored != (told["connectorId"], told["idTag"], told["meterStart"]):
                yield f"{where}: stored as {stored}"
            if row["started_at"] != at_of(entry) and not absurd:
                yield f"{where}: stored at {row['started_at']}"
        case "StopTransaction":
            stored_wh = row["register_stop_wh"]
            if stored_wh is None or not 0 <= stored_wh - told["meterStop"] < ROUNDING_WH:
                yield f"{where}: stored with register {stored_wh}"
            if row["ended_at"] != max(at_of(entry), row["started_at"]) and not absurd:
                yield f"{where}: stored at {row['ended_at']}"
        case "TransactionEvent":
            yield from _event_differences(evidence, session, entry, absurd=absurd)
    stored_registers = evidence.registers[session.station]
    values = {(ref, value) for ref, _, value in stored_registers}
    for at, value in readings_of(entry):
        known = (
            (session.ref, value) in values
            if absurd
            else ((session.ref, at, value) in stored_registers)
        )
        if not known:
            yield f"{where}: the reading {value} of {at} is not there"


def _event_differences(
    evidence: Evidence, session: Session, entry: Any, *, absurd: bool
) -> Iterator[str]:
    told = entry.payload
    lines = [
        line
        for line in evidence.entries[session.station, session.ref or ""]
        if (line["kind"], line["seq_no"]) == (KIND[told["eventType"]], told["seqNo"])
    ]
    if not lines:
        yield f"{session.station} {entry.key}: {told['eventType']} is not on the timeline"
    elif not absurd and at_of(entry) not in {line["at"] for line in lines}:
        yield f"{session.station} {entry.key}: on the timeline at {lines[0]['at']}"


# -- and nothing else


def nothing_is_invented(evidence: Evidence) -> Iterator[str]:
    """I2"""
    told = {(session.station, session.ref): session for session in evidence.sessions}
    unnamed = {session.station for session in evidence.sessions if session.ref is None}
    unnamed |= {each.plan.identity for each in evidence.clients if nameless_of(each)}
    for (station, ref), row in evidence.transactions.items():
        session = told.get((station, ref))
        if session is None and station not in unnamed:
            yield f"{station} never told of the transaction {ref}"
        elif session and session.start and session.start.kind == "TransactionEvent":
            sent = {entry.payload["seqNo"] for entry in session.entries}
            lines = evidence.entries[station, ref]
            stored = {line["seq_no"] for line in lines if line["kind"] != "note"}
            if not stored <= sent:
                yield f"{station} {ref}: events {stored - sent} were never told"
        if row["station"] not in {client.plan.identity for client in evidence.clients}:
            yield f"{row['station']} does not exist"


def each_once(evidence: Evidence) -> Iterator[str]:
    """I3"""
    starts = Counter(
        (row["station"], row["evse"], row["token"], row["started_at"], row["register_start_wh"])
        for row in evidence.transactions.values()
        if row["repeat_key"] and CLOCK_WAS_ABSURD not in row["flags"]
    )
    for start, times in starts.items():
        if times > 1:
            yield f"one start became {times} transactions: {start}"
    names = Counter((s.station, s.ref) for s in evidence.sessions if s.ref)
    for name, times in names.items():
        if times > 1:
            yield f"{times} starts were given one name: {name}"
    by_id = {row["id"]: row for row in evidence.transactions.values()}
    for kind, counts in evidence.watch.announced.items():
        for id, times in counts.items():
            if id not in by_id:
                yield f"{kind} of a transaction that is not there: {id}"
            elif times > 1 and not _may_be_told_again(evidence, by_id[id]):
                yield f"{kind} of {by_id[id]['station']} {by_id[id]['ref']} {times} times"


def _may_be_told_again(evidence: Evidence, row: Found) -> bool:
    """It was closed by us and then by its station, or began with what came later."""
    lines = evidence.entries[row["station"], row["ref"]]
    corrected = any(line["kind"] == "note" for line in lines)
    return corrected or bool(row["flags"]) or row["station"] in evidence.lost_queues


# -- money


def energy_is_conserved(evidence: Evidence) -> Iterator[str]:
    """I4"""
    for session in evidence.sessions:
        row = evidence.transactions.get((session.station, session.ref or ""))
        if row is None or not session.is_whole or _is_to_be_looked_at(row):
            continue
        told_wh = energy_of(session)
        if abs(row["energy_wh"] - told_wh) > ROUNDING_WH:
            yield (
                f"{session.station} {session.ref}: {told_wh} Wh were told, "
                f"and {row['energy_wh']} Wh are stored"
            )


def costs_follow_from_the_facts(evidence: Evidence) -> Iterator[str]:
    """I4"""
    for row in evidence.transactions.values():
        if row["tariff"] is None or row["cost_excl"] is None or _is_to_be_looked_at(row):
            continue
        prices = prices_from(row["tariff"])
        if prices not in evidence.prices:
            yield f"{row['station']} {row['ref']} has prices that were never in force"
        if row["ended_at"] is None:
            continue
        minutes = Decimal((row["ended_at"] - row["started_at"]) // timedelta(microseconds=1))
        due = (
            row["energy_wh"] / 1000 * prices.per_kwh
            + minutes / 60_000_000 * prices.per_minute
            + prices.per_session
        )
        if abs(due - row["cost_excl"]) > Decimal("0.00001"):
            yield f"{row['station']} {row['ref']} costs {row['cost_excl']} instead of {due}"


def energy_is_possible(evidence: Evidence) -> Iterator[str]:
    """I5"""
    if evidence.moved_clocks:
        return  # its hours are not ours
    for row in evidence.transactions.values():
        if row["energy_wh"] < 0:
            yield f"{row['station']} {row['ref']} has {row['energy_wh']} Wh"
        if row["ended_at"] is None or _is_to_be_looked_at(row):
            continue
        hours = Decimal((row["ended_at"] - row["started_at"]).total_seconds()) / 3600
        if row["energy_wh"] > MOST_W * hours * WIDEST + 2 * ROUNDING_WH:
            yield f"{row['station']} {row['ref']}: {row['energy_wh']} Wh in {hours} h"


def _is_to_be_looked_at(row: Found) -> bool:
    return bool(LOOKED_AT_BY_PEOPLE & set(row["flags"].split(",")))


# -- the course of a transaction


def closed_by_its_end_or_for_a_reason(evidence: Evidence) -> Iterator[str]:
    """I7, I18"""
    ended = {(each.station, each.ref) for each in evidence.sessions if each.end}
    nameless = {
        client.plan.identity
        for client in evidence.clients
        if any(each.kind == "StopTransaction" for each in nameless_of(client))
    }
    for place, row in evidence.transactions.items():
        is_noted = any(line["kind"] == "note" for line in evidence.entries[place])
        has_end = place in ended or row["station"] in nameless
        if row["ended_at"] is not None and not is_noted and not has_end:
            yield f"{place} was closed, and nothing says why"


def nothing_runs_for_ever(evidence: Evidence) -> Iterator[str]:
    """I24"""
    for session in evidence.sessions:
        row = evidence.transactions.get((session.station, session.ref or ""))
        if row and session.is_whole and row["ended_at"] is None:
            yield f"{session.station} {session.ref} runs, though its end was acknowledged"
    for row in evidence.rows(STATIONS):
        if not row["connected"] or row["acceptance"] != "accepted":
            yield f"{row['station']} is connected and accepted, and shown as if it were not"


# -- what is shown


def statuses_are_the_latest(evidence: Evidence) -> Iterator[str]:
    """I13"""
    if evidence.was_absurd:
        return  # what the server could not place is not placed by what the station said
    shown = {
        (row["station"], row["evse"], row["connector"]): row for row in evidence.rows(CONNECTORS)
    }
    for (key, evse, connector), (epoch, at, word) in evidence.watch.statuses.items():
        row = shown.get((key.station, evse, connector))
        if row is None:
            yield f"{key} {evse}/{connector}: {word} was acknowledged, and nothing is shown"
        elif row["epoch"] < epoch:
            yield f"{key} {evse}/{connector}: {word} of epoch {epoch} is not shown"
        elif row["epoch"] == epoch and row["at"] < at and not evidence.moved_clocks:
            yield f"{key} {evse}/{connector}: shows what was before {word} of {at}"


def every_call_was_answered(evidence: Evidence) -> Iterator[str]:
    """I14"""
    for line, talk in evidence.watch.talks.items():
        if line.server_gone or line.is_closing():
            continue
        for id in talk.calls:  # repeated before it was answered, it is answered once
            if not talk.replies[id] and id not in NO_IDS:
                yield f"{id!r} over {line.name} has no answer, and the line is open"


# -- people


def secrets_stay_secret(evidence: Evidence) -> Iterator[str]:
    """I17"""
    passwords = [each.plan.password.decode() for each in evidence.clients if each.plan.password]
    texts = [
        str(value)
        for table in (MESSAGES, OUTBOX, PUT_ASIDE)
        for row in evidence.rows(table)
        for value in row.values()
    ]
    for password in passwords:
        if any(password in text for text in texts):
            yield "a station's password is in a log"


def profiles_never_fall(evidence: Evidence) -> Iterator[str]:
    """I22"""
    guarded = {
        each.plan.identity
        for each in evidence.clients
        if each.plan.password and not each.plan.accepted_at_s
    }
    for row in evidence.rows(STATIONS):
        if row["station"] in guarded and (row["security_profile"] != 1 or not row["secret"]):
            yield f"{row['station']} may come in with less than it was told to bring"


CHECKS: tuple[tuple[str, Callable[[Evidence], Iterator[str]]], ...] = (
    ("I1", acked_is_stored),
    ("I2", nothing_is_invented),
    ("I3", each_once),
    ("I4", energy_is_conserved),
    ("I4", costs_follow_from_the_facts),
    ("I5", energy_is_possible),
    ("I7", closed_by_its_end_or_for_a_reason),
    ("I13", statuses_are_the_latest),
    ("I14", every_call_was_answered),
    ("I17", secrets_stay_secret),
    ("I22", profiles_never_fall),
    ("I24", nothing_runs_for_ever),
)


def broken_promises(evidence: Evidence) -> Iterator[BrokenPromiseError]:
    for invariant, check in CHECKS:
        for what in check(evidence):
            yield BrokenPromiseError(invariant, what)
