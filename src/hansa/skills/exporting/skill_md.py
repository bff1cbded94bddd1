"""A skill written as an Agent Skill: a SKILL.md that keeps every rule of the format (agentskills.io/specification).

The document is a function of the skill and its name alone: the same skill has the same bytes, and the same digest, on
every node. What changes with time (evidence, who passed it on) stands in `provenance`, not here.

Rules, in order:

1. name: 1 to 64 of `a-z 0-9 -`, no hyphen at an end or beside another, and no device of any system
2. description: 1 to 1,024 characters on one line
3. front matter: every value is a quoted text, so that no reader takes `null` or `1e3` for something else
4. nothing in the document is a control, format or surrogate character but line ends and tabs (threats 16, 24)
5. text of the skill stands in a fence longer than any run of backticks in it
"""

from __future__ import annotations

import json
import re
import unicodedata

from hansa.kernel.ids import ContentId
from hansa.kernel.plain import plain, plain_text
from hansa.skills.importing.paths import check_bundle_path
from hansa.skills.model import MARKDOWN, PYTHON, Case, Skill

MAX_NAME = 64
MAX_DESCRIPTION = 1024
SHOWN_CASES = 10
"""Cases that are shown as examples; all of them stand in `hansa.json`."""

_ID_PART = 8
_MARK = "skill-md"
_RUN = re.compile(r"`+")
_LANGUAGE = {PYTHON: "python", "application/json": "json", "text/x-sh": "sh"}


def skill_name(skill: Skill) -> str:
    """Returns the name that a skill has as an Agent Skill, by rule 1.

    A skill that was read from a SKILL.md keeps its name; code is called after its function, the rest after its intent.
    """
    for text in (_given(skill), skill.result.entry_point, skill.intent):
        name = _slug(text)
        if name:
            return name if check_bundle_path(name) is None else f"skill-{name}"[:MAX_NAME]
    return "skill"


def longer_name(name: str, id_: ContentId) -> str:
    """Returns a name that tells a skill from others of the same name: with the start of its id."""
    return f"{name[: MAX_NAME - _ID_PART - 1].rstrip('-')}-{id_[:_ID_PART]}"


def front_matter(skill: Skill, name: str) -> dict[str, object]:
    """Returns the front matter of the document, as it reads."""
    description = _line(skill.intent)[:MAX_DESCRIPTION].strip() or name
    fields: dict[str, object] = {"name": name, "description": description}
    if skill.license.strip():
        fields["license"] = _line(skill.license)
    metadata = {"hansa-trace-id": str(skill.id), "hansa-media-type": _line(skill.result.media_type)}
    if skill.result.entry_point:
        metadata["hansa-entry-point"] = _line(skill.result.entry_point)
    fields["metadata"] = metadata
    return fields


def document(skill: Skill, name: str) -> str:
    """Returns SKILL.md."""
    lines = ["---"]
    for key, value in front_matter(skill, name).items():
        if isinstance(value, dict):
            lines += [f"{key}:", *(f"  {inner}: {_quoted(str(text))}" for inner, text in value.items())]
        else:
            lines.append(f"{key}: {_quoted(str(value))}")
    lines += ["---", ""]
    body = _text(skill.result.text) if skill.result.media_type == MARKDOWN else _body(skill)
    return "\n".join(lines) + "\n" + body.strip("\n") + "\n"


def _body(skill: Skill) -> str:
    """Returns the document of a skill that is no document itself."""
    lines = [f"# {_line(skill.intent)}", ""]
    if skill.reasoning_path:
        lines += ["## How it was reached", ""]
        lines += [f"{number}. {_line(one.action)}" for number, one in enumerate(skill.reasoning_path, 1)]
        lines.append("")
    call = f": call `{_line(skill.result.entry_point)}`" if skill.result.entry_point else ""
    lines += [f"## Result{call}", "", *_fenced(skill.result.text, _LANGUAGE.get(skill.result.media_type, "text"))]
    if skill.cases:
        shown = "\n".join(_example(skill, case) for case in skill.cases[:SHOWN_CASES])
        lines += ["", "## Examples", "", *_fenced(shown, "text")]
    return "\n".join(lines)


def _example(skill: Skill, case: Case) -> str:
    arguments = _line(case.args)
    if arguments.endswith(",)"):  # a tuple of one is written so, a call is not
        arguments = f"{arguments[:-2]})"
    return f"{_line(skill.result.entry_point)}{arguments} => {_line(case.expect)}"


def _fenced(text: str, language: str) -> list[str]:
    safe = _text(text).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(safe)), default=0))
    return [f"{fence}{language}", safe, fence]


def _given(skill: Skill) -> str:
    """Returns the name in the front matter that a skill was read from; see `importing.skill_folder`."""
    return skill.tags[1] if len(skill.tags) > 1 and skill.tags[0] == _MARK else ""


def _slug(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:MAX_NAME].rstrip("-")


def _line(text: str) -> str:
    return _readable(" ".join(plain(text).split()))


def _text(text: str) -> str:
    return _readable(plain_text(text.replace("\r\n", "\n")))


def _readable(text: str) -> str:
    """Returns text without the two code points that no YAML reader takes."""
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
