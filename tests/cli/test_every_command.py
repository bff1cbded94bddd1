"""Every command: an example in its help, and `--json` that parses and is ASCII."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from hansa.entrypoints.cli.main import cli
from hansa.identity import envelope
from tests.attacks.specimens import key
from tests.cli.conftest import Hansa
from tests.node.cases import accusation
from tests.node.world import LIE, make_skill, multiplier, skill_message


def commands() -> Iterator[tuple[str, ...]]:
    def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, (*path, name))
        else:
            yield path

    yield from walk(typer.main.get_command(cli), ())


ALL = sorted(commands())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_every_command_ends_with_an_example_of_it(hansa: Hansa, path: tuple[str, ...]) -> None:
    said = hansa(*path, "--help")
    assert said.code == 0
    _, _, examples = said.out.partition("Examples:")
    assert f"hansa {' '.join(path)}" in examples


def test_the_help_of_groups_and_the_version(hansa: Hansa) -> None:
    assert hansa("--help").code == 0
    for group in {path[0] for path in ALL if len(path) > 1}:
        assert hansa(group, "--help").code == 0
    assert hansa("--version").out.startswith("hansa ")


@pytest.mark.parametrize("group", ["", *sorted({path[0] for path in ALL if len(path) > 1})])
def test_no_summary_is_cut_on_a_screen_of_80_columns(hansa: Hansa, monkeypatch: pytest.MonkeyPatch, group: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    said = hansa(*filter(None, [group]), "-h")
    listed = said.out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(listed) >= 2 and said.code == 0
    for line in listed:
        assert line[2:3].strip() and "..." not in line and len(line) <= 80, line


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_single_letter_asks_for_help_too(hansa: Hansa, path: tuple[str, ...]) -> None:
    assert hansa(*path, "-h") == hansa(*path, "--help")


def test_what_is_no_command_is_a_usage_error(hansa: Hansa) -> None:
    for words in (("explode",), ("skill", "explode"), ("status", "--explode"), ("up", "--port", "x")):
        said = hansa(*words)
        assert said.code == 2
        assert said.err


MINE = '''"""Give back what was given.

