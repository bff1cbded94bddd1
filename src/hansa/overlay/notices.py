"""Notices: news that changes what nodes decide (M9). Kind "notice", and "noticed", which answers it; both are live.

A notice says what it is about (`type`: see `handlers`), how far it may travel, and to whom: to everybody, to some
nodes, or towards a resource (`propagation`). How urgent it is, it may claim; which lane it gets, its author's standing
decides:

    claimed     stranger   newcomer   known      trusted
    low         low        low        low        low
    normal      low        normal     normal     normal
    high        low        normal     high       high
    critical    low        normal     high       critical
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse
from hansa.overlay.frames import MAX_ROUTE
from hansa.overlay.links_said import Node

NOTICE = "notice"
NOTICED = "noticed"

MAX_TTL = 16
"""Links that a notice may cross, whatever it says."""

THREAT_ALERT = "threat_alert"
CONSCIOUSNESS_SYNC = "consciousness_sync"
RESOURCE_DISCOVERY = "resource_discovery"
KNOWLEDGE_DISCOVERY = "knowledge_discovery"

MAX_NAME, MAX_TEXT, MAX_FIELDS, MAX_INTERESTS = 64, 2_000, 32, 16
"""Characters of a name, of a text and how many of them; topics."""

TYPE = r"^[a-z][a-z0-9_]{0,31}\Z"

_Type = Annotated[str, msgspec.Meta(pattern=TYPE)]
_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Interest = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class Priority(StrEnum):
    """How urgent something is, the least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class Mode(StrEnum):
    """To whom a notice goes."""

    BROADCAST = "broadcast"
    MULTICAST = "multicast"
    RESOURCE_DIRECTED = "resource_directed"


class Notice(Wire, frozen=True):
    """Kind "notice".

    Attributes:
        type: which handler reads it; unknown ones are passed on and change nothing.
        payload: texts by name.
        priority: what it claims; see `lane`.
        ttl: links that it may cross; never more than `MAX_TTL` count.
        destination_nodes: for a multicast, whom it is for.
        resource: for a resource-directed one, the resource that it looks for.
        interests: topics that it is about; empty for everybody's.
        wants_ack: whoever it is for answers with a `noticed`.
    """

    type: _Type
    payload: Annotated[dict[_Key, _Text], msgspec.Meta(max_length=MAX_FIELDS)]
    priority: Priority = Priority.NORMAL
    ttl: Annotated[int, msgspec.Meta(ge=1, le=255)] = 8
    mode: Mode = Mode.BROADCAST
    destination_nodes: Annotated[tuple[Node, ...], msgspec.Meta(max_length=MAX_ROUTE)] = ()
    resource: Label = ""
    interests: Annotated[tuple[_Interest, ...], msgspec.Meta(max_length=MAX_INTERESTS)] = ()
    wants_ack: bool = False


class Noticed(Wire, frozen=True):
    """Kind "noticed": answers a notice; `done` is what it led to, in a word: an effect's name, or nothing."""

    to: Id
    done: Label = ""


def read_notice(body: Mapping[str, Any]) -> Notice:
    """Returns a body as a notice.

    Raises:
        Refused: BAD_BODY: a field is off, or its mode and what it names do not fit.
    """
    notice = parse(body, Notice)
    if bool(notice.destination_nodes) != (notice.mode is Mode.MULTICAST):
        raise Refused(Reason.BAD_BODY, "a multicast names nodes, and nothing else does")
    if bool(notice.resource) != (notice.mode is Mode.RESOURCE_DIRECTED):
        raise Refused(Reason.BAD_BODY, "a resource-directed notice names a resource, and nothing else does")
    return notice


def what_is_off(notice: Notice) -> str:
    """Returns in plain words which bound an own notice breaks; "" for a good one."""
    bounds = (
        (
            re.match(TYPE, notice.type),
            "a type begins with a small letter; letters, digits and _ follow, at most 32 in all",
        ),
        (len(notice.payload) <= MAX_FIELDS, f"news has at most {MAX_FIELDS} fields"),
        (all(0 < len(one) <= MAX_NAME for one in notice.payload), f"a name has 1 to {MAX_NAME} characters"),
        (all(len(one) <= MAX_TEXT for one in notice.payload.values()), f"a text has at most {MAX_TEXT} characters"),
        (len(notice.destination_nodes) <= MAX_ROUTE, f"news is for at most {MAX_ROUTE} nodes: tell it several times"),
        (len(notice.resource) <= MAX_NAME, f"a resource has at most {MAX_NAME} characters"),
        (len(notice.interests) <= MAX_INTERESTS, f"news is about at most {MAX_INTERESTS} topics"),
        (all(0 < len(one) <= MAX_NAME for one in notice.interests), f"a topic has 1 to {MAX_NAME} characters"),
        (1 <= notice.ttl <= MAX_TTL, f"news crosses 1 to {MAX_TTL} links"),
    )
    return next((words for good, words in bounds if not good), "")


_ORDER = list(Priority)


def lane(claimed: Priority, standing_rank: int) -> Priority:
    """Returns the lane that a notice gets: what it claims, up to what its author's standing allows.

    Args:
        standing_rank: 0 stranger, 1 newcomer, 2 known, 3 trusted.
    """
    allowed = min(max(standing_rank, 0), len(_ORDER) - 1)
    return _ORDER[min(_ORDER.index(claimed), allowed)]
