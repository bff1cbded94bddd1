"""What a job does and how it is reported, on every tier that this machine has."""

from __future__ import annotations

import asyncio
import random
import sys

import pytest

from hansa.adapters.sandbox import ProcessSandbox
from hansa.kernel.jobs import Attempt, SandboxJob, SandboxLimits, SandboxReport, StepStatus, TrialEnd, TrialReport

pytestmark = pytest.mark.sandbox

STANDARD_LIBRARY = (
    "abc argparse array ast asyncio base64 bisect calendar cmath codecs collections collections.abc colorsys "
    "concurrent.futures configparser contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib dis "
    "email.message enum errno filecmp fnmatch fractions functools glob graphlib gzip hashlib heapq hmac html "
    "html.parser http.client imaplib importlib.metadata inspect io ipaddress itertools json keyword linecache locale "
    "logging lzma math mimetypes multiprocessing numbers operator os pathlib pickle pkgutil platform plistlib pprint "
    "queue random re sched secrets select selectors shelve shlex shutil signal smtplib socket sqlite3 ssl stat "
    "statistics string struct subprocess sys sysconfig tarfile tempfile textwrap threading time timeit token tokenize "
    "traceback types typing unicodedata unittest unittest.mock urllib.parse urllib.request uuid warnings weakref "
    "xml.etree.ElementTree xmlrpc.client zipfile zlib zoneinfo"
).split()

USES = """
import asyncio.events, base64, collections, copy, csv, dataclasses, datetime, decimal, doctest, functools, gettext
import hashlib, importlib.resources, inspect, io, json, locale, logging, mimetypes, os, pathlib, pickle, platform
import random, re, secrets, shutil, sqlite3, statistics, tempfile, threading, traceback, typing, unittest, uuid
import warnings, xml.etree.ElementTree, zipfile, zoneinfo

@dataclasses.dataclass
class Point:
    x: int
    y: "int" = 2

def use():
    assert typing.get_type_hints(Point) == {"x": int, "y": int}
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1) == copy.deepcopy(Point(1))
    assert decimal.Decimal("1") / 3 and datetime.datetime.now(datetime.timezone.utc)
    assert hashlib.sha256(b"x").hexdigest()
    assert list(csv.reader(io.StringIO("a,b"))) and re.sub("a", "b", "aa") == "bb" and json.loads(json.dumps([1]))
    database = sqlite3.connect(":memory:")
    assert database.execute("select 1").fetchone() == (1,)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.txt"
        path.write_text("x")
        assert shutil.copyfile(path, path.with_suffix(".y")) and list(pathlib.Path(folder).rglob("*"))
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            archive.write(path, "x")
        sqlite3.connect(path.with_suffix(".db")).execute("create table t (x)")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    try:
        1 / 0
    except ZeroDivisionError:
        assert traceback.format_exc()
        logging.getLogger("x").exception("x")
    warnings.warn("x")
    assert locale.getlocale() and uuid.uuid4() and secrets.token_hex(4) and statistics.mean([1, 2])
    assert xml.etree.ElementTree.fromstring("<a/>").tag == "a" and random.random() < 1 and logging.INFO
    try:
        inspect.getsource(use)
    except OSError:
        pass
    assert inspect.getsource(json.dumps) and open(os.devnull).read() == "" and os.listdir() == []
    assert unittest.TestCase and mimetypes.guess_type("a.txt")[0] == "text/plain" and platform.python_version()
    zones = len(zoneinfo.available_timezones())
    return zones == 0 or str(zoneinfo.ZoneInfo("UTC"))
"""


def run(sandbox: ProcessSandbox, job: SandboxJob) -> SandboxReport:
    return asyncio.run(sandbox.run(job))


def first(sandbox: ProcessSandbox, job: SandboxJob) -> TrialReport:
    return run(sandbox, job).trials[0]


def test_calls_report_the_repr_of_what_they_return(sandbox: ProcessSandbox) -> None:
    code = "def f(*given):\n    given[0].append(1)\n    return given"
    trial = first(sandbox, SandboxJob(code, "f", calls=("([], -1.5, {'a': {1}}, 2+3j, b'x', None)", "([],)")))
    assert trial.end is TrialEnd.COMPLETED
    assert [step.value for step in trial.steps] == [
        None, "([1], -1.5, {'a': {1}}, (2+3j), b'x', None)", "([1],)"
    ]  # fmt: skip


def test_a_missing_entry_point_is_an_error_of_each_call(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob("def f(): pass", "g", calls=("()", "()")))
    assert [step.status for step in trial.steps] == ["ok", "raised", "raised"]
    assert trial.steps[1].error == "NameError: no function named 'g'"


def test_arguments_that_are_no_literal_tuple_are_an_error(sandbox: ProcessSandbox) -> None:
    job = SandboxJob("def f(*x): return x", "f", calls=("(open('x'),)", "1", "((", "(__import__('os').sep,)", "(1,)"))
    trial = first(sandbox, job)
    assert [step.status for step in trial.steps] == ["ok", "raised", "raised", "raised", "raised", "ok"]