Steps:
1. Take it.
License: MIT
"""


def mine(x):
    """Do it.

    >>> mine(1)
    1
    >>> mine(2)
    2
    """
    return x
'''
INTENT = "turn a \u202etitle\u202c <b>into</b> a slug \x1b[31m\u00fc\u5c3a\u5bf8"


@pytest.fixture
def stocked(node: Hansa, tmp_path: Path) -> tuple[Hansa, dict[str, str]]:
    """Gives a node with skills whose text is not to be trusted on a terminal, and ids to speak of."""
    odd = make_skill(
        "slug", "def slug(t):\n    return t.lower()\n# \x1b[2J\n", {"('A',)": "'a'"}, INTENT, tags=("\u202ex",)
    )
    claims = [skill_message(key(1), skill, network="hansa") for skill in (odd, LIE)]
    disputed = accusation(key(2), odd, claims[0], key(1), f"it fails \u202efor\u202c {INTENT}", network="hansa")
    messages = [one.raw for one in (*claims, *disputed)]
    records = tmp_path / "records"
    records.write_bytes(b"\n".join(messages))
    (tmp_path / "mine.py").write_text(MINE)
    fresh = tmp_path / "fresh"
    fresh.write_bytes(skill_message(key(1), multiplier(3), network="hansa").raw)
    node("skill", "import", records)
    peer = str(key(1).public.did)
    record = envelope.read(messages[0]).id
    return node, {"odd": odd.id, "lie": LIE.id, "records": str(fresh), "mine": str(tmp_path / "mine.py"), "peer": peer,
                  "record": record, "case": disputed[-1].id, "folder": str(tmp_path)}  # fmt: skip


SEQUENCE = [
    ("id",), ("status",), ("config", "show"), ("config", "show", "--origin"), ("config", "check"), ("config", "path"),
    ("config", "schema"), ("constitution", "show"), ("constitution", "test"),
    ("stop",), ("logs",), ("service", "show"), ("outbox", "list"),
    ("skill", "add", "{mine}"), ("skill", "import", "{records}"), ("skill", "list"),
    ("skill", "show", "{odd}"), ("quarantine", "list"), ("quarantine", "show", "{odd}"), ("find", "slug", "--all"),
    ("prove", "{odd}", "--trials", "2"), ("find", "turn a title into a slug"), ("publish", "{odd}", "--dry-run"),
    ("execute", "turn a title into a slug", "--args", "('A',)", "--case", "('B',) => 'b'"), ("why", "{odd}"),
    ("why", "{record}"),
    ("dispute", "list"), ("dispute", "show", "{case}"), ("dispute", "evidence", "{case}"),
    ("roster", "create", "{peer}"), ("roster", "show"), ("proposal", "list"),
    ("key", "show"), ("key", "rotate"), ("key", "show"),
    ("report",), ("ledger", "list"), ("ledger", "verify"), ("ledger", "export", "--to", "{folder}/ledger"),
    ("ledger", "verify", "{folder}/ledger"), ("ledger", "import", "{folder}/ledger"), ("standing",),
    ("standing", "{peer}"), ("policy", "show"), ("policy", "card"), ("replay",),
    ("replay", "--file", "{folder}/ledger"),
    ("predict", "me", "--about", "{peer}"), ("peer", "add", "{peer}"), ("peer", "list"),
    ("peer", "ban", "{peer}"), ("peer", "remove", "{peer}"), ("peer", "invite", "--note", INTENT, "--qr"),
    ("peer", "invites"), ("peer", "requests"), ("quarantine", "approve", "{lie}"), ("quarantine", "reject", "{lie}"),
    ("skill", "remove", "{lie}", "--yes"), ("recall", "skill", "{lie}", "--why", INTENT, "--yes"), ("recall", "status"),
    ("recall", "status", "{lie}"), ("llm", "list"), ("reflect", "add", "success", INTENT), ("reflect", "list"),
    ("reflect", "recall", "slug"), ("reflect", "summary"), ("reflect", "report"), ("reflect", "export"),
    ("reflect", "pending"),
    ("reflect", "prune", "--keep", "0", "--yes"), ("store", "check", "--full"), ("store", "repair"),
    ("store", "export", "{folder}/rows"),
    ("reflect", "prune", "--keep", "0", "--yes"), ("mcp", "tools"),
    ("market", "offer", "computational_power", "2 cores", "--price", "0.06"),
    ("market", "request", "memory", "2 GiB", "--lasts", "30m"), ("market", "list"), ("market", "withdraw", "1"),
    ("market", "leases"), ("market", "accounts", "--check"), ("market", "flows"), ("market", "forecast", "comp"),
    ("capabilities",),
    ("audit", "list"), ("audit", "verify"), ("audit", "export"),
    ("sim", "list"), ("sim", "run", "calm", "--nodes", "2", "--seconds", "1"),
    ("sim", "growth", "--steps", "1"), ("sim", "stress", "--nodes", "10"),
    ("mcp", "install", "--client", "cursor", "--scope", "project", "--project", "{folder}"),
    ("mcp", "uninstall", "--client", "cursor", "--scope", "project", "--project", "{folder}"),
]  # fmt: skip
ELSEWHERE = {
    ("init",),
    ("up",),
    ("restart",),
    ("doctor",),
    ("demo",),
    ("events",),
    ("service", "install"),
    ("service", "uninstall"),
    ("outbox", "drop"),
    ("outbox", "retry"),
    ("recall", "lift"),
    ("subscribe",),
    *(("net", word) for word in ("status", "peers", "paths", "health", "connect", "tell", "answers")),  # in test_net.py
    *(("task", word) for word in ("run", "list", "show", "cancel")),  # in test_tasks.py
    ("market", "match"),  # these two in test_market.py
    ("market", "release"),
    ("join",),  # these four in test_joining.py
    ("peer", "withdraw"),
    ("peer", "approve"),
    ("peer", "refuse"),
    *(("dispute", word) for word in ("open", "answer", "withdraw", "appeal", "rule")),  # in test_disputes.py
    ("unsubscribe",),
    ("roster", "follow"),  # these seven in test_voting.py
    ("roster", "propose-change"),
    ("propose",),
    ("proposal", "show"),
    ("vote",),
    ("apply",),
    ("sync",),
    ("skill", "export"),
    ("mcp", "serve"),
    ("llm", "test"),
    ("reflect", "import"),
    *(("reflect", word) for word in ("share", "approve", "drop")),  # in test_shared_notes.py
    ("key", "recover"),  # these four in test_keys.py
    ("key", "revoke"),
    ("key", "rotate-root"),
    ("key", "move-root"),
    ("store", "backup"),
    ("store", "restore"),
    ("store", "import"),  # these two in test_postgres.py
    ("store", "migrate"),
}


def test_the_sequence_below_leaves_no_command_out() -> None:
    assert set(ALL) == {words[: 2 if words[:2] in ALL else 1] for words in SEQUENCE} | ELSEWHERE


def test_json_of_every_command_parses_and_is_ascii(stocked: tuple[Hansa, dict[str, str]]) -> None:
    hansa, names = stocked
    for words in SEQUENCE:
        said = hansa(*(word.format(**names) if "{" in word else word for word in words), "--json")
        assert said.code in (0, 1), (words, said.err)
        assert isinstance(json.loads(said.out), dict), words
        assert said.out.isascii()
        assert not any(ord(char) < 32 and char != "\n" for char in said.out)
        assert said.err == ""


@pytest.mark.parametrize("path", [path for path in ALL if path != ("mcp", "serve")], ids=" ".join)
def test_every_command_has_json(path: tuple[str, ...]) -> None:
    command = typer.main.get_command(cli)
    for name in path:
        command = command.commands[name]
    assert any("--json" in one.opts for one in command.params), path


@pytest.mark.parametrize("path", [path for path in ALL if path != ("demo",)], ids=" ".join)
def test_a_wrong_option_is_an_error_in_json_as_well(hansa: Hansa, path: tuple[str, ...]) -> None:
    said = hansa(*path, "--explode", "--json")
    assert said.code == 2
    assert said.json["exit_code"] == 2
    assert "--explode" in said.json["error"]["message"]
    assert said.out.isascii()


def test_an_error_is_one_json_object_with_its_exit_code(node: Hansa) -> None:
    said = node("skill", "show", "0" * 12, "--json")
    assert said.json["error"]["reason"] == "notfound"
    assert (said.json["exit_code"], said.code) == (3, 3)
    assert said.json["error"]["message"] == said.sentence


def test_what_stands_behind_two_dashes_asks_for_nothing(node: Hansa) -> None:
    said = node("skill", "show", "--", "--json")
    assert said.out == ""


def test_text_of_every_command_holds_no_control_character(stocked: tuple[Hansa, dict[str, str]]) -> None:
    hansa, names = stocked
    for words in SEQUENCE:
        if words[0] == "execute":
            continue  # see below
        said = hansa(*(word.format(**names) if "{" in word else word for word in words))
        assert said.code in (0, 1), (words, said.err)
        assert said.out or said.err
        for char in ("\x1b", "\u202e", "\u202c", "\r", "\x00"):
            assert char not in said.out + said.err, words


def test_what_execute_says_of_a_peers_skill_holds_no_control_character(stocked: tuple[Hansa, dict[str, str]]) -> None:
    hansa, names = stocked
    assert hansa("prove", names["odd"]).code == 0
    said = hansa("execute", "turn a title into a slug", "--args", "('A',)", "--case", "('B',) => 'b'")
    assert names["odd"][:12] in said.err
    assert not set("\x1b\u202e\u202c") & set(said.err)


def test_status_names_the_sandbox_that_the_last_proof_ran_in(node: Hansa, tmp_path: Path) -> None:
    assert node("status", "--json").json["sandbox"] == "not tested yet"
    skill = tmp_path / "mine.py"
    skill.write_text(MINE)
    added = node("skill", "add", skill, "--json").json["added"][0]["trace_id"]
    assert node("prove", added).code == 0
    layers = node("skill", "show", added, "--json").json["findings"][0]["sandbox"]
    told = node("status", "--json").json["sandbox"]
    assert layers and told == f"{layers} at the last proof, tested anew before the next"


REPEAT = '''"""Say a word several times.

