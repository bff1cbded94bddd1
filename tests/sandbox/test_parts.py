"""The pure parts: records, what the host believes, literals, the filter's program."""

from __future__ import annotations

import ast
import json
import os
import posix
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import pytest

from hansa.adapters.sandbox import seccomp, wire
from hansa.adapters.sandbox.inside import compiling, literal, records, report, workspace
from hansa.kernel.jobs import SandboxJob, TrialEnd

LITERALS = (
    "('a',)", "('a' 'b', 1)", "( 1 , ( 2 , ) )", "(1)", "12", "('\u00e9', '')", "((), ())", "'a'",
    "('\"',)", "(r'a', b'b', u'c')",
    "('a#b',)", "(0, 00, 12345678901234567890)",
    "()", "(1,)", "(-1, +2.5, 1e9)", "('a', b'b', None, True, ...)", "([1, [2]], {'a': (1,)}, {1, 2}, set())",
    "(1+2j, -1-2j, 3j)", "  (1,)", "(1, )", "('a' 'b',)", "{}", "((((1,),),),)", "1_000",
)  # fmt: skip
NOT_LITERALS = (
    "(1)(2)", "'a'(1)", "('a' (1),)", "1 (2)", "()()", "(1,)(0)", "('a',)[0]", "(f'a', 1 - 2)",
    "(x,)", "(f(),)", "(1+1,)", "[*[1]]", "{**{}}", "('a'.upper(),)", "(lambda: 1,)", "(f'{1}',)", "(1 if 1 else 2,)",
    "(-'a',)", "(--1,)", "(not True,)", "(set(1),)", "('a'+1j,)", "(1j+1,)", "(-True,)",
)  # fmt: skip


@pytest.mark.parametrize("text", LITERALS)
def test_literals_read_as_the_standard_library_reads_them(text: str) -> None:
    assert repr(literal.read(text)) == repr(ast.literal_eval(text))


@pytest.mark.parametrize("text", NOT_LITERALS)
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ast.literal_eval(text)
    with pytest.raises(ValueError, match="not a literal"):
        literal.read(text)


