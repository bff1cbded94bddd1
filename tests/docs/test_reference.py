"""The reference says what the code says: commands, settings, reasons, exit codes, routes, records."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import fields, is_dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import httpx2
import msgspec
import pytest

from hansa.admission.service import Freshness
from hansa.conduct.ledger import Dealing, Receipt
from hansa.entrypoints import errors
from hansa.entrypoints.config import Config
from hansa.entrypoints.http.door import make_door
from hansa.entrypoints.metrics import FAMILIES
from hansa.governance import messages as governance
from hansa.governance import voting
from hansa.identity.envelope import Header
from hansa.kernel.errors import HansaError
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason
from hansa.market import messages as market
from hansa.node.core import KINDS
from hansa.node.events import Kind
from hansa.overlay.arrived import Arrived
from hansa.overlay.frames import AnyFrame
from hansa.overlay.links_said import Links, LinkSaid
from hansa.overlay.messages import Hello, Index, Join, Joined, Welcome
from hansa.overlay.notices import Notice, Noticed
from hansa.overlay.presence import Presence, Suspicion
from hansa.skills.messages import EvidenceBody, SkillBody, TombstoneBody
from hansa.skills.model import Claim, File, Result, Skill
from hansa.swarm import messages as swarm
from hansa.swarm.capabilities import CapabilityBody
from hansa.swarm.tasks import Prove, Python, Query, TaskBody
from tests.docs.pages import DOCS, blocks, prose, table_rows

REFERENCE = DOCS / "reference"


def make_reference() -> ModuleType:
    """Returns the script that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    "name",
    ["commands.md", "settings.md", "reasons.md", "exit-codes.md", "mcp.md", "events.md", "metrics.md", "disputes.md"],
)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    found = (REFERENCE / name).read_text(encoding="utf-8")
    assert found == make_reference().pages()[name], "run: python docs/make_reference.py"


def test_what_help_hides_is_in_no_page() -> None:
    assert "--ready-fd" not in make_reference().pages()["commands.md"]


def test_every_setting_has_a_meaning() -> None:
    rows = {row[0].strip("`"): row for row in table_rows(REFERENCE / "settings.md")}
    expected = set()
    for name, field in Config.model_fields.items():
        section = make_reference().TABLES.get(name, field.default)
        expected |= {f"{name}.{one.name}" for one in fields(section)} if is_dataclass(section) else {name}
    assert set(rows) == expected
    assert all(len(row[3]) > 5 for row in rows.values())


def test_every_reason_is_explained_once() -> None:
    codes = [row[0].strip("`") for row in table_rows(REFERENCE / "reasons.md")]
    assert sorted(codes) == sorted(reason.code for reason in Reason)


def test_every_event_and_every_metric_is_explained_once() -> None:
    codes = [row[0].strip("`") for row in table_rows(REFERENCE / "events.md")]
    assert codes == [kind.code for kind in Kind]
    names = [row[0].strip("`") for row in table_rows(REFERENCE / "metrics.md")]
    assert len(names) == len(set(names)) == len(FAMILIES)
    assert all(len(row[-1]) > 8 for row in table_rows(REFERENCE / "metrics.md"))


def test_every_exit_code_is_explained() -> None:
    codes = {int(row[0]) for row in table_rows(REFERENCE / "exit-codes.md")}
    assert codes == {code for _, code, _ in errors.TABLE} | {errors.DONE, errors.INTERRUPTED}


def test_every_error_has_an_exit_code_and_a_status() -> None:
    kinds = {HansaError, *HansaError.__subclasses__()}
    for kind in kinds:
        assert any(issubclass(kind, one) for one, _, _ in errors.TABLE)


# ------------------------------------------------------------------------------------------------------------ HTTP


def routes() -> set[str]:
    """Returns every call that the door answers, as "METHOD /path"."""
    door = make_door(SimpleNamespace(node=None, config=Config()))  # type: ignore[arg-type] - only the list of routes is looked at
    found = {"GET /openapi.json"}
    stack: list[Any] = list(door.routes)
    while stack:
        route = stack.pop()
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            stack += inner
        for method in getattr(route, "methods", None) or ():
            if method != "HEAD":
                found.add(f"{method} {route.path}")
    return found


