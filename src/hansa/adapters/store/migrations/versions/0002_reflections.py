"""Reflections: what agents note about their own work."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    texts = ("outcome", "description", "category", "tags", "session", "error", "skill", "source")
    op.create_table(
        "reflections",
        sa.Column("number", SERIAL, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_reflections"),
        sa.UniqueConstraint("id", name="uq_reflections_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reflections_at_id", "reflections", ["at", "id"])
    op.create_index("ix_reflections_category_at_id", "reflections", ["category", "at", "id"])
    op.create_table(
        "reflection_tags",
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("reflection", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("tag", "reflection", name="pk_reflection_tags"),
        sa.ForeignKeyConstraint(["reflection"], ["reflections.number"], name="fk_reflection_tags_reflection"),
    )
    op.create_index("ix_reflection_tags_reflection", "reflection_tags", ["reflection"])
