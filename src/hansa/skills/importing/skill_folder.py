"""A folder with a SKILL.md, read into a skill.

The front matter gives the intent (`description`), licence and tags; the document is the result; its level-2 headings
are the reasoning path; every other file is part of the bundle, by digest. Files under `checks/` that are named as tests
become scripts.

Front matter is YAML from strangers. It is bounded, and composed into nodes, but no value is ever constructed: anchors,
aliases and tags are refused, and the text of scalars is all that is used (threat 12).

A folder that `hansa skill export` wrote, and that nobody changed, is read back into the same skill: see `round_trip`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from hansa.kernel.ids import content_id
from hansa.skills import licenses
from hansa.skills.exporting.bundle import DOCUMENT, PROVENANCE
from hansa.skills.importing.draft import Draft, Rejected, finish
from hansa.skills.importing.paths import check_bundle_paths
from hansa.skills.importing.pytests import Scripts, read_tests
from hansa.skills.importing.round_trip import written_skill
from hansa.skills.importing.rows import BadRow
from hansa.skills.importing.source import read_source
from hansa.skills.importing.text import BIDI, MAX_LINE, label, plain_newlines, prose, tags_of, unfit
from hansa.skills.model import MARKDOWN, Claim, File, Result, Script, Skill, Step

MAX_FRONT_MATTER = 16 * 1024
MAX_DEPTH = 8
MAX_TEXT = 180_000
MAX_FILE = 1024 * 1024
MAX_FILES = 200
MAX_STEPS = 50
MAX_CHECKS = 100

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_CHECK = re.compile(r"checks/(?:test_[^/]*|[^/]*_test)\.py")


def read_skill_folder(name: str, files: Mapping[str, bytes], license_id: str = "") -> Draft | Rejected:
    """Returns the skill that a folder holds.

    Args:
        name: name of the folder, for people.
        files: bytes by path below the folder.
        license_id: licence when the document itself names none.
    """
    where = label(name)
    try:
        return _draft(where, files, license_id)
    except BadRow as bad:
        return Rejected(where, f"The folder {bad}.")


def _draft(where: str, files: Mapping[str, bytes], license_id: str) -> Draft | Rejected:
    _check_files(files)
    front, body = _split(_text(DOCUMENT, files[DOCUMENT]))
    fields = _front_matter(front)
    written = written_skill(files, fields.get("name", ""))
    if written is not None:
        blobs = {content_id(data): data for path, data in sorted(files.items()) if path not in (DOCUMENT, PROVENANCE)}
        return finish(written, Claim(), where, blobs=tuple(blobs.items()))
    intent = prose(fields.get("description", ""))
    if not intent:
        raise BadRow(f"has a {DOCUMENT} without a description: say in its front matter what the skill is for")
    if len(body) > MAX_TEXT:
        raise BadRow(
            f"has a {DOCUMENT} of {len(body)} characters, at most {MAX_TEXT} are taken: move parts to other files"
        )
    notes = ["the description was cut to 4000 characters"] if len(fields["description"]) > MAX_LINE else []
    if PROVENANCE in files:
        notes.append(f"{PROVENANCE} does not fit the folder and was left out: this is a new skill")
    others = {path: data for path, data in sorted(files.items()) if path not in (DOCUMENT, PROVENANCE)}
    steps = tuple(Step(step=number, action=text) for number, text in enumerate(_headings(body, notes), start=1))
    digests = {path: content_id(data) for path, data in others.items()}
    bundle = tuple(File(path=path, digest=digests[path], size=len(data)) for path, data in others.items())
    skill = Skill(
        intent=intent,
        reasoning_path=steps,
        result=Result(media_type=MARKDOWN, text=body, files=bundle),
        checks=_checks(others, notes),
        license=licenses.spdx(prose(fields.get("license", "") or license_id)),
        tags=tags_of(["skill-md", fields.get("name", ""), *fields.get("tags", "").split(",")]),
    )
    if not skill.checks:
        notes.append("no checks: E1 at most")
    if not BIDI.isdisjoint(body):
        notes.append("its text holds characters that change the direction of writing: read it with care")
    blobs = {digests[path]: data for path, data in others.items()}
    return finish(skill, Claim(), where, blobs=tuple(blobs.items()), notes=notes)


def _check_files(files: Mapping[str, bytes]) -> None:
    """Refuses a bundle by its paths and sizes, before any of it is read."""
    if len(files) > MAX_FILES + 1:
        raise BadRow(f"has {len(files)} files, at most {MAX_FILES + 1} are taken: split it")
    bad = check_bundle_paths(files)
    if bad:
        raise BadRow(f"has a file {label(bad[0], 80)!r} whose path {bad[1]}: rename it")
    if DOCUMENT not in files:
        raise BadRow(f"has no {DOCUMENT}: add one with a name and a description")
    for path, data in files.items():
        if len(data) > MAX_FILE:
            raise BadRow(
                f"has a file {label(path, 80)} of {len(data)} bytes, at most {MAX_FILE} are taken: leave it out"
            )


def _text(path: str, data: bytes) -> str:
    try:
        text = plain_newlines(data.decode())
    except UnicodeDecodeError:
        raise BadRow(f"has a file {label(path, 80)} that is not UTF-8: save it as UTF-8") from None
    problem = unfit(text)
    if problem:
        raise BadRow(f"has a file {label(path, 80)} that {problem}: take it out")
    return text


def _split(text: str) -> tuple[str, str]:
    """Returns front matter and body."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise BadRow(
            f"has a {DOCUMENT} without front matter: begin it with a --- line, name, description, and --- again"
        )
    end = next((at for at, line in enumerate(lines[1:], start=1) if line.rstrip() == "---"), None)
    if end is None:
        raise BadRow(f"has a {DOCUMENT} whose front matter does not end: close it with a --- line")
    front = "\n".join(lines[1:end])
    if len(front.encode()) > MAX_FRONT_MATTER:
        raise BadRow(f"has front matter of more than {MAX_FRONT_MATTER} bytes: move it to the text")
    return front, "\n".join(lines[end + 1 :]).strip("\n") + "\n"


