"""Telling the service manager how a node is: `sd_notify` in the few lines that it takes.

A manager that starts a service of Type=notify names a datagram socket in NOTIFY_SOCKET; without one nothing is told.
See sd_notify(3): https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(*lines: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Sends lines to the manager; returns whether there is one, and it could be told."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)) as sock:
            sock.settimeout(1.0)
            sock.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False  # a node does not fall because nobody listens
    return True


def wants_signs_of_life(environment: Mapping[str, str] = os.environ) -> bool:
    """Says whether the manager ends this very process when it hears nothing (WatchdogSec=)."""
    return bool(environment.get("WATCHDOG_USEC")) and environment.get("WATCHDOG_PID", str(os.getpid())) == str(
        os.getpid()
    )
