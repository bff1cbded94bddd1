"""Writes to kernel switches."""
# seen as: file

import os


def attempt(host):
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/cgroup.procs"):
        try:
            open(path, "w").close()
        except OSError:
            continue
        return "ESCAPED " + path
