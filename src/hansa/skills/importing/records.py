"""Records in the trace format of H2, read into skills.

Fields: `intent`, `reasoning_path` (texts, or objects with `action`), `result` (text, or an object with `text`,
`media_type`, `entry_point`; any other value is kept as JSON), `checks`, `confidence` and `verification_score` (0 to 1),
`trials`, `harness`, `license`, `tags`, `lineage`. A check is Python text, an object with `code`, one case as
`{"args": …, "expect": …}`, or a list of such under `cases`; arguments and values are Python literals in text, or JSON.

Ids, instances and signatures of the old format are not carried over: the skill gets the id of its own content, and
whoever imports it signs it.
"""

from __future__ import annotations

import json

from hansa.kernel.ids import is_content_id
from hansa.skills import licenses
from hansa.skills.importing.draft import Draft, Rejected, finish
from hansa.skills.importing.rows import BadRow, Row
from hansa.skills.importing.source import NotLiteral, Source, literal_of, literal_text, read_source
from hansa.skills.importing.text import label, prose, tags_of
from hansa.skills.model import PYTHON, Case, Cases, Check, Claim, Result, Script, Skill, Step

MAX_STEPS = 200
MAX_CASES = 200
MAX_LINEAGE = 64


def draft_of_record(row: Row, where: str, license_id: str) -> Draft | Rejected:
    """Returns the draft of a record in the H2 format.

    Raises:
        BadRow: a field is missing or of another type.
    """
    intent = prose(row.text("intent"))
    if not intent:
        raise BadRow("has an empty `intent`: say what it is for")
    notes: list[str] = []
    lineage = row.texts("lineage")
    kept = tuple(dict.fromkeys(each for each in lineage if is_content_id(each)))[:MAX_LINEAGE]
    if len(kept) < len(lineage):
        notes.append(f"{len(lineage) - len(kept)} entries of its lineage are not ids of skills and were left out")
    checks = _checks(row)
    skill = Skill(
        intent=intent,
        reasoning_path=_path(row, notes),
        result=_result(row),
        checks=checks,
        license=licenses.spdx(prose(row.text("license", "") or license_id)),
        tags=tags_of(row.texts("tags")),
        lineage=kept,
    )
    claim = Claim(
        confidence=row.fraction("confidence"),
        verification_score=row.fraction("verification_score"),
        trials=row.count("trials"),
        harness=prose(row.text("harness", ""), 64),
    )
    if not skill.checks:
        notes.append("no checks: E1 at most, until it has some")
    return finish(skill, claim, where, notes=notes, claimed_pass=row.flag("is_solved"))


def _path(row: Row, notes: list[str]) -> tuple[Step, ...]:
    actions = []
    for number, item in enumerate(row.items("reasoning_path"), start=1):
        action = item.get("action") if isinstance(item, dict) else item
        if not isinstance(action, str) or not prose(action):
            raise BadRow(f"has a reasoning_path whose step {number} has no action: give each step its text")
        actions.append(prose(action))
    if not actions:
        notes.append("no reasoning path: it can't be published without one")
    if len(actions) > MAX_STEPS:
        notes.append(f"{len(actions) - MAX_STEPS} steps were left out: a path has at most {MAX_STEPS}")
    return tuple(Step(step=number, action=action) for number, action in enumerate(actions[:MAX_STEPS], start=1))


def _result(row: Row) -> Result:
    value = row.fields.get("result")
    if value is None:
        raise BadRow("has no `result`: add it, or leave the row out")
    inner = Row(value) if isinstance(value, dict) else Row({"text": value})
    text = next((inner.fields[key] for key in ("text", "code", "content") if key in inner.fields), None)
    if not isinstance(text, str):
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return Result(media_type="application/json", text=written)
    media_type = inner.text("media_type", "") or row.text("media_type", "") or _media_type(text)
    entry = inner.text("entry_point", "") or row.text("entry_point", "")
    if entry and not entry.isidentifier():
        raise BadRow(f"has the entry_point {label(entry, 60)!r}: give the name of the function")
    return Result(media_type=prose(media_type, 64), text=text, entry_point=entry)


def _media_type(text: str) -> str:
    """Returns Python's media type for text that is Python and longer than a word or a value, else plain text's."""
    read = read_source(text)
    looks_like_code = isinstance(read, Source) and any(not _is_expression(node) for node in read.body)
    return PYTHON if looks_like_code else "text/plain"


def _is_expression(node: object) -> bool:
    return type(node).__name__ in ("Expr", "AnnAssign")  # "key: value" reads as an annotation


def _checks(row: Row) -> tuple[Check, ...]:
    checks: list[Check] = []
    loose: list[Case] = []
    for number, item in enumerate(row.items("checks"), start=1):
        inner = Row(item) if isinstance(item, dict) else Row({"code": item})
        if "cases" in inner.fields:
            cases = tuple(_case(each, number) for each in inner.items("cases"))
            if not 1 <= len(cases) <= MAX_CASES:
                raise BadRow(f"has a check {number} with {len(cases)} cases: give 1 to {MAX_CASES}")
            checks.append(Cases(cases=cases))
        elif "args" in inner.fields:
            loose.append(_case(item, number))
        else:
            code = inner.fields.get("code")
            if not isinstance(code, str) or not code.strip():
                raise BadRow(
                    f"has a check {number} that is neither code nor a case: give `code`, or `args` and `expect`"
                )
            checks.append(Script(code=code))
    groups = (tuple(loose[at : at + MAX_CASES]) for at in range(0, len(loose), MAX_CASES))
    return (*(Cases(cases=group) for group in groups), *checks)


def _case(item: object, number: int) -> Case:
    """Returns a case; text is read as a Python literal, any other JSON value stands for itself."""
    fields = item if isinstance(item, dict) else {}
    if "args" not in fields or "expect" not in fields:
        raise BadRow(f"has a check {number} that lacks `args` or `expect`: give both")
    args, expect = fields["args"], fields["expect"]
    value = literal_of(args) if isinstance(args, str) else tuple(args) if isinstance(args, list) else NotLiteral()
    text = literal_text(value)
    if text is None or not isinstance(value, tuple):
        raise BadRow(f"has a check {number} whose args are no tuple of literals: write them like \"('a', 2)\"")
    wanted = literal_of(expect) if isinstance(expect, str) else expect
    shown = literal_text(wanted)
    if shown is None:
        raise BadRow(f"has a check {number} whose expect is no Python literal: write it like \"'aa'\"")
    return Case(args=text, expect=expect.strip() if isinstance(expect, str) else shown)
