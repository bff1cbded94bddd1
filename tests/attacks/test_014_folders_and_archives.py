"""Attack 14: paths and links that lead out of a folder, when it is read, when it is written, and when it is packed."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.adapters import archive, beneath, files
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import content_id
from hansa.skills.exporting.bundle import bundle
from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.importing.paths import check_bundle_path
from hansa.skills.model import MARKDOWN, File, Result, Skill, Step
from tests.attacks.specimens import scaled
from tests.attacks.test_014_bundle_paths import GOOD, REFUSED

TARGETS = ("etc/passwd", "root/.ssh/authorized_keys", "x")
UPWARD = ("..", "../..", "a/../..", "./..", "a/b/../../..", ".. ", "..\x00", "\uff0e\uff0e", "%2e%2e", "..\\")


def payloads() -> list[str]:
    """Returns the refused paths of the other file, and ways up, around and into devices, each aimed at something."""
    aimed = [f"{up}/{target}" for up in UPWARD for target in TARGETS]
    aimed += [f"{lead}{target}" for lead in ("/", "//", "\\\\", "C:/", "file:///", "~/") for target in TARGETS]
    aimed += [
        f"{name}{tail}" for name in ("CON", "nul", "Com1", "lpt9", "AUX", "prn") for tail in ("", ".txt", "/x", " ")
    ]
    aimed += [f"a/{name}/b" for name in ("CON", "nul", "Com1", "lpt9", ".git", ".GIT", "git~1", "..", ".", "")]
    aimed += [f"a{chr(code)}b" for code in [*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x2030)]]
    aimed += [f"{'x' * size}" for size in (256, 300, 1_000, 4_096, 65_536)]
    aimed += [f"{'d/' * depth}f" for depth in (128, 200, 1_000)]
    aimed += ["SKILL.md", "skill.md", "Skill.MD", "SKILL.md/x", "hansa.json", "HANSA.JSON", "hansa.json/x"]
    aimed += [f"{path}/{target}" for path in REFUSED if path for target in ("x", "y/z")]
    return list(dict.fromkeys([*REFUSED, *aimed]))


def skill_with(*paths: str) -> Skill:
    entries = tuple(File(path=path, digest=content_id(b"x"), size=1) for path in paths)
    return Skill(
        intent="x",
        reasoning_path=(Step(step=1, action="x"),),
        result=Result(media_type=MARKDOWN, text="# X\n", files=entries),
        tags=("skill-md", "x"),
    )


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_there_are_five_hundred() -> None:
    assert len(payloads()) >= 500


def test_no_path_out_of_the_folder_is_written_listed_or_packed(tmp_path: Path) -> None:
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    before = everything_in(tmp_path)
    for number, path in enumerate(payloads()):
        for others in (("SKILL.md", "hansa.json"), ("skill.MD/x", "Hansa.json")):  # once as itself, once beside itself
            if path not in others:
                with pytest.raises(UsageError):
                    beneath.write_tree(inside, f"n{number}", dict.fromkeys((*others, path), b"x"))
                break
        if check_bundle_path(path) is not None:
            with pytest.raises(Refused):
                archive.pack({path: b"x"})
        with pytest.raises(Refused):
            bundle(skill_with(path), "x")
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/x", "CON", ".git", "x\0", "x\n", "a\\b", "~", "x" * 256])
def test_no_name_of_a_folder_leads_elsewhere(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UsageError):
        beneath.write_tree(inside, name, {"SKILL.md": b"x"})
    assert everything_in(tmp_path) == {"inside"}


def test_good_paths_are_written_and_packed_as_they_are(tmp_path: Path) -> None:
    good = {path: path.encode() for path in GOOD if len(path.encode()) < 200 and path != "a"}
    root = beneath.write_tree(tmp_path, "all", good)
    assert beneath.read_tree(root, 1_000, 1_000) == dict(sorted(good.items(), key=lambda pair: pair[0].split("/")))
    packed = archive.pack(good)
    assert packed == archive.pack(dict(reversed(good.items())))
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert {one.filename: found.read(one) for one in found.infolist()} == good
        assert {one.external_attr >> 16 for one in found.infolist()} == {0o100644}


def test_what_is_there_is_not_replaced_and_a_failure_leaves_nothing(tmp_path: Path) -> None:
    beneath.write_tree(tmp_path, "one", {"SKILL.md": b"1"})
    with pytest.raises(UsageError, match="there already"):
        beneath.write_tree(tmp_path, "one", {"SKILL.md": b"2"})
    (tmp_path / "empty").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    for taken in ("empty", "link"):
        with pytest.raises(UsageError, match="there already"):
            beneath.write_tree(tmp_path, taken, {"SKILL.md": b"2"})
    with pytest.raises(UsageError):
        beneath.write_tree(tmp_path, "two", {"a": b"", f"{'é' * 120}/b/{'x' * 300}": b""})
    assert (tmp_path / "one" / "SKILL.md").read_bytes() == b"1"
    assert everything_in(tmp_path) == {"one", "one/SKILL.md", "empty", "outside", "link"}


def test_links_pipes_and_what_they_lead_to_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = tmp_path / "skill"
    (folder / "sub").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: x\ndescription: y\n---\n# Z\n")
    (folder / "link").symlink_to(secret)
    (folder / "sub" / "up").symlink_to(tmp_path)
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe")
    found = beneath.read_tree(folder, 100, 1_000)
    assert set(found) == {"SKILL.md"}
    [draft] = files.read(files.Source("folder", folder))
    assert isinstance(draft, Draft) and not draft.blobs


@pytest.mark.parametrize("path", [path for path in payloads() if "\0" not in path and "/" not in path][:120], ids=ascii)
def test_a_folder_with_such_a_file_is_refused_whole(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: x\ndescription: y\n---\n# Z\n")
    try:
        (folder / os.fsdecode(os.fsencode(path))).write_text("x")
    except (OSError, UnicodeEncodeError, ValueError):
        pytest.skip("this system can't even make such a file")
    if path in ("SKILL.md", "hansa.json"):
        return
    [outcome] = files.read(files.Source("folder", folder))
    assert isinstance(outcome, Rejected) or not outcome.skill.result.files or path.lower() == "hansa.json"


@contextlib.contextmanager
def swapping(here: Path, there: Path, turns: int) -> Iterator[threading.Event]:
    """Puts a link to a folder outside in the place of one inside, and back, as fast as it can."""
    done = threading.Event()

    def swap() -> None:
        aside = here.with_name("aside")
        for _ in range(turns):
            if done.is_set():
                return
            with contextlib.suppress(OSError):
                here.rename(aside)
                here.symlink_to(there)
                here.unlink()
                aside.rename(here)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield done
    finally:
        done.set()
        thread.join()


def test_no_file_outside_is_read_while_links_are_swapped_in(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data").write_text("secret")
    folder = tmp_path / "skill"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "data").write_text("mine")
    seen = set()
    with swapping(folder / "sub", outside, 10**9):
        for _ in range(scaled(200)):
            with contextlib.suppress(OSError):
                seen |= set(beneath.read_tree(folder, 100, 1_000).values())
    assert b"mine" in seen
    assert b"secret" not in seen


def test_a_link_that_is_put_there_between_the_look_and_the_opening_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, at the worst moment, each time."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "data").write_text("secret")
    (tmp_path / "skill" / "sub").mkdir(parents=True)
    (tmp_path / "skill" / "sub" / "data").write_text("mine")
    step = beneath._step

    def late(name: str, folder: int) -> int:
        (tmp_path / "skill" / "sub").rename(tmp_path / "aside")
        (tmp_path / "skill" / "sub").symlink_to(tmp_path / "outside")
        return step(name, folder)

    monkeypatch.setattr(beneath, "_step", late)
    assert beneath.read_tree(tmp_path / "skill", 100, 1_000) == {}


def test_no_file_outside_is_made_while_links_are_swapped_in(tmp_path: Path) -> None:
    """The folder that is being written is found by its name and its inside swapped for a link outside, all the time."""
    outside = tmp_path / "outside"
    outside.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    done = threading.Event()

    def harass() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):
                for fresh in target.iterdir():
                    inner = fresh / "sub"
                    with contextlib.suppress(OSError):
                        inner.rename(fresh / "moved")
                    with contextlib.suppress(OSError):
                        inner.symlink_to(outside)

    thread = threading.Thread(target=harass)
    thread.start()
    try:
        for number in range(scaled(60)):
            with contextlib.suppress(UsageError):
                beneath.write_tree(target, f"n{number}", {f"sub/{at}": b"x" for at in range(6)})
    finally:
        done.set()
        thread.join()
    assert everything_in(outside) == set()
