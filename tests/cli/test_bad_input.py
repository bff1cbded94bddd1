"""Each bad input of each kind gets one clear sentence on standard error, and its exit code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import get_args

import pytest

from hansa.adapters.lock import DataDirLock
from hansa.adapters.sandbox import TIERS
from hansa.adapters.store import sqlite
from hansa.entrypoints.config import TierName, load
from hansa.kernel.errors import UsageError
from tests.attacks.specimens import key
from tests.cli.conftest import Hansa, Up, give_up_rights, outside
from tests.node.world import SLUG, multiplier, skill_message

REFUSED, USAGE, NOT_FOUND, UNAVAILABLE, BUSY, DISK_FULL = 1, 2, 3, 4, 5, 6
SKILL_FILE = '''"""Turn a title into a slug.

Steps:
1. Lower it.
2. Join its words.
License: MIT
"""


def slugify(title):
    """Do it.

    >>> slugify("A B")
    'a-b'
    """
    return "-".join(title.lower().split())
'''


@pytest.fixture
def skill_file(tmp_path: Path) -> Path:
    path = tmp_path / "slugify.py"
    path.write_text(SKILL_FILE)
    return path


@pytest.fixture
def held(node: Hansa, skill_file: Path) -> str:
    """Gives the id of a skill that the node holds."""
    said = node("skill", "add", skill_file, "--json")
    return said.json["added"][0]["trace_id"]


# ---- no node yet, or another's


@pytest.mark.parametrize(
    "words", [("status",), ("id",), ("up",), ("prove",), ("find", "x"), ("ledger", "verify"), ("sync",)]
)
def test_no_identity_yet(hansa: Hansa, words: tuple[str, ...]) -> None:
    said = hansa(*words)
    assert said.code == USAGE
    assert "run hansa init" in said.sentence


def test_init_never_overwrites_a_key(node: Hansa, home: Path) -> None:
    before = (home / "key").read_bytes()
    said = node("init")
    assert (said.code, (home / "key").read_bytes()) == (USAGE, before)
    assert "never overwritten" in said.sentence


def test_a_home_that_is_a_file(hansa: Hansa, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    said = hansa("init", "--home", file)
    assert said.code == USAGE
    assert "is a file" in said.sentence


def test_a_home_that_is_a_file_for_other_commands(hansa: Hansa, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert hansa("status", "--home", file).code == USAGE


def test_settings_that_are_a_folder(node: Hansa, home: Path) -> None:
    (home / "config.toml").mkdir()
    assert node("status").code == USAGE


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read(node: Hansa, home: Path, mode: int) -> None:
    (home / "key").chmod(mode)
    for command in ("status", "id", "up"):
        said = node(command)
        assert said.code == USAGE
        assert "chmod 600" in said.sentence


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"hansa-key-v1 AAAA\n", b"hansa-key-v2 " + b"A" * 43 + b"=\n", b"\0" * 300]
)
def test_a_key_that_is_none(node: Hansa, home: Path, content: bytes) -> None:
    (home / "key").write_bytes(content)
    said = node("id")
    assert said.code == USAGE
    assert "holds no key" in said.sentence


def test_a_key_that_is_a_link(node: Hansa, home: Path, tmp_path: Path) -> None:
    (home / "key").rename(tmp_path / "elsewhere")
    (home / "key").symlink_to(tmp_path / "elsewhere")
    said = node("id")
    assert said.code == USAGE
    assert "symbolic link" in said.sentence


# ---- settings


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("port = 70000", "port"), ("port = 'x'", "port"), ("portt = 1", "portt"), ("role = 'boss'", "role"),
        ("workers = 0", "workers"), ("network = ''", "network"), ("sync_seconds = -1", "sync_seconds"),
        ("[limits]\nmax_bytes = 0", "max_bytes"), ("[limits]\nmax_byte = 1", "limits.max_byte"),
        ("[skills]\nmin_confidence = 2.0", "min_confidence"), ("[admission]\nwindow_ms = 1", "window_ms"),
        ("[admission]\nrecords_per_minute = 0", "records_per_minute"), ("sandbox_tier = 'none'", "sandbox_tier"),
        ("solver = \"'\"", "solver"), ("name = '" + "x" * 65 + "'", "name"), ("limits = 7", "limits"),
        ("port =", "config.toml"), ("\xff", "config.toml"), ("[limits]\nmax_bytes = 'x'", "limits.max_bytes"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(node: Hansa, home: Path, toml: str, named: str) -> None:
    (home / "config.toml").write_text(toml, encoding="latin-1")
    said = node("status")
    assert said.code == USAGE
    assert named in said.sentence


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [("HANSA_PORT", "x", "port"), ("HANSA_ROLE", "boss", "role"), ("HANSA_LIMITS__MAX_BYTES", "-5", "max_bytes"),
     ("HANSA_WORKERS", "", "workers"), ("HANSA_LIMITS", "x", "limits"), ("HANSA_SKILLS__WITNESSES", "0", "witnesses")],
)  # fmt: skip
def test_a_wrong_variable_is_named(node: Hansa, monkeypatch, name: str, value: str, named: str) -> None:
    monkeypatch.setenv(name, value)
    said = node("status")
    assert said.code == USAGE
    assert named in said.sentence.lower()


def test_a_wrong_variable_in_a_section_is_spelled_as_it_is_typed(node: Hansa, monkeypatch) -> None:
    monkeypatch.setenv("HANSA_LIMITS__MAX_BYTE", "5")
    assert "HANSA_LIMITS__MAX_BYTE " in node("config", "check").out
    monkeypatch.setenv("hansa_limits__max_keys", "many")
    assert "(in hansa_limits__max_keys)" in node("config", "check").sentence


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("prot = 9000", "setting prot: there is no such setting: port is the nearest that is one (in {path}:2)"),
        ("seventeen = 1", "setting seventeen: there is no such setting: hansa config schema names all (in {path}:2)"),
        ("[admission]\nrecords_per_minut = 1",
         "setting admission.records_per_minut: there is no such setting: admission.records_per_minute is the nearest "
         "that is one (in {path}:3)"),
        ("[limts]\nmax_keys = 1", "setting limts: there is no such setting: limits is the nearest that is one "
         "(in {path}:2)"),
        ("log_level = 'loud'", "setting log_level: loud is none of debug, info, warning, error (in {path}:2)"),
        ("log_file_level = 'x'", "setting log_file_level: x is none of debug, info, warning, error, off (in {path}:2)"),
        ("sandbox_tier = 'moat'",
         "setting sandbox_tier: moat is none of bubblewrap, namespaces, landlock, seatbelt (in {path}:2)"),
        ("port = 'x'", "setting port: must be a whole number, not x (in {path}:2)"),
        ("port = 70000", "setting port: must be at most 65535, not 70000 (in {path}:2)"),
        ("log_json = 'maybe'", "setting log_json: must be true or false, not maybe (in {path}:2)"),
        ("hosts = 'a'", "setting hosts: must be a list, written [\"one\", \"two\"]; in a variable too, within single "
         "quotes for the shell (in {path}:2)"),
        ("host = ''", "setting host: must not be empty (in {path}:2)"),
        ("mcp_allow = ['publsh']",
         "setting mcp_allow: publsh is none of read, record, prove, publish, review, admin (in {path}:2)"),
        ("role = 'boss'", "setting role: must be node or hub, not boss (in {path}:2)"),
        ("llm = 3", "setting llm: must be tables that begin with [[llm]] (in {path}:2)"),
        ("[[llm]]\nname = 'x'\nurl = 'http://127.0.0.1:1/v1'\nmodel = 'm'\n\n[[llm]]\nname = 'y'\nmodel = 'm'",
         "setting llm.url: must be given (in {path}:7)"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_with_its_line_and_what_to_write(node: Hansa, home: Path, toml: str, told: str) -> None:
    path = home / "config.toml"
    path.write_text("\n" + toml)
    said = [node(*words) for words in (("config", "check"), ("config", "show"), ("config",), ("status",))]
    assert {(one.code, one.sentence) for one in said} == {(USAGE, told.format(path=path))}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HANSA_HOSTS", "a,b", 'setting hosts: must be a list, written ["one", "two"]'),
        ("HANSA_OUTBOUND__LAN", "192.168.1.0/24", 'setting outbound.lan: must be a list, written ["one", "two"]'),
        ("HANSA_LOG_LEVEL", "loud", "setting log_level: loud is none of debug"),
        ("HANSA_LIMITS__MAX_KEYS", "x", "setting limits.max_keys: must be a whole number, not x"),
        ("HANSA_LIMITS", "x", "setting limits: is a section"),
        ("HANSA_LIMITS", '{"max_key": 1}', "setting limits.max_key: there is no such setting"),
    ],
)
def test_a_wrong_variable_is_told_in_words_of_ours(node: Hansa, monkeypatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    said = node("status")
    assert said.code == USAGE
    assert said.sentence.startswith(told)
    assert said.sentence.endswith(f"(in {name})")


def test_lists_in_variables_are_read(home: Path, monkeypatch) -> None:
    monkeypatch.setenv("HANSA_OUTBOUND__LAN", '["192.168.1.0/24", "10.0.0.0/8"]')
    monkeypatch.setenv("HANSA_HOSTS", '["a.example"]')
    monkeypatch.setenv("HANSA_LOG_LEVEL", "DEBUG")
    found = load(home)
    assert (found.outbound.lan, found.hosts) == (("192.168.1.0/24", "10.0.0.0/8"), ("a.example",))
    assert found.log_level == "debug"


def test_a_wrong_flag_is_named(node: Hansa) -> None:
    for command in ("up", "restart"):
        said = node(command, "--log-level", "loud")
        assert said.code == USAGE
        assert said.sentence.endswith("is none of debug, info, warning, error (in the flag --log-level)")


FLAWS = {
    "limits.max_bytes = 0": "must be between 1 and 1048576, not 0",
    "limits.max_keys = 0": "must be at least 1",
    "admission.records_per_minute = -1": "must be at least 1",
    "admission.share_per_mille = 5000": "must be between 1 and 1000",
    "skills.witnesses = 0": "must be at least 1",
    "ranking.filter_at = 7": "must be at least 0 and at most 1",
    "ranking.candidates = 0": "must be at least 1",
    "ranking.half_life_days = nan": "must be above 0",
    "sandbox.wall_ms = 0": "must be at least 1",
    "sandbox.memory_bytes = -1": "must be at least 1",
    "outbound.lan = ['x']": "x is no network: write it like 192.168.0.0/16",
    "store.journal_lines = 0": "must be at least 1",
    "network = ''": "must have 1 to 64 characters",
}


def test_every_number_out_of_bounds_is_told_with_its_section_and_line(node: Hansa, home: Path) -> None:
    path = home / "config.toml"
    path.write_text("\n".join(FLAWS))
    said = node("config", "check")
    lines = [line for line in said.out.splitlines() if line.startswith("! ")]
    assert said.code == USAGE
    assert sorted(lines) == sorted(
        f"! setting {entry.split(' ')[0]}: {told} (in {path}:{number})"
        for number, (entry, told) in enumerate(FLAWS.items(), 1)
    )


def test_every_wrong_setting_is_told(node: Hansa, home: Path, monkeypatch) -> None:
    (home / "config.toml").write_text("prot = 1\nrole = 'boss'\n[limits]\nmax_keys = 'x'\n[store]\nmax_bytes = 5\n")
    monkeypatch.setenv("HANSA_WORKERS", "many")
    for words in (("config", "check"), ("config", "show")):
        said = node(*words)
        assert (said.code, said.sentence) == (USAGE, "5 settings make no sense")
        told = [line.split(":")[0] for line in said.out.splitlines()]
        assert told == [f"! setting {one}" for one in ("prot", "workers", "limits.max_keys", "store.max_bytes", "role")]
        said = node(*words, "--json")
        error = said.json["error"]
        assert (said.sentence, error["message"]) == ("5 settings make no sense",) * 2
        assert [f"! setting {one['setting']}" for one in error["problems"]] == told
    origins = {one["setting"]: one["origin"] for one in error["problems"]}
    path = home / "config.toml"
    assert origins == {"prot": f"{path}:1", "workers": "HANSA_WORKERS", "limits.max_keys": f"{path}:4",
                       "store.max_bytes": f"{path}:6", "role": f"{path}:2"}  # fmt: skip
    assert error["problems"][1]["problem"] == "must be a whole number, not many"
    assert node("up", "--port", "0", "--json").json["error"]["problems"] == error["problems"]
    assert "4 more: hansa config check names all" in node("status").sentence


def test_all_that_is_wrong_in_a_section_is_told(node: Hansa, home: Path, monkeypatch) -> None:
    """One setting of the wrong kind hides no other one of its section, and no number is beyond what JSON carries."""
    (home / "config.toml").write_text(f"[limits]\nmax_bytes = 'x'\nmax_keys = 0\n[skills]\nimport_trials = {10**30}\n")
    monkeypatch.setenv("HANSA_LIMITS__MAX_DEPTH", "deep")
    told = [line.partition(" (in ")[0] for line in node("config", "check").out.splitlines()]
    assert set(told) == {
        "! setting limits.max_depth: must be a whole number, not deep",
        "! setting limits.max_bytes: must be a whole number, not x",
        "! setting limits.max_keys: must be at least 1",
        f"! setting skills.import_trials: must be at most {2**53}",
    }
    assert len(told) == 4


def test_a_ledger_cut_to_its_first_line_misses_the_keys_of_its_owner(node: Hansa, tmp_path: Path) -> None:
    path = tmp_path / "ledger.hansa"
    assert node("ledger", "export", "--to", str(path)).code == 0
    assert node("ledger", "verify", str(path)).code == 0
    path.write_text(path.read_text().splitlines()[0])
    said = node("ledger", "verify", str(path))
    assert (said.code, "metadata of keys is not here" in said.out) == (1, True)


NO_HOSTS = {
    'host = "999.1.1.1"': "999.1.1.1", 'host = "[::1]"': "[::1]", 'hosts = ["fine.example", "bad host"]': "bad host",
    'hosts = [""]': "nothing", 'mcp_hosts = ["http://x/"]': "http://x/", 'mcp_hosts = ["x:8470"]': "x:8470",
    'hosts = ["{type}"]': "{type}",
}  # fmt: skip


@pytest.mark.parametrize("entry", NO_HOSTS)
def test_what_can_not_be_a_host_is_refused(node: Hansa, home: Path, entry: str) -> None:
    (home / "config.toml").write_text(f"{entry}\n")
    said = node("config", "check")
    told = f"name of a host, without scheme and port, not {NO_HOSTS[entry]} (in {home / 'config.toml'}:1)"
    assert (said.code, said.sentence) == (
        USAGE, f"setting {entry.split(' ', maxsplit=1)[0]}: must be an IP address or the {told}"
    )  # fmt: skip


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "localhost", "node-1.example", "my_container", "node."])
def test_what_can_be_a_host_is_taken(node: Hansa, home: Path, host: str) -> None:
    (home / "config.toml").write_text(f'host = "{host}"\nhosts = ["{host}"]\nmcp_hosts = ["{host}"]\n')
    assert node("config", "check").code == 0


def test_a_slip_in_a_variable_of_a_section_stops_nothing(node: Hansa, monkeypatch) -> None:
    monkeypatch.setenv("HANSA_ADMISSION__RECORDS_PER_MINUT", "3")
    assert node("status").code == 0
    found = node("config", "check", "--json").json["setting_nothing"]
    assert [one["nearest"] for one in found] == ["HANSA_ADMISSION__RECORDS_PER_MINUTE"]


def test_settings_of_a_home_that_is_not_there(hansa: Hansa, home: Path, tmp_path: Path) -> None:
    said = hansa("config", "check", "--home", tmp_path / "nowhere")
    assert (said.code, "there is no" in said.sentence) == (NOT_FOUND, True)
    home.mkdir()
    assert f"there is no {home / 'config.toml'}" in hansa("config", "check").out


def test_the_tiers_that_a_setting_may_name_are_those_that_there_are() -> None:
    assert get_args(TierName) == ("", *(one.name for one in TIERS))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("HANSA_PROT", "HANSA_PORT"), ("hansa_prot", "HANSA_PORT"), ("HANSA_LIMIT__MAX_BYTES", "HANSA_LIMITS__MAX_BYTES"),
     ("HANSA_STORE_MAX_BYTES", "HANSA_STORE__MAX_BYTES"), ("HANSA_PORT__X", "HANSA_PORT"), ("HANSA_HOEM", "HANSA_HOME"),
     ("HANSA_SERVICE_QUX", "")],
)  # fmt: skip
def test_a_variable_that_sets_nothing_is_named_with_the_nearest_that_does(
    node: Hansa, monkeypatch, name: str, nearest: str
) -> None:
    monkeypatch.setenv(name, "9000")
    said = node("config", "check")
    assert said.code == 0
    assert f"! the variable {name} sets nothing: {nearest or 'hansa config show'}" in said.out
    found = node("config", "check", "--json").json
    assert found["setting_nothing"] == [{"name": name, "nearest": nearest}]


def test_variables_that_are_read_are_not_said_to_set_nothing(node: Hansa, home: Path, monkeypatch) -> None:
    (home / "config.toml").write_text(
        '[[llm]]\nname = "one"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\nkey_env = "HANSA_MODEL_KEY"\n'
    )
    for name in ("HANSA_MODEL_KEY", "HANSA_SESSION", "HANSA_TEST_SCALE", "HANSA_BENCH_SKILLS", "HANSA_PORT"):
        monkeypatch.setenv(name, "1")
    for name in ("HANSA_LIMITS__MAX_BYTES", "hansa_limits__max_items"):
        monkeypatch.setenv(name, "100000")
    assert node("config", "check", "--json").json["setting_nothing"] == []


def test_what_there_is_no_subscription_for(node: Hansa) -> None:
    assert "subscribes to no other yet: hansa subscribe URL first" in node("sync").sentence
    assert "hansa subscribe http://x first" in node("sync", "http://x").sentence
    said = node("unsubscribe", "http://x")
    assert (said.code, "nothing was changed: there is none at all" in said.sentence) == (NOT_FOUND, True)


def test_nothing_is_agreed_to_where_nobody_can_be_asked(node: Hansa, held: str) -> None:
    for words in (("skill", "remove", held), ("join", "http://127.0.0.1:1/#7K3M-9QXF-2B4H-KT6W-P8ZD")):
        said = node(*words)
        assert (said.code, said.sentence.endswith("say --yes")) == (USAGE, True)
    assert node("skill", "show", held, "--json").json["state"] == "quarantined"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("join", "foo"), USAGE, "foo"), (("join", "http://127.0.0.1:1/"), USAGE, "no code behind a #"),
        (("skill", "remove", "4c4c"), NOT_FOUND, "starts with 4c4c"),
        (("skill", "remove", "4c"), NOT_FOUND, "too short"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_input_is_said_before_anybody_is_asked(
    node: Hansa, words: tuple[str, ...], code: int, told: str
) -> None:
    said, agreed = node(*words), node(*words, "--yes")
    assert (said.code, told in said.sentence, "say --yes" in said.sentence) == (code, True, False), said
    assert (said.code, said.sentence) == (agreed.code, agreed.sentence)


def test_a_skill_that_is_removed_already_is_told_before_anybody_is_asked(node: Hansa, held: str) -> None:
    assert node("skill", "remove", held, "--yes").code == 0
    assert node("skill", "remove", held).sentence == node("skill", "remove", held, "--yes").sentence


# ---- files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"this is no JSON\n", "not_json"), (b'{"a": 1}\n', "not_canonical"), (b"[]\n", "bad_envelope"),
        (b"\x89PNG\x00\xff\n", "not_json"), (b"x" * 300_000, "too_large"),
        (skill_message(key(1), SLUG, version="2.0", network="hansa").raw, "unsupported_version"),
        (skill_message(key(1), SLUG, network="other").raw, "wrong_network"),
    ],
    ids=["text", "blanks", "list", "binary", "large", "version", "network"],
)  # fmt: skip
def test_a_record_that_can_not_be_imported_is_named_with_its_line(node: Hansa, tmp_path, content, reason) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"\n" + content)
    said = node("skill", "import", path)
    assert said.code == REFUSED
    assert "! line 1: " + reason in said.out
    assert said.err == ""
    assert [one["reason"] for one in node("skill", "import", path, "--json").json["refused"]] == [reason]


def test_a_good_record_after_a_bad_one_is_taken(node: Hansa, tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"junk\n" + skill_message(key(1), SLUG, network="hansa").raw + b"\n")
    said = node("skill", "import", path)
    assert said.code == 0
    assert "1 taken into quarantine, 1 refused" in said.out


@pytest.mark.parametrize(
    "words", [("skill", "import", "/nowhere/x"), ("skill", "add", "/nowhere/x"), ("skill", "import", "/")]
)
def test_a_file_that_is_not_there(node: Hansa, words: tuple[str, ...]) -> None:
    said = node(*words)
    assert said.code == USAGE
    assert words[2] in said.sentence


@pytest.mark.parametrize("name", ["notes.txt", "test_only.py", "empty"])
def test_nothing_to_add(node: Hansa, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.mkdir() if name == "empty" else path.write_text("x")
    said = node("skill", "add", path)
    assert said.code == USAGE
    assert "nothing to add" in said.sentence


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", b"not json\n"), ("a.jsonl", b"[]\n{}\n7\n"), ("a.py", b"def f(:\n"), ("a.py", b"\xff\xfe"),
     ("a.py", b"x = 1\n" * 300_000), ("a.py", b"")],
)  # fmt: skip
def test_a_source_that_holds_no_skill_is_named(node: Hansa, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    said = node("skill", "add", tmp_path / name)
    assert said.code == REFUSED
    assert f"! {name}" in said.out
    assert "0 added" in said.out


def test_an_export_that_can_not_be_written(node: Hansa, tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(skill_message(key(1), SLUG, network="hansa").raw)
    node("skill", "import", path)
    said = node("skill", "export", SLUG.id, "--to", tmp_path / "no" / "where")
    assert said.code == USAGE
    assert "can't write" in said.sentence


def test_exporting_what_was_never_published(node: Hansa, held: str) -> None:
    said = node("skill", "export", held[:12])
    assert said.code == USAGE
    assert "hansa publish" in said.sentence


# ---- names


@pytest.mark.parametrize("words", [("skill", "show"), ("skill", "remove", "--yes"), ("why",), ("prove",), ("publish",),
                                   ("quarantine", "show"), ("quarantine", "approve"), ("quarantine", "reject"),
                                   ("skill", "export")])  # fmt: skip
@pytest.mark.parametrize(("id_", "says"), [("0" * 12, "starts with"), ("ab", "4 "), ("zzzz", "starts with")])
def test_an_id_that_names_nothing(node: Hansa, words: tuple[str, ...], id_: str, says: str) -> None:
    said = node(*words, id_)
    assert said.code == NOT_FOUND
    assert says in said.sentence


def test_an_id_that_names_several(node: Hansa, tmp_path: Path) -> None:
    starts: dict[str, int] = {}
    for factor in range(1, 900):
        start = multiplier(factor).id[:4]
        if start in starts:
            break
        starts[start] = factor
    messages = [skill_message(key(1), multiplier(n), network="hansa").raw for n in (starts[start], factor)]
    (tmp_path / "records").write_bytes(b"\n".join(messages))
    assert node("skill", "import", tmp_path / "records").code == 0
    said = node("skill", "show", start)
    assert said.code == NOT_FOUND
    assert "more than one" in said.sentence


@pytest.mark.parametrize("id_", ["me", "did:key:zzz", "did:key:z6Mk", "", "http://x"])
def test_what_is_no_node_id(node: Hansa, id_: str) -> None:
    said = node("peer", "add", id_)
    assert said.code == USAGE
    assert "is no node id" in said.sentence


@pytest.mark.parametrize(
    "words",
    [("subscribe", "127.0.0.1:8470"), ("subscribe", "ftp://x"), ("subscribe", "http://x", "--report", "some"),
     ("execute", "x", "--case", "1"), ("execute", "x", "--case", "=> 1"), ("execute", "x", "--case", "1 =>"),
     ("execute", " "), ("find", ""), ("find", " "),
     ("skill", "list", "--state", "lost"), ("skill", "list", "--origin", "mine"), ("sync",)],
)  # fmt: skip
def test_an_argument_that_makes_no_sense(node: Hansa, words: tuple[str, ...]) -> None:
    said = node(*words)
    assert said.code == USAGE
    assert said.sentence


def test_a_line_that_is_no_trace_is_named_with_the_folder_of_its_file(node: Hansa, tmp_path: Path) -> None:
    deep = tmp_path / "skills" / "of" / "ann"
    deep.mkdir(parents=True)
    (deep / "t.jsonl").write_text("{}\n")
    assert "! of/ann/t.jsonl:1: Line 1 is no trace" in node("skill", "add", tmp_path / "skills").out


def test_a_state_that_does_not_allow_it(node: Hansa, held: str) -> None:
    assert node("quarantine", "approve", held).code == 0
    said = node("quarantine", "approve", held)
    assert said.code == USAGE
    assert "can't be approved" in said.sentence
    assert node("unsubscribe", "http://127.0.0.1:1").code == NOT_FOUND


# ---- addresses and ports


def test_nothing_listens_there(node: Hansa) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    said = node("subscribe", f"http://127.0.0.1:{port}")
    assert said.code == UNAVAILABLE
    assert "no node answers" in said.sentence


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://[::1",
        "http://a b",
        "http://127.0.0.1:99999",
        "http://x:y",
        "http://\u00fc\u0000",
    ],
)
def test_an_address_that_is_none(node: Hansa, url: str) -> None:
    said = node("subscribe", url)
    assert said.code == UNAVAILABLE
    assert said.sentence


class _Web(BaseHTTPRequestHandler):
    answer: tuple[int, bytes] = (200, b"<html>It works!</html>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name that the library asks for

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [((200, b"<html>It works!</html>"), REFUSED, "not_json"),
     ((404, b"<html>Nothing</html>"), UNAVAILABLE, "something answers"),
     ((500, b'{"reason": 7}'), UNAVAILABLE, "something answers"), ((301, b""), UNAVAILABLE, "something answers"),
     ((200, b"{}"), REFUSED, "bad_envelope"),
     ((403, b'{"reason":"unknown_peer","detail":"\\u001b[2J"}'), REFUSED, "unknown_peer")],
)  # fmt: skip
def test_something_else_listens_there(node: Hansa, answer: tuple[int, bytes], code: int, says: str) -> None:
    server = HTTPServer(("127.0.0.1", 0), type("Web", (_Web,), {"answer": answer}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        said = node("subscribe", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert said.code == code
    assert said.sentence.startswith(says)
    assert "\x1b" not in said.err


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02\x46"])
def test_what_listens_there_does_not_speak_http(node: Hansa, raw: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(raw)
                connection.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        said = node("subscribe", f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert said.code == UNAVAILABLE
    assert "does not speak HTTP" in said.sentence or "can't be reached" in said.sentence


def test_the_port_is_in_use(node: Hansa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = node("up", "--port", str(taken.getsockname()[1]))
    assert said.code == UNAVAILABLE
    assert "--port" in said.sentence


def test_an_address_that_is_not_of_this_machine(node: Hansa) -> None:
    said = node("up", "--host", "203.0.113.7", "--port", "0")
    assert said.code == UNAVAILABLE
    assert "203.0.113.7" in said.sentence


def test_a_host_that_is_no_address(node: Hansa) -> None:
    said = node("up", "--host", "no such host", "--port", "0")
    assert said.code == USAGE
    assert "not no such host (in the flag --host)" in said.sentence


# ---- the disk


def test_a_full_disk(node: Hansa, skill_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node("status")
    monkeypatch.setitem(sqlite.SqliteStore.open.__func__.__kwdefaults__, "free", lambda path: 0)
    said = node("skill", "add", skill_file)
    assert said.code == DISK_FULL
    assert "free some space" in said.sentence
    monkeypatch.undo()
    monkeypatch.setenv("HANSA_HOME", str(skill_file.parent / "home"))
    assert node("skill", "add", skill_file).code == 0


@pytest.mark.parametrize("where", [0, 100])
def test_a_store_that_is_damaged(node: Hansa, home: Path, where: int) -> None:
    node("status")
    path = home / "hansa.db"
    data = bytearray(path.read_bytes())
    data[where : where + 60] = b"\x55" * 60
    path.write_bytes(data)
    said = node("status")
    assert said.code == 70
    assert "hansa.db" in said.sentence


# ---- two at once


def test_another_process_has_the_data_directory(node: Hansa, home: Path, skill_file: Path) -> None:
    with DataDirLock(home):
        for words in (("status",), ("skill", "add", str(skill_file)), ("up",)):
            said = node(*words)
            assert said.code == BUSY
            assert f"process {os.getpid()}" in said.sentence


def test_commands_of_a_node_that_is_up_are_run_by_it(node: Hansa, up: Up, home: Path, skill_file: Path) -> None:
    added = node("skill", "add", skill_file, "--json").json["added"]
    assert [one["intent"] for one in added] == ["Turn a title into a slug."]
    assert node("status", "--json").json["instance_id"] == up.id
    said = node("up", "--port", "0")
    assert said.code == BUSY
    assert up.url in said.sentence
    assert node("skill", "show", "0" * 12).code == NOT_FOUND
    assert "starts with" in node("why", "0" * 12).sentence
    assert node("skill", "show", added[0]["trace_id"][:12]).code == 0
    bad = node("peer", "add", "me")
    assert (bad.code, "is no node id" in bad.sentence) == (USAGE, True)
    up.stop()
    assert node("skill", "show", added[0]["trace_id"][:12]).code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_asked_to_stop_closes_its_store_and_lets_go(up: Up, home: Path, number: int) -> None:
    assert (home / "lock").read_text().splitlines()[:2] == [str(up.process.pid), up.url]
    up.process.send_signal(number)
    up.process.communicate(timeout=20)
    assert (home / "lock").read_text() == ""
    assert not (home / "hansa.db-wal").exists()


def test_an_address_that_is_none_does_not_end_a_node(node: Hansa, up: Up, skill_file: Path) -> None:
    """It stays in the outbox, so that the node could not be started again either."""
    added = node("skill", "add", skill_file, "--json").json["added"][0]["trace_id"]
    assert node("prove", added).code == 0
    node("publish", added, "--to", "http://127.0.0.1:99999")
    assert node("status").code == 0
    assert up.process.poll() is None


def test_the_token_of_a_node_that_is_up_is_gone(node: Hansa, up: Up, home: Path) -> None:
    (home / "admin.token").unlink()
    assert node("status").code in (USAGE, UNAVAILABLE)


def test_a_wrong_token_is_named(node: Hansa, up: Up, home: Path) -> None:
    (home / "admin.token").write_text("wrong\n")
    said = node("status")
    assert said.code == UNAVAILABLE
    assert "401" in said.sentence


# ---- rights


@pytest.fixture
def bound(tmp_path: Path) -> None:
    """Skips where permission bits do not bind even a process that gave up the rights of root."""
    if sys.platform != "linux":
        pytest.skip("rights are given up in the way of Linux")
    shut = tmp_path / "unreadable"
    shut.touch(mode=0)
    command = [sys.executable, "-c", f"open({str(shut)!r})"]
    if b"Permission denied" not in subprocess.run(command, capture_output=True, preexec_fn=give_up_rights).stderr:
        pytest.skip("permission bits do not bind here")


@pytest.mark.usefixtures("bound")
def test_no_right_to_the_data_directory(node: Hansa, home: Path) -> None:
    home.chmod(0o000)
    said = [outside(home, command) for command in ("id", "status", "init")]
    home.chmod(0o700)
    assert {one.code for one in said} <= {USAGE, UNAVAILABLE}
    assert all(one.sentence for one in said)


@pytest.mark.usefixtures("bound")
def test_no_right_to_write(node: Hansa, home: Path) -> None:
    home.chmod(0o500)
    said = outside(home, "status")
    home.chmod(0o700)
    assert said.code == UNAVAILABLE, said
    assert said.sentence


@pytest.mark.usefixtures("bound")
def test_no_right_to_make_a_home(node: Hansa, home: Path) -> None:
    home.chmod(0o500)
    said = outside(home / "new", "init")
    home.chmod(0o700)
    assert said.code == UNAVAILABLE, said
    assert "can't make" in said.sentence


@pytest.mark.usefixtures("bound")
def test_no_right_to_a_port(node: Hansa, home: Path) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < 1024:
        pytest.skip("this machine lets everybody listen on every port")
    said = outside(home, "up", "--port", "81")
    assert said.code == UNAVAILABLE, said
    assert "--port" in said.sentence


@pytest.mark.usefixtures("bound")
def test_no_right_to_the_settings(node: Hansa, home: Path) -> None:
    (home / "config.toml").write_text("")
    (home / "config.toml").chmod(0)
    said = outside(home, "status")
    assert said.code == USAGE
    assert "config.toml" in said.sentence


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("records", ("skill", "import")),
        ("traces.jsonl", ("skill", "add")),
        ("skill.py", ("skill", "add")),
        ("folder/", ("skill", "add")),
        ("above/below/", ("skill", "add")),
        ("shut/x.py", ("skill", "add")),
        ("shut/records", ("skill", "import")),
    ],
)
def test_no_right_to_read(node: Hansa, home: Path, tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    path = tmp_path / name
    if name.endswith("/"):
        path.mkdir(parents=True)
        shut = path
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        shut = path.parent if name.startswith("shut/") else path
    given = path.parent if name.startswith("above/") else path
    shut.chmod(0)
    said = outside(home, *words, str(given))
    shut.chmod(0o700)
    assert "Traceback" not in said.err, said.err[-300:]
    assert said.code in (REFUSED, USAGE, UNAVAILABLE)


def test_a_flag_comes_before_the_environment_and_that_before_the_file(home: Path, monkeypatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text("port = 1001\nname = 'file'\nhost = '127.0.0.2'\n")
    monkeypatch.setenv("HANSA_PORT", "1002")
    monkeypatch.setenv("HANSA_NAME", "environment")
    found = load(home, {"port": 1003, "name": None})
    assert (found.port, found.name, found.host) == (1003, "environment", "127.0.0.2")
    assert load(home).port == 1002
    with pytest.raises(UsageError, match="port"):
        load(home, {"port": 70_000})
