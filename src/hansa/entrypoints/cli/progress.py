"""The progress bar of long work: on standard error, on a terminal only."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hansa.kernel.plain import plain


class Bar:
    """A bar that appears with the first step; nothing at all where nobody watches."""

    def __init__(self) -> None:
        """Shows nothing yet."""
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        """Starts when standard error is a terminal."""
        if sys.stderr.isatty():
            self._progress = Progress(
                BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Takes the bar away."""
        if self._progress:
            self._progress.stop()

    def update(self, done: int, total: int, label: str) -> None:
        """Shows how far the work is."""
        if self._progress is None:
            return
        if self._task is None:
            self._task = self._progress.add_task("", total=total)
        self._progress.update(self._task, completed=done, total=total, description=escape(plain(label, 60)))
