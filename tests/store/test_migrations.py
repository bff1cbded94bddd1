"""The schema: made from nothing, told apart from others', and the same as what the program believes it to be."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem

from hansa.adapters.store import migrations
from hansa.adapters.store.schema import SCHEMA, metadata
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import Fault, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.rows import PeerRow

SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))


def execute(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "hansa.db"
    SqliteStore.open(found, min_free_bytes=0).close()
    return found


def ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, other: SchemaItem | None) -> bool:
    """Leaves out the tables that FTS5 and Alembic keep for themselves."""
    return not (kind == "table" and name and name.startswith(("skill_text", "alembic_version")))


def test_migrated_schema_is_the_declared_one(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_drift_would_be_noticed(path: Path) -> None:
    execute(path, "ALTER TABLE peers ADD COLUMN hat TEXT")
    execute(path, "DROP INDEX ix_records_subject_number")
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert {str(difference[0]) for difference in compare_metadata(context, metadata)} == {
            "remove_column",
            "add_index",
        }


def test_steps_are_numbered_without_gaps_up_to_the_declared_schema() -> None:
    steps = [step.revision for step in SCRIPTS.walk_revisions()]
    assert sorted(steps) == [f"{number:04d}" for number in range(1, SCHEMA + 1)]
    assert SCRIPTS.get_current_head() == f"{SCHEMA:04d}"


def test_peers_of_an_older_store_stay_and_have_no_address_yet(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    execute(path, "VACUUM")
    migrations.upgrade(path, "0002")
    execute(path, "INSERT INTO peers VALUES ('did:key:zAnn', 'Ann', 'hub', 1, 0, 600, 7, 3, 9)")
    store = SqliteStore.open(path, min_free_bytes=0)
    assert store.peers() == [PeerRow(NodeId("did:key:zAnn"), "Ann", "hub", True, False, 600, 7, 3, 9, "", "")]
    assert store.invitations() == store.requests() == []
    store.close()


def test_findings_of_an_older_store_stay_with_their_records_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    execute(path, "VACUUM")
    migrations.upgrade(path, "0003")
    for number, subject in ((1, "s"), (2, "t"), (3, "s"), (4, "s")):
        columns = "id, kind, author, seq, subject, created, received, envelope, place"
        values = f"'r{number}', 'evidence', 'did:key:zAnn', {number}, '{subject}', 0, 0, x'00', {number}"
        execute(path, f"INSERT INTO records ({columns}) VALUES ({values})")
    for number in (4, 1, 9):  # the last one without a record, which counts for nothing
        values = f"'r{number}', 's', 'did:key:zBob', '3.11', 'none', 'pass', 5, 5, 9, 9, 'd', '', {number}"
        execute(path, f"INSERT INTO evidence SELECT NULL, {values}")
    store = SqliteStore.open(path, min_free_bytes=0)
    assert [(one.at, one.prover, one.outcome) for one in store.evidence(ContentId("s"))] == [
        (1, "did:key:zBob", "pass"), (4, "did:key:zBob", "pass"),
    ]  # fmt: skip
    assert [row.came for row in store.feed(0, 9)] == [""] * 4
    store.close()


def test_store_of_a_newer_program_is_refused(path: Path) -> None:
    execute(path, f"UPDATE alembic_version SET version_num = '{SCHEMA + 2:04}'")
    with pytest.raises(
        UsageError, match=rf"made by a newer Hansa \(schema {SCHEMA + 2}\); this one knows {SCHEMA}: upgrade"
    ):
        SqliteStore.open(path)


@pytest.mark.parametrize("sql", ["UPDATE alembic_version SET version_num = 'x'", "DELETE FROM alembic_version"])
def test_store_without_a_schema_number_is_refused(path: Path, sql: str) -> None:
    execute(path, sql)
    with pytest.raises(Fault, match="no store of Hansa's"):
        SqliteStore.open(path)


def test_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cookies.db"
    execute(path, "CREATE TABLE cookies (name TEXT)")
    with pytest.raises(Fault, match="no store of Hansa's"):
        SqliteStore.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("cookies",)]


def test_migration_that_fails_leaves_an_empty_file(tmp_path: Path) -> None:
    """A step that breaks half-way is undone; the next start begins anew."""
    path = tmp_path / "hansa.db"
    execute(path, "CREATE TABLE journal (x TEXT)")  # the first step will stumble over it, after other tables
    with pytest.raises(Exception, match="journal"):
        migrations.upgrade(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("journal",)]
    execute(path, "DROP TABLE journal")
    SqliteStore.open(path, min_free_bytes=0).close()


def test_alembic_is_imported_only_when_there_is_something_to_migrate(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from hansa.adapters.store.sqlite import SqliteStore;"
        f"SqliteStore.open(Path({str(path)!r}), min_free_bytes=0).close(); print('alembic' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "False"
