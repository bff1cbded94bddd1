"""`compile` without what `compile` brings along: on its first call it builds all types of `ast`, a tenth of a start.

The C function behind it does not. Where that is not to be found, `compile` itself serves.
"""

from __future__ import annotations

import _ctypes
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_PYTHON_API = 1 | 4  # an ordinary C call, with the interpreter's lock held and its errors raised
_STATEMENTS, _EXPRESSION = 257, 258
_OF_TEXT = 0x0100 | 0x0800  # it is UTF-8, whatever a comment in it says


class _Object(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "O"


class _Text(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "z"


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class _Compile(_ctypes.CFuncPtr):
    _flags_ = _PYTHON_API
    _restype_ = _Object


def _find() -> _Compile | None:
    program: Any = None
    try:
        return _Compile(_ctypes.dlsym(_ctypes.dlopen(program, 0), "Py_CompileStringExFlags"))
    except (OSError, AttributeError):
        return None


_compile = _find()
_FLAGS = bytearray(_OF_TEXT.to_bytes(4, sys.byteorder) + sys.version_info.minor.to_bytes(4, sys.byteorder))


def statements(source: str, name: str) -> CodeType:
    """Returns the code of a module; `name` is what tracebacks call its file."""
    return _code(source, name, "exec", _STATEMENTS)


def expression(source: str, name: str) -> CodeType:
    """Returns the code of one expression."""
    return _code(source, name, "eval", _EXPRESSION)


def _code(source: str, name: str, mode: str, start: int) -> CodeType:
    if _compile is None or "\0" in source:
        return compile(source, name, mode, dont_inherit=True)
    # New bytes each time: what the source imports from `__future__` is noted in them.
    text, file, flags = _Text(source.encode()), _Text(name.encode()), _Text(bytes(_FLAGS))
    code: CodeType = _compile(text, file, _Int(start), flags, _Int(-1))
    return code
