"""`constitution.toml` in the data directory: the rules that a node adds to the five articles (`governance.rules`).

It is a file of its own beside `config.toml`, so that several nodes can have the very same one.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from hansa.entrypoints.home import CONSTITUTION
from hansa.governance.constitution import FIVE, Constitution, sound
from hansa.governance.rules import BadRule, Rule, read_rules
from hansa.kernel.errors import UsageError

MAX_FILE = 256 * 1024


def constitution(home: Path) -> Constitution:
    """Returns the constitution of the node in `home`: the five articles, and its rules if it has any.

    Raises:
        UsageError: the file makes no sense, or a fixture of a rule did not come out as it says; nothing is started.
    """
    path = home / CONSTITUTION
    if not path.exists():
        return FIVE
    try:
        return sound(rules_in(path))
    except BadRule as error:
        raise UsageError(f"{path}: {error}") from None


def rules_in(path: Path) -> tuple[Rule, ...]:
    """Returns the rules in a file, whether or not their fixtures hold.

    Raises:
        UsageError: it can't be read, is no TOML, or a rule is not of the form.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise UsageError(f"{path} has more than {MAX_FILE} bytes: rules need a few thousand")
        return read_rules(tomllib.loads(data.decode()))
    except OSError as error:
        raise UsageError(f"can't read {path} ({error.strerror}): make it a file that this user can read") from None
    except BadRule as error:
        raise UsageError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8: rules are written in TOML") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {str(error)[:200]}") from None