def _front_matter(front: str) -> dict[str, str]:
    """Returns the scalars of the front matter by name; lists are joined by commas, `metadata` adds what is missing."""
    try:
        _check_events(front)
        root = yaml.compose(front, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: an escape beyond the last character
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 2})" if mark else ""
        raise BadRow(f"has a {DOCUMENT} whose front matter is not YAML{line}: quote texts that hold a colon") from None
    if not isinstance(root, yaml.MappingNode):
        raise BadRow(f"has a {DOCUMENT} whose front matter has no fields: give it a name and a description")
    fields = _scalars(root)
    inner = next((value for key, value in root.value if getattr(key, "value", None) == "metadata"), None)
    return {**(_scalars(inner) if isinstance(inner, yaml.MappingNode) else {}), **fields}


def _check_events(front: str) -> None:
    depth = 0
    for event in yaml.parse(front, Loader=yaml.SafeLoader):
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or tag not in (None, "!"):
            raise BadRow(f"has a {DOCUMENT} with anchors, aliases or tags in its front matter: write the values out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BadRow(f"has a {DOCUMENT} whose front matter nests more than {MAX_DEPTH} deep: flatten it")


def _scalars(node: yaml.MappingNode) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in found:
            raise BadRow(f"has a {DOCUMENT} with {label(key.value, 40)} twice in its front matter: keep one")
        if isinstance(value, yaml.ScalarNode):
            found[key.value] = value.value
        elif isinstance(value, yaml.SequenceNode):
            found[key.value] = ",".join(item.value for item in value.value if isinstance(item, yaml.ScalarNode))
    return found


def _headings(body: str, notes: list[str]) -> list[str]:
    """Returns the level-2 headings outside code blocks, or, where there are none, those of any level."""
    found: list[tuple[int, str]] = []
    fence = ""
    for line in body.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            heading = _HEADING.match(line)
            if heading and prose(heading[2]):
                found.append((len(heading[1]), prose(heading[2])))
    titles = [text for level, text in found if level == 2] or [text for _, text in found]
    if not titles:
        notes.append("no headings, so no reasoning path: it can't be published without one")
    if len(titles) > MAX_STEPS:
        notes.append(f"{len(titles) - MAX_STEPS} headings were left out of the reasoning path")
    return titles[:MAX_STEPS]


def _checks(files: Mapping[str, bytes], notes: list[str]) -> tuple[Script, ...]:
    found = Scripts()
    for path, data in files.items():
        if not _CHECK.fullmatch(path):
            continue
        source = read_source(_text(path, data))
        if isinstance(source, str):
            raise BadRow(f"has a check {label(path, 80)} that {source}: correct it")
        tests = read_tests(source)
        found.scripts += tests.scripts
        found.left_out += tests.left_out
        if not tests.scripts and not tests.left_out and source.text.strip():
            found.scripts.append(source.text)  # a check without test functions is a script already
    if found.left_out:
        notes.append(found.note())
    if len(found.scripts) > MAX_CHECKS:
        notes.append(f"{len(found.scripts) - MAX_CHECKS} tests were left out: a skill has at most {MAX_CHECKS} checks")
    return tuple(Script(code=script) for script in found.scripts[:MAX_CHECKS])