def test_every_route_is_documented() -> None:
    text = (REFERENCE / "http.md").read_text(encoding="utf-8")
    found = routes()
    assert "GET /feed" in found
    shown = set(re.findall(r"`((?:GET|POST|PUT|DELETE|PATCH) /[^` ]*)`", text))
    missing = {route for route in found if route not in shown and f"`{route.split()[1]}`" not in text}
    assert not missing
    assert shown <= found


@pytest.mark.parametrize("path", ["/skills", "/instances", "/revocations", "/disputes", "/healthz", "/readyz", "/feed"])
async def test_an_answer_has_the_shape_that_the_page_shows(path: str, door: Any) -> None:
    page = (REFERENCE / "http.md").read_text(encoding="utf-8")
    section = page.partition(f"## `GET {path}`\n")[2].partition("\n## ")[0]
    example = json.loads(section.partition("```json\n")[2].partition("```")[0])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=door), base_url="http://127.0.0.1") as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert set(answer.json()) == set(example)


async def test_the_operators_door_wants_its_token(door: Any) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=door), base_url="http://127.0.0.1") as client:
        assert (await client.post("/admin/operations/status")).status_code == 401
        assert (await client.post("/admin/operations/status", headers={"Origin": "null"})).status_code == 403


async def test_the_nodes_own_page_names_every_documented_call(door: Any) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=door), base_url="http://127.0.0.1") as client:
        page = (await client.get("/docs")).text
    assert "POST /skills" in page


# --------------------------------------------------------------------------------------------------------- records


def names_in(page: str) -> set[str]:
    """Returns every word that a page writes as code."""
    return set(re.findall(r"`([^`]+)`", page)) | set(re.findall(r"\w+", " ".join(re.findall(r"`\{([^`]+)\}`", page))))


@pytest.mark.parametrize(
    "shape",
    [
        Header,
        SkillBody,
        Skill,
        Result,
        File,
        Claim,
        EvidenceBody,
        TombstoneBody,
        Receipt,
        governance.DisputeBody,
        *governance.LATER_BODIES.values(),
        voting.RosterBody,
        voting.ProposalBody,
        voting.VoteBody,
        voting.OutcomeBody,
        Hello,
        Welcome,
        Join,
        Joined,
        Index,
        Presence,
        Suspicion,
        Links,
        LinkSaid,
        Arrived,
        Notice,
        Noticed,
        market.Offered,
        market.Offers,
        market.Requested,
        market.Requests,
        market.AskBody,
        market.LeaseBody,
        market.ActBody,
        CapabilityBody,
        TaskBody,
        Python,
        Prove,
        Query,
        swarm.TaskSaidBody,
        swarm.TaskStopBody,
    ],
    ids=lambda shape: shape.__name__,
)
def test_every_field_of_a_record_is_documented(shape: type[msgspec.Struct]) -> None:
    known = names_in(prose(REFERENCE / "records.md"))
    assert set(shape.__struct_fields__) <= known


def test_every_kind_and_dealing_is_documented_with_its_class() -> None:
    page = REFERENCE / "records.md"
    classes = {row[0].strip("`"): row[1] for row in table_rows(page) if row[1] in set(Freshness)}
    assert classes == {kind: str(freshness) for kind, freshness in KINDS.items()}
    assert all(f"`{dealing}`" in page.read_text(encoding="utf-8") for dealing in Dealing)


def test_every_frame_is_documented_with_as_many_fields_as_it_has() -> None:
    page = (REFERENCE / "records.md").read_text(encoding="utf-8").partition("### Frames\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", page, re.MULTILINE)
    told = {tag: len([one for one in fields.split(",") if one.strip()]) for tag, fields in rows}
    assert told == {one.__struct_config__.tag: len(one.__struct_fields__) for one in get_args(AnyFrame)}


def test_the_bounds_of_a_message_are_those_of_the_code() -> None:
    limits = Limits()
    text = (REFERENCE / "records.md").read_text(encoding="utf-8")
    for bound in (f"{limits.max_bytes // 1024} KiB", f"{limits.max_depth} levels", f"{limits.max_items:,}\nitems"):
        assert bound in text or bound.replace("\n", " ") in text


def test_every_json_block_of_the_reference_is_json() -> None:
    for page in REFERENCE.glob("*.md"):
        for block in blocks(page):
            if block.language == "json":
                json.loads(block.text)
