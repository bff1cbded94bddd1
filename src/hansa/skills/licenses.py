"""Licences, by SPDX identifier: which ones allow passing a skill on, and how people write them."""

from __future__ import annotations

import re

SHARING = frozenset(
    {
        "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
        "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
        "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT",
        "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
"""SPDX identifiers of licences that let anyone copy and redistribute."""

_SPELLINGS = (
    (r"apache([ -]license)?,?[ -]?(version )?2(\.0)?( license)?", "Apache-2.0"),
    (r"(the )?mit( license)?", "MIT"),
    (r"(new |modified )?bsd[ -]*3[ -]*clause( license)?", "BSD-3-Clause"),
    (r"bsd[ -]*2[ -]*clause( license)?", "BSD-2-Clause"),
    (r"(3|three)[ -]clause bsd( license)?", "BSD-3-Clause"),
    (r"(2|two)[ -]clause bsd( license)?", "BSD-2-Clause"),
    (r"gpl[ -]*v?2(\.0)?( license)?", "GPL-2.0-only"),
    (r"gpl[ -]*v?3(\.0)?( license)?", "GPL-3.0-only"),
    (r"lgpl[ -]*v?3(\.0)?( license)?", "LGPL-3.0-only"),
    (r"mpl[ -]*2(\.0)?( license)?", "MPL-2.0"),
    (r"cc0([ -]*1\.0)?", "CC0-1.0"),
)


def spdx(text: str) -> str:
    """Returns the SPDX identifier that `text` means, or the text itself (cut to 64 characters) when it is unclear.

    >>> spdx("MIT license"), spdx("Apache License 2.0"), spdx("ask me")
    ('MIT', 'Apache-2.0', 'ask me')
    """
    plain = " ".join(text.split())
    for known in SHARING:
        if plain.lower() == known.lower():
            return known
    for pattern, identifier in _SPELLINGS:
        if re.fullmatch(pattern, plain.lower()):
            return identifier
    return plain[:64]


def of_license_file(text: str) -> str:
    """Returns the SPDX identifier of a licence file's text, or "" when it is not one that is recognised."""
    head = " ".join(text[:2_000].split()).lower()
    whole = text[:20_000].lower()
    if "commons clause" in whole or "shall be used for good" in whole:
        return ""  # takes back what the text that follows gives
    if "permission is hereby granted, free of charge, to any person obtaining a copy" in head:
        return "MIT"
    if "apache license" in head and "version 2.0" in head:
        return "Apache-2.0"
    if "mozilla public license version 2.0" in head:
        return "MPL-2.0"
    return ""


def allows_sharing(license_id: str) -> bool:
    """Says whether a skill under this licence may be published."""
    return license_id in SHARING
