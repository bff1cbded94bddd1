"""What one job leaves, the next job in the same worker does not find; and what nobody may leave, nobody can.

Each row plants something in a job of its own; the job after it, in the very worker that served the first, looks for it.
A row whose planting is refused says so: then there is nothing to find, and the test holds the refusal.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from hansa.adapters.sandbox import ProcessSandbox, Tier
from hansa.kernel.jobs import SandboxJob, SandboxLimits, StepStatus, TrialEnd

pytestmark = pytest.mark.sandbox

HELPERS = """
import ctypes, gc, os, resource, signal, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def refused(action, *arguments):
    try:
        found = action(*arguments)
    except OSError:
        return True
    return found == -1
"""


@dataclass(frozen=True)
class Row:
    """One thing to leave.

    Attributes:
        plant: leaves it; an assertion that the sandbox refuses it, where it does.
        find: passes when nothing is there.
        quiet: whether the watch sees nothing in it, so that the very same worker serves the next job.
    """

    plant: str
    find: str
    noticed: bool = False

    @property
    def quiet(self) -> bool:
        return not self.noticed and "libc" not in self.plant


ROWS = {
    "file": Row("open('left', 'w').write('x')", "assert os.listdir('.') == []"),
    "folder, deep": Row("os.makedirs('a/b/c')\nopen('a/b/c/left', 'w').close()", "assert os.listdir('.') == []"),
    "file made and removed": Row("open('x', 'w').close()\nos.unlink('x')", "assert os.stat('.').st_mtime_ns == 0"),
    "hidden file": Row("os.symlink('.', '.left')", "assert os.listdir('.') == []"),
    "file beside the folder": Row(
        "assert refused(os.mkdir, '../left')", "assert refused(os.stat, '../left')", noticed=True),
    "full disk": Row(
        "open('fill', 'wb').write(bytes(900_000))", "open('all', 'wb').write(bytes(1_000_000))",
    ),
    "environment": Row(
        "os.environ['LEFT'] = 'x'\nos.putenv('LEFT2', 'x')\nos.environ['HOME'] = '/left'",
        "libc.getenv.restype = ctypes.c_char_p\nassert 'LEFT' not in os.environ and libc.getenv(b'LEFT2') is None\n"
        "assert os.environ['HOME'] == os.getcwd()",
    ),
    "patched module": Row(
        "import json, math\njson.dumps = lambda *_: 'left'\nmath.pi = 3\nlist(map(str, [1]))",
        "import json, math\nassert json.dumps([1]) == '[1]' and math.pi > 3",
    ),
    "patched builtins": Row(
        "import builtins\nbuiltins.len = lambda _: 0\nbuiltins.left = 1\nbuiltins.open = None",
        "import builtins\nassert len('ab') == 2 and not hasattr(builtins, 'left') and open is not None",
    ),
    "module": Row("sys.modules['left'] = os", "assert 'left' not in sys.modules"),
    "plain imports": Row(
        "import decimal, difflib", "assert 'decimal' not in sys.modules and 'difflib' not in sys.modules"),
    "import hooks": Row(
        "sys.path.insert(0, '/left')\nsys.meta_path.insert(0, type('Left', (), {'find_spec': lambda *_: None})())\n"
        "sys.path_hooks.clear()",
        "assert '/left' not in sys.path and sys.path_hooks\n"
        "assert not [1 for finder in sys.meta_path if type(finder).__name__ == 'Left']",
    ),
    "trace and profile": Row(
        "sys.settrace(lambda *_: None)\nsys.setprofile(lambda *_: None)\nthreading.settrace(lambda *_: None)",
        "assert sys.gettrace() is None and sys.getprofile() is None",
    ),
    "interpreter settings": Row(
        "sys.setrecursionlimit(5_000)\nsys.setswitchinterval(1)\ngc.disable()\nsys.set_int_max_str_digits(0)",
        "assert sys.getrecursionlimit() == 1_000 and sys.getswitchinterval() < 0.1 and gc.isenabled()\n"
        "assert sys.get_int_max_str_digits() == 4_300",
    ),
    "random state": Row(
        "import random\nrandom.seed('left')", "import random\nassert random.random() == random.Random(7).random()",
    ),
    "exit handlers": Row(
        "import atexit\natexit.register(lambda: open('left', 'w').close())", "assert os.listdir('.') == []",
    ),
    "signal handlers and masks": Row(
        "signal.signal(signal.SIGUSR1, signal.SIG_IGN)\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
        "assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL\n"
        "assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()",
    ),
    "timers": Row(
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0.2, 0.01)\n"
        "signal.setitimer(signal.ITIMER_PROF, 100)",
        "assert signal.getitimer(signal.ITIMER_REAL) == signal.getitimer(signal.ITIMER_PROF) == (0, 0)\n"
        "time.sleep(0.3)",  # a signal that still came would end the trial
    ),
    "mask of modes": Row("os.umask(0)", "assert os.umask(0o077) == 0o077"),
    "working folder": Row("os.mkdir('deep')\nos.chdir('deep')", "assert os.getcwd() == os.environ['HOME']"),
    "lower limits": Row(
        "for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):\n"
        "    try: resource.setrlimit(kind, (1, 1))\n    except (OSError, ValueError): pass",
        "assert resource.getrlimit(resource.RLIMIT_NOFILE) == (64, 64)",
    ),
    "open files": Row(
        "kept = [os.open('f', os.O_CREAT | os.O_RDWR) for _ in range(20)]\nos.set_inheritable(kept[0], True)\n"
        "os.dup2(kept[0], 60)",
        "assert all(refused(os.fstat, number) for number in range(4, 300))",
    ),
    "pipes": Row(
        "kept = os.pipe()\nos.write(kept[1], b'left')", "assert all(refused(os.fstat, n) for n in range(4, 300))",
    ),
    "report pipe": Row(
        "import fcntl\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)",
        "import fcntl\nassert not fcntl.fcntl(1, fcntl.F_GETFL) & os.O_NONBLOCK and os.read(0, 1) == b''",
    ),
    "threads": Row(
        "def stay():\n    while True:\n        open('left', 'w').close()\n"
        "for _ in range(3): threading.Thread(target=stay, daemon=True).start()\ntime.sleep(0.01)",
        "assert threading.active_count() == 1 and os.listdir('.') == []\n"
        "time.sleep(0.05)\nassert os.listdir('.') == []",
    ),
    "memory": Row(
        "left = b'-'.join([b'left', b'in', b'memory']) * 1000\nkept = [left[i:] for i in range(50)]",
        "mark = '-'.join(['left', 'in', 'memory'])\n"
        "assert not [1 for one in gc.get_objects() if type(one) is dict and 'left' in one and one is not globals()]\n"
        "assert not hasattr(sys.modules['skill'], 'left')",
    ),
    "processes": Row(
        "for start in (os.fork, libc.fork, libc.vfork, lambda: os.posix_spawn('/bin/true', ['true'], {})):\n"
        "    assert refused(start)\nassert refused(os.setsid)",
        "assert refused(os.kill, -1, 0)",
        noticed=True,
    ),
    "shared memory": Row(
        "from multiprocessing import shared_memory\n"
        "assert libc.shmget(4242, 4096, 0o1666) == -1 and libc.semget(4242, 1, 0o1666) == -1\n"
        "assert libc.msgget(4242, 0o1666) == -1 and libc.shm_open(b'/left', 66, 0o666) == -1\n"
        "assert refused(shared_memory.SharedMemory, 'left', True, 10)",
        "assert libc.shmget(4242, 4096, 0) == -1 and libc.semget(4242, 1, 0) == -1 and libc.msgget(4242, 0) == -1",
        noticed=True,
    ),
    "message queues and named semaphores": Row(
        "librt = ctypes.CDLL(None)\nassert librt.mq_open(b'/left', 66, 0o666, None) == -1\n"
        "assert libc.syscall(240, b'left', 66, 0o666, 0) == -1\nassert not libc.sem_open(b'/left', 66, 0o666, 1)",
        "assert libc.syscall(240, b'left', 0, 0, 0) == -1",
    ),
    "files in the shared memory folder": Row(
        "assert refused(open, '/dev/shm/left', 'w')", "assert refused(open, '/dev/shm/left')", noticed=True,
    ),
    "watches": Row(
        "assert libc.inotify_init() == -1 and libc.fanotify_init(0, 0) == -1\nassert libc.syscall(253) == -1",
        "assert libc.inotify_init() == -1",
    ),
    "keys": Row(
        "assert libc.syscall(248, b'user', b'left', b'x', 1, -3) == -1", "assert libc.syscall(250, 6, -3) == -1"),
    "sockets with names": Row(
        "import socket\nassert refused(socket.socket, socket.AF_UNIX)\npair = socket.socketpair()\n"
        "assert refused(pair[0].bind, '\\0left') and refused(pair[1].bind, 'left')\npair[0].send(b'left')",
        "import socket\npair = socket.socketpair()\nassert refused(pair[0].connect, '\\0left')\n"
        "pair[0].setblocking(False)\nassert refused(pair[0].recv, 1)",
        noticed=True,
    ),
    "locks on the runtime": Row(
        "import fcntl\nkept = open(os.__file__)\nfcntl.flock(kept, fcntl.LOCK_EX)",
        "import fcntl\nkept = open(os.__file__)\nfcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)",
    ),
    "priority and processors": Row(
        "assert refused(os.nice, 5) or os.nice(0) == 5\n"
        "if hasattr(os, 'sched_setaffinity'): assert refused(os.sched_setaffinity, 0, [0])",
        "assert len(os.sched_getaffinity(0)) >= 1",
    ),
    "name of the process": Row("libc.prctl(15, b'left', 0, 0, 0)", "name = ctypes.create_string_buffer(16)\n"
        "libc.prctl(16, name, 0, 0, 0)\nassert name.value != b'left'"),
}  # fmt: skip

LIMITS = SandboxLimits(file_bytes=1 << 20)


def job(script: str) -> SandboxJob:
    return SandboxJob(HELPERS, scripts=(script,), seed=7, limits=LIMITS)


@pytest.mark.parametrize("name", ROWS)
def test_the_next_job_finds_nothing(name: str, tier: Tier) -> None:
    row = ROWS[name]

    async def one_after_the_other() -> None:
        sandbox = ProcessSandbox(tier, keep=1)
        try:
            # A job of several trials: they must not find each other's leavings either.
            planted = await sandbox.run(replace(job(row.plant), trials=2))
            for trial in planted.trials:
                assert [step.error for step in trial.steps] == [None, None]
            assert len(sandbox.pool) == (1 if row.quiet else 0)
            found = (await sandbox.run(job(row.find))).trials[0]
            assert [step.error for step in found.steps] == [None, None]
            assert found.end is TrialEnd.COMPLETED
        finally:
            await sandbox.close()

    asyncio.run(one_after_the_other())


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.quiet and "refused" not in row.plant])
def test_the_search_would_find_it(name: str, tier: Tier) -> None:
    """Planted and looked for in one trial, most leavings are found: the searches are no formality."""
    row = ROWS[name]
    if name in ("full disk", "lower limits", "exit handlers", "locks on the runtime", "threads"):
        pytest.skip("within one trial there is nothing to find")

    async def together() -> None:
        report = await ProcessSandbox(tier).run(SandboxJob(HELPERS + row.plant, scripts=(row.find,), limits=LIMITS))
        trial = report.trials[0]
        assert trial.end is not TrialEnd.COMPLETED or trial.steps[1].status is not StepStatus.OK

    asyncio.run(together())


def test_the_memory_of_one_job_is_not_in_the_next(tier: Tier) -> None:
    """Reads all memory that the process may read, for words of the job before: its code, arguments and results."""
    scan = """
