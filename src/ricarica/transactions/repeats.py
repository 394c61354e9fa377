"""Telling what was told before from what only looks like it. Pure."""

import hashlib

from ricarica.authorization.model import TokenRef
from ricarica.transactions.facts import Ended, Started, TransactionFact
from ricarica.transactions.model import Flag, Transaction, has_number


def repeat_key(fact: Started) -> str:
    """Tells a start from every other of the station, where it was given no name yet.

    `fact` is as the station told it: our own time differs with every repeat.
    """
    token = fact.token.folded if fact.token else ""
    parts = f"{fact.evse}|{token}|{fact.at.isoformat()}|{fact.register_wh}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def may_be_repeat(known: Transaction, fact: TransactionFact) -> bool:
    """Whether the transaction has been told this; of what lies between, only perhaps."""
    if fact.seq_no is not None and not has_number(known.seen, fact.seq_no):
        return False
    if isinstance(fact, Started):
        return Flag.ORPHAN not in known.flags
    if isinstance(fact, Ended):
        return not known.is_running and not was_assumed(known)
    return fact.seq_no is not None


def was_assumed(transaction: Transaction) -> bool:
    """We, not the station, said that it has ended."""
    return transaction.end_received_at is None


def is_by(transaction: Transaction, token: TokenRef) -> bool:
    """Whether it is the token that it was begun with."""
    return is_of(transaction, token) and transaction.token_kind == token.kind


def is_of(transaction: Transaction, token: TokenRef) -> bool:
    """The same, where the dialect has no word for a token's kind."""
    return transaction.token is not None and TokenRef(transaction.token).folded == token.folded
