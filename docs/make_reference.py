"""Writes the parts of the reference that the code already knows: commands, settings, reasons, exit codes.

    python docs/make_reference.py

writes eight files beside this one, in `reference/`. `tests/docs/test_reference.py` fails while one of them differs from
what the code says. Nothing here is measured or invented: every sentence in a generated table stands in the code.
"""

from __future__ import annotations

import inspect
import re
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import typer

from hansa.adapters.llm.route import Route
from hansa.entrypoints import errors
from hansa.entrypoints.cli.main import cli
from hansa.entrypoints.config import Config
from hansa.entrypoints.mcp import scopes
from hansa.entrypoints.mcp.server import INSTRUCTIONS
from hansa.entrypoints.mcp.tools.listing import listed
from hansa.entrypoints.metrics import FAMILIES
from hansa.governance import disputes as disputes_
from hansa.kernel.verdict import Box, Reason
from hansa.node import events as events_

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by docs/make_reference.py from the code. Change the code, then run it again. -->"

NONE = "none"

UNITS = {
    "name": "text",
    "role": "word",
    "replica": "true or false",
    "timeout_ms": "milliseconds",
    "core": "patterns",
    "medium_lines": "lines",
    "high_lines": "lines",
    "network": "text",
    "host": "address",
    "port": "TCP port",
    "hosts": "names",
    "solver": "command line",
    "solver_seconds": "seconds",
    "sandbox_tier": "word",
    "sync_seconds": "seconds",
    "admit_proved": "true or false",
    "workers": "proofs at a time",
    "policy": "word",
    "verifiers": "node ids",
    "credit": "millionths of a credit",
    "answer_ms": "milliseconds",
    "settle_ms": "milliseconds",
    "clear_ms": "milliseconds",
    "say_ms": "milliseconds",
    "ahead": "true or false",
    "hold_ms": "milliseconds",
    "hold_share": "thousandths",
    "known_share": "thousandths",
    "no_shows": "grants",
    "forget_ms": "milliseconds",
    "longest_ms": "milliseconds",
    "ahead_ms": "milliseconds",
    "idle_share": "thousandths",
    "need": "thousandths",
    "urgency": "thousandths",
    "trust": "thousandths",
    "thrift": "thousandths",
    "fairness": "thousandths",
    "steps": "steps",
    "least_trust": "thousandths",
    "widest": "offers",
    "own_workers": "workers",
    "memory_mib": "MiB",
    "waiting": "jobs or tasks",
    "trials": "trials",
    "skill_bytes": "bytes",
    "remembered": "results",
    "serve": "true or false",
    "serve_whom": "word",
    "places": "tasks",
    "per_peer": "tasks",
    "per_hour": "tasks an hour",
    "work_ms": "milliseconds",
    "remember_ms": "milliseconds",
    "patience_ms": "milliseconds",
    "tries": "nodes",
    "spot_share": "thousandths",
    "known_after": "results",
    "forger_share": "thousandths",
    "wrong_share": "thousandths",
    "doubts": "results",
    "known_from": "dealings",
    "trusted_at": "thousandths",
    "wrong": "tenths of a wrong",
    "mended": "tenths of a wrong",
    "gives_up_at": "tenths of a wrong",
    "deadlock": "dealings",
    "trusted_trials": "trials",
    "newcomer_proofs": "proofs an hour",
    "reputation": "weight 0 to 1",
    "mcp_allow": "scopes",
    "mcp_hosts": "host names",
    "log_json": "true or false",
    "log_level": "word",
    "log_file_level": "word",
    "log_file_bytes": "bytes",
    "log_files": "files",
    "metrics": "word",
    "max_bytes": "bytes",
    "max_depth": "levels",
    "max_keys": "keys",
    "max_items": "items",
    "window_ms": "milliseconds",
    "records_per_minute": "records in a minute",
    "open_to_all": "true or false",
    "min_confidence": "fraction, 0 to 1",
    "min_verification_score": "fraction, 0 to 1",
    "prove_trials": "trials",
    "import_trials": "trials",
    "refute_trials": "trials",
    "witnesses": "nodes",
    "max_parents": "skills",
    "meaning": "share, 0 to 1",
    "filter_at": "similarity, 0 to 1",
    "try_at": "similarity, 0 to 1",
    "decide_at": "similarity, 0 to 1",
    "candidates": "skills",
    "unproved": "factor",
    "refuted": "factor",
    "half_life_days": "days",
    "author_share": "share",
    "corroborations": "provers",
    "freshness": "share, 0 to 1",
    "wall_ms": "milliseconds",
    "model": "word",
    "url": "address",
    "key_env": "name of a variable",
    "stream": "true or false",
    "seconds": "seconds",
    "idle_seconds": "seconds",
    "max_tokens": "tokens",
    "tokens_per_day": "tokens in a day",
    "micros_per_day": "millionths of your currency in a day",
    "micros_in": "millionths per 1,000 tokens",
    "micros_out": "millionths per 1,000 tokens",
    "lan": "networks",
    "memory_bytes": "bytes",
    "output_bytes": "bytes",
    "file_bytes": "bytes",
    "threads": "threads",
    "share_per_mille": "thousandths",
    "share_floor_bytes": "bytes",
    "min_free_bytes": "bytes",
    "agreeing": "findings",
    "appeal_days": "days",
    "journal_lines": "lines",
    "on": "true or false",
    "open": "true or false",
    "max_connections": "links",
    "transports": "words",
    "addresses": "addresses",
    "seeds": "addresses",
    "zenoh_listen": "Zenoh endpoints",
    "zenoh_connect": "Zenoh endpoints",
    "zenoh_tls": "folder",
    "findings": "word",
    "location": "text",
    "capacities": "resource=amount",
    "specialisations": "words",
}
"""The unit of each setting. A setting without one stops this script: say what its number counts."""


