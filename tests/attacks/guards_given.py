"""The guards of addresses that an operator gives, and is shown to be typed, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by({"net": "cli/test_net", "no_links": "node/test_no_links"})

GIVEN = [
    *rows(
        "entrypoints/cli/net_commands.py",
        (
            "if _PLAIN.fullmatch(one)",
            "if True",
            "net:an_address_that_no_shell_would_leave_alone_is_not_shown_to_be_typed",
        ),
    ),
    *rows(
        "node/no_links.py",
        (
            "if len(self._why) > MOST:",
            "if False:",
            "no_links:no_more_is_remembered_than_the_bound_and_what_was_noted_last_stays",
        ),
    ),
]
