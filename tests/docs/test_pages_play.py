"""Every console block of every page is typed as it stands, and must show what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import all_pages, blocks, name_of
from tests.docs.player import Player

PLAYED = [
    page
    for page in all_pages()
    if any(block.language == "console" and "not run" not in block.notes for block in blocks(page))
]


@pytest.mark.slow
@pytest.mark.sandbox
@pytest.mark.parametrize("page", PLAYED, ids=name_of)
def test_a_page_can_be_followed_to_the_letter(page: Path, tmp_path: Path) -> None:
    assert Player(tmp_path).play(page) > 0
