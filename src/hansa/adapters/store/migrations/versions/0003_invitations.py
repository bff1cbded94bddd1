"""Invitations, those who asked to be let in, and where a peer answers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("secret", "uses", "expires", "created")),
        sa.Column("per_minute", sa.BigInteger),
        sa.Column("ask", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
    )
    op.create_table(
        "requests",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("id", "name", "role", "url", "invitation", "note")),
        sa.Column("per_minute", sa.BigInteger),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
    )
    for name in ("url", "note"):
        op.add_column("peers", sa.Column(name, sa.Text, nullable=False, server_default=""))
