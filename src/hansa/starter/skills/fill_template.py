"""Fill the {{name}} placeholders of a template and refuse if a value is missing.

Steps:
1. Collect the names of all placeholders.
2. Stop with the full list of missing names, so that one look is enough to mend the call.
3. Replace each placeholder once; values are not expanded again.
Tags: text, template
License: MIT
"""

import re

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def fill_template(template: str, values: dict[str, object]) -> str:
    """Returns `template` with each {{name}} replaced by the text of `values[name]`.

    Raises:
        ValueError: a placeholder has no value; the message lists all of them.

    >>> fill_template("Dear {{name}},", {"name": "Ann"})
    'Dear Ann,'
    >>> fill_template("{{ a }} + {{a}} = {{sum}}", {"a": 2, "sum": 4})
    '2 + 2 = 4'
    >>> fill_template("{single} stays", {})
    '{single} stays'
    >>> fill_template("{{x}}", {"x": "{{y}}", "y": "no"})
    '{{y}}'
    """
    missing = sorted(set(_PLACEHOLDER.findall(template)) - set(values))
    if missing:
        raise ValueError(f"no value for: {', '.join(missing)}")
    return _PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), template)


def test_all_missing_names_are_listed() -> None:
    try:
        fill_template("{{b}} {{a}} {{c}} {{a}}", {"c": 1})
    except ValueError as error:
        assert "a, b" in str(error)
    else:
        raise AssertionError("a template with missing values was filled")


def test_backslashes_in_values_are_kept() -> None:
    for value in ("\\1", "C:\\new", "\\g<0>"):
        assert fill_template("[{{v}}]", {"v": value}) == "[" + value + "]"
