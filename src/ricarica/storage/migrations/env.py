"""Alembic runs this file; `upgrade` beside it gives the connection."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
