"""Whose transaction it is: of whoever is named by its earliest event, whenever that is told. Pure.

An end may name somebody who only stopped it. A start always counts, where it names anybody; of
the others the one with the lowest number. That number is noted as long as one below it is missing.
"""

from msgspec.structs import replace

from ricarica.authorization.model import Judgement
from ricarica.transactions.facts import Started, TransactionFact
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.terms import NO_TERMS, Terms


def identifies(transaction: Transaction, fact: TransactionFact) -> bool:
    """Whether it tells whose the transaction is, and not only who stopped it."""
    if fact.token is None:
        return False
    if transaction.token is None or isinstance(fact, Started):
        return True
    known = transaction.terms.token_seq_no if transaction.terms else None
    return known is not None and fact.seq_no is not None and fact.seq_no < known


def introduces(transaction: Transaction, fact: TransactionFact) -> bool:
    """Whether it tells who charges, or of which start of ours it came, and nothing did before."""
    if isinstance(fact, Started) or identifies(transaction, fact):
        return True
    return fact.remote_start is not None and transaction.remote_start is None


def identified(
    transaction: Transaction, fact: TransactionFact, judgement: Judgement | None
) -> Transaction:
    """With the token of a fact that identifies it."""
    assert fact.token is not None, "nobody is named"
    assert judgement is not None, "a token is judged before it is noted"
    terms = transaction.terms or NO_TERMS
    seq_no = None if isinstance(fact, Started) else fact.seq_no
    return replace(
        transaction,
        token=fact.token.uid,
        token_kind=fact.token.kind,
        verdict=judgement.verdict,
        group=judgement.group,
        terms=_or_none(replace(terms, token_seq_no=seq_no)),
    )


def settled_on_token(transaction: Transaction) -> Transaction:
    """Without the number of the event that named somebody, once nothing earlier can be told."""
    terms = transaction.terms
    if terms is None or terms.token_seq_no is None or Flag.ORPHAN in transaction.flags:
        return transaction
    if transaction.seen[0][1] < terms.token_seq_no:
        return transaction
    return replace(transaction, terms=_or_none(replace(terms, token_seq_no=None)))


def _or_none(terms: Terms) -> Terms | None:
    return None if terms == NO_TERMS else terms
