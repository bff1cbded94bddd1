"""Licences are told by their SPDX identifiers, and what is unclear is never taken for one that allows sharing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.skills.licenses import SHARING, allows_sharing, of_license_file, spdx
from tests.growth import growth


@pytest.mark.parametrize("known", sorted(SHARING))
def test_every_identifier_is_known_in_any_case_and_between_blanks(known: str) -> None:
    for written in (known, known.lower(), known.upper(), f"  {known}\n"):
        assert spdx(written) == known
        assert allows_sharing(spdx(written))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MIT license", "MIT"),
        ("The MIT License", "MIT"),
        ("the mit", "MIT"),
        ("Apache License 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache 2", "Apache-2.0"),
        ("apache-2.0 license", "Apache-2.0"),
        ("BSD 3-Clause", "BSD-3-Clause"),
        ("New BSD 3 clause license", "BSD-3-Clause"),
        ("bsd-2-clause license", "BSD-2-Clause"),
        ("3-clause BSD", "BSD-3-Clause"),
        ("GPLv3", "GPL-3.0-only"),
        ("GPL v3", "GPL-3.0-only"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("GPLv2", "GPL-2.0-only"),
        ("LGPLv3", "LGPL-3.0-only"),
        ("MPL 2.0", "MPL-2.0"),
        ("CC0", "CC0-1.0"),
        ("CC0 1.0", "CC0-1.0"),
    ],
)
def test_what_people_write_is_understood(written: str, meant: str) -> None:
    assert spdx(written) == meant


@pytest.mark.parametrize(
    "unclear",
    [
        "",
        "ask me",
        "proprietary",
        "All rights reserved",
        "BSD",
        "GPL",
        "Apache",
        "CC-BY-NC-4.0",
        "CC-BY-ND-4.0",
        "not MIT",
        "MIT with exceptions",
        "MIT OR Proprietary",
        "MIT AND CC-BY-NC-4.0",
        "SSPL-1.0",
        "BUSL-1.1",
        "Apache 1.1",
        "JSON",
        "M.I.T.",
    ],
)
def test_what_is_unclear_stays_as_written_and_allows_nothing(unclear: str) -> None:
    assert spdx(unclear) == unclear
    assert not allows_sharing(spdx(unclear))


@given(st.text(max_size=200))
def test_any_text_becomes_at_most_64_characters_that_mean_what_they_say(text: str) -> None:
    meant = spdx(text)
    assert len(meant) <= 64
    assert spdx(meant) == meant
    if allows_sharing(meant):
        assert meant in SHARING


def test_a_long_licence_is_cut_to_what_a_skill_may_hold() -> None:
    assert spdx("x" * 65) == "x" * 64


@pytest.mark.parametrize("near", ["MIT ", "mit", "MIT\n", "mit-0", "GPL-3.0"])
def test_sharing_is_asked_of_the_exact_identifier(near: str) -> None:
    assert not allows_sharing(near)


MIT = """MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction
"""
APACHE = "                 Apache License\n           Version 2.0, January 2004\n   http://www.apache.org/licenses/\n"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (MIT, "MIT"),
        (MIT.replace("\n", " ").upper(), "MIT"),
        (APACHE, "Apache-2.0"),
        ("Mozilla Public License Version 2.0\n====", "MPL-2.0"),
        ("", ""),
        ("All rights reserved.", ""),
        ("Apache License\nVersion 1.1", ""),
        ("x" * 3_000 + MIT, ""),
    ],
)
def test_licence_files_are_recognised_by_their_beginning(text: str, meant: str) -> None:
    assert of_license_file(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        # Boost Software License 1.0
        "Permission is hereby granted, free of charge, to any person or organization obtaining a copy of the software",
        # the JSON License: not for any purpose
        MIT + "\nThe Software shall be used for Good, not Evil.\n",
        # Commons Clause: takes the right to sell away again
        '"Commons Clause" License Condition v1.0\nThe License does not grant to you the right to Sell.\n' + MIT,
    ],
    ids=["boost", "json", "commons clause"],
)
def test_a_licence_that_only_begins_like_mit_is_not_mit(text: str) -> None:
    assert of_license_file(text) != "MIT"


def test_the_time_to_read_a_licence_grows_with_its_text_and_no_faster() -> None:
    assert growth(lambda dashes: spdx("apache" + dashes), "-", 4_000) < 8
