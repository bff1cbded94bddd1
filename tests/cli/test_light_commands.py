"""A command that a running node carries out does not load what only the node needs."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hansa.adapters.lock import DataDirLock
from hansa.entrypoints.home import TOKEN

HEAVY = ("alembic", "fastapi", "numpy", "pydantic_settings", "sqlalchemy", "structlog", "uvicorn", "yaml")
"""Half a second of start, and forty megabytes. (Typer brings pydantic along by itself.)"""

SCRIPT = """
import sys
from hansa.entrypoints.cli.main import cli
try:
    cli(sys.argv[1:])
except SystemExit as end:
    print(end.code, *[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


def loaded(*command: str) -> list[str]:
    """Returns the exit code of a command and the heavy libraries that it loaded."""
    script = [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *command]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60)
    return done.stderr.splitlines()[-1].split()


class _Node(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"result": {"skills": [], "count": 0}, "ok": True}).encode() + b"\n")

    def log_message(self, *_: object) -> None:
        pass


def test_help_loads_nothing_heavy() -> None:
    assert loaded("--help") == ["0"]


def test_the_nodes_id_needs_nothing_heavy(tmp_path: Path) -> None:
    assert loaded("init", "--home", str(tmp_path / "home"))[0] == "0"
    assert loaded("id", "--home", str(tmp_path / "home"), "--json") == ["0"]


@pytest.mark.parametrize("command", [("find", "a slug", "--json"), ("skill", "list", "--json")])
def test_a_command_that_a_running_node_carries_out_loads_nothing_heavy(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / TOKEN).write_text("x" * 43 + "\n")
    try:
        with DataDirLock(tmp_path) as lock:
            lock.set_url(f"http://127.0.0.1:{server.server_address[1]}")
            assert loaded(*command, "--home", str(tmp_path)) == ["0"]
    finally:
        server.shutdown()
        server.server_close()


def test_the_list_can_fail(tmp_path: Path) -> None:
    """Without a running node the command does the work itself, and loads what that needs."""
    assert loaded("init", "--home", str(tmp_path / "home"))[0] == "0"
    assert {"numpy", "sqlalchemy"} <= set(loaded("find", "a slug", "--home", str(tmp_path / "home")))
