"""What a start or an end that was told before tells otherwise the second time. Pure.

A station that gives a name a second time, e.g. because it counts from 1 after a restart, seems to
repeat itself: names are all that tells its transactions from each other.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from ricarica.transactions.counting import first_register, last_register
from ricarica.transactions.facts import Ended, Started, TransactionFact
from ricarica.transactions.model import WHOLE_WH, Flag, Transaction
from ricarica.transactions.repeats import is_of


def differences_of(
    known: Transaction, fact: TransactionFact, flags: frozenset[Flag]
) -> Iterator[str]:
    """As sentences for its timeline, at the moment that is told now."""
    # What came at an absurd moment was placed at that of its arrival, which nothing repeats.
    is_timed = Flag.IMPLAUSIBLE_TIME not in known.flags | flags
    if isinstance(fact, Started):
        yield from _of_start(known, fact, is_timed=is_timed)
    elif isinstance(fact, Ended):
        yield from _of_end(known, fact, is_timed=is_timed)


def _of_start(known: Transaction, fact: Started, *, is_timed: bool) -> Iterator[str]:
    register_wh = first_register(fact)
    if is_timed and fact.at != known.started_at:
        yield "its start was told again, and of this moment"
    if _is_another(register_wh, known.register_start_wh):
        yield f"its start was told again with register {register_wh}"
    if fact.token is not None and not is_of(known, fact.token):
        yield f"its start was told again, and by {fact.token.shown}"


def _of_end(known: Transaction, fact: Ended, *, is_timed: bool) -> Iterator[str]:
    register_wh = last_register(fact)
    if is_timed and _ended_at(known, fact) != known.ended_at:
        yield "its end was told again, and of this moment"
    if _is_another(register_wh, known.register_stop_wh):
        yield f"told again with register {register_wh}"


def _ended_at(known: Transaction, fact: Ended) -> datetime:
    return max(fact.at, known.started_at)


def _is_another(told_wh: Decimal | None, known_wh: Decimal | None) -> bool:
    """By more than is lost when it is stored."""
    return told_wh is not None and known_wh is not None and abs(told_wh - known_wh) >= WHOLE_WH
