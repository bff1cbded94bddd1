"""Opens memory, disks and the terminal."""
# seen as: file

import os


def attempt(host):
    for path in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/ptmx", "/dev/fuse", "/dev/kvm", "/dev/shm/x"):
        try:
            os.open(path, os.O_RDWR | os.O_CREAT)
        except OSError:
            continue
        return "ESCAPED " + path
