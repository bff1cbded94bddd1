"""What carries links: wires, and what makes them. A carrier proves nothing and hides nothing; `link` does both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from hansa.kernel.ids import NodeId

MAX_MESSAGE = 72 * 1024
"""Bytes of one message on a wire at most: a sealed batch of `pieces`, or a message of the handshake."""


class Broken(Exception):
    """A wire has ended, in whatever way."""


class Wire(Protocol):
    """Messages in both directions, in order, each whole; until it ends."""

    @property
    def url(self) -> str:
        """What was dialled, or where it comes from."""
        ...

    async def send(self, data: bytes) -> None:
        """Sends a message; waits while the other end takes no more.

        Raises:
            Broken: the wire has ended.
        """
        ...

    async def receive(self) -> bytes:
        """Returns the next message.

        Raises:
            Broken: the wire has ended, or the other end sent what is no message.
        """
        ...

    async def close(self) -> None:
        """Ends it; what was sent arrives, as far as that can be."""
        ...

    def abort(self) -> None:
        """Ends it at once; a wire that has ended stays as it is."""
        ...


class Taker(Protocol):
    """Who takes the wires that others make."""

    async def take(self, host: str, accept: Callable[[], Awaitable[Wire]]) -> None:
        """Takes a wire, and returns when it has ended.

        Args:
            host: whose it is, as a number of the Internet Protocol; "" where that is not known.
            accept: accepts it; not called when there is no room for it.

        Raises:
            Refused: RATE, CROWDED; before anything was accepted.
        """
        ...


class Carrier(Protocol):
    """Makes wires to addresses of one form, and takes those that others make."""

    @property
    def name(self) -> str:
        """What it is called, and what its addresses begin with."""
        ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can dial this node; empty before `start`, and where it can't be dialled."""
        ...

    def speaks(self, url: str) -> bool:
        """Says whether it can connect to an address of this form."""
        ...

    async def start(self, taker: Taker) -> None:
        """Begins to take wires.

        Raises:
            Unavailable: the address is taken, or a library is missing; it says what to do.
        """
        ...

    async def connect(self, url: str, whom: NodeId | None) -> Wire:
        """Returns a wire to an address.

        Args:
            whom: who is expected there; only a hint, which proves nothing.

        Raises:
            Unavailable: nobody answered, or this node does not go there.
        """
        ...

    async def stop(self) -> None:
        """Takes no more wires, and lets go of everything but the wires that stand."""
        ...
