"""The constitution is shown and tried; a rule of one's own holds from the next start, or stops it with a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hansa.governance.constitution import FIVE
from tests.cli.conftest import Hansa, Up
from tests.cli.test_bad_input import SKILL_FILE

RULE = """
[[rules]]
name = "licences-that-we-share"
text = "We pass on what is under a licence that our lawyers know."
occasions = ["publish", "route"]
when = { kind = { is = "skill" } }
must = { license = { one_of = ["MIT", "Apache-2.0"] } }
passes = [{ license = "MIT" }]
fails = [{ license = "GPL-3.0-only" }, { license = "" }]
"""
CHECKED = SKILL_FILE.replace("'a-b'", "'a-b'\n    >>> slugify('C')\n    'c'")


def test_the_five_articles_are_shown_with_their_digest(node: Hansa) -> None:
    said = node("constitution", "show")
    assert said.code == 0
    assert said.out.splitlines()[0] == f"constitution {FIVE.digest}"
    assert len(re.findall(r"^article [1-5], .* \(asked at .*\)$", said.out, re.M)) == 5
    assert "no rules of this node's own" in said.out
    shown = node("constitution", "show", "--json").json
    assert shown["digest"] == FIVE.digest
    assert [one["number"] for one in shown["constitution"]["articles"]] == [1, 2, 3, 4, 5]
    assert node("status", "--json").json["constitution"] == FIVE.digest
    assert f"constitution: {FIVE.digest[:12]}" in node("status").out
    assert "parents_removed" in node("constitution", "show", "--facts").out


def test_the_digest_can_be_worked_out_from_what_is_shown(node: Hansa, home: Path) -> None:
    """By anybody, with nothing but RFC 8785 and SHA-256."""
    import hashlib

    import rfc8785

    (home / "constitution.toml").write_text(RULE)
    shown = node("constitution", "show", "--json").json
    assert hashlib.sha256(rfc8785.dumps(shown["constitution"])).hexdigest() == shown["digest"] != FIVE.digest


def test_every_fixture_is_tried(node: Hansa, home: Path) -> None:
    (home / "constitution.toml").write_text(RULE)
    said = node("constitution", "test")
    assert said.code == 0
    assert "✓ rule licences-that-we-share: 1 that pass, 2 that fail" in said.out
    assert re.search(r"^✓ article 3, sovereignty: \d+ that pass, \d+ that fail$", said.out, re.M)
    told = node("constitution", "test", "--json").json
    assert (told["failed"], told["count"]) == (0, len(FIVE.test()) + 3)
    assert all(one["ok"] for one in told["tried"])


def test_rules_can_be_tried_before_they_are_in_force(node: Hansa, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text(RULE.replace('{ license = "" }', '{ license = "Apache-2.0" }'))
    said = node("constitution", "test", "--file", draft)
    assert said.code == 1
    assert "✗ rule licences-that-we-share" in said.out
    assert '{license="Apache-2.0", occasion="publish"} passes, and should be one that fails' in said.out
    assert "1 not as they say" in said.out
    assert node("constitution", "test").code == 0
    draft.write_text(RULE.replace("one_of", "any_of"))
    assert (said := node("constitution", "test", "--file", draft)).code == 2
    assert "license is a word, and can be asked is, is_not, one_of, none_of; not any_of" in said.sentence
    draft.write_text(RULE + RULE)
    assert "two rules have that name" in node("constitution", "test", "--file", draft).sentence
    assert node("constitution", "test", "--file", tmp_path / "nothing.toml").code == 2


BAD = {
    "no TOML": ("[[rules", "is not TOML"),
    "not UTF-8": (b"\xff\xfe", "is not text in UTF-8"),
    "no such field": (RULE.replace("text =", "txt ="), "there is no txt in a rule"),
    "fixtures that come out otherwise": (RULE.replace('"MIT", ', ""), "is said to be one that passes, and it fails"),
    "no failing fixture": (RULE.partition("fails")[0] + "fails = []", "rule licences-that-we-share"),
    "too much": ("#" * 300_000, "has more than"),
}


@pytest.mark.parametrize(("written", "told"), BAD.values(), ids=BAD)
def test_a_node_with_a_rule_that_makes_no_sense_does_not_start(
    node: Hansa, home: Path, written: str | bytes, told: str
) -> None:
    (home / "constitution.toml").write_bytes(written if isinstance(written, bytes) else written.encode())
    for words in (("status",), ("constitution", "show"), ("up", "--port", "0")):
        said = node(*words)
        assert said.code == 2, words
        assert told in said.sentence
        assert "constitution.toml" in said.sentence


def test_what_can_t_be_read_is_no_constitution_of_five(node: Hansa, home: Path) -> None:
    """A node that lost its rules to a slip must not go on without them."""
    (home / "constitution.toml").mkdir()
    assert node("status").code == 2


def test_a_rule_keeps_in_what_would_have_left(node: Hansa, home: Path, tmp_path: Path) -> None:
    (tmp_path / "slugify.py").write_text(CHECKED)
    node("skill", "add", tmp_path / "slugify.py")
    node("prove")
    (id_,) = [one["trace_id"] for one in node("skill", "list", "--json").json["skills"]]
    open_ = node("publish", id_[:12], "--dry-run").out
    assert f"✓ constitution: kept (asked: the five articles of {FIVE.digest[:12]})" in open_
    (home / "constitution.toml").write_text(RULE.replace('["MIT", "Apache-2.0"]', '["Apache-2.0"]').replace(
        'passes = [{ license = "MIT" }]', 'passes = [{ license = "Apache-2.0" }]'))  # fmt: skip
    said = node("publish", id_[:12], "--dry-run")
    assert said.code == 1
    assert "✗ constitution: rule licences-that-we-share: We pass on what" in said.out
    assert node("publish", id_[:12]).code == 1
    assert "rule licences-that-we-share" in node("why", id_[:12]).out


def test_a_node_that_is_up_goes_on_with_what_it_started_with(up: Up, hansa: Hansa, home: Path) -> None:
    (home / "constitution.toml").write_text(RULE)
    assert hansa("constitution", "show", "--json").json["digest"] == FIVE.digest
    draft = home / "constitution.toml"
    assert hansa("constitution", "test", "--file", draft, "--json").json["digest"] != FIVE.digest


def test_a_backup_has_the_rules(node: Hansa, home: Path, tmp_path: Path) -> None:
    (home / "constitution.toml").write_text(RULE)
    digest = node("constitution", "show", "--json").json["digest"]
    assert node("store", "backup", tmp_path / "copy").code == 0
    assert "constitution.toml" in json.loads((tmp_path / "copy" / "manifest.json").read_text())["files"]
    (home / "constitution.toml").unlink()
    assert node("constitution", "show", "--json").json["digest"] == FIVE.digest != digest
