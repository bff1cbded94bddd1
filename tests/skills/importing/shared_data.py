"""Real data that lies beside the repository on some machines, and never in it."""

from __future__ import annotations

from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Returns the folder `name` of the shared data, or skips the test with a reason."""
    folder = _FOLDER / name
    if not folder.is_dir():
        pytest.skip(f"no shared/data/{name} beside the repository")
    return folder
