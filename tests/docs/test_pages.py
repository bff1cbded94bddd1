"""Pages hold together: links lead somewhere, words are explained, tables are complete, examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, all_pages, anchors, blocks, links, name_of, prose, table_rows

PAGES = [pytest.param(page, id=name_of(page)) for page in all_pages()]
STATES = ("done", "partly", "not yet", "held")
NOTHING = "–"  # noqa: RUF001 - the dash that the tables use

PLAN = {"R": 12, "H": 24, "A": 11, "M": 21, "S": 18}
"""How many features each of the five protocols has."""

THREATS, DEFAULTS, GOALS = 70, 10, 8


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in links(page):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(to), f"{name_of(page)} links to {target}: no such heading"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_its_title_and_has_one(page: Path) -> None:
    lines = prose(page).splitlines()
    assert lines[0].startswith("# ")
    assert sum(line.startswith("# ") for line in lines) == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_nobodys_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:/(?:home|Users|work|root|tmp|var|opt|mnt)/|[A-Z]:\\)[\w.-]*", text)


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/use-from-your-agent.md", "docs/reference/mcp.md"])
def test_whoever_first_meets_mcp_is_told_of_the_extra(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    met = re.search(r"\bby (MCP|the Model Context Protocol)\b", text)
    assert met and "pip install 'hansa[mcp]'" in text[met.start() :][:250]


def test_every_page_can_be_reached_from_the_front() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        for target in links(page):
            to = (page.parent / target.partition("#")[0]).resolve()
            if to.suffix == ".md" and to not in seen:
                todo.append(to)
    lost = {name_of(page) for page in all_pages() if page not in seen and page.parent.name != "adr"}
    assert not lost


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_runs(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python" and block.notes.get("file") != "solver.py":
            name = f"{name_of(page)}:{block.line}"
            exec(compile(block.text, name, "exec"), {"__name__": "example"})


@pytest.mark.parametrize("page", PAGES)
def test_every_console_block_is_tried_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        if block.language == "console":
            assert block.text.startswith(("$ ", "^C")), f"{name_of(page)}:{block.line}"
            assert "not run" not in block.notes or len(block.notes["not run"]) > 10


def test_the_two_commands_of_the_front_page_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named
    assert named <= targets | {"needs"}


# -------------------------------------------------------------------------------------------------------- glossary


def glossary() -> set[str]:
    """Returns the words that the glossary explains."""
    return set(re.findall(r"^### (.+)$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_glossary_is_in_order_and_says_something_of_each_word() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert words == sorted(words)
    assert len(words) == len(set(words))
    assert all(len(part.strip()) > 20 for part in re.split(r"^### .+$", text, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("page", [*sorted((DOCS / "discussion").glob("*.md")), DOCS / "index.md"], ids=name_of)
def test_a_word_in_bold_is_in_the_glossary(page: Path) -> None:
    bold = set(re.findall(r"\*\*([a-z][a-z ]*)\*\*", prose(page)))
    known = glossary()
    assert {word for word in bold if word not in known and word.removesuffix("s") not in known} == set()


# ----------------------------------------------------------------------------------------------- features, threats


def feature_rows() -> dict[str, list[str]]:
    """Returns the rows of the feature table by id; a second row for one id is an error."""
    rows = [row for row in table_rows(DOCS / "features.md") if re.fullmatch(r"[A-Z]\d+", row[0])]
    assert len({row[0] for row in rows}) == len(rows), "an id stands twice"
    return {row[0]: row for row in rows}


def test_every_feature_of_the_plan_is_there_once() -> None:
    assert set(feature_rows()) == {f"{group}{number}" for group, last in PLAN.items() for number in range(1, last + 1)}


def test_a_feature_has_a_state_modules_and_tests_that_exist() -> None:
    for id_, (_, _, state, where, test, _) in feature_rows().items():
        assert state.startswith(("done", "partly", "not yet")), id_
        for module in re.findall(r"`(hansa\.[\w.]+)`", where):
            path = ROOT / "src" / module.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), f"{id_}: {module}"
        for path_text in re.findall(r"`(tests/[^`]+)`", test):
            assert (ROOT / path_text).is_file(), f"{id_}: {path_text}"
        assert (where == NOTHING) == state.startswith("not yet"), f"{id_}: what is there must say where"


def threat_rows() -> dict[str, list[str]]:
    """Returns the rows of the security page by number or letter and number."""
    rows = [row for row in table_rows(DOCS / "security.md") if re.fullmatch(r"[DL]?\d+", row[0])]
    assert len({row[0] for row in rows}) == len(rows), "a number stands twice"
    return {row[0]: row for row in rows}


def test_every_threat_default_and_goal_is_there_once() -> None:
    expected = {str(number) for number in range(1, THREATS + 1)}
    expected |= {f"D{number}" for number in range(1, DEFAULTS + 1)} | {f"L{number}" for number in range(1, GOALS + 1)}
    assert set(threat_rows()) == expected


def test_what_is_held_has_a_test_that_exists() -> None:
    for number, row in threat_rows().items():
        state = row[2]
        assert state.startswith(STATES), number
        if number.isdigit():
            named = re.findall(r"`(tests/[^`]+)`", row[3])
            assert all((ROOT / path).is_file() for path in named), f"{number}: {row[3]}"
            assert named or not state.startswith("held"), f"{number} is said to be held: by which test?"


def test_every_test_of_an_attack_is_named_at_its_number() -> None:
    rows = threat_rows()
    for path in sorted((ROOT / "tests" / "attacks").glob("test_[0-9][0-9][0-9]_*.py")):
        number = str(int(path.name[5:8]))
        assert f"tests/attacks/{path.name}" in rows[number][3], f"name {path.name} in docs/security.md, row {number}"


def test_decisions_have_a_status_and_the_options_that_lost() -> None:
    pages = sorted((DOCS / "adr").glob("[0-9]*.md"))
    numbers = [page.name[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]}. "), name_of(page)
        for part in ("Status: ", "## Context", "## Options", "## Decision", "## Consequences"):
            assert part in text, f"{name_of(page)} has no {part}"
