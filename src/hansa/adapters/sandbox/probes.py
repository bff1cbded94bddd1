"""The self-test: a sandbox tries to break out of itself before it is trusted with a stranger's code.

Each probe is a script that passes only if it was stopped. The host looks at the other end too: a file that must not
appear, a listener that nobody may reach. At least one probe needs each layer, so a sandbox that lost one fails:

| layer | probes that only it stops |
|---|---|
| namespaces, bubblewrap | a host file's existence is visible; installed packages are listed |
| landlock | folders outside are listed |
| seccomp | sockets, processes and namespaces are made |
| rlimits | memory, files and core dumps are unbounded |
| the supervisor's clock | an endless loop |
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hansa.adapters.sandbox.errors import SandboxUnavailable
from hansa.adapters.sandbox.layout import layout
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, SelfTest, StepStatus, TrialEnd

Run = Callable[[SandboxJob], Awaitable[SandboxReport]]

_LIMITS = SandboxLimits(wall_ms=5_000, memory_bytes=256 << 20, file_bytes=1 << 20, threads=8)

_HELPERS = """
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)

def refused(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return True
    return False

def call(name, *arguments):
    return getattr(libc, name)(*arguments)
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """One way out, tried.

    Attributes:
        failure: the sentence to report when it was open.
        script: passes when the way is closed; `canary`, `folder` and `port` are filled in.
        hidden: only for tiers whose mounts hide the host.
    """

    failure: str
    script: str
    hidden: bool = False


PROBES = (
    # First, before the others make files of their own.
    Probe(
        "Code finds what an earlier job left behind.",
        "import json, sys\nassert os.listdir('.') == []\n"
        "assert 'planted' not in sys.modules and not hasattr(json, 'planted')",
    ),
    Probe("Code can read a file of the host.", "assert refused(open, {canary!r})"),
    Probe(
        "Code can read a file of the host through the C library.",
        "assert call('open', {canary!r}.encode(), 0) == -1",
    ),
    Probe("Code can see which files the host has.", "assert refused(os.stat, {canary!r})", hidden=True),
    Probe("Code can list a folder outside its own.", "assert refused(os.listdir, '/')"),
    Probe(
        "Code can list installed packages.",
        "assert not [path for path in {packages!r} if os.listdir(path)]",
        hidden=True,
    ),
    Probe("Code can write outside its own folder.", "assert refused(open, {folder!r} + '/written', 'w')"),
    Probe(
        "Code can make a socket.",
        "import socket\nassert refused(socket.create_connection, ('127.0.0.1', {port}), 1)\n"
        "for family in (socket.AF_UNIX, socket.AF_INET):\n    assert refused(socket.socket, family)\n"
        "assert refused(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "assert refused(socket.socketpair, socket.AF_UNIX, socket.SOCK_SEQPACKET)",
    ),
    Probe(
        "Code can name a socket, pass files through it or send out of band.",
        "import socket\npair = socket.socketpair()\n"
        "assert refused(pair[0].bind, '\\0name') and refused(pair[0].bind, 'name') and refused(pair[0].listen)\n"
        "assert refused(socket.send_fds, pair[0], [b'x'], [1])\nassert refused(pair[0].send, b'x', socket.MSG_OOB)\n"
        "assert refused(pair[0].sendto, b'x', 'name')",
    ),
    Probe(
        "Code can start a process.",
        "for start in (os.fork, lambda: call('fork')):\n"
        "    try:\n        child = start()\n    except OSError:\n        continue\n"
        "    if child == 0:\n        os._exit(0)\n"
        "    assert child < 0",
    ),
    Probe("Code can execute a program.", "assert refused(os.execv, '/bin/sh', ['sh', '-c', 'exit 0'])"),
    Probe("Code can signal another process.", "assert refused(os.kill, os.getppid(), 0)"),
    Probe("Code can make namespaces.", "assert call('unshare', 0x10000000) == -1"),
    Probe("Code can change a file's mode.", "open('own', 'w').close()\nassert refused(os.chmod, 'own', 0o777)"),
    Probe("Code inherits open files.", "assert all(refused(os.fstat, number) for number in range(4, 300))"),
    Probe(
        "Code sees the host's environment.",
        "assert set(os.environ) <= {{'HOME', 'LANG', 'TMPDIR', '__CF_USER_TEXT_ENCODING'}}",
    ),
    Probe(
        "Code can use more memory than its limit.",
        "try:\n    bytearray({memory})\nexcept MemoryError:\n    pass\nelse:\n    raise AssertionError",
    ),
    Probe(
        "Code can write larger files than its limit.",
        "large = open('large', 'wb', 0)\nlarge.write(bytes({file}))\nassert refused(large.write, b'x')",
    ),
    Probe("Code can leave core dumps.", "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)"),
    Probe("Code can open files without end.", "assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 64"),
    # Last: where it succeeds, the next signal stops the process for good.
    Probe("Code can be traced.", "assert call('ptrace', 0, 0, 0, 0) == -1"),
)

_FORERUNNER = SandboxJob(
    code="import json, os, sys\nopen('planted', 'w').close()\nos.environ['PLANTED'] = json.planted = 'x'\n"
    "sys.modules['planted'] = json",
    limits=_LIMITS,
)
_ENDLESS = SandboxJob(code="while True: pass", limits=SandboxLimits(wall_ms=200))
_LATE_MS = 1_000  # below the whole seconds at which the processor-time limit steps in for the clock
_THREADS = SandboxJob(
    # Small stacks: else the limit on memory would stop the threads first, and hide that nobody counts them.
    code="import threading\nthreading.stack_size(1 << 18)\nstop = threading.Event()\n"
    "for _ in range(64): threading.Thread(target=stop.wait, daemon=True).start()\nstop.wait(1)",
    limits=_LIMITS,
)
# Probes that Linux's layers close and that macOS's profile words differently.
_LINUX_ONLY = (
    "Code can list",
    "Code can make namespaces.",
    "Code can be traced.",
    "Code can change",
    "Code can make a s",
    "Code can name a s",
)


async def self_test(run: Run, layers: tuple[str, ...], advice: str) -> SelfTest:
    """Runs every probe that fits the layers; never raises.

    Args:
        run: the sandbox.
        layers: what it promises.
        advice: what to tell the operator if it does not hold.
    """
    reached: list[object] = []
    try:
        server = await asyncio.start_server(lambda reader, writer: _reached(reached, writer), "127.0.0.1", 0)
        async with server:
            port: int = server.sockets[0].getsockname()[1]
            with tempfile.TemporaryDirectory(prefix="probe-") as folder:
                failures = await _probe(run, layers, Path(folder), port)
    except (SandboxUnavailable, OSError) as error:
        failures = [f"The sandbox cannot start: {error}."]
    if reached:
        failures.append("Code can reach a listener of the host.")
    return SelfTest(not failures, layers if not failures else (), tuple(failures), advice if failures else "")


def _reached(reached: list[object], writer: asyncio.StreamWriter) -> None:
    reached.append(writer.get_extra_info("peername"))
    writer.close()


async def _probe(run: Run, layers: tuple[str, ...], folder: Path, port: int) -> list[str]:
    # Readable by every user: only the sandbox, not the file's mode, may be what stops the code.
    folder.chmod(0o777)
    canary = folder / "canary"
    canary.write_text("canary", encoding="utf-8")
    canary.chmod(0o644)
    mounts = layers[0] in ("namespaces", "bubblewrap")
    probes = [probe for probe in PROBES if mounts or not probe.hidden]
    if "seccomp" not in layers:
        probes = [probe for probe in probes if not probe.failure.startswith(_LINUX_ONLY)]
    scripts = tuple(
        probe.script.format(
            canary=str(canary),
            folder=str(folder),
            packages=layout().hidden,
            port=port,
            memory=_LIMITS.memory_bytes,
            file=_LIMITS.file_bytes,
        )
        for probe in probes
    )
    job = SandboxJob(code=_HELPERS, scripts=scripts, limits=_LIMITS)
    await run(_FORERUNNER)  # where workers are kept, the probes run in one that has served before
    tried, endless, threads = await asyncio.gather(run(job), run(_ENDLESS), run(_THREADS))
    failures = [
        f"{probe.failure[:-1]} ({step.status}{': ' + step.error if step.error else ''})."
        for probe, step in zip(probes, tried.trials[0].steps[1:], strict=True)
        if step.status is not StepStatus.OK
    ]
    if tried.trials[0].end is not TrialEnd.COMPLETED:
        failures.append(f"The probes ended early ({tried.trials[0].end}).")
    late = endless.trials[0].wall_us > (_ENDLESS.limits.wall_ms + _LATE_MS) * 1000
    if endless.trials[0].end is not TrialEnd.TIMEOUT or late:
        failures.append(f"An endless loop was not stopped by the clock ({endless.trials[0].end}).")
    if threads.trials[0].end is TrialEnd.COMPLETED and threads.trials[0].steps[0].status is StepStatus.OK:
        failures.append("Code can start more threads than its limit.")
    if (folder / "written").exists():
        failures.append("Code left a file on the host.")
    return failures
