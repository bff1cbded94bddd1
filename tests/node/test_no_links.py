"""Why there is no link: remembered for so many nodes, and no longer than it is true."""

from __future__ import annotations

from hansa.kernel.ids import NodeId
from hansa.node.no_links import MOST, NoLinks

A = NodeId("did:key:zA")


def test_the_last_reason_is_told_until_a_link_stands() -> None:
    links = NoLinks()
    assert links.why(A) == ""
    links.failed(A, "no")
    links.failed(A, "still no")
    assert links.why(A) == "still no"
    links.linked(A)
    assert links.why(A) == ""


def test_no_more_is_remembered_than_the_bound_and_what_was_noted_last_stays() -> None:
    links = NoLinks()
    nodes = [NodeId(f"did:key:z{number}") for number in range(MOST + 1)]
    for one in nodes[:MOST]:
        links.failed(one, "no")
    links.failed(nodes[0], "again")
    links.failed(nodes[MOST], "no")
    assert (links.why(nodes[0]), links.why(nodes[1]), links.why(nodes[2])) == ("again", "", "no")
