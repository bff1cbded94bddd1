"""A finding has the number of its record, and a record says how it came, so that keeping one touches fewer trees."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

COLUMNS = "record, skill, prover, harness, sandbox, outcome, trials, successes, passed, total, digest, reason, at"


def upgrade() -> None:
    op.add_column("records", sa.Column("came", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "findings",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("record", "skill")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("prover", "harness", "sandbox", "outcome")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("trials", "successes", "passed", "total")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("digest", "reason")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_evidence"),
    )
    op.execute(
        f"INSERT INTO findings (number, {COLUMNS}) SELECT records.number, evidence.record, evidence.skill,"  # noqa: S608
        " prover, harness, sandbox, outcome, trials, successes, passed, total, digest, reason, at"
        " FROM evidence JOIN records ON records.id = evidence.record AND records.subject = evidence.skill"
    )
    op.drop_table("evidence")
    op.rename_table("findings", "evidence")
