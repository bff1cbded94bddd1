"""Disputes for whoever asks: the cases over skills that this node passes on, and how they stand here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from hansa.entrypoints.http.bodies import node_of
from hansa.entrypoints.http.events import is_public
from hansa.entrypoints.http.federation import MAX_PAGE, Limit
from hansa.governance.case import Case
from hansa.kernel.errors import NotFound
from hansa.kernel.ids import ContentId
from hansa.node.node import Node

router = APIRouter()
CaseId = Annotated[str, Path(alias="id", pattern="^[0-9a-f]{4,64}$", description="A case's id, or the start of it.")]


@router.get("/disputes", summary="Cases over skills that this node passes on: {disputes, count, next}")
async def get_disputes(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**40, description="next of the page before.")] = 0,
    limit: Limit = MAX_PAGE,
) -> dict[str, Any]:
    """Lists cases, oldest first; a page is shorter where one is over a skill that is not passed on."""
    node = node_of(request)
    page = node.cases.page(after, limit)
    shown = [view for case, view in page if _is_public(node, case)]
    more = page[-1][1]["number"] if len(page) == limit else None
    return {"disputes": shown, "count": len(shown), "next": more}


@router.get("/disputes/{id}", summary="One case: who said what, what of it counts on this node, and why")
async def get_dispute(request: Request, id_: CaseId) -> dict[str, Any]:
    """Shows a case over a skill that this node passes on."""
    node = node_of(request)
    case = node.disputes.book.find(id_)
    if not _is_public(node, case):
        raise NotFound(f"no case here has an id that starts with {id_}: see hansa dispute list")
    return node.cases.whole(case)


def _is_public(node: Node, case: Case) -> bool:
    return is_public(node, ContentId(case.skill))
