"""Three nodes in a row, and no hub: word goes from neighbour to neighbour, and is proved where it arrives.

A has let B in, B has let C in, and nobody subscribes to anybody. Whatever A gets of C has come over B.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansa.demo.lease import buys_proof_time
from hansa.demo.waiting import after, until
from hansa.demo.world import Resident, World
from hansa.starter import skill_files

SHARED = ("slugify", "to_roman")
"""Skills of the starter set that C passes on: the first while all are there, the second while B is not."""


def without_a_hub(story: Any, made: World, c: Resident) -> None:
    """Plays the acts: word over a neighbour, a neighbour that was away, a recall; and B buys proof time from A.

    Args:
        c: a node that is up, and deals with nobody so far.
    """
    story.title("No hub: A lets B in, B lets C in. Nobody subscribes; there are links, and no more.")
    a, b = made.settle("chain-a"), made.settle("chain-b")
    made.start(a, b)
    story.line(f"C is {c.name}, which has dealt with nobody so far; A and B are new.")
    for host, guest in ((a, b), (b, c)):
        link = host.ask("peer.invite", url=host.url, note=guest.name).value["link"]
        guest.ask("join", invitation=link, url=guest.url, subscribe=False)
        guest.ask("net.connect", url=host.url)  # it would find the way itself, within some seconds
    linked = until(lambda: _neighbours(b) == {a.id, c.id})
    story.expect(linked is not None, "the chain did not link up")
    first, second = _proved(c)
    arrived = arrives(story, a, b, c, first)
    caught_up = catches_up(story, made, a, b, c, second)
    recalled = is_recalled(story, a, c, first)
    story.facts["without_a_hub"] = {
        "arrived_seconds": arrived, "caught_up_seconds": caught_up, "recalled_seconds": recalled,
    }  # fmt: skip
    buys_proof_time(story, a, b)


def arrives(story: Any, a: Resident, b: Resident, c: Resident, skill: str) -> float | None:
    """Has C publish a skill; returns the seconds until A has proved it, None when it does not come."""
    c.ask("publish", ids=[skill])
    seconds = until(lambda: _state(a, skill) == "admitted")
    met = {one["instance_id"] for one in a.ask("peer.list").value["instances"] if one["invited"]}
    story.line(f"C publishes a skill. {after(seconds)} later A has it, over B, and has proved it itself.")
    story.expect(seconds is not None, "what C published did not arrive at A, or was not proved there")
    story.expect(_neighbours(a) == {b.id} and met == {b.id}, "A has a link with somebody else than B")
    return seconds


def catches_up(story: Any, made: World, a: Resident, b: Resident, c: Resident, skill: str) -> float | None:
    """Has C publish a skill while B is stopped; returns the seconds from B's return until A has proved it."""
    made.stop(b)
    c.ask("publish", ids=[skill])
    story.line("B stops. C publishes another one, and nobody is there to hear it.")
    made.start(b)
    seconds = until(lambda: _state(a, skill) == "admitted")
    story.line(f"B comes back: after {after(seconds)} A has that one as well. Neighbours compare what they hold.")
    story.expect(seconds is not None, "what was published while B was away did not arrive at A")
    return seconds


def is_recalled(story: Any, a: Resident, c: Resident, skill: str) -> float | None:
    """Has C recall a skill; returns the seconds until A has taken it out of use."""
    c.ask("recall", id=skill, why="it forgets accents")
    seconds = until(lambda: _state(a, skill) == "removed")
    story.line(f"C recalls the first. {after(seconds)} later A has taken it out of use.")
    story.expect(seconds is not None, "the recall did not reach A")
    return seconds


def _proved(c: Resident) -> list[str]:
    """Has C learn and prove what it will share; returns the skills' ids."""
    files = {Path(path).stem: str(path) for path in skill_files()}
    added = c.ask("skill.add", paths=[files[name] for name in SHARED], license="MIT").value["added"]
    ids = [str(one["trace_id"]) for one in added]
    c.ask("prove", ids=ids)
    return ids


def _neighbours(node: Resident) -> set[str]:
    return {one["instance_id"] for one in node.ask("net.peers").value["peers"] if one["linked"]}


def _state(node: Resident, skill: str) -> str:
    found = [one for one in node.ask("skill.list", limit=100).value["skills"] if one["trace_id"] == skill]
    return str(found[0]["state"]) if found else ""
