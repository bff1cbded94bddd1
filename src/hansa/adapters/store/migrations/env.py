"""Run by Alembic: hands it the connection that `upgrade` was given."""

from __future__ import annotations

from alembic import context

from hansa.adapters.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
