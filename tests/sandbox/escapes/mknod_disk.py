"""Makes a device node for a disk."""

import os
import stat


def attempt(host):
    os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(254, 0))
    return "ESCAPED"
