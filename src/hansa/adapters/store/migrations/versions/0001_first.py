"""The first schema: records, skills and what is known of them, ledger, journal, outbox, sources, peers, blobs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ID = sa.String(64)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _create(name: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    """Makes a table whose rows are numbered in the order in which they come."""
    number = sa.Column("number", SERIAL, autoincrement=True)
    op.create_table(
        name, number, *parts, sa.PrimaryKeyConstraint("number", name=f"pk_{name}"), sqlite_autoincrement=True
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    _records()
    _skills()
    _findings()
    _dealings()
    _others()
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE skill_text USING fts5(tokens, tokenize = 'ascii')")


def _records() -> None:
    _create(
        "records",
        _id("id"),
        *_text("kind", "author"),
        *_numbers("seq"),
        *_text("subject"),
        *_numbers("created", "received"),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("place", sa.BigInteger),
        _unique("records", "id"),
        _unique("records", "place"),
        _unique("records", "author", "seq"),
    )
    _index("records", "subject", "number")


def _skills() -> None:
    _create(
        "skills",
        _id("id"),
        *_text("intent"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *_text("media_type", "license", "tags"),
        sa.Column("has_checks", sa.Boolean, nullable=False),
        *_text("origin", "author", "state"),
        *_numbers("added"),
        *_text("source", "reason"),
        sa.Column("claimed_pass", sa.Boolean),
        _unique("skills", "id"),
    )
    for columns in (("added", "id"), ("state", "added", "id"), ("author", "added", "id")):
        _index("skills", *columns)
    op.create_table(
        "skill_tags",
        sa.Column("tag", sa.Text),
        sa.Column("skill", SERIAL),
        sa.PrimaryKeyConstraint("tag", "skill", name="pk_skill_tags"),
        sa.ForeignKeyConstraint(["skill"], ["skills.number"], name="fk_skill_tags_skill"),
    )


def _findings() -> None:
    _create(
        "evidence",
        _id("record"),
        _id("skill"),
        *_text("prover", "harness", "sandbox", "outcome"),
        *_numbers("trials", "successes", "passed", "total"),
        *_text("digest", "reason"),
        *_numbers("at"),
        _unique("evidence", "record"),
    )
    _index("evidence", "skill", "number")
    _create("tombstones", _id("skill"), _id("record"), *_text("why"), *_numbers("at"), _unique("tombstones", "skill"))


def _dealings() -> None:
    op.create_table(
        "ledger",
        sa.Column("number", SERIAL, autoincrement=False),
        _id("receipt"),
        *_text("previous"),
        _id("hash"),
        *_text("subject", "skill", "dealing"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("number", name="pk_ledger"),
        _unique("ledger", "receipt"),
    )
    _index("ledger", "skill", "number")
    _create("journal", *_text("ref", "box", "verdict", "reason", "detail"), *_numbers("at"))
    _index("journal", "ref", "number")
    _create(
        "outbox",
        _id("record"),
        *_text("url", "state", "reason"),
        *_numbers("tries", "at"),
        _unique("outbox", "record", "url"),
    )
    _index("outbox", "state", "number")


def _others() -> None:
    op.create_table(
        "subscriptions",
        *_text("url", "peer", "intents", "tags", "authors"),
        *_numbers("min_trials"),
        *_text("report"),
        *_numbers("length"),
        *_text("head"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("url", name="pk_subscriptions"),
    )
    op.create_table(
        "peers",
        *_text("id", "name", "role"),
        sa.Column("invited", sa.Boolean, nullable=False),
        sa.Column("banned", sa.Boolean, nullable=False),
        sa.Column("per_minute", sa.BigInteger),
        *_numbers("live_seq", "skills", "seen"),
        sa.PrimaryKeyConstraint("id", name="pk_peers"),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", ID),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_blobs"),
    )
    op.create_table("meta", *_text("key", "value"), sa.PrimaryKeyConstraint("key", name="pk_meta"))
