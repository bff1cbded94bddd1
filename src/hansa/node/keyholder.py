"""This node's own keys: a change of them is one signed version of its root metadata, from which all else follows.

The order of a change, so that a crash after any step leaves the old keys whole or the new ones:

1. the new signing key lies ready beside the present one (`Keys.prepare`); it is in force nowhere
2. the new version is signed by the root key and kept, in one batch with what it withholds and whom it is brought to:
   from here on the new key is in force
3. the new key takes the present one's place (`Keys.adopt`); `settle` does that after a crash between 2 and 3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hansa.admission.versions import SUPPORTED
from hansa.identity import envelope
from hansa.identity.envelope import Roster, Signed, Signer
from hansa.identity.keys import PublicKey
from hansa.identity.roots import Root, compose
from hansa.kernel.errors import DiskFull, Refused, UsageError
from hansa.kernel.verdict import Box, Verdict
from hansa.node import succession
from hansa.node.core import Core
from hansa.node.outbox import node_in
from hansa.node.rows import OutboxRow, PutOutbox, PutRecord
from hansa.node.shelf import record_row

GRACE_MS = 5_000
"""What this node signs while the change is being written still counts: the old key is good for that much longer.

It costs nothing: whoever has stolen the key can as well use a number of yesterday.
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of keys that is in force.

    Attributes:
        root: the new version.
        told: addresses that it will be brought to.
        withheld: how many records of this node's own count no more.
    """

    root: Root
    told: tuple[str, ...]
    withheld: int


class Keyholder:
    """Changes the node's keys."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core

    @property
    def root(self) -> Root | None:
        """The version in force; None for a node that signs with its root key."""
        chain = self._core.ring.chain(self._core.me)
        return chain[-1] if chain else None

    @property
    def roster(self) -> Roster:
        """Who signs for this node, and who did."""
        return self._core.ring(self._core.me)

    async def rotate(self, root: Sequence[Signer], after: int | None = None, expires: int = 0) -> Changed:
        """Puts a new signing key in the present one's place.

        Args:
            root: the root key.
            after: the last of this node's numbers for which the old key is good; by default the last one used.
            expires: when nobody signs under this version any more, milliseconds UTC; 0 for never.

        Raises:
            UsageError: not this node's root key. Refused: a bound that would rise; DiskFull: nothing was changed.
        """
        async with self._core.turns.of(self._core.me):
            until = self._core.numbering.after(GRACE_MS) if after is None else after
            retired = dict.fromkeys(sorted(self.roster.keys, key=lambda one: one.raw), until)
            return await self._change(root, retired, fresh=True, expires=expires)

    async def revoke(self, key: PublicKey, root: Sequence[Signer], after: int | None = None) -> Changed:
        """Takes the rights of a key away, those of the past too; one that is in use is replaced.

        Args:
            after: the last number for which it is good; by default the last one used.

        Raises:
            UsageError: it never signed for this node, or not this node's root key. Refused, DiskFull: see `rotate`.
        """
        async with self._core.turns.of(self._core.me):
            roster = self.roster
            if key not in roster.keys and key not in roster.retired:
                raise UsageError(f"{key.did} never signed for this node: hansa key show lists the keys that did")
            until = self._core.numbering.after(GRACE_MS) if after is None else after
            return await self._change(root, {key: until}, fresh=key in roster.keys)

    async def rotate_root(self, root: Sequence[Signer], new: Signer) -> Changed:
        """Puts a new root key in the old one's place; both sign, and the node's id stays.

        Raises:
            UsageError: not this node's root key. DiskFull: nothing was changed.
        """
        async with self._core.turns.of(self._core.me):
            if self.root is None:
                raise UsageError("this node has one key for everything: hansa key rotate parts them first")
            return await self._change([*root, new], {}, new_root=Roster(frozenset({new.public})))

    async def settle(self, known: Sequence[bytes]) -> None:
        """Takes in own metadata that the store lacks, and ends a change of keys that a crash cut short.

        Args:
            known: envelopes of this node's root metadata, the older version first.

        Raises:
            Refused: one of them is no metadata of this node.
        """
        for data in known[len(self._core.ring.chain(self._core.me)) :]:
            await self._keep(envelope.read(data), ())
        prepared = self._core.keys.prepared
        if prepared is not None and self.root is not None and prepared.public in self.roster.keys:
            self._core.keys.adopt()
        else:
            self._core.keys.discard()

    async def _change(
        self,
        by: Sequence[Signer],
        retired: Mapping[PublicKey, int],
        *,
        fresh: bool = False,
        new_root: Roster | None = None,
        expires: int = 0,
    ) -> Changed:
        core, before = self._core, self.root
        roots = before.roots if before else envelope.root_only(core.me)
        if not any(one.public in roots.keys for one in by):
            raise UsageError("that is not the root key of this node: give the file with the root key in force")
        signing = Roster(frozenset({core.keys.prepare().public})) if fresh else self.roster
        version = before.version + 1 if before else 1
        names = (new_root or roots, replace(signing, retired={}))
        signed = compose(
            core.me, version, names, retired, by, protocol=SUPPORTED[-1], now=core.now(),
            expires=expires or (before.expires if before else 0),
        )  # fmt: skip
        roster = self.roster
        try:
            changed = await self._keep(signed, self.addresses())
        except (Refused, DiskFull):
            core.keys.discard()
            raise
        if fresh:
            core.keys.adopt()
        await core.driver.perform(succession.sweep(core, core.me, roster, changed.root))
        return changed

    async def _keep(self, signed: Signed, told: tuple[str, ...]) -> Changed:
        core = self._core
        message = core.ring.verify(signed, core.ring)
        record = PutRecord(record_row(message, core.me, core.now()), in_feed=True)
        effects = succession.take(core, message, record)
        withheld = succession.count_withheld(effects)
        effects.changes += [PutOutbox(OutboxRow(signed.id, url, "pending", at=core.now())) for url in told]
        note = f"root metadata version {message.header.seq} of this node" + (f", for {', '.join(told)}" if told else "")
        effects.changes.append(core.driver.note(signed.id, Box.DOMAIN, Verdict.ACCEPT, None, note))
        await core.driver.perform(effects)
        core.ring.forget(core.me)
        return Changed(core.ring.chain(core.me)[-1], told, withheld)

    def addresses(self) -> tuple[str, ...]:
        """Returns where this node's word went before: who got a version of its metadata, and its sources."""
        store = self._core.store
        urls = {one.url for one in store.subscriptions()}
        records = self._core.ring.records(self._core.me)
        if records:
            urls |= {one.url for record in records for one in store.deliveries_of(record.id)}
        else:
            urls |= {one.url for state in ("pending", "delivered") for one in store.outbox(state, limit=100_000)}
        return tuple(sorted(url for url in urls if node_in(url) is None))
