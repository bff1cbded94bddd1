"""Loads the seccomp filter that the host assembled (`..seccomp`)."""

from __future__ import annotations

import os

from .kernel import PR_SET_SECCOMP, address, prctl


class Filter:
    """A filter in the kernel's form, but for the one process that may be signalled: the trial itself.

    Args:
        template: eight bytes for each instruction.
        mark: what stands in it for the trial's process id.
    """

    def __init__(self, template: bytes, mark: int) -> None:
        self._template = template
        self._mark = mark.to_bytes(4, "little")

    def confine(self) -> None:
        """Filters the calling process for the rest of its life; needs no_new_privs."""
        packed = self._template.replace(self._mark, os.getpid().to_bytes(4, "little"))
        prctl(PR_SET_SECCOMP, 2, (len(packed) // 8).to_bytes(8, "little") + address(packed))
