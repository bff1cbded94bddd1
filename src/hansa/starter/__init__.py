"""The starter pack: small skills of wide use, ready for `hansa skill add`.

Each file under `skills/` is one skill and shows the format: a module docstring with the intent, the steps, tags and
licence; one public function, whose doctests are the data cases; and `test_*` functions for what no case can say. The
files are data to this package. They are read, and proved in the sandbox, but never imported.

Example:
    >>> from hansa.starter import skill_files
    >>> "slugify.py" in [path.name for path in skill_files()]
    True
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def skill_files() -> list[Path]:
    """Returns the paths of all starter skills, by name."""
    folder = Path(str(files(__name__).joinpath("skills")))
    return sorted(folder.glob("*.py"))
