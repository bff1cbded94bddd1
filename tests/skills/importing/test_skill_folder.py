from __future__ import annotations

import pytest

from hansa.kernel.ids import content_id
from hansa.skills.importing.draft import Draft
from hansa.skills.importing.skill_folder import read_skill_folder
from hansa.skills.model import File
from tests.skills.importing.playing import drafted, rejected
from tests.skills.importing.shared_data import shared_data

DOCUMENT = b"""---
name: pdf-tools
description: >
  Merge and split
  PDF files.
license: MIT License
metadata:
  tags: [PDF, files]
  license: Apache-2.0
---

# PDF tools

## Merge #

```bash
## not a heading
```

## Split
"""


def one(files: dict[str, bytes], license_id: str = "") -> Draft:
    return drafted(read_skill_folder("pdf-tools", files, license_id))


def problem(files: dict[str, bytes]) -> str:
    return rejected(read_skill_folder("pdf-tools", files))


def front(text: str, body: str = "# A\n") -> dict[str, bytes]:
    return {"SKILL.md": f"---\n{text}\n---\n{body}".encode()}


def test_front_matter_gives_intent_licence_and_tags_and_headings_the_path() -> None:
    draft = one({"SKILL.md": DOCUMENT})
    skill = draft.skill
    assert skill.intent == "Merge and split PDF files."
    assert skill.license == "MIT"
    assert skill.tags == ("skill-md", "pdf-tools", "pdf", "files")
    assert [step.action for step in skill.reasoning_path] == ["Merge", "Split"]
    assert skill.result.media_type == "text/markdown"
    assert skill.result.text.startswith("# PDF tools\n") and skill.result.text.endswith("## Split\n")
    assert draft.notes == ("no checks: E1 at most",)
    assert draft.claimed_pass is None


def test_other_files_are_a_bundle_by_digest() -> None:
    files = {"scripts/b.py": b"x = 1\n", "SKILL.md": DOCUMENT, "a.bin": b"\xff\0", "copy.bin": b"\xff\0"}
    draft = one(files)
    digest, copy = content_id(b"x = 1\n"), content_id(b"\xff\0")
    assert draft.skill.result.files == (
        File(path="a.bin", digest=copy, size=2),
        File(path="copy.bin", digest=copy, size=2),
        File(path="scripts/b.py", digest=digest, size=6),
    )
    assert draft.blobs == ((copy, b"\xff\0"), (digest, b"x = 1\n"))


def test_the_order_of_files_is_no_part_of_the_skill() -> None:
    files = {"SKILL.md": DOCUMENT, "b": b"1", "a": b"2"}
    assert one(files).skill.id == one(dict(reversed(files.items()))).skill.id


def test_checks_become_scripts() -> None:
    draft = one(
        {
            "SKILL.md": DOCUMENT,
            "checks/test_a.py": b"def test_a():\n    assert 1\n\ndef test_b():\n    assert 2\n",
            "checks/b_test.py": b"assert 3\n",
            "checks/helper.py": b"assert 4\n",
            "checks/deep/test_c.py": b"assert 5\n",
            "tests/test_d.py": b"assert 6\n",
        }
    )
    assert len(draft.skill.scripts) == 3
    assert draft.skill.scripts[0] == "assert 3\n"
    assert draft.skill.result.entry_point == ""
    assert draft.notes == ()


def test_a_check_that_needs_a_runner_is_left_out_and_said_so() -> None:
    draft = one({"SKILL.md": DOCUMENT, "checks/test_a.py": b"def test_a(tmp_path):\n    assert 1\n"})
    assert draft.skill.checks == ()
    assert draft.notes[0].startswith("1 test was left out")


def test_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    same = b"\xef\xbb\xbf" + DOCUMENT.replace(b"\n", b"\r\n")
    assert one({"SKILL.md": same}).skill.id == one({"SKILL.md": DOCUMENT}).skill.id


def test_without_level_2_headings_any_heading_is_a_step() -> None:
    assert [step.action for step in one(front("description: x", "# A\n### B\n")).skill.reasoning_path] == ["A", "B"]
    draft = one(front("description: x", "text\n"))
    assert draft.skill.reasoning_path == () and "no headings" in draft.notes[0]


