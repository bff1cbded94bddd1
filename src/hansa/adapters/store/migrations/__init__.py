"""The way from an empty or older store to the present schema, one numbered step after the other (Alembic).

A step, once released, is never changed. A new one goes to `versions/000N_….py` and raises `schema.SCHEMA`.
"""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool


def upgrade(path: Path, to: str = "head") -> None:
    """Makes all missing steps up to `to` in the SQLite file at `path`, in one transaction. Nobody else has it open."""
    config = _config(Path(__file__).parent)
    engine = create_engine(
        "sqlite+pysqlite://", creator=lambda: sqlite3.connect(path, isolation_level=None), poolclass=NullPool
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    engine.dispose()


def script(since: int, steps: Path = Path(__file__).parent) -> str:
    """Returns the missing steps as statements for PostgreSQL, whose driver Alembic does not know.

    Such a step may not read rows to know what to do. PostgreSQL begins with the tables of step 0005.

    Args:
        since: number of the last step that is made.
        steps: folder of this package; for tests.
    """
    config = _config(steps)
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{since:04}:head", sql=True)
    return config.output_buffer.getvalue()


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