TABLES = {"llm": Route}
"""Settings that may be given several times, each time as a table of this type."""

REPEATED = "Each is a table of its own, headed `[[{name}]]`."


def pages() -> dict[str, str]:
    """Returns the text of each generated page by file name."""
    return {
        "commands.md": commands(),
        "settings.md": settings(),
        "reasons.md": reasons(),
        "exit-codes.md": exit_codes(),
        "mcp.md": mcp_tools(),
        "events.md": events(),
        "metrics.md": metrics(),
        "disputes.md": life_of_disputes(),
    }


# -------------------------------------------------------------------------------------------------------- commands


def commands() -> str:
    """Returns the page of every command with its arguments and options."""
    root = typer.main.get_command(cli)
    found = list(_leaves(root, ("hansa",)))
    lines = [
        "# Commands",
        "",
        MADE,
        "",
        "Every command answers in text for people, or with `--json` in one JSON object on standard output,",
        'whatever happens: an error is `{"error": {"reason": …, "message": …}, "exit_code": …}`, and its sentence is',
        "on standard error as always. Where settings make no sense, `error.problems` has each of them: `setting`,",
        "`problem` and `origin` (file and line, variable or flag).",
        "Only what goes on (`--follow`) is one object a line.",
        "When a node is up in the data directory the command has that node do the work; otherwise it does the work",
        "itself, and waits up to five seconds for another command that has the directory.",
        "An id may be shortened to any start of it that is unique here, from four characters on.",
        "What a command's exit code means: [exit codes](exit-codes.md).",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    lines += [f"| [`{name}`](#{_anchor(name)}) | {_first(command.help)} |" for name, command in found]
    lines += ["", "## hansa", "", _cell(root.help), ""]
    lines += _options(root, skip={"install_completion", "show_completion"})
    lines += [
        "`hansa --install-completion` sets up completion for your shell: commands, options, and ids of skills.",
        "",
    ]
    for name, command in found:
        lines += [f"## {name}", "", _cell(command.help), "", *_options(command)]
        examples = [line.strip() for line in (command.epilog or "").splitlines()[1:] if line.strip()]
        if examples:
            lines += ["Examples:", "", "```sh", *examples, "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _leaves(command: Any, path: tuple[str, ...]) -> typing.Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, one in inner.items():
        yield from _leaves(one, (*path, name))


def _options(command: Any, skip: set[str] | None = None) -> list[str]:
    hints = typing.get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
    rows = []
    for one in command.params:
        if one.name in (skip or set()) or one.name == "help" or getattr(one, "hidden", False):
            continue
        many = "list" in str(hints.get(one.name, ""))
        is_argument = not one.opts[0].startswith("-")
        if is_argument:
            metavar = one.metavar or one.name.upper() + ("..." if many else "")
            name = f"`{metavar}`" if one.required or metavar.startswith("[") else f"`[{metavar}]`"
        else:
            value = "" if one.is_flag else " " + one.opts[0].lstrip("-").replace("-", "_").upper()
            name = ", ".join(f"`{opt}{value}`" for opt in one.opts)
        rows.append(f"| {name} | {_about(one, many and not is_argument)} | {_default(one)} |")
    return ["| argument or option | meaning | default |", "|---|---|---|", *rows, ""] if rows else []


def _about(one: Any, many: bool) -> str:
    text = _cell(one.help)
    return f"{text} May be given more than once." if many else text


def _default(one: Any) -> str:
    if one.required:
        return "must be given"
    shown = one.show_default if isinstance(one.show_default, str) else None
    from_environment = f"`{one.envvar}`, else " if one.envvar else ""
    if shown:
        return f"{from_environment}{shown}"
    if one.default in (None, "", False, ()):
        return f"{from_environment}{NONE}" if from_environment else NONE
    return f"{from_environment}`{one.default}`"


# -------------------------------------------------------------------------------------------------------- settings


def settings() -> str:
    """Returns the page of every setting."""
    lines = [
        "# Settings",
        "",
        MADE,
        "",
        "A node works without any. A setting comes from the first of these that names it: a flag of `hansa up`; the",
        "environment; `config.toml` in the data directory; the default. A name in the file that is no setting is",
        "refused; a variable whose name is none sets nothing, and is told. `hansa config check` tells all of both.",
        "",
        "In the file, settings of a section stand under its name; in the environment, two underscores join section and",
        "name, and all names begin with `HANSA_`:",
        "",
        "```toml",
        'role = "hub"',
        "port = 8470",
        "",
        "[admission]",
        "records_per_minute = 600",
        "```",
        "",
        "```sh",
        "HANSA_ADMISSION__RECORDS_PER_MINUTE=600 hansa up",
        "```",
        "",
        "A list is written in a variable as it is in the file, in single quotes so that the shell leaves it alone:",
        "",
        "```sh",
        """HANSA_HOSTS='["node.example", "node.lan"]' hansa up""",
        """HANSA_OUTBOUND__LAN='["192.168.1.0/24"]' hansa up""",
        "```",
        "",
        "`hansa config` shows what is in force. `HANSA_HOME` (or `--home`) names the data directory itself, so it is",
        "no setting inside it. Settings are read when a command or a node starts; a running node does not notice a",
        "change.",
        "",
        "## General",
        "",
        "| setting | default | unit | meaning |",
        "|---|---|---|---|",
    ]
    sections: list[str] = []
    for name, field in Config.model_fields.items():
        if is_dataclass(field.default):
            sections += _section(name, field.description or "", field.default)
        elif name in TABLES:
            sections += _section(name, field.description or "", TABLES[name], REPEATED.format(name=name))
        else:
            default = "the number of cores" if name == "workers" else _value(field.default)
            lines.append(f"| `{name}` | {default} | {UNITS[name]} | {_cell(field.description)} |")
    return "\n".join([*lines, *sections]).rstrip() + "\n"


def _section(name: str, about: str, default: Any, more: str = "") -> list[str]:
    kind = default if isinstance(default, type) else type(default)
    told = attributes(kind)
    rows = [
        f"| `{name}.{one.name}` | {_default_of(default, one)} | {UNITS[one.name]} | {told[one.name]} |"
        for one in fields(kind)
    ]
    return [
        "",
        f"## {name}",
        "",
        " ".join([_cell(about), more]).rstrip(),
        "",
        "| setting | default | unit | meaning |",
        "|---|---|---|---|",
        *rows,
    ]


def _default_of(default: Any, one: Field[Any]) -> str:
    value = one.default if isinstance(default, type) else getattr(default, one.name)
    return "must be given" if value is MISSING else _value(value)


def attributes(kind: type) -> dict[str, str]:
    """Returns what the docstring of `kind` says about each attribute."""
    told: dict[str, str] = {}
    names: list[str] = []
    below = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    for line in below.splitlines():
        start = re.match(r" {4}([a-z_]+(?:, [a-z_]+)*): (.*)", line)
        if start:
            names = start[1].split(", ")
            told |= dict.fromkeys(names, start[2])
        elif line.strip():
            told |= {name: f"{told[name]} {line.strip()}" for name in names}
    return {name: _cell(text[:1].upper() + text[1:]) for name, text in told.items()}


def _value(value: object) -> str:
    if value in ("", ()):
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --------------------------------------------------------------------------------------------- reasons, exit codes


def reasons() -> str:
    """Returns the page of every reason for which something is not accepted."""
    lines = [
        "# Reasons",
        "",
        MADE,
        "",
        "Whatever Hansa does not accept, it refuses for one of these reasons. The list is closed, and codes are never",
        "renamed or used again. *ignore* blames nobody; *reject* blames the sender. The HTTP column is the status that",
        "the node's door answers with ([HTTP](http.md)). `hansa why ID` shows at which box a message was stopped.",
        "",
    ]
    for box in Box:
        here = [reason for reason in Reason if reason.box is box]
        if not here:
            continue
        lines += [f"## {box.value}", "", "| code | verdict | HTTP | meaning, and what to do |", "|---|---|---|---|"]
        lines += [
            f"| `{one.code}` | {one.verdict.value} | {errors.STATUS_OF.get(one, 400)} | {_cell(one.text)} |"
            for one in here
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def exit_codes() -> str:
    """Returns the page of exit codes and the HTTP status that goes with each."""
    meanings = dict(re.findall(r"^\| (\d+) \| (.+) \|$", errors.__doc__ or "", re.MULTILINE))
    statuses: dict[int, set[int]] = {}
    for _, code, status in errors.TABLE:
        statuses.setdefault(code, set()).add(status)
    lines = [
        "# Exit codes",
        "",
        MADE,
        "",
        "Every command ends with one of these. An error is one sentence on standard error that says what to do. The",
        "HTTP column is what the node's door answers for the same error; a refusal has a status of its own for some",
        "reasons ([reasons](reasons.md)).",
        "",
        "| exit code | meaning | HTTP |",
        "|---|---|---|",
    ]
    for code, meaning in meanings.items():
        shown = ", ".join(str(status) for status in sorted(statuses.get(int(code), ()))) or NONE
        if int(code) == errors.REFUSED:
            shown += ", or by reason"
        lines.append(f"| {code} | {_cell(meaning)} | {shown} |")
    lines += [
        "",
        "An answer of no is exit code 1 as well: `hansa find` that finds nothing, `hansa execute` that stays unsolved,",
        "`hansa prove ID` of a skill that fails, `hansa ledger verify` of a broken chain.",
    ]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------------------- MCP


def mcp_tools() -> str:
    """Returns the page of every tool that agents have."""
    told = (scopes.__doc__ or "").partition("\n| scope")
    lines = [
        "# MCP tools",
        "",
        MADE,
        "",
        "What agents find when they speak to a node by the Model Context Protocol, on standard input and output",
        "(`hansa mcp`) or at [`/mcp`](http.md#mcp). That is an extra: `pip install 'hansa[mcp]'`.",
        "[Use Hansa from your coding agent](../how-to/use-from-your-agent.md) says how to set a client up.",
        "",
        "Beside the tools, every skill that is admitted is served as an Agent Skill (the extension",
        "`io.modelcontextprotocol/skills`, with `directoryRead`), at `skill://TRACE_ID/NAME/SKILL.md`.",
        "",
        "## Scopes",
        "",
        f"| scope{told[2]}".rstrip(),
        "",
        "## What a model is told first",
        "",
        "```text",
        INSTRUCTIONS,
        "```",
    ]
    for tool in listed():
        lines += ["", f"## {tool['name']}", "", f"Scope {tool['scope']}. {_hints(tool['annotations'])}", ""]
        lines += [
            tool["description"],
            "",
            *_parameters(tool["inputSchema"]),
            f"Answer: {_fields(tool['outputSchema'])}.",
        ]
    return "\n".join(lines) + "\n"


def _hints(hints: dict[str, Any]) -> str:
    words = ["Changes nothing." if hints["readOnlyHint"] else "Changes something on the node."]
    words += ["Can't be taken back."] if hints["destructiveHint"] else []
    words += ["Reaches other nodes."] if hints["openWorldHint"] else []
    return " ".join(words)


def _parameters(schema: dict[str, Any]) -> list[str]:
    rows = []
    for name, one in schema.get("properties", {}).items():
        kind = next((part for part in one.get("anyOf", []) if part.get("type") != "null"), one)
        about = _cell(one.get("description") or kind.get("description"))
        default = "must be given" if name in schema.get("required", ()) else _value(one.get("default") or "")
        default = NONE if default == "empty" else default
        rows.append(f"| `{name}` | {kind.get('type', 'object')} | {about} | {default} |")
    return ["| parameter | type | meaning | default |", "|---|---|---|---|", *rows, ""] if rows else []


def _fields(schema: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in schema["properties"])


# ------------------------------------------------------------------------------------------------- events, metrics


def events() -> str:
    """Returns the page of every event that a node shows."""
    lines = [
        "# Events",
        "",
        MADE,
        "",
        "What happens on a node that is up. The list is closed: a node shows nothing else. `hansa events -f` follows",
        "it, `GET /events` streams it ([HTTP](http.md#get-events)), `Node.events()` is the same in Python, and the log",
        "file keeps it. Every event has `id`, `at` (milliseconds UTC), `ref` (what it is about), `text` (one line for",
        "people), and the fields named here. *Public* ones are told without a token, when the skill is in the feed.",
        "",
        f"The last {events_.HISTORY:,} can be had again. A watcher that falls {events_.QUEUE:,} behind gets",
        "`stream.gap` and the end of its stream; it comes back with the id of the last event that it saw. An id holds",
        "for one start of the node: after a restart all that is kept comes, behind a `stream.gap` with `missed` 0.",
        "",
        "| event | `ref` is a | fields | public | meaning |",
        "|---|---|---|---|---|",
    ]
    for kind in events_.Kind:
        told = ", ".join(f"`{name}`" for name in kind.fields) or NONE
        public = "yes" if kind.public else "no"
        lines.append(f"| `{kind.code}` | {kind.ref} | {told} | {public} | {_cell(kind.text)} |")
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """Returns the page of every metric."""
    lines = [
        "# Metrics",
        "",
        MADE,
        "",
        "What `GET /metrics` of a running node tells, in the text format of Prometheus. Labels are codes from closed",
        "lists and ids of nodes; no text of anybody is in them. Counters begin at zero with each start. Who reads it",
        "is the setting `metrics` ([settings](settings.md)); how to use it: [monitor a",
        "node](../how-to/monitor-a-node.md).",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for family in FAMILIES.values():
        name = family.sample_names[0] if family.kind == "counter" else family.name
        labels = ", ".join(f"`{one}`" for one in family.labels) or NONE
        lines.append(f"| `{name}` | {family.kind} | {labels} | {_cell(family.text)} |")
    return "\n".join(lines) + "\n"


# -------------------------------------------------------------------------------------------------------- disputes


def life_of_disputes() -> str:
    """Returns the page of the life of a dispute: states, moves, and the diagram of both."""
    rule = (disputes_.__doc__ or "").partition("\n\n")[2]
    lines = [
        "# The life of a dispute",
        "",
        MADE,
        "",
        rule.rstrip(),
        "",
        "```mermaid",
        disputes_.diagram(),
        "```",
        "",
        "| state | meaning |",
        "|---|---|",
        *(f"| `{state}` | {_cell(disputes_.MEANING[state])} |" for state in disputes_.State),
        "",
        "A move that is not in this table changes nothing:",
        "",
        "| from | by | to |",
        "|---|---|---|",
        *(f"| `{before}` | {by} | `{after}` |" for (before, by), after in disputes_.TRANSITIONS.items()),
    ]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------------------ text


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _first(text: str | None) -> str:
    return _cell((text or "").partition(". ")[0].rstrip(".")) + "."


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def main() -> None:
    """Writes every page."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
