"""The tables."""

import sqlalchemy as sa

from ricarica.storage.bulk import MOVING
from ricarica.storage.columns import Blob, Boolean, Exact, Instant, Integer, Json, Text, metadata
from ricarica.storage.partitions import in_partitions

DECIMALS = 4  # of what is measured: meters show three at most, of a kWh or a kW
DIGITS = 14  # before the point: no meter shows more; what our columns hold of it, and no error
COST_DECIMALS = 8
COST_DIGITS = 10
NOTHING = ""  # a part of a key is never NULL
NO_NUMBER = -1


def _partial(name: str, columns: tuple[str, ...], condition: str) -> sa.Index:
    """An index of few rows among many."""
    where = sa.text(condition)
    return sa.Index(name, "tenant", *columns, postgresql_where=where, sqlite_where=where)


def _measured(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, Exact(DECIMALS), nullable=nullable)


# What a reading moves on, and a change of the charging state.
MOVING_COLUMNS = (
    *("energy_wh", "register_at", "register_wh", "charging_state", "state_at", "state_seq_no"),
    *("parked_us", "last_at", "power_w", "soc_percent", "seen", "last_seq_no"),
    *("cost_excl", "cost_incl", "cost_shown_at", "updated_at"),
)

TRANSACTIONS = sa.Table(
    "transactions",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),
    sa.Column("id", Text(), nullable=False),
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("started_at", Instant(), nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("connector", Integer()),
    sa.Column("token", Text()),
    sa.Column("token_folded", Text()),
    sa.Column("token_kind", Text()),
    sa.Column("group_id", Text()),
    sa.Column("verdict", Text()),
    sa.Column("ended_at", Instant()),
    sa.Column("end_reason", Text()),
    sa.Column("end_received_at", Instant()),
    _measured("register_start_wh"),
    _measured("register_stop_wh"),
    _measured("energy_wh", nullable=False),
    sa.Column("register_at", Instant()),
    _measured("register_wh"),
    sa.Column("backwards", Boolean(), nullable=False),
    sa.Column("charging_state", Text()),
    sa.Column("state_at", Instant()),
    sa.Column("state_seq_no", Integer()),
    sa.Column("parked_us", Integer(), nullable=False),
    sa.Column("last_at", Instant()),
    _measured("power_w"),
    _measured("soc_percent"),
    sa.Column("seen", Text(), nullable=False),
    sa.Column("last_seq_no", Integer()),
    sa.Column("repeat_key", Text()),
    sa.Column("flags", Text(), nullable=False),
    sa.Column("remote_start", Integer()),
    sa.Column("reservation", Integer()),
    sa.Column("tariff", Blob()),
    sa.Column("cost_excl", Exact(COST_DECIMALS)),
    sa.Column("cost_incl", Exact(COST_DECIMALS)),
    sa.Column("currency", Text()),
    sa.Column("cost_shown_at", Instant()),
    sa.Column("updated_at", Instant()),
    sa.Column("terms", Text()),  # JSON; few have any
    sa.Column("version", Integer(), nullable=False),
    sa.Index("uq_transactions_id", "tenant", "id", unique=True),
    sa.Index("ix_transactions_started_at", "tenant", "started_at", "id"),
    sa.Index("ix_transactions_ended_at", "tenant", "ended_at"),
    sa.Index("ix_transactions_station", "tenant", "station", "started_at", "id"),
    sa.Index("ix_transactions_token", "tenant", "token_folded", "started_at", "id"),
    _partial("ix_transactions_repeat_key", ("station", "repeat_key"), "repeat_key IS NOT NULL"),
    _partial("ix_transactions_running", ("station", "evse"), "ended_at IS NULL"),
    _partial("ix_transactions_running_token", ("token_folded",), "ended_at IS NULL"),
    _partial("ix_transactions_flagged", ("started_at",), "flags <> ''"),
    # A running one is written over and over: with room beside it, no index needs to know.
    postgresql_with={"fillfactor": 50},
    info={MOVING: MOVING_COLUMNS},
)

# Which transactions run at a station, found without asking the database again.
RUNNING = sa.Table(
    "running_transactions",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("refs", Json(), nullable=False),
    sa.Column("arranged", Text()),  # JSON: what is to hold for starts that were asked for
    sa.Column("version", Integer(), nullable=False),
)

# What was measured at one moment, as one message told it: a row, not one for each value, for of
# what PostgreSQL did for a message half was to find their places in an index. What makes a
# repeat one is that it tells the same: `digest` is of all its readings.
SAMPLES = sa.Table(
    "samples",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),  # empty: of no transaction
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("digest", Integer(), primary_key=True, autoincrement=False),
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    # What is counted and drawn; they are among the readings too.
    _measured("register_wh"),
    _measured("power_w"),
    sa.Column("readings", Text(), nullable=False),  # see `samples.py`
    sqlite_with_rowid=False,  # the rows lie in the key itself, so each is written once
    **in_partitions("at"),
)

# Before release 0.2, a row for each value. What is left here is moved, see `app/moving.py`.
READINGS = sa.Table(
    "readings",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),  # empty: of no transaction
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("measurand", Integer(), primary_key=True, autoincrement=False),
    sa.Column("evse", Integer(), primary_key=True, autoincrement=False),
    sa.Column("phase", Text(), primary_key=True),
    sa.Column("location", Text(), primary_key=True),
    sa.Column("context", Text(), primary_key=True),
    sa.Column("name", Text(), primary_key=True),
    _measured("value", nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sqlite_with_rowid=False,  # the rows lie in the key itself, so each is written once
)

ENTRIES = sa.Table(
    "transaction_events",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("kind", Text(), primary_key=True),
    sa.Column("seq_no", Integer(), primary_key=True, autoincrement=False),
    sa.Column("charging_state", Text(), primary_key=True),
    sa.Column("detail", Text(), primary_key=True),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("trigger", Text()),
    sa.Column("offline", Boolean(), nullable=False),
    sqlite_with_rowid=False,
)

# What meters signed, as it came. Most stations have no meter that can.
SIGNED = sa.Table(
    "signed_readings",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("ref", Text(), primary_key=True),  # empty: of no transaction
    sa.Column("at", Instant(), primary_key=True),
    sa.Column("digest", Integer(), primary_key=True, autoincrement=False),  # of `data`
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("context", Text(), nullable=False),
    sa.Column("method", Text(), nullable=False),
    sa.Column("encoding", Text(), nullable=False),
    sa.Column("data", Text(), nullable=False),
    sa.Column("public_key", Text()),
    sa.Column("received_at", Instant(), nullable=False),
    sqlite_with_rowid=False,
)
