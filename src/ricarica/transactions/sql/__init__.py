"""How transactions, their readings and their timelines lie in the database."""

from ricarica.transactions.sql.rows import (
    RUNNING_MAX,
    RUNNING_SHELF,
    TRANSACTION_SHELF,
    flags_from,
    held,
    token_folded,
    transaction_from,
    transaction_row,
)
from ricarica.transactions.sql.samples import reading_from, readings_from, sample_rows
from ricarica.transactions.sql.store import SqlTransactionStore
from ricarica.transactions.sql.tables import (
    COST_DECIMALS,
    DECIMALS,
    ENTRIES,
    NO_NUMBER,
    NOTHING,
    READINGS,
    RUNNING,
    SAMPLES,
    SIGNED,
    TRANSACTIONS,
)

__all__ = [
    "COST_DECIMALS",
    "DECIMALS",
    "ENTRIES",
    "NOTHING",
    "NO_NUMBER",
    "READINGS",
    "RUNNING",
    "RUNNING_MAX",
    "RUNNING_SHELF",
    "SAMPLES",
    "SIGNED",
    "TRANSACTIONS",
    "TRANSACTION_SHELF",
    "SqlTransactionStore",
    "flags_from",
    "held",
    "reading_from",
    "readings_from",
    "sample_rows",
    "token_folded",
    "transaction_from",
    "transaction_row",
]
