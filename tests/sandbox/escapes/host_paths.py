"""Looks for paths of the host in what the interpreter knows."""

import os
import sys


def attempt(host):
    return [sys.executable, sys.argv, sys.orig_argv, dict(os.environ), getattr(sys, "_base_executable", "")[:0]]
