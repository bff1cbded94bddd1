"""The first thing a request meets: is it for this node, and was it not sent by some page (threat 63)?

Checks, in order:

1. Host is a number, `localhost`, or a name of the setting `hosts`. A page that has its own name point to this machine
   (DNS rebinding) can't send anything else than its own name.
2. What changes something does not come from a page of elsewhere: no `Sec-Fetch-Site` of another site, no `Origin` but
   this node's own. By a name of `hosts` that is https as well: a proxy before the node may have taken that off.
3. What changes something is no form and no plain text: a browser sends those anywhere without asking.

Peers and programs send no such headers. What a request may then do is each route's own business: signatures, tokens.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LONGEST_ADDRESS = 64
"""Characters of a number of IPv6, at most 45, with room; so that what is remembered of senders' words is small."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_JUDGED = frozenset({b"host", b"origin", b"sec-fetch-site", b"content-type"})
_OWN_SITES = frozenset({"same-origin", "none"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class Gate:
    """Lets a request through to the routes, or answers 403 or 415."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        """Stands before `app`.

        Args:
            hosts: names by which this node is reached, beside numbers and `localhost`.
        """
        self._app = app
        self._hosts = frozenset({"localhost", *(host.lower().rstrip(".") for host in hosts)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judges a request by its headers."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = _Given(scope)
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if not self._is_for_us(given):  # 1
            answer = _no(
                403, "host", "this node is not reached by that name: its operator may add it to the setting hosts"
            )
        elif changes and self._is_of_a_page(given, scope):  # 2
            answer = _no(403, "page", "a page of another site may not do that")
        elif changes and given.first(b"content-type").lower().strip().startswith(_FORMS):  # 3
            answer = _no(415, "form", "send it as application/json: forms and plain text are not taken")
        else:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await answer(scope, receive, send)

    def _is_of_a_page(self, given: _Given, scope: Scope) -> bool:
        if given.first(b"sec-fetch-site", "none").lower() not in _OWN_SITES:
            return True
        if b"origin" not in given.fields:
            return False
        scheme, _, authority = given.first(b"origin").partition("://")
        host = given.first(b"host")
        is_named = host_of(host) in self._hosts - {"localhost"}
        schemes = (_scheme(scope), "https") if is_named else (_scheme(scope),)
        return scheme not in schemes or _plain(authority, scheme) != _plain(host, scheme)

    def _is_for_us(self, given: _Given) -> bool:
        hosts = given.fields.get(b"host", ())
        if len(hosts) != 1:
            return False
        host = host_of(hosts[0])
        return host in self._hosts or _is_number(host)


class _Given:
    """The header fields that are judged, each with all its values; read in one pass, since every request is."""

    def __init__(self, scope: Scope) -> None:
        self.fields: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            if name in _JUDGED:
                self.fields.setdefault(name, []).append(value.decode("latin-1"))

    def first(self, name: bytes, otherwise: str = "") -> str:
        return self.fields[name][0] if name in self.fields else otherwise


def _plain(authority: str, scheme: str) -> str:
    """Returns an authority without the port that its scheme has anyway."""
    return authority.lower().removesuffix(":443" if scheme == "https" else ":80")


def host_of(authority: str) -> str:
    """Returns the host in a Host header, small, without port and brackets; "" for what is none.

    >>> host_of("LOCALHOST:8470"), host_of("[::1]:8470"), host_of("a.example.")
    ('localhost', '::1', 'a.example')
    """
    if authority.startswith("["):
        inside, closed, port = authority[1:].partition("]")
        good = closed and (not port or (port[0] == ":" and port[1:].isdecimal()))
        return inside.lower() if good else ""
    host, colon, port = authority.partition(":")
    return host.lower().rstrip(".") if not colon or port.isdecimal() else ""


def _is_number(host: str) -> bool:
    return len(host) <= LONGEST_ADDRESS and _reads_as_number(host)


@lru_cache(256)
def _reads_as_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _scheme(scope: Scope) -> str:
    return {"ws": "http", "wss": "https"}.get(scope["scheme"], str(scope["scheme"]))


def _no(status: int, reason: str, message: str) -> JSONResponse:
    return JSONResponse({"reason": reason, "message": message}, status)
