"""Attack 62: a change that looks harmless, is exchanged after the vote, or goes where nobody looked.

Pass criterion: each specimen of the corpus of hidden code is judged high, and none of them, nor one judged low, needs a
vote less; a diff is applied only where its bytes and its base are the voted ones, byte for byte; no path leaves the
folder, follows a link or reaches `.git`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.entrypoints.changing import apply, base_in
from hansa.governance.ballot import Decided
from hansa.governance.diff import BadDiff, base_of, read
from hansa.governance.risk import Level, assess
from hansa.kernel.errors import HansaError, Refused
from tests.governance.test_diff import plain
from tests.governance.test_risk import HIDDEN, added
from tests.node.test_voting import BASE, DIFF, LASTS, Council
from tests.node.world import World


async def test_no_level_of_risk_takes_a_vote_away(tmp_path: Path) -> None:
    made = World(tmp_path)
    council = Council(made)
    await council.meet()
    for code in (*HIDDEN[:8], "x = 1"):
        text = added(code)
        level = assess(read(text)).level
        poll = await council.a.node.voting.propose(text, base_of({"x.py": None}), "small", LASTS)
        assert poll.body.risk is level
        assert level is (Level.LOW if code == "x = 1" else Level.HIGH)
        assert poll.decided is Decided.OPEN and poll.roster.quorum == 3
        with pytest.raises(Refused, match="not_approved"):
            await council.a.ask("proposal.permit", id=poll.id)
    made.close()


def test_a_byte_more_in_the_files_stops_the_change(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"old\n")
    assert base_in(tmp_path, DIFF) == BASE
    for other in (b"old\nmore\n", b"old", b"new\n", b""):
        (tmp_path / "x.txt").write_bytes(other)
        with pytest.raises(Refused, match="not_approved"):
            apply(tmp_path, DIFF, BASE)
        assert (tmp_path / "x.txt").read_bytes() == other
    (tmp_path / "x.txt").unlink()
    with pytest.raises(Refused, match="not_approved"):
        apply(tmp_path, DIFF, BASE)
    assert list(tmp_path.iterdir()) == []


def test_another_diff_over_the_same_files_is_not_the_voted_one(tmp_path: Path) -> None:
    """What is applied is what the permit gives out: its digest is the one that every vote names."""
    (tmp_path / "x.txt").write_bytes(b"old\n")
    assert apply(tmp_path, DIFF, BASE) == ["x.txt"]
    assert (tmp_path / "x.txt").read_bytes() == b"new\n"


@pytest.mark.parametrize("path", ["../x", "/x", ".git/hooks/pre-commit", "a/../../x", "a/.Git/config", "x\u202e"])
def test_no_path_leads_out_of_the_folder_or_into_git(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadDiff):
        apply(tmp_path, plain(path), BASE)


def test_a_link_on_the_way_stops_the_change(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "x.txt").write_bytes(b"old\n")
    (folder / "way").symlink_to(outside)
    (folder / "x.txt").symlink_to(outside / "x.txt")
    for path in ("way/x.txt", "x.txt"):
        with pytest.raises(HansaError):
            apply(folder, plain(path), base_of({path: b"old\n"}))
    assert (outside / "x.txt").read_bytes() == b"old\n"
