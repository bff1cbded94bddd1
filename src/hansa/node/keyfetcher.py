"""Asking a source for the root metadata of those whose records it passes on.

A source's feed brings root metadata before what was signed under it, as a rule. Where it does not (the author was a
stranger there at first, or this node subscribed later) the reader asks for it: of that source, for that author, once
in a pull, and for no more authors than `MAX_ASKED`. Every version proves itself, so nobody else's word is needed.
"""

from __future__ import annotations

import msgspec

from hansa.admission.service import Via
from hansa.identity import roots
from hansa.identity.envelope import Signed
from hansa.identity.peek import is_within, named_author
from hansa.identity.roots import MAX_VERSIONS
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import read_json
from hansa.node.core import Core
from hansa.node.inbox import Inbox

MAX_ASKED = 100
PAGE = 100
CHANGED = (Reason.WRONG_SIGNER, Reason.THRESHOLD)
"""How a message is refused whose author's keys changed unheard."""


class RootsPage(msgspec.Struct, frozen=True):
    """A page of root metadata: envelopes, the older version first."""

    roots: list[str]


class KeyFetcher:
    """Brings the root metadata of others here."""

    def __init__(self, core: Core, inbox: Inbox) -> None:
        """Works for one node."""
        self._core = core
        self._inbox = inbox
        self._asked: dict[str, dict[NodeId, None]] = {}

    def begin(self, url: str) -> None:
        """Allows a source `MAX_ASKED` authors again."""
        self._asked[url] = {}

    async def look(self, url: str, signed: Signed) -> None:
        """Asks for the keys of a record's author where those held here can't judge it.

        Raises:
            Unavailable: no answer; or the records name more unheard authors than are asked for in one pull, and the
                next pull goes on from there.
        """
        author = named_author(signed)
        if author is None or self.judges(signed):
            return
        asked = self._asked.setdefault(url, {})
        if author in asked:
            return
        if len(asked) >= MAX_ASKED:
            raise Unavailable(f"{url} names more than {MAX_ASKED} nodes whose keys are not known here: pull again")
        asked[author] = None
        await self.fetch(url, author)

    async def fetch(self, url: str, author: NodeId | None) -> bool:
        """Takes what a source has of an author's root metadata; of its own when none is given. Says whether any came.

        Raises:
            Unavailable: no answer.
        """
        taken = 0
        after = len(self._core.ring.chain(author)) if author else 0
        for _ in range(MAX_VERSIONS // PAGE):
            answer = await self._core.caller.get(url, f"/roots?after={after}" + (f"&node={author}" if author else ""))
            if answer.status != 200:
                return taken > 0
            page = read_json(answer.body, RootsPage).roots[:PAGE]
            for one in page:
                taken += await self._take(one.encode(), url)
            after += len(page)
            if len(page) < PAGE:
                break
        return taken > 0

    async def _take(self, data: bytes, url: str) -> int:
        try:
            await self._inbox.receive(data, Via.FEED, url, only=roots.KIND)
        except Refused:
            return 0
        return 1

    def judges(self, signed: Signed) -> bool:
        """Says whether the keys that are held tell good from bad here, so that nobody has to be asked."""
        author = named_author(signed)
        try:
            return author is None or is_within(signed, author, self._core.ring.chain(author))
        except Refused:
            return True  # whatever it is: receiving it will say
