"""`GET /metrics`: the node's numbers for Prometheus, to this machine or to a holder of a token."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from hansa.entrypoints import metrics
from hansa.entrypoints.app import App
from hansa.entrypoints.http.access import is_loopback, may_read

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Answers with every metric.

    The setting `metrics` says to whom: "loopback", to programs on this machine and to holders of a token; "token", to
    holders alone; "off", to nobody.
    """
    app: App = request.app.state.app
    if app.config.metrics == "off":
        raise HTTPException(404, "the setting metrics is off")
    if not may_read(request) and not (app.config.metrics == "loopback" and is_loopback(request)):
        raise HTTPException(401, "the token is in the file reader.token of the data directory")
    return Response(metrics.written(metrics.gather(app)), headers={"Content-Type": metrics.CONTENT_TYPE})
