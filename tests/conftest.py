"""Settings of all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Nothing here is a timed test: how long an example takes says more about the machine than about the code.
settings.register_profile("hansa", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("hansa")

os.environ.pop("COLUMNS", None)  # workers of the runner have one; what is printed is to be as in any pipe
