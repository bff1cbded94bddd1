"""What is imported before the trials are forked: plain modules that the code names, and never a step of the code."""

from hansa.adapters.sandbox.cargo import preload
from hansa.kernel.jobs import SandboxJob


def test_plain_modules_that_the_code_names_are_imported_once_for_all_trials() -> None:
    code = "import re, json as j\nfrom collections.abc import Sequence\n\ndef f():\n    import datetime\n"
    assert preload(SandboxJob(code, scripts=("from math import pi",))) == (
        "collections.abc", "datetime", "json", "math", "re",
    )  # fmt: skip


def test_nothing_else_is_imported_outside_the_trial() -> None:
    code = "import socket, subprocess, antigravity, ctypes, os\nfrom skill import x\nimport re.evil\n"
    code += "from . import json\n"
    assert preload(SandboxJob(code)) == ()
