"""Alembic runs this file; `upgrade` beside it gives the connection."""

from alembic import context

connection = context.config.attributes["connection"]
# On PostgreSQL, a lock that one migration takes must not be held while the next fills an index.
# On SQLite nobody else is there, and the caller's transaction is around all of them.
one_by_one = connection.dialect.name == "postgresql"

context.configure(
    connection=connection, transactional_ddl=True, transaction_per_migration=one_by_one
)
if one_by_one:
    with context.begin_transaction():
        context.run_migrations()
else:
    context.run_migrations()
