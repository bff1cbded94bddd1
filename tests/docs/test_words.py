"""Words in code font are the code's own: commands with their options, settings, events, names, glossary words.

The pages of the reference that are made from the code are held by `test_reference.py`; what people have written about
the same things is held here, so that a command, a setting, an event or a field that is renamed turns a page red.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hansa.entrypoints.cli.main import Misused, cli
from hansa.entrypoints.config import load
from hansa.entrypoints.operations import OPERATIONS
from hansa.entrypoints.rules import constitution
from hansa.kernel.errors import UsageError
from hansa.node.events import Kind
from tests.cli.test_every_command import ALL
from tests.docs.pages import DOCS, ROOT, all_pages, blocks, name_of, prose, table_rows

PAGES = [pytest.param(page, id=name_of(page)) for page in all_pages()]
WRITTEN = [page for page in all_pages() if page.parent.name not in ("reference", "adr") and page.parent != ROOT]
WRITTEN += [ROOT / "README.md"]
"""Pages that people wrote for people who use Hansa."""

ENVIRONMENT = {
    "HANSA_HOME": "the data directory itself",
    "HANSA_SESSION": "an option of hansa reflect",
    "HANSA_TEST_SCALE": "of the tests alone, see tests/attacks/specimens.py",
}
"""Variables that are no setting."""

_ENDS_A_COMMAND = {"&&", "||", "|", ";", ">", ">>", "2>", "&"}


def code_words(page: Path) -> list[str]:
    """Returns what stands in code font in the text of a page."""
    return re.findall(r"`([^`\n]+)`", prose(page).replace("\\|", "|"))


# -------------------------------------------------------------------------------------------------------- commands


@cache
def root() -> Any:
    """Returns `hansa` itself, made once."""
    return typer.main.get_command(cli)


def flaw_of_command(line: str, whole: bool) -> str:
    """Returns what is wrong with a command line, without running it; nothing when it can be typed.

    Args:
        whole: it is an example, so that what it must be given is there; else it is only named.
    """
    words = shlex.split(line, comments=True)
    words = words[: next((at for at, word in enumerate(words) if word in _ENDS_A_COMMAND), len(words))]
    command = root()
    path = []
    while hasattr(command, "commands") and len(words) > 1 and not words[1].startswith("-"):
        if words[1] not in command.commands and hasattr(command, "default"):
            words.insert(1, command.default)
        if words[1] not in command.commands:
            return f"{words[1]} is no command"
        path.append(words.pop(1))
        command = command.commands[path[-1]]
    known = {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)} | {"--help"}
    options = [word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-zA-Z]", word)]
    if wrong := [one for one in options if one not in known]:
        return f"{' '.join(path)} has no {wrong[0]}"
    if whole and not hasattr(command, "commands"):
        try:
            command.make_context(path[-1], words[1:])
        except Misused as error:
            return str(error.format_message())
    return ""


@pytest.mark.parametrize(
    ("line", "whole", "flaw"),
    [
        ("hansa explode", False, "explode"),
        ("hansa skill explode", False, "explode"),
        ("hansa find --explode", False, "--explode"),
        ("hansa find", True, "INTENT"),
        ("hansa up --port x", True, "--port"),
        ("hansa id one-too-many", True, "one-too-many"),
        ("hansa find", False, ""),
        ("hansa --version", False, ""),
        ("hansa find 'a slug' --limit 3 | head", True, ""),
        ("hansa skill export 9f0c --to x  # and so on", True, ""),
        ("hansa recall 9f0c --why 'wrong'", True, ""),
        ("hansa recall 9f0c", True, "--why"),
        ("hansa recall 9f0c --explode", False, "--explode"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, whole: bool, flaw: str) -> None:
    found = flaw_of_command(line, whole)
    assert flaw in found if flaw else not found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    flaws = [(code, flaw_of_command(code, False)) for code in code_words(page) if code.startswith("hansa ")]
    assert not [one for one in flaws if one[1]]


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_command_can_be_typed(page: Path) -> None:
    lines = [line for block in blocks(page) if block.language in ("sh", "console") for line in block.text.splitlines()]
    typed = [line.removeprefix("$ ") for line in lines]
    examples = [re.sub(r"^(\w+=\S* )+", "", line) for line in typed if re.match(r"(\w+=\S* )*hansa ", line)]
    flaws = [(line, flaw_of_command(line, True)) for line in examples if not line.endswith("\\")]
    assert not [one for one in flaws if one[1]]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_is_told_of_on_a_page_that_people_wrote(path: tuple[str, ...]) -> None:
    told = re.compile(rf"\bhansa {' '.join(path)}\b")
    assert any(told.search(page.read_text(encoding="utf-8")) for page in WRITTEN), "only its reference names it"


@pytest.mark.parametrize("page", [page for page in all_pages() if page.name != "commands.md"], ids=name_of)
def test_a_shell_block_is_played_or_says_why_not(page: Path) -> None:
    """A `sh` block is shown, and not played: it says why, unless only its form is what matters (the reference)."""
    for block in blocks(page):
        if block.language in ("sh", "bash") and page.parent.name != "reference":
            assert len(block.notes.get("not run", "")) > 10, f"{name_of(page)}:{block.line}"


# ------------------------------------------------------------------------------------------------ settings, events


@cache
def settings() -> frozenset[str]:
    """Returns the path of every setting."""
    rows = table_rows(DOCS / "reference" / "settings.md")  # which test_reference holds against the code
    return frozenset(row[0].strip("`") for row in rows)


FAMILIES = {code.partition(".")[0] for code in (*(kind.code for kind in Kind), *OPERATIONS) if "." in code}


def flaw_of_name(code: str) -> str:
    """Returns what is wrong with a word that reads as a setting, a variable, an event or an operation."""
    if re.fullmatch(r"HANSA_[A-Z_]+[A-Z]", code):
        path = code.removeprefix("HANSA_").lower().replace("__", ".")
        return "" if path in settings() or code in ENVIRONMENT else f"{code} is no setting"
    if not re.fullmatch(r"[a-z]+\.[a-z_]+", code) or code.endswith(
        (".py", ".json", ".jsonl", ".toml", ".token", ".key", ".hansa")
    ):
        return ""
    room = ROOT / "src" / "hansa" / code.replace(".", "/")
    known = code in settings() or code in OPERATIONS or code in {kind.code for kind in Kind}
    ours = code.partition(".")[0] in FAMILIES | {one.partition(".")[0] for one in settings()}
    return "" if known or not ours or room.with_suffix(".py").is_file() else f"{code} is no setting and no event"


@pytest.mark.parametrize("code", ["store.min_free_byte", "skill.exploded", "HANSA_PROT", "HANSA_STORE__EXPLODE"])
def test_a_setting_or_event_that_does_not_exist_is_found(code: str) -> None:
    assert flaw_of_name(code)


@pytest.mark.parametrize("code", ["store.max_bytes", "skill.proved", "HANSA_PORT", "node.meters", "index.json", "a.b"])
def test_a_setting_or_event_that_exists_is_known(code: str) -> None:
    assert not flaw_of_name(code)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_and_event_that_is_named_exists(page: Path) -> None:
    words = [*code_words(page), *re.findall(r"\bHANSA_[A-Z_]+[A-Z]", page.read_text(encoding="utf-8"))]
    assert not [flaw for word in words if (flaw := flaw_of_name(word))]


def test_every_block_of_settings_is_taken_by_a_node(tmp_path: Path) -> None:
    seen = 0
    for page in all_pages():
        for block in blocks(page):
            if block.language == "toml" and "[[rules]]" not in block.text:
                (tmp_path / "config.toml").write_text(block.text, encoding="utf-8")
                assert tomllib.loads(block.text), f"{name_of(page)}:{block.line} sets nothing"
                load(tmp_path)
                seen += 1
    assert seen >= 5
    (tmp_path / "config.toml").write_text("prot = 8470\n", encoding="utf-8")
    with pytest.raises(UsageError, match="prot"):
        load(tmp_path)


def test_every_block_of_rules_is_taken_by_a_node(tmp_path: Path) -> None:
    seen = 0
    for page in all_pages():
        for block in blocks(page):
            if block.language == "toml" and "[[rules]]" in block.text:
                (tmp_path / "constitution.toml").write_text(block.text, encoding="utf-8")
                assert constitution(tmp_path).rules, f"{name_of(page)}:{block.line} rules nothing"
                seen += 1
    assert seen >= 2
    (tmp_path / "constitution.toml").write_text("[[rule]]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="rule"):
        constitution(tmp_path)


# ----------------------------------------------------------------------------------------------- names, the glossary


@cache
def names() -> frozenset[str]:
    """Returns every word with an underscore in what the project is made of."""
    kinds = {".py", ".md", ".json", ".js", ".mjs", ".sh", ".yml", ".toml", ".service", ""}
    files = [
        path for folder in ("src", "tests", "vectors", "deploy", "benchmarks") for path in (ROOT / folder).rglob("*")
    ]
    files += [ROOT / name for name in ("Makefile", "pyproject.toml", "Containerfile")]
    texts = (
        path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file() and path.suffix in kinds
    )
    return frozenset(word for text in texts for word in re.findall(r"\b\w+_\w+\b", text))


def unknown_names(page: Path) -> set[str]:
    """Returns the names in code font that stand nowhere in the project; a page's own examples count."""
    own = {word for block in blocks(page) for word in re.findall(r"\w+", block.text)}
    own |= {word for code in code_words(page) if code.endswith(".py") for word in re.findall(r"\w+", code)}
    files = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    counted = {
        f"hansa_{name}" for name in re.findall(r"`hansa_(\w+)`", (DOCS / "reference" / "metrics.md").read_text())
    }
    found = {
        word for code in code_words(page) for word in re.findall(r"\b[A-Za-z]\w*_\w+\b", code) if not word.isupper()
    }
    return found - names() - own - files - counted


@pytest.mark.parametrize("page", [page for page in all_pages() if page.parent.name != "reference"], ids=name_of)
def test_every_name_in_code_font_stands_in_the_code(page: Path) -> None:
    assert unknown_names(page) == set()


def test_a_name_that_stands_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    gone = "_".join(("field", "that", "was", "renamed"))
    page.write_text(f"# Title\n\nIts `{gone}` and its `trace_id`.\n")
    assert unknown_names(page) == {gone}


def test_every_word_of_the_glossary_is_used() -> None:
    """A word that nothing uses is explained for nobody."""
    words = re.findall(r"^### (.+)$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [page for page in all_pages() if page.name != "glossary.md"]
    code = [path for path in (ROOT / "src" / "hansa").rglob("*.py") if "starter" not in path.parts]
    text = " ".join(
        " ".join(path.read_text(encoding="utf-8").lower().replace("*", "").split()) for path in [*pages, *code]
    )
    assert [word for word in words if not re.search(rf"\b{re.escape(word)}", text)] == []
