"""Saying what became of a skill that was taken back, to where it came from; and taking in what others say of that.

1. This node acknowledges each tombstone of somebody else once: what it says is kept with what it did, or neither is.
2. It goes to the source that brought the tombstone and to the one that brought the skill, as far as this node reports
   to them; to all that it reports to when neither is known. After a restore nothing is said until they were asked.
   In the overlay it goes to whoever took the skill back, too (`answering`), unless all sources are to be told nothing.
3. One of somebody else is taken for a tombstone that is held here, one for each of its authors.
"""

from __future__ import annotations

from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.outbox import over_links
from hansa.node.rows import OutboxRow, PutMark, PutOutbox, PutRecord
from hansa.node.shelf import record_row
from hansa.skills import messages
from hansa.skills.messages import ACKNOWLEDGEMENT, AcknowledgementBody


def _mark(tombstone: str, author: NodeId) -> str:
    return f"acknowledged {tombstone} {author}"


def acknowledge(
    core: Core, tombstone: Verified, skill: ContentId, removed: bool, held: int, source: str, effects: Effects
) -> None:
    """Adds to `effects` that this node says what it did about a tombstone that it takes in with them.

    Args:
        held: how many skills that come from it were taken out of use.
        source: address that brought the tombstone; "" when it was pushed.
    """
    told = [*_told(core, skill, source), *_told_over_links(core, tombstone.author)]
    if not told or core.asks_first:
        return
    body = messages.acknowledgement_body(tombstone.id, skill, removed, held)
    record = record_row(core.seal(ACKNOWLEDGEMENT, body), skill, core.now(), core.ring)
    effects.changes += [PutRecord(record), PutMark(_mark(tombstone.id, core.me), record.id)]
    effects.changes += [PutOutbox(OutboxRow(record.id, url, "pending", at=core.now())) for url in told]


def _told(core: Core, skill: ContentId, source: str) -> list[str]:
    reported = [one.url for one in core.store.subscriptions() if one.report != "none"]
    row = core.store.skill(skill) if reported else None
    concerned = {source, row.source if row is not None else ""}
    return [url for url in reported if url in concerned] or reported


def _told_over_links(core: Core, author: NodeId) -> list[str]:
    sources = core.store.subscriptions()
    is_silent = bool(sources) and all(one.report == "none" for one in sources)
    is_told = any(one.peer == author and one.report != "none" for one in sources)
    return [] if not core.in_overlay or is_silent or is_told else [over_links(author)]


def take(core: Core, message: Verified, record: PutRecord) -> tuple[str, Effects]:
    """Returns the skill that an acknowledgement is about, and what follows from it.

    Raises:
        Refused: UNKNOWN_SKILL, when no such tombstone is held here; DUPLICATE, when its author has said so before.
    """
    body = parse(message.body, AcknowledgementBody)
    tombstone = core.store.record(ContentId(body.tombstone))
    if (
        tombstone is None
        or tombstone.withheld
        or (tombstone.kind, tombstone.subject)
        != (
            messages.TOMBSTONE,
            body.skill,
        )
    ):
        raise Refused(Reason.UNKNOWN_SKILL, "the tombstone that is acknowledged is not held here")
    name = _mark(body.tombstone, message.author)
    before = core.store.record(ContentId(core.store.mark(name)))
    if before is not None and not before.withheld:
        raise Refused(Reason.DUPLICATE, "its author has acknowledged that tombstone before")
    effects = Effects([record, PutMark(name, message.id)])
    core.meters.acknowledged += 1
    done = "removed" if body.removed else "not removed"
    text = f"{done} at {message.author}; {body.derivatives} that come from it are held there"
    effects.show(
        Kind.SKILL_ACKNOWLEDGED, body.skill, text, author=message.author, removed=int(body.removed),
        derivatives=body.derivatives,
    )  # fmt: skip
    return body.skill, effects
