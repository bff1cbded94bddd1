r"""The ways in: files that people and agents already have, read into skills.

Three kinds of source: rows of agent traces (`traces`), Python files with doctests and tests (`python_file`), and
folders with a SKILL.md (`skill_folder`). Each is text or bytes in and `Draft` or `Rejected` out (`draft`): one bad row
never stops a file, and nothing that is read is ever imported, compiled to run or executed. What a source claims about
itself is kept as a claim; whether it is true is found out in the sandbox.

Whoever calls these reads the disk, without following links. `paths` says which paths a bundle may hold, for peers'
bundles as well.

Example:
    >>> from hansa.skills.importing.python_file import read_python
    >>> text = '"Double a number."\ndef double(x):\n    ">>> double(2)\\n4"\n    return x * 2\n'
    >>> [draft] = read_python("double.py", text)
    >>> draft.skill.intent, draft.skill.cases[0].args
    ('Double a number.', '(2,)')
"""
