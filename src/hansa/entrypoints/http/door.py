"""The ASGI application: routes, the one mapping from errors to answers, health, and the reference page."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hansa import __version__
from hansa.entrypoints.app import App
from hansa.entrypoints.errors import http_status, problem
from hansa.entrypoints.http import (
    admin,
    disputes,
    events,
    federation,
    ingest,
    joining,
    mcp_door,
    metrics,
    openapi,
    overlay,
    well_known,
)
from hansa.entrypoints.http.bodies import AsciiJson
from hansa.entrypoints.http.gate import Gate
from hansa.kernel.errors import HansaError
from hansa.kernel.plain import plain

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_door(app: App) -> FastAPI:
    """Returns the application that serves `app`'s node."""
    door = FastAPI(
        title="Hansa",
        version=__version__,
        description="A node: skills in and out, each used only after it was proved here.",
        docs_url=None,
        redoc_url=None,
        default_response_class=AsciiJson,
        # Where spans go is settled by `adapters.tracing`; the framework would tell of requests by itself.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    door.state.app = app
    door.state.node = app.node
    door.state.stopping = asyncio.Event()
    door.add_middleware(ingest.Ingest, refused=_refused)
    door.add_middleware(Gate, hosts=(*app.config.hosts, *app.config.mcp_hosts))  # added last: stands first
    for path, endpoint, status, summary in ingest.ROUTES:
        door.add_api_route(path, endpoint, methods=["POST"], status_code=status, summary=summary)
    door.include_router(federation.router)
    door.include_router(disputes.router)
    door.include_router(joining.router)
    door.include_router(events.router)
    door.include_router(metrics.router)
    door.include_router(admin.router)
    door.include_router(well_known.router)
    mcp_door.add_to(door)
    overlay.add_to(door)
    door.add_api_route("/healthz", _healthz, methods=["GET"], summary="The process is alive")
    door.add_api_route("/readyz", _readyz, methods=["GET"], summary="The store answers")
    door.add_api_route("/docs", _docs, methods=["GET"], include_in_schema=False)
    door.add_api_route("/style.css", _style, methods=["GET"], include_in_schema=False)
    door.add_api_route("/", _front, methods=["GET"], include_in_schema=False)
    openapi.describe(door)
    door.add_exception_handler(HansaError, _refused)
    door.add_exception_handler(HTTPException, _http_error)
    door.add_exception_handler(RequestValidationError, _bad_arguments)
    return door


async def _refused(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, HansaError)  # noqa: S101 - registered for this class alone
    status = http_status(error)
    headers = {"Retry-After": "5"} if status in (429, 503, 507) else None
    return AsciiJson(problem(error), status, headers)


async def _http_error(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    text = error.detail if error.status_code != 404 else "no such path here: see /docs"
    return AsciiJson({"reason": "http", "message": text}, error.status_code, error.headers)


async def _bad_arguments(_: Request, error: Exception) -> AsciiJson:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return AsciiJson({"reason": "bad_argument", "message": f"{where}: {first['msg']}"}, 400)


async def _healthz() -> dict[str, str]:
    return {"status": "ok"}


async def _readyz(request: Request) -> Response:
    if request.app.state.stopping.is_set():
        return AsciiJson({"status": "stopping"}, 503)
    length, _ = request.app.state.node.core.store.feed_mark()
    return AsciiJson({"status": "ready", "feed": length})


async def _front() -> RedirectResponse:
    return RedirectResponse("/docs", 307)


async def _docs(request: Request) -> HTMLResponse:
    """Renders the reference of this door from its own description; works offline, runs no script."""
    schema = request.app.openapi()
    status = request.app.state.node.views.status()
    rows = [
        _route(method, path, entry) for path, methods in schema["paths"].items() for method, entry in methods.items()
    ]
    facts = f"{status['role']} {status['name']} · {status['instance_id']} · network {status['network']}"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hansa: the HTTP door</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="/style.css">'
        f"</head><body><main><h1>Hansa: the HTTP door</h1><p>{escape(plain(facts))}</p>"
        '<p>Machine-readable: <a href="/openapi.json">openapi.json</a>. '
        "Everything pushed is a signed envelope; errors are JSON with <code>reason</code> and <code>message</code>.</p>"
        f"<table><thead><tr><th>Call</th><th>What it does</th><th>Parameters</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></main></body></html>"
    )
    return HTMLResponse(page, headers=_HEADERS)


def _route(method: str, path: str, entry: dict[str, Any]) -> str:
    names = [
        f"<code>{escape(one['name'])}</code> {escape(one.get('description') or one['schema'].get('description') or '')}"
        for one in entry.get("parameters", [])
    ]
    return (
        f"<tr><td><code>{method.upper()} {escape(path)}</code></td>"
        f"<td>{escape(entry.get('summary', ''))}</td><td>{'<br>'.join(names)}</td></tr>"
    )


_CSS = """
:root{color-scheme:light dark;--line:#8886}
body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:70rem;margin:0 auto;padding:2rem 1rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid var(--line)}
code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}
"""


async def _style() -> Response:
    return Response(_CSS, media_type="text/css", headers=_HEADERS)
