"""Notes what code tries that the sandbox refuses, through the interpreter's audit events.

An observation, not the boundary: code that runs in the same process can blind the hook. The kernel layers refuse what
is listed here and what the hook never saw. Each attempt is sent at once, so that code which goes wild later cannot
take it back.

Reported: files opened, listed or changed outside the runtime and the scratch directory; sockets and name look-ups;
processes started or signalled; foreign libraries loaded and their functions looked up. Not reported: what ordinary
imports do, and questions about files (`stat`), which have no audit event.
"""

from __future__ import annotations

import os
import sys

from .runtime import PUBLIC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

MAX_ATTEMPTS = 20
MAX_TARGET = 200

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PACKAGES = ("/site-packages", "/dist-packages")

_LISTINGS = ("os.listdir", "os.scandir")
_CHANGES = {
    "os.chmod": 1, "os.chown": 1, "os.link": 2, "os.mkdir": 1, "os.remove": 1, "os.rename": 2, "os.rmdir": 1,
    "os.setxattr": 1, "os.symlink": 2, "os.truncate": 1, "os.utime": 1,
}  # fmt: skip
_NETWORK = (
    "socket.bind", "socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr", "socket.sethostname", "urllib.Request",
)  # fmt: skip
_PROCESSES = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen",
)  # fmt: skip
_SIGNALS = ("os.kill", "os.killpg")
_NATIVE = ("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.addressof", "ctypes.string_at")

Attempt = tuple[str, str]


class Watcher:
    """Turns audit events into attempts."""

    def __init__(self, runtime: list[str], scratch: str) -> None:
        self._runtime = tuple(path + "/" for path in runtime)
        self._scratch = scratch + "/"
        self._pid = os.getpid()

    def attempt(self, event: str, arguments: tuple[object, ...]) -> Attempt | None:
        """Returns what the event means, or None when the sandbox allows it."""
        if event == "open":
            return self._open(arguments)
        if event in _LISTINGS:
            return self._file(arguments[0], write=False)
        if event in _CHANGES:
            attempts = (self._file(path, write=True) for path in arguments[: _CHANGES[event]])
            return next(filter(None, attempts), None)
        if event == "sqlite3.connect":
            return None if arguments[0] in (":memory:", "") else self._file(arguments[0], write=True)
        if event == "import":
            return self._extension(arguments)
        return self._other(event, arguments)

    def _other(self, event: str, arguments: tuple[object, ...]) -> Attempt | None:
        if event == "socket.__new__":
            return ("network", f"socket({_plain(arguments[1:4])})")
        if event in _NETWORK:
            # The first argument of a socket's own events is the socket.
            own = event in ("socket.bind", "socket.connect", "socket.sendto")
            return ("network", f"{event}({_plain(arguments[1 if own else 0 :][:2])})")
        if event in _PROCESSES:
            return ("process", f"{event}({_plain(arguments[:2])})")
        if event in _SIGNALS:
            return None if arguments[0] == self._pid else ("process", f"{event}({_plain(arguments)})")
        if event in _NATIVE:
            # `import ctypes` itself opens the running program, which has no name.
            return None if arguments[0] is None else ("native", f"{event}({_plain(arguments[-1:])})")
        return None

    def _open(self, arguments: tuple[object, ...]) -> Attempt | None:
        path, _, flags = arguments
        return self._file(path, write=isinstance(flags, int) and bool(flags & _WRITES))

    def _extension(self, arguments: tuple[object, ...]) -> Attempt | None:
        path = arguments[1]
        if isinstance(path, str) and self._file(path, write=False) is None and not path.startswith(self._scratch):
            return None
        return None if path is None else ("native", str(path))

    def _file(self, path: object, write: bool) -> Attempt | None:
        if path is None or isinstance(path, int):
            return None  # the current directory, or a file that is open already
        name = self._absolute(_decode(os.fspath(path)))  # type: ignore[call-overload]
        if (name + "/").startswith(self._scratch) or name == "/dev/null":
            return None
        runtime = (name + "/").startswith(self._runtime) and not any(part in name for part in _PACKAGES)
        if not write and (runtime or name == "/dev/urandom" or name in PUBLIC):
            return None
        return ("file", name)

    def _absolute(self, path: str) -> str:
        if not path.startswith("/"):
            try:
                path = f"{os.getcwd()}/{path}"
            except OSError:  # only in the scratch directory can it have got so deep that its place has no name
                path = self._scratch + path
        return _normal(path)


def _decode(path: str | bytes) -> str:
    return path if isinstance(path, str) else path.decode(sys.getfilesystemencoding(), "surrogateescape")


def _normal(path: str) -> str:
    """Returns an absolute path without empty parts, `.` and `..`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _plain(values: tuple[object, ...]) -> str:
    """Renders plain values; an object of the code's own class is named, never asked to describe itself."""
    plain = (str, bytes, int, float, tuple, list, type(None))
    return ", ".join(repr(value)[:MAX_TARGET] if type(value) in plain else type(value).__name__ for value in values)


def _has_descriptor(frame: FrameType) -> bool:
    """Returns whether `socket.socket` wraps a descriptor and makes none, as `socketpair` has it do for `asyncio`."""
    return frame.f_code.co_name == "__init__" and frame.f_locals.get("fileno") is not None


def install(watcher: Watcher, send: object) -> None:
    """Hooks the running interpreter; `send` takes an attempt and must not raise. There is no way to unhook."""
    seen: set[Attempt] = set()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if len(seen) >= MAX_ATTEMPTS:
            return
        try:
            if event == "socket.__new__" and _has_descriptor(sys._getframe(1)):
                return
            attempt = watcher.attempt(event, arguments)
            if attempt is not None and attempt not in seen:
                seen.add(attempt)
                send(attempt[0], attempt[1][:MAX_TARGET])  # type: ignore[operator]
        except Exception:  # a hook that raises would change what the code sees
            return

    sys.addaudithook(hook)
