"""Attack 53: a task carries out what it finds: over the network, through the environment, in its output or its errors.

Passes when no task reaches the network (loopback too), finds nothing in its environment but its own folder, says no
more than 64 KiB, and when what is said of it names no path of the host.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.swarm.messages import MAX_RESULT
from hansa.swarm.states import State
from tests.attacks.task_door import TaskDoor, real  # noqa: F401 - a fixture

pytestmark = pytest.mark.sandbox


async def test_no_task_reaches_the_network_not_even_this_machine(tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    door = await TaskDoor(tmp_path, real).ready()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for code in (
            f"import socket\ndef f(): return socket.create_connection(('127.0.0.1', {port}), 1)",
            f"import socket\ndef f():\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"    return s.sendto(b'x', ('127.0.0.1', {port}))",
            "import socket\ndef f(): return socket.getaddrinfo('example.com', 80)",
        ):
            said = await door.compute(code, "f", "()", work_ms=3_000)
            assert said.state is State.FAILED, said
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
    await door.close()


async def test_a_task_finds_nothing_of_the_nodes_environment(
    tmp_path: Path,
    real: ProcessSandbox,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HANSA_SECRET_TOKEN", "hunter2")
    door = await TaskDoor(tmp_path, real).ready()
    said = await door.compute("import os\ndef f(): return sorted(os.environ.items())", "f", "()")
    assert said.state is State.DONE, said
    assert "hunter2" not in repr(said) and not any(value and value in repr(said) for value in _telling())
    await door.close()


def _telling() -> list[str]:
    """Returns values of this process's environment that would tell something."""
    return [value for name, value in os.environ.items() if name in ("USER", "LOGNAME", "PWD", "VIRTUAL_ENV", "PATH")]


async def test_no_more_is_said_than_64_kib(tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    door = await TaskDoor(tmp_path, real).ready()
    for code in ("def f(): return 'x' * 70_000", "def f():\n    print('x' * 70_000)\n    return 1"):
        said = await door.compute(code, "f", "()")
        assert said.state is State.FAILED
        assert len(repr(said)) < MAX_RESULT
    await door.close()


async def test_errors_name_no_path_of_the_host(tmp_path: Path, real: ProcessSandbox) -> None:  # noqa: F811
    door = await TaskDoor(tmp_path, real).ready()
    for code in (
        "def f(): return 1 / 0",
        "import nowhere\ndef f(): return 1",
        "def f(): return open('nothing').read()",
        "import sys, os\ndef f(): raise ValueError(os.__file__, sys.executable, os.getcwd(), __name__)",
        "def f(:",
    ):
        said = await door.compute(code, "f", "()")
        assert said.state is State.FAILED, code
        for telling in (str(Path.cwd()), str(tmp_path), str(Path.home()) + "/", sys.prefix):
            assert telling not in said.error, (telling, said.error)
    await door.close()
