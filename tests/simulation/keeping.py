"""What stations keep for us, compared with what we believe that they keep."""

from collections.abc import Callable, Iterator

from ricarica.authorization.sql import LOCAL_LISTS
from ricarica.energy.sql import PROFILES
from ricarica.reservations.model import OPEN
from ricarica.reservations.sql import RESERVATIONS
from tests.simulation.clients import Client
from tests.simulation.invariants import Evidence, Found
from tests.simulation.watch import BrokenPromiseError

Checks = tuple[tuple[str, Callable[[Evidence], Iterator[str]]], ...]
OTHERS = ("ChargingStationExternalConstraints", "LocalGeneration")


def what_is_held_is_known(evidence: Evidence) -> Iterator[str]:
    """I19"""
    if evidence.was_absurd:
        return  # by a clock of another year, they were over long ago, and forgotten
    states = {(row["station"], row["number"]): row["state"] for row in evidence.rows(RESERVATIONS)}
    for client in evidence.clients:
        for number, evse in client.station.evses.items():
            if evse.reservation is None or evse.reservation.until <= evidence.at:
                continue  # a station whose clock is behind holds on for longer
            state = states.get((client.plan.identity, evse.reservation.id))
            if state not in OPEN:
                held = evse.reservation.id
                yield f"{client.plan.identity} {number} is held for {held}, which is {state}"


def reservations_are_used_once(evidence: Evidence) -> Iterator[str]:
    """I19"""
    of = {row["id"]: row["reservation"] for row in evidence.transactions.values()}
    for row in evidence.rows(RESERVATIONS):
        used_by = row["transaction_id"]
        if used_by is not None and of.get(used_by) != row["number"]:
            yield f"{row['station']}: {used_by} used {row['number']}, and names {of.get(used_by)}"


def profiles_are_as_acknowledged(evidence: Evidence) -> Iterator[str]:
    """I20"""
    if evidence.has_jumped:
        return  # by that clock, it was asked what it has after it came back
    for client in evidence.clients:
        rows = [row for row in evidence.rows(PROFILES) if row["station"] == client.plan.identity]
        yield from _differing(client, {row["number"]: row for row in rows})


def _differing(client: Client, rows: dict[int, Found]) -> Iterator[str]:
    there = {each.id: each for each in client.station.core.profiles if each.purpose not in OTHERS}
    for id, row in rows.items():
        if row["held"] is None or _is_over(client, row):
            continue
        if id not in there:
            yield f"{client.plan.identity} has no profile {id}, which it acknowledged"
        elif row["outcome"] == "accepted" and there[id].evse != row["evse"]:
            yield f"{client.plan.identity} has profile {id} at EVSE {there[id].evse}"
    for id in there.keys() - rows.keys():
        yield f"{client.plan.identity} has a profile {id}, of which nothing is known"


def _is_over(client: Client, row: Found) -> bool:
    """A profile goes with its transaction, here when somebody looks next."""
    running = (client.station.transaction(number) for number in client.station.evses)
    refs = {str(each.number or each.ref) for each in running if each is not None}
    return row["ref"] is not None and row["ref"] not in refs


def lists_are_as_told(evidence: Evidence) -> Iterator[str]:
    """I21"""
    if evidence.has_jumped:
        return
    rows = {row["station"]: row for row in evidence.rows(LOCAL_LISTS)}
    for client in evidence.clients:
        name, version = client.plan.identity, client.station.core.tokens.list_version
        row = rows.get(name)
        if version and row is None:
            yield f"{name} has a list of version {version}, of which nothing is known"
        elif row is not None and not row["is_unsure"] and version > row["list_version"]:
            yield f"{name} has a list of version {version}, here it is {row['list_version']}"


AT_ONCE: Checks = (
    ("I19", what_is_held_is_known),
    ("I19", reservations_are_used_once),
)
AFTER_UPKEEP: Checks = (
    ("I20", profiles_are_as_acknowledged),
    ("I21", lists_are_as_told),
)


def unkept_promises(evidence: Evidence, checks: Checks) -> Iterator[BrokenPromiseError]:
    for invariant, check in checks:
        for what in check(evidence):
            yield BrokenPromiseError(invariant, what)
