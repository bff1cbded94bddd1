"""To whom an author's words are pushed: a tree for each author, grown and pruned by what neighbours say anyway.

    nothing known       a few links of the mesh, drawn at random; for own words all of them
    it asked for one    it had no better way to this author's words: it is pushed the next
    it named one that   it had another way that was quicker: it is pushed no more
    was pushed to it

So after an author's first word each node gets each of its words about once, over the quickest way there was (Plumtree's
tree, but one for each author, so that no way leads through the tree of another); and nothing is sent for it.
"""

from __future__ import annotations

from hansa.kernel.ids import NodeId


class Trees:
    """For each author the neighbours that are pushed its words, as bits; bounded, the ones used last are kept."""

    def __init__(self, most: int) -> None:
        """Begins with no authors.

        Args:
            most: authors that are remembered.
        """
        self._most = most
        self._children: dict[NodeId, int] = {}

    def __len__(self) -> int:
        """Authors that are remembered."""
        return len(self._children)

    def of(self, author: NodeId) -> int | None:
        """Returns whom to push to, as bits; None for an author that nothing is known of."""
        children = self._children.pop(author, None)
        if children is not None:
            self._children[author] = children
        return children

    def begin(self, author: NodeId, children: int) -> None:
        """Notes to whom the first word was pushed."""
        self._children[author] = children
        if len(self._children) > self._most:
            del self._children[next(iter(self._children))]

    def asked(self, author: NodeId | None, bit: int) -> None:
        """A neighbour asked for a word of this author."""
        if author in self._children:
            self._children[author] |= bit

    def without(self, bit: int) -> None:
        """Nothing is pushed to a neighbour any more, until it asks."""
        for author in self._children:
            self._children[author] &= ~bit

    def had_it(self, author: NodeId | None, bit: int) -> None:
        """A neighbour had a word of this author before it was pushed."""
        if author in self._children:
            self._children[author] &= ~bit