SOURCES = (
    "def f(x):\n    return x", "# -*- coding: latin-1 -*-\nx = '\u00e9\u20ac'", "", "assert 0, 'kept'", "a b", "(",
    "from __future__ import annotations\nx: y = 1", "from __future__ import unknown", "x = '\ud800'", "a\0b", "  x",
    "1" * 5_000, "(" * 300, "return 1", "\ufeffx = 1", "x = \u00b2", "'\\d'", "(1, 'a')",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("source", SOURCES)
def test_code_is_compiled_as_compile_does_it(source: str) -> None:
    """The same code, or the same error in the same words."""

    def outcome(compiled: Callable[[], CodeType]) -> object:
        try:
            return parts_of(compiled())
        except (SyntaxError, ValueError) as error:
            return type(error), str(error)

    for ours, mode in ((compiling.statements, "exec"), (compiling.expression, "eval")):
        theirs = outcome(lambda mode=mode: compile(source, "<skill>", mode, dont_inherit=True))  # type: ignore[misc]
        assert outcome(lambda ours=ours: ours(source, "<skill>")) == theirs  # type: ignore[misc]


def parts_of(code: CodeType) -> object:
    inner = [parts_of(one) if isinstance(one, CodeType) else one for one in code.co_consts]
    return code.co_code, inner, code.co_names, code.co_flags, code.co_filename, list(code.co_lines())


def test_the_inner_program_uses_of_os_only_what_posix_has() -> None:
    names = {
        node.attr
        for path in Path(compiling.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert len(names) > 40
    assert [name for name in sorted(names) if not hasattr(posix, name)] == []


def test_compiling_does_not_build_the_types_of_ast() -> None:
    """That it saves them is all that it is for: where it no longer does, `compile` would be the simpler way."""
    path = Path(compiling.__file__)
    program = (
        "import importlib.util, gc, sys\n"
        f"spec = importlib.util.spec_from_file_location('compiling', {str(path)!r})\n"
        "compiling = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(compiling)\n"
        "before = len(object.__subclasses__())\ncompiling.statements('x = 1', 'x')\n"
        "assert len(object.__subclasses__()) == before\nprint(compiling._compile is not None)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "True\n"


def test_records_read_back() -> None:
    written = [("call", 3, "ok", "a\n b", None), ("script", 0, "raised", None, ""), ("end", 0, "completed", None, None)]
    data = b"".join(records.encode(*record) for record in written)
    assert records.decode(data) == written


def test_a_record_that_was_cut_off_is_dropped() -> None:
    whole = records.encode("call", 0, "ok", "value", None)
    for length in range(len(whole)):
        assert records.decode(whole + whole[:length]) == records.decode(whole)


def test_bytes_that_are_no_records_are_malformed_and_never_more() -> None:
    draw = random.Random(1)
    whole = b"".join(records.encode("call", index, "ok", "value" * index, None) for index in range(20))
    for _ in range(3_000):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 5)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            records.decode(bytes(data[draw.randrange(50) :]))
        except records.MalformedError:
            continue


def line(**changes: object) -> bytes:
    step = {"kind": "load", "index": 0, "status": "ok", "value": None, "error": None}
    trial = {"end": "completed", "steps": [step], "attempts": [], "wall_us": 1, "digest": "0" * 64, **changes}
    return json.dumps({"trial": trial}).encode() + b"\n"


READY = b'{"ready":"t"}\n'


def test_the_host_believes_a_well_formed_report() -> None:
    answer = wire.read(SandboxJob(""), "t", READY + line() + wire.DONE)
    assert answer.done
    assert wire.report(SandboxJob(""), answer, "s", "h").trials[0].end is TrialEnd.COMPLETED


@pytest.mark.parametrize(
    "said", [line(), b'{"ready":"u"}\n' + line(), READY + READY + line(), READY + b'{"ready":"u"}\n']
)
def test_an_answer_to_another_job_is_none(said: bytes) -> None:
    """What a worker says counts only behind the token that went with the job, once."""
    answer = wire.read(SandboxJob(""), "t", said + wire.DONE)
    assert answer.trials == []
    assert not answer.done
    assert not answer.is_ordinary


@pytest.mark.parametrize(
    "bad",
    [
        line(end="fine"), line(steps=[]), line(wall_us=-1), line(wall_us="1"), line(digest="x"), line(extra=1),
        line(attempts=[["file", "x" * 201]]), line(attempts=[["file", "x"]] * 21), line(attempts=[["other", "x"]]),
        line(steps=[{"kind": "load", "index": 0, "status": "ok", "value": "1", "error": None}]),
        line(steps=[{"kind": "load", "index": 0, "status": "raised", "value": None, "error": None}]),
        line(steps=[{"kind": "call", "index": 0, "status": "ok", "value": "1", "error": None}]),
        line(steps=[{"kind": "load", "index": 0, "status": "raised", "value": None, "error": "x" * 301}]),
        b'{"trial":\n', b"[" * 100_000 + b"\n", b"\xff\n", line() + line(), b'{"done":true}\n' + line(),
        b'{"control":null}\n', b"",
    ],
)  # fmt: skip
def test_what_is_off_is_exited(bad: bytes) -> None:
    job = SandboxJob("", control="")
    report = wire.report(job, wire.read(job, "t", READY + bad), "s", "h")
    assert report.control is not None
    assert report.control.end is TrialEnd.EXITED
    assert len(report.trials) <= 1
    if bad != line() + line():
        assert all(trial.end is TrialEnd.EXITED for trial in report.trials)


def test_json_is_json() -> None:
    value = {"a": [1, True, None, '\x00é\ud800"\\'], "b": {"c": ("x",)}}
    assert json.loads(report.json(value)) == json.loads(json.dumps(value))


def test_a_folder_is_emptied_however_deep_and_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    base = tmp_path / "base"
    base.mkdir()
    (base / "link").symlink_to(outside)
    folder = os.open(base, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d" * 50, dir_fd=folder)
        inner = os.open("d" * 50, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    workspace.empty(str(base))
    assert list(base.iterdir()) == []
    assert (outside / "kept").exists()


class Kernel:
    """Runs a filter the way the kernel does, over one system call."""

    def __init__(self, machine: str) -> None:
        self.code = seccomp.program(machine, 4242)
        self.arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]

    def answer(self, number: int, *arguments: int, arch: int | None = None) -> str:
        words = {0: number, 4: self.arch if arch is None else arch}
        for index in range(6):
            value = arguments[index] if index < len(arguments) else 0
            words[16 + 8 * index] = value & 0xFFFFFFFF
            words[20 + 8 * index] = value >> 32
        at, held = 0, 0
        while True:
            operation, yes, no, value = self.code[at]
            at += 1
            if operation == 0x06:
                return {0x7FFF0000: "allow", 0x80000000: "kill", 0x50001: "EPERM", 0x50026: "ENOSYS"}[value]
            if operation == 0x20:
                held = words[value]
            elif operation == 0x54:
                held &= value
            else:
                test = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[operation]
                at += yes if test else no


X86, ARM = Kernel("x86_64"), Kernel("aarch64")


@pytest.mark.parametrize("kernel", [X86, ARM], ids=["x86_64", "aarch64"])
def test_the_filter_answers(kernel: Kernel) -> None:
    x86 = kernel is X86
    assert kernel.answer(0 if x86 else 63) == "allow"  # read
    assert kernel.answer(0 if x86 else 63, arch=0x40000003) == "kill"
    assert kernel.answer(435) == "ENOSYS"  # clone3
    clone = 56 if x86 else 220
    assert kernel.answer(clone, 0x3D0F00) == "allow"  # what pthread_create passes
    assert kernel.answer(clone, 17) == "EPERM"
    assert kernel.answer(clone, 0x3D0F00 | 0x10000000) == "EPERM"
    for call in (62, 234) if x86 else (129, 131):  # kill, tgkill
        assert kernel.answer(call, 4242) == "allow"
        assert kernel.answer(call, 4241) == "EPERM"
        assert kernel.answer(call, (1 << 64) - 1) == "EPERM"
    openat = 257 if x86 else 56
    assert kernel.answer(openat, 0, 0, 0o1000) == "EPERM"
    assert kernel.answer(openat, 0, 0, 0o1001) == "allow"
    prlimit = 302 if x86 else 261
    assert kernel.answer(prlimit, 0, 9, 0, 1 << 40) == "allow"
    assert kernel.answer(prlimit, 0, 9, 1 << 40, 0) == "EPERM"
    assert kernel.answer(prlimit, 0, 9, 5, 0) == "EPERM"
    assert kernel.answer(72 if x86 else 25, 3, 8) == "EPERM"  # F_SETOWN
    assert kernel.answer(16 if x86 else 29, 0, 0x5412) == "EPERM"  # TIOCSTI


@pytest.mark.parametrize("kernel", [X86, ARM], ids=["x86_64", "aarch64"])
def test_the_only_sockets_are_nameless_pairs_of_local_streams(kernel: Kernel) -> None:
    pair, send, receive = (53, 44, 45) if kernel is X86 else (199, 206, 207)
    assert kernel.answer(pair, 1, 1) == "allow"
    assert kernel.answer(pair, 1, 1 | 0o2000000 | 0o4000, 0) == "allow"
    others = [(family, 1, 0) for family in range(2, 46)]
    others += [(1, kind | flags, 0) for kind in range(2, 16) for flags in (0, 0o4000)]
    others += [(1, 1, protocol) for protocol in range(1, 20)] + [(1, 1 | 0x10, 0), (0, 1, 0)]
    assert {kernel.answer(pair, *one) for one in others} == {"EPERM"}
    for call in (send, receive):
        assert kernel.answer(call, 5, 1 << 40, 10, 0, 0, 0) == "allow"
        for flags in (1, 2, 4, 0x40, 0x4000, 1 << 31):  # MSG_OOB is 1
            assert kernel.answer(call, 5, 1 << 40, 10, flags) == "EPERM"
        for address in (1, 1 << 32, (1 << 64) - 1):
            assert kernel.answer(call, 5, 1 << 40, 10, 0, address, 110) == "EPERM"


@pytest.mark.parametrize("kernel", [X86, ARM], ids=["x86_64", "aarch64"])
def test_the_search_decides_as_the_table_does(kernel: Kernel) -> None:
    """The tree of halves against the list it was made from, for every number and some beyond."""
    machine = "x86_64" if kernel is X86 else "aarch64"
    listed = {int(entry.split(":")[1 if kernel is X86 else 2].replace("-", "-1")) for entry in seccomp._ALLOWED.split()}
    judged = {numbers[machine] for numbers in seccomp._JUDGED.values() if machine in numbers}
    for number in [*range(700), 0x3FFFFFFF, *([] if kernel is X86 else [0x40000000, 0xFFFFFFFF])]:
        if number not in judged:
            assert kernel.answer(number) == ("allow" if number in listed else "EPERM"), number


@pytest.mark.parametrize("kernel", [X86, ARM], ids=["x86_64", "aarch64"])
def test_the_filter_refuses_all_that_is_not_listed(kernel: Kernel) -> None:
    refused_x86 = {
        41, 42, 43, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 57, 58, 59, 86, 90, 92, 101, 105, 133, 155, 161, 165, 166,
        169, 175, 248, 250, 265, 272, 288, 298, 299, 303, 304, 307, 308, 310, 311, 317, 319, 321, 322, 323, 425, 426,
        427, 428, 429, 430, 431, 432, 433, 434, 437, 438, 440, 442, 447,
    }  # fmt: skip
    refused_arm = {
        2, 5, 33, 37, 39, 40, 41, 51, 52, 53, 54, 55, 97, 104, 117, 130, 142, 144, 146, 194, 198, 199, 200, 201, 202,
        203, 204, 205, 208, 209, 210, 211, 212, 217, 219, 221, 241, 242, 243, 264, 265, 268, 269, 270, 271, 277, 279,
        280, 281, 282, 425, 434, 437, 438, 442,
    }  # fmt: skip
    for number in refused_x86 if kernel is X86 else refused_arm:
        assert kernel.answer(number) == "EPERM", number
    if kernel is X86:
        assert kernel.answer(0x40000000) == "ENOSYS"
    assert sum(kernel.answer(number) == "allow" for number in range(600)) < 120
