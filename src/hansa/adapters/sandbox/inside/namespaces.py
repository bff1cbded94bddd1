"""An empty machine for the supervisor: own user, mount, process, network, IPC and host-name namespaces.

The new root is a small read-only tmpfs that holds the Python runtime, two devices and an empty `/scratch/own`; there is
no `/proc`, `/etc`, `/home` or `/sys`. Each trial gets a tmpfs there that no other has touched.

Which user: an unprivileged node maps its own uid, the only one that it may map. A node that runs as root maps root
for the supervisor (the runtime may lie where only root can enter) and uid 65534 for the trials, because the kernel does
not count the processes of the real root against RLIMIT_NPROC.
"""

from __future__ import annotations

import os

from .kernel import RefusedError, die_with_parent, encode, mount, syscall, umount, unshare
from .runtime import DEVICES

_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_ALL = _NEWNS | _NEWUTS | _NEWIPC | _NEWUSER | _NEWPID | _NEWNET

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

NOBODY = 65534
# Not in /tmp: a path of the host must not look like one of the trial's own. One level down, because Landlock looks for
# rules above a mount point, and not at it: the rule is for the folder above, in which nobody can write.
SCRATCH = "/scratch/own"
ABOVE_SCRATCH = SCRATCH.rpartition("/")[0] or "/"


def split() -> None:
    """Moves into new namespaces; returns in their first process only.

    The process that calls it stays outside, waits, and ends as the first process ends. When that first process ends,
    the kernel kills every other process of the namespace, so nothing can outlive a job.

    Raises:
        RefusedError: this host does not let us have namespaces.
    """
    privileged = os.geteuid() == 0
    if privileged:
        _unshare_mapping_two_users()
    else:
        own_uid, own_gid = os.geteuid(), os.getegid()
        unshare(_ALL)
        _write_map("self", f"{NOBODY} {own_uid} 1", f"{NOBODY} {own_gid} 1", deny_groups=True)
    first = os.fork()
    if first:
        _, status = os.waitpid(first, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    die_with_parent(0)


def _unshare_mapping_two_users() -> None:
    """Unshares while a helper that stays outside writes the maps: from inside, root may map only itself."""
    outer = os.getpid()
    go_read, go_write = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(go_write)
            if os.read(go_read, 1):
                table = f"0 0 1\n{NOBODY} {NOBODY} 1"
                _write_map(str(outer), table, table, deny_groups=False)
                os._exit(0)
        finally:
            os._exit(72)
    os.close(go_read)
    try:
        unshare(_ALL)
        os.write(go_write, b"1")
    finally:
        os.close(go_write)
        _, status = os.waitpid(helper, 0)
    if status != 0:
        raise RefusedError("user namespace: the uid map was refused")


def _write_map(process: str, users: str, groups: str, deny_groups: bool) -> None:
    try:
        if deny_groups:
            _write(f"/proc/{process}/setgroups", "deny")
        _write(f"/proc/{process}/uid_map", users)
        _write(f"/proc/{process}/gid_map", groups)
    except OSError as error:
        raise RefusedError(f"user namespace: {error.strerror}") from None


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def new_root(spot: str, folders: list[str], links: dict[str, str], hidden: list[str]) -> None:
    """Replaces the root by a tmpfs that holds `folders` read-only and nothing else of the host.

    Args:
        spot: where to build it; empty where there is no place.
        folders: what to mount.
        links: what to make a link instead, and where it leads.
        hidden: folders in them to cover with an empty one.

    Raises:
        RefusedError: a step fails; the old root may then still be there, so the caller must not go on.
    """
    if not spot:
        raise RefusedError("namespaces: no place to build the new root")
    mount(None, "/", None, _RECURSIVE | _PRIVATE)
    mount("none", spot, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=1k,mode=755")
    for path, target in links.items():
        _make_folders(spot, path.rpartition("/")[0])
        os.symlink(target, spot + path)
    for path in folders:
        _make_folders(spot, path)
        mount(path, spot + path, None, _BIND | _RECURSIVE)
        _restrict_mount(spot + path, _RDONLY | _NOSUID | _NODEV, _AT_RECURSIVE)
    for path in hidden:
        mount("none", spot + path, "tmpfs", _RDONLY | _NOSUID | _NODEV | _NOEXEC, "size=4k,nr_inodes=1,mode=555")
    os.mkdir(spot + "/dev")
    for path in DEVICES:
        os.close(os.open(spot + path, os.O_CREAT | os.O_WRONLY, 0o600))
        mount(path, spot + path, None, _BIND)
        _restrict_mount(spot + path, _NOSUID | _NOEXEC, 0)
    _make_folders(spot, SCRATCH)
    # A way through; Landlock alone would let its names be read.
    os.chmod(spot + ABOVE_SCRATCH, 0o111)  # noqa: S103 - nobody may read or write it
    os.chdir(spot)
    syscall("pivot_root", _PIVOT_ROOT[os.uname().machine], b".", b".")
    umount(".")
    os.chdir("/")
    _restrict_mount("/", _RDONLY | _NOSUID | _NODEV | _NOEXEC, 0)


def _make_folders(base: str, path: str) -> None:
    """Makes `path` below `base`, with all that is missing above it."""
    for name in path.split("/")[1:]:
        base += "/" + name
        try:
            os.mkdir(base)
        except FileExistsError:
            continue


def _restrict_mount(path: str, attributes: int, flags: int) -> None:
    # Only sets attributes, so it never runs into the ones that an outer namespace has locked; and it reaches mounts
    # below `path`, which a classic remount does not.
    wanted = attributes.to_bytes(8, "little") + bytes(24)  # set these; clear, propagate and map nothing
    syscall("mount_setattr", _MOUNT_SETATTR, _AT_FDCWD, encode(path), flags, wanted, len(wanted))


def fresh_scratch(size: int, owner: int) -> None:
    """Mounts an empty tmpfs of `size` bytes on the scratch directory."""
    options = f"size={size},nr_inodes=4096,mode=700,uid={owner},gid={owner}"
    mount("none", SCRATCH, "tmpfs", _NOSUID | _NODEV | _NOEXEC, options)


def drop_scratch() -> None:
    """Throws the scratch directory's content away."""
    umount(SCRATCH)