def test_each_way_to_fail_has_its_status(sandbox: ProcessSandbox) -> None:
    scripts = {
        "assert True": "ok",
        "assert False, 'two\\nlines'": "failed",
        "raise ValueError('no')": "raised",
        "import no_such_module": "missing_module",
        "raise SystemExit(0)": "raised",
        "raise KeyboardInterrupt": "raised",
        "def": "raised",
        "class E(Exception):\n    def __str__(self): raise E\nraise E": "raised",
        "raise BaseExceptionGroup('g', [KeyboardInterrupt()])": "raised",
    }
    trial = first(sandbox, SandboxJob("", scripts=tuple(scripts)))
    assert [step.status for step in trial.steps[1:]] == list(scripts.values())
    assert trial.end is TrialEnd.COMPLETED
    assert trial.steps[2].error == "AssertionError: two"
    assert trial.steps[3].error == "ValueError: no"
    assert trial.steps[8].error == "E"


def test_code_that_does_not_load_runs_no_step(sandbox: ProcessSandbox) -> None:
    for code, status in (("1 / 0", "raised"), ("import no_such_module", "missing_module"), ("assert 0", "failed")):
        trial = first(sandbox, SandboxJob(code, "f", calls=("()",), scripts=("pass",)))
        assert [step.status for step in trial.steps] == [status, "not_run", "not_run"]
        assert trial.end is TrialEnd.COMPLETED


def test_an_exit_is_never_a_pass(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob("import os", scripts=("pass", "os._exit(0)", "pass")))
    assert trial.end is TrialEnd.EXITED
    assert [step.status for step in trial.steps] == ["ok", "ok", "not_run", "not_run"]


def test_scripts_do_not_see_each_others_names(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob("x = 1", scripts=("x = 2; y = 3", "assert x == 1 and 'y' not in globals()")))
    assert [step.status for step in trial.steps] == ["ok"] * 3


def test_code_is_a_module_named_skill(sandbox: ProcessSandbox) -> None:
    script = "import sys\nassert __name__ == 'skill' and sys.modules['skill'].x == 1 and __name__ != '__main__'"
    assert first(sandbox, SandboxJob("x = 1", scripts=(script,))).steps[1].status is StepStatus.OK


def test_trials_are_seeded_and_fresh(sandbox: ProcessSandbox) -> None:
    code = "import random\nn = 0\ndef f():\n    global n\n    n += 1\n    return n, random.random()"
    report = run(sandbox, SandboxJob(code, "f", calls=("()",), trials=3, seed=7))
    assert [trial.steps[1].value for trial in report.trials] == [
        repr((1, random.Random(7 + index).random())) for index in range(3)
    ]


def test_the_control_runs_only_the_scripts(sandbox: ProcessSandbox) -> None:
    job = SandboxJob(
        "def f(): return 1", "f", calls=("()",), scripts=("assert f() == 1",), control="def f(): return None", trials=2
    )
    report = run(sandbox, job)
    assert [step.status for step in report.trials[1].steps] == ["ok", "ok", "ok"]
    assert report.control is not None
    assert [(step.kind, step.status) for step in report.control.steps] == [("load", "ok"), ("script", "failed")]


def test_trials_stop_after_failures_in_a_row(sandbox: ProcessSandbox) -> None:
    code = "import random\ndef f(): assert random.getrandbits(30) in GOOD"
    good = {random.Random(seed).getrandbits(30) for seed in (2, 3)}
    job = SandboxJob(code.replace("GOOD", repr(good)), "f", calls=("()",), trials=9, stop_after=3, control="")
    report = run(sandbox, job)
    assert [trial.steps[1].status for trial in report.trials] == ["failed"] * 2 + ["ok"] * 2 + ["failed"] * 3
    assert report.control is not None
    assert len(run(sandbox, SandboxJob("1 / 0", trials=6, stop_after=0)).trials) == 6


def test_the_digest_covers_values_and_output_and_not_time(sandbox: ProcessSandbox) -> None:
    def digest(code: str) -> str:
        return first(sandbox, SandboxJob(code, "f", calls=("()",))).digest

    same = {digest("def f(): print('a'); return {'x', 'y', 'z', 1}") for _ in range(3)}
    others = {digest("def f(): print('b'); return {'x', 'y', 'z', 1}"), digest("def f(): print('a'); return 1")}
    assert len(same) == 1
    assert len(same | others) == 3


def test_errors_are_short_plain_and_without_host_paths(sandbox: ProcessSandbox) -> None:
    scripts = (
        "raise ValueError('\\x1b[2J\\u202e\\r' + 'x' * 1000)",
        "import os\nraise ValueError(os.__file__ + os.getcwd())",
        "raise type('A\\x07B', (Exception,), {})('x')",
    )
    errors = [step.error or "" for step in first(sandbox, SandboxJob("", scripts=scripts)).steps[1:]]
    assert errors[0].startswith("ValueError: \\x1b[2J\\u202e")
    assert all(len(error) <= 300 and error.isprintable() for error in errors)
    assert sys.base_prefix in ("/usr", "/usr/local") or sys.base_prefix not in errors[1]
    assert "<scratch>" in errors[1]


