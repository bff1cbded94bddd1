"""seccomp: the kernel's list of system calls that one process may make.

An allow-list. Whatever is not named answers EPERM, so a stranger's code gets an ordinary exception and a new system
call of a later kernel is closed from its first day. The numbers are searched by halving: on loading a filter the kernel
runs it once for each system call there is, which takes longer than the rest of the locking if it walks a list. The
filter is assembled on our side, once, and travels to the inner programs as bytes. Rules:

1. The calling convention is this machine's own, else the process is killed; x32 numbers answer ENOSYS.
2. `clone3` answers ENOSYS, on which the C library falls back to `clone`, whose flags a filter can read.
3. `clone` makes threads only. There is no fork, vfork or exec of any kind.
4. `kill` and `tgkill` reach this process only; `fcntl` cannot name a signal's receiver; `prlimit64` only reads.
5. `ioctl` and `prctl` have their own short lists.
6. `open` and `openat` refuse O_TRUNC without write access: old Landlock versions do not see that it writes.
7. `socketpair` makes connected pairs of nameless local streams, which `asyncio` needs to wake itself; `sendto` and
   `recvfrom` move bytes on them, with no address and no flags (out-of-band data has had holes in the kernel).
8. Everything on the list: memory, time, threads, and files (which files is Landlock's business).

Not on the list, on purpose: `socket` and all that names, connects or hands over a socket, links, modes, owners, times
and attributes of files, devices, mounts, namespaces, other processes, shared memory, keys, BPF, io_uring, memfd,
userfaultfd, perf, handles.
"""

from __future__ import annotations

import os
from functools import cache

from hansa.adapters.sandbox.inside.kernel import RefusedError

_X86, _ARM = "x86_64", "aarch64"
_AUDIT_ARCH = {_X86: 0xC000003E, _ARM: 0xC00000B7}

# name:x86_64:aarch64, "-" where the architecture never had the call.
_ALLOWED = """
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70 close:3:57
close_range:436:436 lseek:8:62 fstat:5:80 stat:4:- lstat:6:- newfstatat:262:79 statx:332:291 access:21:-
faccessat:269:48 faccessat2:439:439 readlink:89:- readlinkat:267:78 getdents:78:- getdents64:217:61 getcwd:79:17
chdir:80:49 fchdir:81:50 mkdir:83:- mkdirat:258:34 rmdir:84:- unlink:87:- unlinkat:263:35 rename:82:- renameat:264:38
renameat2:316:276 symlink:88:- symlinkat:266:36 dup:32:23 dup2:33:- dup3:292:24 pipe:22:- pipe2:293:59 poll:7:-
ppoll:271:73 select:23:- pselect6:270:72 epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22
mmap:9:222 munmap:11:215 mremap:25:216 mprotect:10:226 madvise:28:233 msync:26:227 brk:12:214 membarrier:324:283
futex:202:98 set_robust_list:273:99 rseq:334:293 set_tid_address:218:96 sched_yield:24:124 sched_getaffinity:204:123
getcpu:309:168 getpid:39:172 getppid:110:173 gettid:186:178 getuid:102:174 geteuid:107:175 getgid:104:176
getegid:108:177 getresuid:118:148 getresgid:120:150 getgroups:115:158 getpgrp:111:- getrlimit:97:163 getrusage:98:165
times:100:153 sysinfo:99:179 uname:63:160 umask:95:166 clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169
time:201:- nanosleep:35:101 clock_nanosleep:230:115 getrandom:318:278 rt_sigaction:13:134 rt_sigprocmask:14:135
rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:-
alarm:37:- setitimer:38:103 getitimer:36:102 restart_syscall:219:128 fsync:74:82 fdatasync:75:83 ftruncate:77:46
fallocate:285:47 fadvise64:221:223 flock:73:32 statfs:137:43 fstatfs:138:44 exit:60:93 exit_group:231:94 wait4:61:260
waitid:247:95
"""
_JUDGED = {
    "clone": {_X86: 56, _ARM: 220},
    "clone3": {_X86: 435, _ARM: 435},
    "kill": {_X86: 62, _ARM: 129},
    "tgkill": {_X86: 234, _ARM: 131},
    "ioctl": {_X86: 16, _ARM: 29},
    "prctl": {_X86: 157, _ARM: 167},
    "fcntl": {_X86: 72, _ARM: 25},
    "prlimit64": {_X86: 302, _ARM: 261},
    "open": {_X86: 2},
    "openat": {_X86: 257, _ARM: 56},
    "socketpair": {_X86: 53, _ARM: 199},
    "sendto": {_X86: 44, _ARM: 206},
    "recvfrom": {_X86: 45, _ARM: 207},
}

# TCGETS (isatty), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_PRCTLS = (15, 16, 21, 39, 0x53564D41)  # thread names, two questions about this very filter, naming of memory
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)  # duplicates, flags, locks; not F_SETOWN and its kin
_CLONE_THREAD = 0x00010000
_CLONE_NEW_ANY = 0x7E020000
_O_TRUNC, _O_ACCMODE = 0o1000, 0o3
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2004000  # SOCK_CLOEXEC and SOCK_NONBLOCK
_FARTHEST = 255  # a jump's length is one byte

_ENOSYS, _EPERM = 38, 1
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

Instruction = tuple[int, int, int, int]


