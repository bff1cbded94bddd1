"""Kind "arrived": whom a packet was meant for says that it came, and what its envelope came to. Live, to the sender."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.kernel.wire import Id, Label, Wire

ARRIVED = "arrived"


class Arrived(Wire, frozen=True):
    """Answers a packet.

    Attributes:
        packet: the packet's id, in hex.
        envelope: content id of what was in it.
        reason: code of why it was not taken; empty when it was, or when it was there already.
    """

    packet: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    envelope: Id
    reason: Label = ""
