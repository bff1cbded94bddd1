"""Attack 63: a page in the operator's browser gives orders to the node (CSRF), or pretends to be of it (DNS rebinding).

Passes when no request that such a page can send changes anything, whatever it carries: a good signed record among them.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from hansa.entrypoints.http.gate import host_of
from tests.attacks.specimens import key
from tests.node.world import SLUG, Resident, World, skill_message

TOKEN = {"Authorization": "Bearer the-token"}
JSON = {"Content-Type": "application/json"}

INVITE = f'{{"id": "{key(9).public.did}", "invited": true}}'
EVIL = {"Origin": "https://evil.example"}
OURS = {"Sec-Fetch-Site": "same-origin"}
CROSS = {"Sec-Fetch-Site": "cross-site"}

PAGES: dict[str, dict[str, str]] = {
    "fetch with JSON": EVIL | CROSS | JSON | {"Sec-Fetch-Mode": "cors"},
    "fetch without cors": EVIL | CROSS | {"Content-Type": "text/plain"},
    "an old browser": EVIL | JSON,
    "a page of another port": {"Origin": "http://127.0.0.1:9999", "Sec-Fetch-Site": "same-site"} | JSON,
    "a page of another scheme": {"Origin": "https://127.0.0.1:8470"} | JSON,
    "a page in a box": {"Origin": "null"} | JSON,
    "a file": {"Origin": "null"} | CROSS | JSON,
    "a site beside ours": {"Sec-Fetch-Site": "same-site"} | JSON,
    "a page that hides its origin": CROSS | JSON,
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "a form with files": {"Content-Type": "multipart/form-data; boundary=x"},
    "a form of text": {"Content-Type": "Text/Plain;charset=utf-8"},
    "a rebound name": {"Host": "evil.example", "Origin": "http://evil.example"} | OURS | JSON,
    "a rebound name with our port": {"Host": "evil.example:8470"} | OURS | JSON,
    "a name that begins like ours": {"Host": "localhost.evil.example:8470"} | JSON,
    "a name that ends like ours": {"Host": "evil-localhost"} | JSON,
    "no name": {"Host": ""} | JSON,
    "a number in other spelling": {"Host": "2130706433"} | JSON,
}


def orders(record: bytes) -> dict[str, tuple[str, str, bytes]]:
    """Returns what a page might try: each of these is taken when a peer or a command sends it."""
    return {
        "push a skill": ("POST", "/skills", record),
        "push a record": ("POST", "/records", record),
        "push many": ("POST", "/skills/bulk", record),
        "give an order": ("POST", "/admin/operations/peer.set", INVITE.encode()),
    }


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path, "memory")
    world.table.teach(SLUG)
    node = world.settle("node", config={"admission": {"open_to_all": True}})
    yield node
    world.close()


def good_record() -> bytes:
    return skill_message(key(1), SLUG).raw


def state(node: Resident) -> Any:
    return node.store.feed_mark(), node.store.peers(), node.holds(SLUG)


async def send(node: Resident, order: tuple[str, str, bytes], headers: dict[str, str]) -> int:
    method, path, body = order
    async with node.http() as http:
        answer = await http.request(method, path, content=body, headers={"Host": "127.0.0.1:8470", **TOKEN, **headers})
    return int(answer.status_code)


def test_there_are_enough_cases() -> None:
    assert len(PAGES) * len(orders(b"")) >= 40


@pytest.mark.parametrize(("page", "order"), list(itertools.product(PAGES, orders(b""))))
async def test_no_page_changes_anything(node: Resident, page: str, order: str) -> None:
    """It has even the token, which no page has: the gate stands before it."""
    before = state(node)
    assert await send(node, orders(good_record())[order], PAGES[page]) in (403, 415)
    assert state(node) == before


@pytest.mark.parametrize("order", orders(b""))
async def test_the_same_orders_are_taken_from_peers_and_commands(node: Resident, order: str) -> None:
    """The test above could not fail if nothing was ever taken."""
    before = state(node)
    assert await send(node, orders(good_record())[order], JSON) in (200, 201)
    assert state(node) != before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8470", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "node", "Origin": "http://node"},
        {"Host": "NODE.:8470"},
        {"Host": "[::1]:8470"},
        {"Host": "192.168.1.5:8470"},
    ],
    ids=str,
)
async def test_its_own_page_and_its_own_names_pass_the_gate(node: Resident, headers: dict[str, str]) -> None:
    assert await send(node, ("POST", "/records", good_record()), headers) == 201


async def test_a_page_that_only_looks_is_not_stopped_but_gets_no_permission_to_read(node: Resident) -> None:
    async with node.http() as http:
        answer = await http.get("/skills", headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
        asked = await http.request("OPTIONS", "/skills", headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control-") for name in (*answer.headers, *asked.headers))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_rebound_name_can_not_even_look(node: Resident, method: str) -> None:
    async with node.http() as http:
        assert (await http.request(method, "/skills", headers={"Host": "evil.example"})).status_code == 403


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("localhost", "localhost"), ("LocalHost.:80", "localhost"), ("[::1]", "::1"), ("[::1]:8470", "::1"), ("", ""),
        ("a:b", ""), ("a:1:2", ""), ("[::1", ""), ("[::1]x", ""), ("[::1]:x", ""), ("user@localhost", "user@localhost"),
        ("localhost:\u0661", "localhost"),
    ],
)  # fmt: skip
def test_a_host_is_read_from_its_header(given: str, found: str) -> None:
    assert host_of(given) == found


# ---- a real browser


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serves an ASGI application on a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", access_log=False))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def evil(target: str, record: str) -> Any:
    """Returns a page that tries everything against `target`, and says when it is done."""
    script = """
      const tries = [];
      const go = (...a) => tries.push(fetch(...a).catch(() => {}));
      for (const path of ["/skills", "/records", "/skills/bulk"]) {
        go(TARGET + path, {method: "POST", body: RECORD, headers: {"Content-Type": "application/json"}});
        go(TARGET + path, {method: "POST", body: RECORD, mode: "no-cors"});
        go(TARGET + path, {method: "POST", body: RECORD, mode: "no-cors", credentials: "include"});
        go(TARGET + path, {method: "POST", body: new URLSearchParams({x: RECORD}), mode: "no-cors"});
        go(TARGET + path, {method: "POST", body: new Blob([RECORD]), mode: "no-cors"});
        navigator.sendBeacon(TARGET + path, RECORD);
      }
      go(TARGET + "/admin/operations/status", {method: "POST", body: "{}", mode: "no-cors"});
      const form = document.createElement("form");
      form.method = "POST"; form.action = TARGET + "/records"; form.enctype = "text/plain"; form.target = "frame";
      const field = document.createElement("input");
      field.name = RECORD.slice(0, -1); field.value = "}";
      form.append(field); document.body.append(form); form.submit();
      Promise.allSettled(tries).then(() => document.title = "done");
    """.replace("TARGET", repr(target)).replace("RECORD", repr(record))
    page = f'<!doctype html><body><iframe name="frame"></iframe><script>{script}</script>'.encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        await send(head)
        await send({"type": "http.response.body", "body": page})

    return app


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --virtual-time-budget=4000 --dump-dom""".split()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("rebound", [False, True], ids=["another site", "a rebound name"])
async def test_a_page_in_a_real_browser_changes_nothing(node: Resident, tmp_path: Path, rebound: bool) -> None:
    before = state(node)
    async with serving(node.door) as port:
        target = f"http://{'evil.example' if rebound else '127.0.0.1'}:{port}"
        async with serving(evil(target, good_record().decode())) as page:
            said = await browse(f"http://evil.example:{page}/", tmp_path)
        assert "<title>done</title>" in said
        assert state(node) == before
        assert node.node.core.counters.received == 0


async def browse(url: str, folder: Path) -> str:
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    process = await asyncio.create_subprocess_exec(
        str(CHROMIUM), *FLAGS, rules, f"--user-data-dir={folder / 'profile'}", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return out.decode(errors="replace")