def _answer(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _argument(position: int, high: bool = False) -> Instruction:
    """Loads half of an argument; both machines are little-endian, so the low half comes first."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * position + (4 if high else 0))


def _one_of(position: int, values: tuple[int, ...]) -> list[Instruction]:
    body = [_argument(position)]
    for value in values:
        body += [(_EQUAL, 0, 1, value), _answer(_ALLOW)]
    return [*body, _answer(_ERRNO | _EPERM)]


def _thread_only() -> list[Instruction]:
    refuse = _answer(_ERRNO | _EPERM)
    return [_argument(0), (_ANY_BIT, 0, 1, _CLONE_NEW_ANY), refuse, (_ANY_BIT, 1, 0, _CLONE_THREAD), refuse,
            _answer(_ALLOW)]  # fmt: skip


def _reads_only(position: int) -> list[Instruction]:
    """Allows the call when the pointer at `position` is null."""
    return _all_of(*_is_null(position))


def _no_hidden_truncation(position: int) -> list[Instruction]:
    return [_argument(position), (_AND, 0, 0, _O_TRUNC | _O_ACCMODE), (_EQUAL, 0, 1, _O_TRUNC),
            _answer(_ERRNO | _EPERM), _answer(_ALLOW)]  # fmt: skip


def _all_of(*tests: list[Instruction]) -> list[Instruction]:
    """Allows the call when every test holds; each ends in a comparison that goes on with the next line if so."""
    body = [instruction for test in tests for instruction in (*test, _answer(_ERRNO | _EPERM))]
    return [*body, _answer(_ALLOW)]


def _equals(position: int, value: int, ignoring: int = 0) -> list[Instruction]:
    """Holds when the low half of an argument, without the bits of `ignoring`, is `value`."""
    return [_argument(position), (_AND, 0, 0, ~ignoring & 0xFFFFFFFF), (_EQUAL, 1, 0, value)]


def _is_null(position: int) -> list[list[Instruction]]:
    return [[_argument(position), (_EQUAL, 1, 0, 0)], [_argument(position, high=True), (_EQUAL, 1, 0, 0)]]


def _nameless_pair() -> list[Instruction]:
    """The kernel reads family, type and protocol as 32 bits, so their upper halves say nothing."""
    return _all_of(_equals(0, _AF_UNIX), _equals(1, _SOCK_STREAM, _SOCK_FLAGS), _equals(2, 0))


def _plain_transfer() -> list[Instruction]:
    """No flags, no address."""
    return _all_of(_equals(3, 0), *_is_null(4))


def _judged(own_pid: int) -> dict[str, list[Instruction]]:
    """Returns, per system call whose arguments matter, the instructions that decide it."""
    return {
        "clone": _thread_only(),
        "clone3": [_answer(_ERRNO | _ENOSYS)],
        "kill": _one_of(0, (own_pid,)),
        "tgkill": _one_of(0, (own_pid,)),
        "ioctl": _one_of(1, _IOCTLS),
        "prctl": _one_of(0, _PRCTLS),
        "fcntl": _one_of(1, _FCNTLS),
        "prlimit64": _reads_only(2),
        "open": _no_hidden_truncation(1),
        "openat": _no_hidden_truncation(2),
        "socketpair": _nameless_pair(),
        "sendto": _plain_transfer(),
        "recvfrom": _plain_transfer(),
    }


def program(machine: str, own_pid: int) -> list[Instruction]:
    """Assembles the filter.

    Args:
        machine: "x86_64" or "aarch64".
        own_pid: the only process that may be signalled.

    Raises:
        RefusedError: the machine is neither of the two.
    """
    if machine not in _AUDIT_ARCH:
        raise RefusedError(f"seccomp: no system call table for {machine}")
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _answer(_KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == _X86:
        code += [(_AT_LEAST, 0, 1, 0x40000000), _answer(_ERRNO | _ENOSYS)]
    return code + _search(_spans(machine, own_pid))


Span = tuple[int, list[Instruction]]
"""The first number of a run of system calls, and the instructions that decide each of them."""


def _spans(machine: str, own_pid: int) -> list[Span]:
    """Returns the runs of system calls that are decided alike, in order, from number 0 on."""
    decided = {_JUDGED[name][machine]: body for name, body in _judged(own_pid).items() if machine in _JUDGED[name]}
    for entry in _ALLOWED.split():
        listed = entry.split(":")[1 if machine == _X86 else 2]
        if listed != "-":
            decided[int(listed)] = [_answer(_ALLOW)]
    refuse = [_answer(_ERRNO | _EPERM)]
    spans: list[Span] = []
    for number in range(max(decided) + 2):
        body = decided.get(number, refuse)
        if not spans or spans[-1][1] != body:
            spans.append((number, body))
    return spans


def _search(spans: list[Span]) -> list[Instruction]:
    """Returns instructions that go to the span of the loaded number, by halving."""
    if len(spans) == 1:
        return spans[0][1]
    middle = len(spans) // 2
    lower, upper = _search(spans[:middle]), _search(spans[middle:])
    if len(lower) > _FARTHEST:
        raise RefusedError("seccomp: the filter has outgrown its jumps")
    return [(_AT_LEAST, len(lower), 0, spans[middle][0]), *lower, *upper]


OWN_PID = 0x7FABCDEF
"""Stands in a template for a process id that is not known yet; above every real one."""


@cache
def template() -> bytes:
    """Returns the filter of this machine as the kernel takes it, with `OWN_PID` for the trial's own process id.

    Raises:
        RefusedError: there is no table for this machine.
    """
    return b"".join(
        operation.to_bytes(2, "little") + bytes((yes, no)) + value.to_bytes(4, "little")
        for operation, yes, no, value in program(os.uname().machine, OWN_PID)
    )
