"""What code may use beside the folders of the Python runtime, which the host names (`..layout`)."""

from __future__ import annotations

DEVICES = ("/dev/null", "/dev/urandom")
# Where mounts do not hide it, `mimetypes` finds that it exists and fails if it may not read it. It holds no secret.
PUBLIC = ("/etc/mime.types",)