def test_attempts_are_named_once_and_bounded(sandbox: ProcessSandbox) -> None:
    scripts = (
        "open('/etc/passwd')", "open('/etc/passwd')", "import socket; socket.socket()", "import os; os.fork()",
        "import ctypes; ctypes.CDLL('libc.so.6')", "open('/etc/\\x1b' + 'x' * 300)",
        "import os\nfor n in range(100):\n    try: os.listdir(f'/home/{n}')\n    except OSError: pass",
    )  # fmt: skip
    trial = first(sandbox, SandboxJob("", scripts=scripts))
    assert trial.attempts[0] == Attempt("file", "/etc/passwd")
    assert [attempt.what for attempt in trial.attempts[:4]] == ["file", "network", "process", "native"]
    assert trial.attempts[1].target.startswith("socket(")
    assert len(trial.attempts) == 20
    assert all(len(attempt.target) <= 200 and attempt.target.isprintable() for attempt in trial.attempts)


def test_attempts_survive_what_comes_after(sandbox: ProcessSandbox) -> None:
    code = "import os\ntry: open('/etc/shadow')\nexcept OSError: pass\n"
    for end in ("os._exit(0)", "while True: pass", "os.kill(os.getpid(), 9)"):
        trial = first(sandbox, SandboxJob(code + end, limits=SandboxLimits(wall_ms=300)))
        assert trial.attempts == (Attempt("file", "/etc/shadow"),)


def test_importing_the_standard_library_is_no_attempt(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob("\n".join(f"import {name}" for name in STANDARD_LIBRARY)))
    assert trial.steps[0].error is None
    assert trial.attempts == ()


def test_using_the_standard_library_is_no_attempt(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob(USES, "use", calls=("()",)))
    assert trial.steps[1].error is None, trial
    assert trial.attempts == ()


def test_jobs_run_beside_each_other_and_never_meet(sandbox: ProcessSandbox) -> None:
    code = """
import os, time
def f(name):
    open("mine", "w").write(name)
    seen = []
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        for path in ("..", "../..", "/tmp", "/scratch"):
            try: seen += [n for n in os.listdir(path) if n != "mine"]
            except OSError: pass
    return open("mine").read(), seen
"""

    async def together() -> list[SandboxReport]:
        jobs = (SandboxJob(code, "f", calls=(f"('{name}',)",), trials=2) for name in "abcdef")
        return list(await asyncio.gather(*(sandbox.run(job) for job in jobs)))

    for name, report in zip("abcdef", asyncio.run(together()), strict=True):
        assert [trial.steps[1].value for trial in report.trials] == [repr((name, []))] * 2


def test_the_report_names_layers_and_harness(sandbox: ProcessSandbox) -> None:
    report = run(sandbox, SandboxJob(""))
    assert report.sandbox == sandbox.name
    assert "landlock+seccomp" in report.sandbox
    assert report.harness.startswith("cpython-3.")


def test_text_that_utf8_cannot_hold_is_no_trouble(sandbox: ProcessSandbox) -> None:
    code = "class A:\n    def __repr__(self): return '\\udc80\\x00\\n'\ndef f(): return A()"
    trial = first(sandbox, SandboxJob(code, "f", calls=("()",), scripts=("raise ValueError('\\udc80')",)))
    assert trial.end is TrialEnd.COMPLETED
    assert trial.steps[1].value == "\\udc80\x00\n"


ASYNCHRONOUS = """
import asyncio
async def twice(x):
    await asyncio.sleep(0.001)
    return x * 2
async def all_of(*xs):
    loop = asyncio.get_running_loop()
    return await asyncio.gather(*map(twice, xs)), await loop.run_in_executor(None, sum, xs)
def f(*xs):
    return asyncio.run(all_of(*xs))
"""


def test_asyncio_works_and_is_no_attempt(sandbox: ProcessSandbox) -> None:
    trial = first(sandbox, SandboxJob(ASYNCHRONOUS, "f", calls=("(1, 2)", "(3,)")))
    assert [step.value for step in trial.steps[1:]] == ["([2, 4], 3)", "([6], 3)"]
    assert trial.attempts == ()


def test_a_real_socket_is_still_an_attempt(sandbox: ProcessSandbox) -> None:
    scripts = ("import socket; socket.socketpair()", "import socket; socket.socket(socket.AF_UNIX)")
    trial = first(sandbox, SandboxJob("", scripts=scripts))
    assert [step.status for step in trial.steps] == ["ok", "ok", "raised"]
    assert [attempt.what for attempt in trial.attempts] == ["network"]
