"""A node in a process of its own, for tests that end it the hard way: `python -m tests.transport.peer KIND ADDRESS`.

It links to nobody; it prints where it can be dialled, and stays until it is killed.
"""

from __future__ import annotations

import asyncio
import sys

from hansa.adapters.clock import SystemClock
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.websocket import WebSocket
from tests.identity.parties import NETWORK, me
from tests.transport.ends import QUICK, Ear, serving, small_door

NUMBER = 77


async def main(kind: str, address: str) -> None:
    """Runs the node."""
    own = me(NUMBER)
    if kind == "zenoh":
        from hansa.adapters.transport.zenoh import Zenoh

        fabric = Fabric(lambda: own, [Zenoh(own.node, NETWORK, connect=[address])], SystemClock(), QUICK)
        await fabric.start(Ear())
        print(fabric.addresses[0], flush=True)
        await asyncio.Event().wait()
        return
    door = small_door()
    async with serving(door) as url:
        carrier = WebSocket(own=lambda _: True, address=url)
        door.state.overlay = carrier
        fabric = Fabric(lambda: own, [carrier], SystemClock(), QUICK)
        await fabric.start(Ear())
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
