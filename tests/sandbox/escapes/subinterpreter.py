"""Runs code in a second interpreter, which has no hook of ours."""

import os


def attempt(host):
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        other = module.create()
        try:
            module.run_string(other, f"open({host['file']!r}).read()")
        except Exception as error:
            return str(error)[:100]
        else:
            return f"ran, left: {module.list_all()}"
    return "no such module"
