"""The tables, in types that SQLite and PostgreSQL share. What a column means is said at the row classes of `node.rows`.

Tables whose rows have an order carry a `number` that grows with each row: "oldest first" is the order in which things
came in here, never a time that somebody else wrote down. The full-text table is no part of this metadata (`fts`).

A change here needs a new migration under `migrations/versions` and a higher `SCHEMA`; a test holds the two together.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = 5
"""Number of the newest migration: what this program reads and writes."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Serial = BigInteger().with_variant(Integer, "sqlite")
_ID = String(64)


def _number() -> Column[int]:
    return Column("number", _Serial, primary_key=True, autoincrement=True)


records = Table(
    "records",
    metadata,
    _number(),
    Column("id", _ID, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("place", BigInteger, unique=True),
    Column("came", Text, nullable=False, server_default=""),
    UniqueConstraint("author", "seq"),
    Index(None, "subject", "number"),
    sqlite_autoincrement=True,
)

skills = Table(
    "skills",
    metadata,
    _number(),
    Column("id", _ID, nullable=False, unique=True),
    Column("intent", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("license", Text, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON array
    Column("has_checks", Boolean, nullable=False),
    Column("origin", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("claimed_pass", Boolean),
    Index(None, "added", "id"),
    Index(None, "state", "added", "id"),
    Index(None, "author", "added", "id"),
    sqlite_autoincrement=True,
)

skill_tags = Table(
    "skill_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("skill", _Serial, ForeignKey("skills.number"), primary_key=True),
)

evidence = Table(
    "evidence",
    metadata,
    Column("number", _Serial, primary_key=True, autoincrement=False),  # that of its record
    Column("record", _ID, nullable=False),
    Column("skill", _ID, nullable=False),
    Column("prover", Text, nullable=False),
    Column("harness", Text, nullable=False),
    Column("sandbox", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("trials", BigInteger, nullable=False),
    Column("successes", BigInteger, nullable=False),
    Column("passed", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Found by the records about a skill, so that it needs no index of its own."""

ledger = Table(
    "ledger",
    metadata,
    Column("number", _Serial, primary_key=True, autoincrement=False),
    Column("receipt", _ID, nullable=False, unique=True),
    Column("previous", Text, nullable=False),
    Column("hash", _ID, nullable=False),
    Column("subject", Text, nullable=False),
    Column("skill", Text, nullable=False),
    Column("dealing", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("domain", Text, nullable=False, server_default=""),
    Index(None, "skill", "number"),
    Index(None, "subject", "number"),
)

tombstones = Table(
    "tombstones",
    metadata,
    _number(),
    Column("skill", _ID, nullable=False, unique=True),
    Column("record", _ID, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

journal = Table(
    "journal",
    metadata,
    _number(),
    Column("ref", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "ref", "number"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    _number(),
    Column("record", _ID, nullable=False),
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("record", "url"),
    Index(None, "state", "number"),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("url", Text, primary_key=True),
    Column("peer", Text, nullable=False),
    Column("intents", Text, nullable=False),  # JSON arrays
    Column("tags", Text, nullable=False),
    Column("authors", Text, nullable=False),
    Column("min_trials", BigInteger, nullable=False),
    Column("report", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("head", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

peers = Table(
    "peers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("invited", Boolean, nullable=False),
    Column("banned", Boolean, nullable=False),
    Column("per_minute", BigInteger),
    Column("live_seq", BigInteger, nullable=False),
    Column("skills", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("url", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("invitation", Text, nullable=False, server_default=""),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("secret", BigInteger, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("per_minute", BigInteger),
    Column("ask", Boolean, nullable=False),
    Column("note", Text, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("invitation", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("per_minute", BigInteger),
    Column("at", BigInteger, nullable=False),
)

reflections = Table(
    "reflections",
    metadata,
    _number(),
    Column("id", _ID, nullable=False, unique=True),
    Column("outcome", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("tags", Text, nullable=False),  # a JSON array
    Column("session", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("skill", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "at", "id"),
    Index(None, "category", "at", "id"),
    sqlite_autoincrement=True,
)

reflection_tags = Table(
    "reflection_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("reflection", _Serial, ForeignKey("reflections.number"), primary_key=True),
    Index(None, "reflection"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", _ID, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Single values: "feed" is the feed's "length head", "ledger" the ledger's; "clean" is "0" from the first write until
an orderly close; "mark NAME" is what `PutMark` keeps."""
