"""Run by Alembic: hands it the connection that `upgrade` was given; for `script` it writes PostgreSQL's statements."""

from __future__ import annotations

from alembic import context

from hansa.adapters.store.schema import metadata

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
