"""The demonstration plays to its end, and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.node.world import real_sandbox


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_demonstration_comes_out_as_it_must(tmp_path: Path) -> None:
    found = real_sandbox()
    if isinstance(found, str):
        pytest.skip(found)
    given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
    command = [sys.executable, "-m", "hansa.entrypoints.cli.main", "demo", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, cwd=tmp_path, env=given | {"TMPDIR": str(tmp_path)}
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["failures"] == []
    assert done.returncode == 0
    assert {(one["lie"], one["stopped_at"], one["reason"]) for one in told["lies"]} == {
        ("false claim", "b: domain room", "refuted"),
        ("reads files", "b: domain room", "sandbox_file_access"),
        ("forged signature", "hub: identity", "forged"),
        ("opens a socket", "b: domain room", "sandbox_network_access"),
    }
    assert told["execution"]["met_with"] > told["execution"]["met_without"]
    assert told["published"] >= 25
    assert all(seconds < 10 for seconds in told["without_a_hub"].values())
    assert (told["lease"]["brought"], told["lease"]["right"]) == (4, 4)
    assert told["lease"]["cost"] > 0 < told["lease"]["used_ms"]
    assert list(tmp_path.iterdir()) == []  # nothing is left behind
