"""Finding skills on disk: what is passed over, and under which name the rest is told of."""

from __future__ import annotations

from pathlib import Path

from hansa.adapters import files


def lay(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}\n")


def found(root: Path) -> list[str]:
    return [source.path.relative_to(root).as_posix() for source in files.sources([root])]


def test_a_nodes_data_directory_is_passed_over(tmp_path: Path) -> None:
    lay(tmp_path, "a.jsonl", "node/key", "node/hansa.db", "node/roots.jsonl", "node/mine.py")
    lay(tmp_path, "fresh/key", "fresh/roots.jsonl")  # `hansa init`, and nothing since
    assert found(tmp_path) == ["a.jsonl"]


def test_in_a_data_directory_that_is_named_the_nodes_own_lines_are_passed_over(tmp_path: Path) -> None:
    lay(tmp_path, "key", "hansa.db", "roots.jsonl", "mine.py", "traces/roots.jsonl")
    assert found(tmp_path) == ["mine.py", "traces/roots.jsonl"]


def test_a_file_called_roots_elsewhere_is_read(tmp_path: Path) -> None:
    lay(tmp_path, "roots.jsonl", "hansa.db")
    assert found(tmp_path) == ["roots.jsonl"]


def test_what_lies_deeper_is_told_of_with_its_folder(tmp_path: Path) -> None:
    lay(tmp_path, "a.jsonl", "b/c/d.jsonl", "b/notes/SKILL.md")
    told = {one.path.name: one.below(f"{one.path.name}:1") for one in files.sources([tmp_path])}
    assert told == {"a.jsonl": "a.jsonl:1", "d.jsonl": "b/c/d.jsonl:1", "notes": "b/notes:1"}
    for named in ("b/c/d.jsonl", "b/notes", "b/notes/SKILL.md"):
        (one,) = files.sources([tmp_path / named])
        assert one.below(one.path.name) == one.path.name
