"""Somebody who keeps a root key apart from the key that signs day to day, and a thief's way to use the latter.

ann = Owner(1)
ann.name()                          # version 1: the root key names the signing key
message = ann.skill(SLUG, seq=START + 5)
ann.name(new=True, until=START + 5) # version 2: another signing key; the old one is good up to that number
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hansa.identity.envelope import Roster, Signed
from hansa.identity.keys import PublicKey, SigningKey
from hansa.identity.roots import compose
from hansa.kernel.ids import NodeId
from hansa.skills.messages import SKILL, skill_body
from hansa.skills.model import Claim, Skill
from tests.attacks.specimens import key
from tests.node.world import START, speak, true_claim


class Owner:
    """An author with a chain of root metadata.

    Attributes:
        root: the root key in force.
        day: the signing key in force.
        chain: every version so far, the first one first.
    """

    def __init__(self, number: int) -> None:
        self._keys = 1_000 * number
        self.root = self.fresh()
        self.id = NodeId(self.root.public.did)
        self.day = self.fresh()
        self.chain: list[Signed] = []

    def fresh(self) -> SigningKey:
        """Returns a key that nobody has seen yet."""
        self._keys += 1
        return key(self._keys)

    def name(self, *, new: bool = False, until: int | None = None, new_root: bool = False) -> Signed:
        """Signs the next version and returns it.

        Args:
            new: put another signing key in the old one's place.
            until: the number that the old one is good for; None to say nothing of it.
        """
        retired = {} if until is None else {self.day.public: until}
        by = [self.root]
        if new:
            self.day = self.fresh()
        if new_root:
            self.root = self.fresh()
            by.append(self.root)
        signed = self.version(len(self.chain) + 1, [self.root], [self.day], retired, by)
        self.chain.append(signed)
        return signed

    def version(
        self,
        number: int,
        roots: Sequence[SigningKey],
        signing: Sequence[SigningKey],
        retired: Mapping[PublicKey, int],
        by: Sequence[SigningKey],
        expires: int = 0,
    ) -> Signed:
        """Returns root metadata of this node with whatever a test wants in it."""
        names = (Roster(frozenset(one.public for one in roots)), Roster(frozenset(one.public for one in signing)))
        return compose(self.id, number, names, retired, by, protocol="1.0", now=START, expires=expires)  # type: ignore[arg-type]

    def say(self, kind: str, body: Any, by: SigningKey | None = None, **header: Any) -> Signed:
        """Returns a message of this author's, signed with the key of the day unless another is given."""
        return speak(by or self.day, kind, body, author=self.id, **header)

    def skill(self, skill: Skill, by: SigningKey | None = None, claim: Claim | None = None, **header: Any) -> Signed:
        """Returns the message in which this author passes a skill on."""
        return self.say(SKILL, skill_body(skill, claim or true_claim()), by, **header)