import ctypes, gc
gc.unfreeze()  # what the worker had before, too
def find(word):
    hits, read = 0, 0
    # There is no map to read in here: whole pages around living objects, as far as they are known to be mapped.
    for page in sorted({id(one) // 4096 for one in gc.get_objects()}):
        data = ctypes.string_at(page * 4096, 4096)
        read += 1
        at = data.find(word)
        while at >= 0:
            hits += data[at + len(word) : at + len(word) + 3].isdigit()  # the word alone is in our own arguments
            at = data.find(word, at + 1)
    return hits > 0, read > 100
"""

    async def both() -> tuple[str | None, str | None]:
        sandbox = ProcessSandbox(tier, keep=1)
        kept = "kept = [['plutonium%05d' % n] for n in range(10_000)]"
        calls = ("(b'plutonium',)",)
        own = await sandbox.run(SandboxJob(scan + kept, "find", calls=calls, limits=LIMITS))
        left = ProcessSandbox(tier, keep=1)
        await left.run(SandboxJob(kept, limits=LIMITS))
        assert len(left.pool) == 1
        next_one = await left.run(SandboxJob(scan, "find", calls=calls, limits=LIMITS))
        await sandbox.close()
        await left.close()
        return own.trials[0].steps[1].value, next_one.trials[0].steps[1].value

    assert asyncio.run(both()) == ("(True, True)", "(False, True)")