Steps:
1. Multiply it.
License: MIT
"""


def repeat(count: int, word: str):
    """Do it.

    >>> repeat(2, "a")
    'aa'
    >>> repeat(0, "b")
    ''
    """
    return word * count
'''


def test_arguments_that_do_not_fit_are_named(node: Hansa, tmp_path: Path) -> None:
    skill = tmp_path / "repeat.py"
    skill.write_text(REPEAT)
    added = node("skill", "add", skill, "--json").json["added"][0]["trace_id"]
    assert node("prove", added).code == 0
    said = node("execute", "Say a word several times", "--args", "('a',)")
    assert said.code == 1
    assert f"({added[:12]} fits, but takes (count, word); you gave 1;" in said.err
    said = node("execute", "Say a word several times", "--args", "('a', 2)")
    assert "takes (count, word); you gave 2 of another kind;" in said.err
    assert "no proved skill fits" in node("execute", "paint a fence", "--args", "('a',)").err
    assert node("execute", "Say a word several times", "--args", "(2, 'a')").code == 0


def test_export_and_import_by_file_go_through_the_same_checks(node: Hansa, tmp_path: Path, monkeypatch) -> None:
    skill = tmp_path / "mine.py"
    skill.write_text(MINE)
    added = node("skill", "add", skill, "--json").json["added"][0]["trace_id"]
    assert node("publish", added).code == 1
    assert node("prove", added).code == 0
    assert node("publish", added).code == 0
    out = tmp_path / "out"
    assert node("skill", "export", added, "--to", out).code == 0
    assert node("skill", "export", added, "--to", out).code == 2
    assert node("skill", "export", added, "--to", out, "--force").code == 0
    assert node("skill", "export", added).out == out.read_text()
    assert out.read_text().isascii()

    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "other"))
    node("init")
    taken = node("skill", "import", out, "--json")
    assert (taken.code, len(taken.json["taken"])) == (0, 1)
    assert node("skill", "show", added, "--json").json["state"] == "quarantined"
    again = node("skill", "import", out, "--json")
    assert (again.code, again.json["refused"]) == (0, [])
    assert [one["reason"] for one in again.json["already_here"]] == ["duplicate", "duplicate"]  # who signs, and it
    assert "0 taken into quarantine, 2 already here, 0 refused" in node("skill", "import", out).out
    forged = tmp_path / "forged"
    forged.write_text(out.read_text().replace("A", "B", 1))
    assert node("skill", "import", forged, "--json").json["taken"] == []
    assert node("prove").code == 0
    assert node("skill", "show", added, "--json").json["state"] == "admitted"
    assert node("find", "give back what was given").code == 0
