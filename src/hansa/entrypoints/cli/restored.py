"""What a node that was restored waits for, and what ends that: in the words of `status`, `sync` and `store repair`."""

from __future__ import annotations

from typing import Any

_GO_ON = "hansa store repair --go-on"


def waits(value: dict[str, Any] | None) -> str:
    """Returns what a restored node waits for; "" for one that waits for nothing.

    Args:
        value: what an operation says under "restored".
    """
    if value is None:
        return ""
    head = "restored: nothing new is signed"
    if value["only_by_hand"]:
        peers = "1 known peer" if value["known"] else "no known peer"
        return f"{head}. There is no source to ask, and {peers} where {value['needed']} must answer: {_GO_ON} ends it"
    if value["sources"]:
        who = "your source has" if value["sources"] == 1 else f"all your {value['sources']} sources have"
        return f"{head} before {who} answered: hansa sync asks; {_GO_ON} ends it without"
    so_far = f"{value['needed']} of {value['known']} known peers have answered ({value['answered']} so far)"
    return f"{head} before {so_far}: hansa up asks them; {_GO_ON} ends it without"
