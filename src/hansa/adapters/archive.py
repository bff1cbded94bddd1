"""Packing a folder of files into one: a ZIP file whose bytes follow from the files alone.

No times, no owners, no compression (which differs between versions of zlib), files in order of their paths: the same
skill has the same archive, and the same digest, on every node. Nothing here unpacks.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.skills.importing.paths import check_bundle_paths

MEDIA_TYPE = "application/zip"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_ORDINARY_FILE = 0o100644 << 16


def pack(files: Mapping[str, bytes]) -> bytes:
    """Returns the archive of these files.

    Raises:
        Refused: BAD_BODY, when a path would not be a file below the folder on every system.
    """
    bad = check_bundle_paths(files)
    if bad:
        raise Refused(Reason.BAD_BODY, f"bundle path {bad[0]}: {bad[1]}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            member = zipfile.ZipInfo(path, _LONG_AGO)
            member.create_system = _UNIX
            member.external_attr = _ORDINARY_FILE
            archive.writestr(member, files[path])
    return packed.getvalue()