def test_at_most_50_headings_are_steps() -> None:
    draft = one(front("description: x", "## A\n" * 53))
    assert len(draft.skill.reasoning_path) == 50
    assert draft.notes[0].startswith("3 headings were left out")


def test_scalars_are_text_whatever_yaml_would_make_of_them() -> None:
    skill = one(front("description: 2024-99-99\nlicense: no\nname: 0x1F\ntags: a, on")).skill
    assert (skill.intent, skill.license, skill.tags) == ("2024-99-99", "no", ("skill-md", "0x1f", "a", "on"))


def test_a_long_description_is_cut_with_a_note() -> None:
    draft = one(front("description: " + "x" * 5_000))
    assert len(draft.skill.intent) == 4_000 and draft.skill.intent.endswith("…")
    assert "cut to 4000" in draft.notes[0]


def test_the_caller_s_licence_counts_when_the_document_names_none() -> None:
    assert one(front("description: x"), "isc").skill.license == "ISC"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "no SKILL.md"),
        ({"skill.md": DOCUMENT}, "no SKILL.md"),
        ({"SKILL.md": b""}, "without front matter"),
        ({"SKILL.md": b"# A\n"}, "without front matter"),
        ({"SKILL.md": b"---\nname: x\n"}, "does not end"),
        ({"SKILL.md": b"\xff"}, "not UTF-8"),
        ({"SKILL.md": DOCUMENT + b"\0"}, "NUL"),
        (front("name: x"), "without a description"),
        (front("description: '  '"), "without a description"),
        (front("description: [a"), "not YAML (line 2)"),
        (front("description: a: b"), "not YAML (line 2)"),
        (front("- a"), "no fields"),
        (front(""), "no fields"),
        (front("description: x\ndescription: y"), "description twice"),
        (front("description: \x07"), "not YAML"),
        (front("description: x\nmore: y\n---\nz: 1"), ""),
        (front("x: " + "y" * 17_000), "more than 16384 bytes"),
        (front("a: &x 1\ndescription: *x"), "anchors, aliases or tags"),
        (front("a: &x 1\ndescription: y"), "anchors, aliases or tags"),
        (front("description: !!python/object/apply:os.system [id]"), "anchors, aliases or tags"),
        (front("description: !!str x"), "anchors, aliases or tags"),
        (front("<<: *a\ndescription: x"), "anchors, aliases or tags"),
        (front("%YAML 1.1\ndescription: x"), "not YAML"),
        (front("description: " + "[" * 50 + "]" * 50), "nests more than 8"),
        (front("description: " + "[" * 8_000), "nests more than 8"),
        (front("description: x", "y" * 180_001), "at most 180000"),
        ({"SKILL.md": DOCUMENT, "big": bytes(1024 * 1024 + 1)}, "file big of 1048577 bytes"),
        ({"SKILL.md": DOCUMENT, **{f"f{n}": b"" for n in range(201)}}, "202 files"),
        ({"SKILL.md": DOCUMENT, "checks/test_a.py": b"def ("}, "check checks/test_a.py that is not Python"),
        ({"SKILL.md": DOCUMENT, "checks/test_a.py": b"\xff"}, "not UTF-8"),
        ({"SKILL.md": DOCUMENT, "../x": b""}, "'../x' whose path has a \"..\" part"),
        ({"SKILL.md": DOCUMENT, "skill.md": b""}, "twice but for case"),
        ({"SKILL.md": DOCUMENT, "a\x1b[2J": b""}, "U+001B"),
    ],
)
def test_a_folder_that_can_t_be_taken_says_what_to_do(files: dict[str, bytes], says: str) -> None:
    outcome = read_skill_folder("x", files)
    if says:
        assert says in rejected(outcome)
        assert "\x1b" not in rejected(outcome)
    else:
        assert drafted(outcome).skill.result.text.startswith("z: 1")


def test_two_hundred_files_are_taken() -> None:
    assert len(one({"SKILL.md": DOCUMENT, **{f"f{n}": b"" for n in range(200)}}).skill.result.files) == 200


def test_every_real_skill_folder_is_taken() -> None:
    folders = sorted(folder for folder in shared_data("skill-md").iterdir() if folder.is_dir())
    assert len(folders) == 64
    for folder in folders:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        skill = drafted(read_skill_folder(folder.name, files)).skill
        assert skill.intent and skill.reasoning_path and folder.name in skill.tags
