"""Reading what will be acted on: from the signed bytes, checked again each time (threat 1 "database reload", goal L8).

Columns of the store find things. Whatever decides, runs or leaves the node is read here; bytes that no longer fit
their id or their signature are withheld and named.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from hansa.conduct.card import DECISION
from hansa.conduct.card import KIND as CARD
from hansa.governance import voting
from hansa.governance.messages import LATER_BODIES
from hansa.identity import envelope, roots
from hansa.identity.envelope import Ring, Signed, Verified, root_only
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.market.messages import ACT, ASK, LEASE
from hansa.node.ports import Store
from hansa.node.rows import RecordRow, SkillRow
from hansa.skills.messages import SKILL, SkillBody
from hansa.skills.model import Skill
from hansa.skills.sharing import REFLECTION, ReflectionBody

ENOUGH_OF_AN_ID = 4


class Brought(msgspec.Struct, frozen=True):
    """A skill as a message brings it.

    Attributes:
        body: the message's body in its shape.
        data: canonical bytes of the skill; `id`: their content id.
    """

    body: SkillBody
    data: bytes
    id: ContentId


def brought(message: Verified) -> Brought:
    """Returns the skill in a message of kind "skill".

    Raises:
        Refused: BAD_BODY.
    """
    body = parse(message.body, SkillBody)
    data = body.skill.to_bytes()
    return Brought(body, data, content_id(data))


def open_record(row: RecordRow, ring: Ring = root_only) -> Verified:
    """Returns the message in a stored record.

    Args:
        ring: who may sign for whom; a node gives its own, which knows of changed keys.

    Raises:
        Refused: CORRUPT, when its bytes are no longer the message with that id, author and place; REVOKED, when its
            key was retired before that number.
    """
    try:
        message = _verified(envelope.read(row.envelope), ring)
    except Refused as refusal:
        if refusal.reason is Reason.REVOKED:
            raise
        raise Refused(Reason.CORRUPT, f"record {row.id[:12]}: {refusal.reason.code}") from None
    if (message.id, message.author, message.header.seq, message.header.kind) != (row.id, row.author, row.seq, row.kind):
        raise Refused(Reason.CORRUPT, f"record {row.id[:12]} is filed under another name")
    return message


def open_signed(row: RecordRow) -> Verified:
    """Returns the message in a stored record as it was signed, whether or not its key stands by now.

    Raises:
        Refused: CORRUPT, when its bytes are no longer the message with that id and author.
    """
    try:
        message = envelope.as_signed(envelope.read(row.envelope))
    except Refused as refusal:
        raise Refused(Reason.CORRUPT, f"record {row.id[:12]}: {refusal.reason.code}") from None
    if (message.id, message.author, message.header.kind) != (row.id, row.author, row.kind):
        raise Refused(Reason.CORRUPT, f"record {row.id[:12]} is filed under another name")
    return message


def _verified(signed: Signed, ring: Ring) -> Verified:
    metadata = roots.read_root(signed)  # it was checked against its chain when it was taken, and is when it is used
    return envelope.verify(signed, ring) if metadata is None else metadata


def open_skill(row: SkillRow) -> Skill:
    """Returns the skill in a stored row.

    Raises:
        Refused: CORRUPT, when its bytes are no longer the skill with that id.
    """
    if content_id(row.body) != row.id:
        raise Refused(Reason.CORRUPT, f"skill {row.id[:12]}")
    return msgspec.json.decode(row.body, type=Skill)


def is_whole(row: SkillRow) -> bool:
    """Says whether a stored row's bytes are still the skill with that id."""
    return content_id(row.body) == row.id


def open_blob(digest: str, data: bytes) -> bytes:
    """Returns a bundle file's stored bytes.

    Raises:
        Refused: CORRUPT, when they no longer fit their digest.
    """
    if content_id(data) != digest:
        raise Refused(Reason.CORRUPT, f"file {digest[:12]}")
    return data


def subject_of(message: Verified) -> str:
    """Returns the skill or node that a message is about, read from its body; "" for none, or for a body that is none.

    Root metadata and a policy card are about their author, a decision about whom it was made on, and what is said in a
    dispute, but for its opening, about the case; a proposal about the roster that it is put to, a vote about that
    proposal; an ask, and all that is said of the lease for it, about that ask.
    A shared note is about its pattern.
    """
    if message.header.kind in (roots.KIND, CARD):
        return message.author
    if message.header.kind == DECISION:
        return str(message.body.get("about", ""))
    if message.header.kind == SKILL:
        return brought(message).id
    if message.header.kind in (ASK, LEASE, ACT):
        return message.id if message.header.kind == ASK else str(message.body.get("ask", ""))
    if message.header.kind == voting.ROSTER:
        return parse(message.body, voting.RosterBody).roster.id
    if message.header.kind in voting.KINDS:
        named = message.body.get("roster" if message.header.kind == voting.PROPOSAL else "proposal")
        return named if isinstance(named, str) else ""
    if message.header.kind == REFLECTION:
        return _pattern(message)
    about = message.body.get("case" if message.header.kind in LATER_BODIES else "skill")
    return about if isinstance(about, str) else ""


def _pattern(message: Verified) -> str:
    """Returns the pattern of a shared note; "" for a body that is none."""
    try:
        return parse(message.body, ReflectionBody).pattern
    except Refused:
        return ""


class HasStore(Protocol):
    """A part of the node that has the store."""

    @property
    def store(self) -> Store:
        """The store."""
        ...


def find_skill(core: HasStore, id_or_prefix: str) -> SkillRow:
    """Returns the one skill whose id starts with the given text.

    Raises:
        NotFound: none, more than one, or fewer than four characters given.
    """
    text = id_or_prefix.strip().lower()
    if len(text) < ENOUGH_OF_AN_ID:
        raise NotFound(f"{id_or_prefix!r} is too short for an id: give at least {ENOUGH_OF_AN_ID} characters")
    found = core.store.skill_ids(text, 2)
    if not found:
        raise NotFound(f"no skill here has an id that starts with {text[:64]}: see hansa skill list")
    if len(found) > 1:
        raise NotFound(f"more than one skill starts with {text}: give more characters")
    row = core.store.skill(ContentId(found[0]))
    if row is None:
        raise NotFound(f"no skill here has the id {found[0]}")
    return row
