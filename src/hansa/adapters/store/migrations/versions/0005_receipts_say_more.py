"""A ledger's link says who signed its receipt, why and about what; a peer says by which invitation it came."""

import base64
import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("author", "reason", "domain"):
        op.add_column("ledger", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("peers", sa.Column("invitation", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_ledger_subject_number", "ledger", ["subject", "number"])
    bind = op.get_bind()
    rows = bind.execute(
        sa.text(
            "SELECT ledger.number, hash, author_of.author, created, envelope FROM ledger"
            " JOIN records AS author_of ON author_of.id = ledger.receipt ORDER BY ledger.number"
        )
    )
    for number, _, author, created, envelope in rows.fetchall():
        said = {"number": number, "author": author, "at": created, "reason": _reason(envelope)}
        bind.execute(sa.text("UPDATE ledger SET author=:author, at=:at, reason=:reason WHERE number=:number"), said)
    last = bind.execute(sa.text("SELECT number, hash FROM ledger ORDER BY number DESC LIMIT 1")).first()
    if last:
        bind.execute(sa.text("INSERT INTO meta VALUES ('ledger', :mark)"), {"mark": f"{last[0]} {last[1]}"})


def _reason(envelope: bytes) -> str:
    """Returns the reason that a receipt gives; "" for a damaged one, which the check names."""
    try:
        payload = json.loads(envelope)["payload"]
        body = json.loads(base64.b64decode(payload))["body"]
        return str(body.get("reason", ""))
    except (ValueError, KeyError, TypeError):
        return ""
