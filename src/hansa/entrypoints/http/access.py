"""Who may read what is not public: holders of a token. The read token sees, the operator's token also orders.

A page that was lured here has no token. `loopback` is for what tells no private text: a caller on this machine, which
names this machine (DNS rebinding), is no page, and was not passed on by a proxy.
"""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import Request
from starlette.exceptions import HTTPException

from hansa.entrypoints.app import App

LOCAL = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def may_read(request: Request) -> bool:
    """Says whether the caller holds a token that lets it read; False when it brings none.

    Raises:
        HTTPException: 401, the token is wrong.
    """
    if "authorization" not in request.headers:
        return False
    app: App = request.app.state.app
    scheme, _, given = request.headers["authorization"].partition(" ")
    held = [token for token in (app.read_token, app.token) if token]
    # all are compared, so that the time taken tells nothing
    fits = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in held]
    if scheme.lower() != "bearer" or not any(fits):
        raise HTTPException(401, "the token is in the file reader.token of the data directory")
    return True


def is_loopback(request: Request) -> bool:
    """Says whether the caller is a program on this machine that speaks to this machine by its own name."""
    told = request.headers
    if not named_local(request) or "origin" in told or any(name in told for name in _PROXIED):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def named_local(request: Request) -> bool:
    """Says whether the request names this machine, or the very address that the node was told to listen on.

    Only an address counts, never a name: a name can be made to point here.
    """
    app: App = request.app.state.app
    host = request.headers.get("host", "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name in LOCAL or (name.strip("[]") == app.config.host and _is_address(app.config.host))


def _is_address(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False
