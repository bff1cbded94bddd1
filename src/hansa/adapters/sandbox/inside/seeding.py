"""Seeds `random` before the code can use it, without importing it for code that does not.

The import costs a fifth of an interpreter's start, and few skills draw lots.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_NAME = "random"


def seed(number: int) -> None:
    """Seeds the module's own generator with `number`: now if it is there, else as soon as it has been imported."""
    found = sys.modules.get(_NAME)
    if found is not None:
        found.seed(number)
    else:
        sys.meta_path.insert(0, _Seeding(number))


class _Seeding:
    """Stands before the finders until the module is imported, then steps aside for good."""

    def __init__(self, number: int) -> None:
        self._number = number

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != _NAME:
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)  # type: ignore[arg-type]
            if spec is not None:
                self._seed_after_loading(spec)
                return spec
        return None

    def _seed_after_loading(self, spec: ModuleSpec) -> None:
        loader = spec.loader
        if loader is None:
            return

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            loader.exec_module(module)
            module.seed(self._number)

        loader.exec_module = exec_module  # type: ignore[method-assign]
