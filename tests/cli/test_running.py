"""A node in the background, with real processes: up, seen, followed, restarted, stopped; and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from hansa.adapters import background
from hansa.adapters.lock import Claim, DataDirLock, holder
from hansa.adapters.sandbox import bases
from hansa.entrypoints import last_start, reach
from hansa.entrypoints.cli import running_commands
from hansa.entrypoints.cli.show import span
from tests.cli.conftest import COMMAND, Hansa, Up

BUSY, USAGE, UNAVAILABLE = 5, 2, 4


@pytest.fixture
def free(node: Hansa, home: Path) -> Iterator[Hansa]:
    """Gives the command for a node on a free port; whatever is up in the end is ended."""
    (home / "config.toml").write_text("port = 0\n")
    yield node
    at = holder(home)
    if at:
        background.end(home, at, 20, force=True)


ZONED = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
"""How every list shows a time."""


def test_a_day_of_a_node_in_the_background(free: Hansa, home: Path) -> None:
    assert free("status", "--json").json["process"]["running"] is False
    assert "not up: hansa up --detach starts it" in free("status").out
    assert free("stop").code == 0

    first = free("up", "--detach", "--name", "ann", "--json").json
    assert (first["already"], first["log"]) == (False, str(home / "logs" / "hansa.log"))
    again = free("up", "--detach", "--json")
    assert again.code == 0
    assert again.json == first | {"already": True}
    assert f"was up already at {first['url']}" in free("up", "-d").out
    assert os.getsid(first["pid"]) == first["pid"]

    process = free("status", "--json").json["process"]
    assert {name: process[name] for name in ("running", "pid", "url")} == {
        "running": True, "pid": first["pid"], "url": first["url"],
    }  # fmt: skip
    assert process["version"]
    assert process["uptime_seconds"] >= 0
    said = free("status").out
    assert f"up at {first['url']}" in said
    assert re.search(r"^memory \d+ MiB; event loop at most [\d.]+ ms late$", said, re.M)
    assert re.search(r"^messages received since start +0$", said, re.M)

    assert free("events", "--json").json["events"][0]["kind"] == "node.up"
    assert re.match(ZONED + " node.up ", free("events").out)
    assert free("events", "--kind", "skill.added").out.startswith("nothing yet")
    assert httpx2.get(f"{first['url']}/metrics", trust_env=False).status_code == 200

    second = free("restart", "--json").json
    assert second["pid"] != first["pid"]
    assert free("status", "--json").json["name"] == "ann"  # the flags it had

    stopped = free("stop", "--json").json
    assert stopped == {"stopped": True, "pid": second["pid"], "forced": False}
    assert holder(home) is None
    codes = [line["event"] for line in free("logs", "--json").json["lines"]]
    assert codes == ["node.up", "node.stopping", "node.up", "node.stopping"]
    assert re.match(ZONED + " info    node.stopping ", free("logs", "-n", "1").out)


def test_the_table_of_status_holds_counts_and_nothing_else(free: Hansa) -> None:
    head, _, rows = free("status").out.partition("count\n")
    assert "\nsandbox: not tested yet\n" in head
    counts = rows.strip().splitlines()[1:]
    assert len(counts) == 9 and all(re.fullmatch(r"[a-z ]+? {2,}\d+", line) for line in counts), rows


def test_a_flag_that_comes_too_late_is_told(free: Hansa) -> None:
    first = free("up", "--detach", "--name", "ann", "--json").json
    said = free("up", "--detach", "--port", "18472", "--name", "ann")
    assert (said.code, "was up already" in said.out) == (0, True)
    assert said.err == (
        "! --port 18472 was not used: the node was up already. hansa restart --port 18472 starts it anew with that\n"
    )
    port = first["url"].rpartition(":")[2]
    again = free("up", "--detach", "--port", port, "--role", "hub", "--name", "bob", "--json")
    assert again.json == first | {"already": True, "not_used": ["--role", "hub", "--name", "bob"]}
    assert free("up", "--detach", "--port", "0", "--role", "node").err == ""


def test_a_hub_in_the_background_is_called_one_whoever_asks(free: Hansa, home: Path) -> None:
    assert free("up", "--detach", "--role", "hub").out.startswith("hub ")
    again = free("up", "--detach")
    assert again.out.startswith("hub ") and "was up already" in again.out
    assert free("up", "--detach", "--json").json["role"] == "hub"
    assert re.match("started with --role hub; .*\nhub ", free("restart").out)


def test_a_restart_after_a_stop_knows_the_flags_of_the_last_start(free: Hansa, home: Path) -> None:
    free("up", "--detach", "--name", "ann", "--role", "hub")
    free("stop")
    said = free("restart").out
    assert re.match("no node was up: started with --role hub --name ann; .*\nhub ", said)
    assert free("status", "--json").json["name"] == "ann"
    assert re.match("started with --role hub --name ben; .*\nhub ", free("restart", "--name", "ben").out)
    free("stop")
    assert free("restart", "--role", "node", "--json").json["role"] == "node"
    assert free("status", "--json").json["name"] == "ben"
    free("stop")
    free("up", "--detach")
    free("stop")
    assert free("restart").out.startswith("node ")
    assert free("status", "--json").json["name"] != "ben"


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"flags": 3}', b'{"flags": [1]}', b"[]", b"\xff"])
def test_flags_that_can_t_be_read_are_none(tmp_path: Path, content: bytes) -> None:
    assert last_start.flags(tmp_path) == ()
    last_start.keep(tmp_path, ("--port", "9000"))
    assert last_start.flags(tmp_path) == ("--port", "9000")
    (tmp_path / "last-start.json").write_bytes(content)
    assert last_start.flags(tmp_path) == ()
    last_start.keep(tmp_path / "gone", ("--port", "9000"))


def test_what_killed_nodes_left_in_memory_is_removed_by_the_next_start(
    node: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    (memory / "hansa-sandbox-1" / "scratch").mkdir(parents=True)
    monkeypatch.setattr(bases, "_IN_MEMORY", str(memory))
    assert node("status").code == 0
    assert list(memory.iterdir()) == []


def test_a_slip_in_a_variable_is_told_at_the_start_and_stops_nothing(
    free: Hansa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSA_NAEM", "ann")
    told = "! the variable HANSA_NAEM sets nothing: HANSA_NAME is the nearest that does\n"
    for words in (("up", "--detach"), ("restart",)):
        said = free(*words)
        assert (said.code, said.err) == (0, told)


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "settings alone"])
def test_what_init_makes_a_data_directory_of_is_closed_to_others(hansa: Hansa, home: Path, before: str) -> None:
    if before != "nothing":
        home.mkdir()
        home.chmod(0o755)
    if before == "settings alone":
        (home / "config.toml").write_text("port = 0\n")
    said = hansa("init")
    assert said.code == 0 and "other users" not in said.err
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_folder_that_holds_more_is_left_open_and_named_at_init_and_at_the_start(free: Hansa, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)  # whatever the umask took away
    (shared / "notes.txt").touch()
    told = f"! {shared} can be looked into by other users (mode 755): chmod 700 {shared}\n"
    assert told in free("init", "--home", shared).err
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    try:
        assert free("up", "--detach", "--port", "0", "--home", shared).err == told
    finally:
        free("stop", "--force", "--home", shared)
    shared.chmod(0o700)
    assert free("restart", "--port", "0", "--home", shared).err == ""
    free("stop", "--force", "--home", shared)


def test_a_node_that_does_not_come_up_says_why_with_its_exit_code(node: Hansa, home: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        said = node("up", "--detach", "--port", str(sock.getsockname()[1]))
    assert said.code == UNAVAILABLE
    assert said.err.startswith("hansa: the node did not come up: can't listen on")
    assert "--port" in said.err.splitlines()[0]
    assert holder(home) is None


def test_a_start_that_fails_tells_only_what_it_wrote_itself_and_the_cause_first(node: Hansa, home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "hansa.log").write_text('{"event": "long ago", "level": "info"}\n' * 20)
    said = node("up", "--detach", "--host", "192.0.2.1")
    assert said.code == UNAVAILABLE
    assert said.err.startswith("hansa: the node did not come up: can't listen on 192.0.2.1")
    assert "--host" in said.err and "--port" not in said.err
    assert "long ago" not in said.err


def test_what_would_stop_it_at_once_starts_nothing(hansa: Hansa, home: Path) -> None:
    said = hansa("up", "--detach")
    assert said.code == USAGE
    assert "run hansa init" in said.sentence
    assert not (home / "logs").exists()


def test_a_node_that_systemd_keeps_is_not_taken_out_of_its_hands(free: Hansa, home: Path) -> None:
    """A restart would start it beside its unit, which then stands for nothing and fails at its next start."""
    told = "SYSTEMD_EXEC_PID=$$ MANAGERPID=1 exec"
    with subprocess.Popen(
        ["sh", "-c", f'{told} "$@"', "sh", *COMMAND, "up", "--home", str(home), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "{\n"
        refused = free("restart")
        assert refused.code == USAGE
        assert "systemd keeps the node in" in refused.err
        assert "systemctl --user restart" in refused.err
        assert free("status", "--json").json["process"]["pid"] == process.pid
        assert free("stop").code == 0


@pytest.mark.parametrize(
    ("host", "beyond"),
    [("127.0.0.1", False), ("127.8.9.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True),
     ("192.168.1.5", True), ("a.example", True)],
)  # fmt: skip
def test_who_listens_beyond_this_machine_is_told(capsys: pytest.CaptureFixture[str], host: str, beyond: bool) -> None:
    running_commands._warn_if_open(host)
    told = f"! it listens at {host}: other machines can reach it, and read what it passes on\n"
    assert capsys.readouterr().err == (told if beyond else "")


def test_a_node_that_is_open_says_so_once(free: Hansa) -> None:
    up = free("up", "--detach", "--host", "0.0.0.0")
    assert "is up at" in up.out and up.err.count("! it listens at 0.0.0.0") == 1
    assert "listens" not in free("up", "--detach").err
    assert free("restart").err.count("! it listens at 0.0.0.0") == 1


def test_a_restart_with_settings_that_do_not_hold_leaves_the_node_up(up: Up, node: Hansa, home: Path) -> None:
    (home / "config.toml").write_text("workers = 0\n")
    assert node("restart").code == USAGE
    assert up.process.poll() is None


def test_a_restart_where_somebody_else_listens_leaves_the_node_up(up: Up, node: Hansa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        said = node("restart", "--port", str(port))
    assert said.code == UNAVAILABLE
    assert f"port {port} can't be listened on" in said.sentence
    assert "the node goes on as it was" in said.sentence
    assert up.process.poll() is None


def test_stopping_a_node_that_runs_in_a_terminal(up: Up, node: Hansa, home: Path) -> None:
    assert node("stop").code == 0
    assert up.process.wait(20) == 0


def test_a_node_that_hangs_is_ended_by_force_alone(up: Up, node: Hansa, home: Path) -> None:
    os.kill(up.process.pid, signal.SIGSTOP)
    said = node("stop", "--timeout", "0.3")
    assert said.code == UNAVAILABLE
    assert "--force" in said.sentence
    assert node("stop", "--timeout", "0.3", "--force", "--json").json["forced"] is True
    assert up.process.wait(20) == -signal.SIGKILL


def test_a_command_is_not_stopped_as_if_it_were_a_node(node: Hansa, home: Path) -> None:
    with DataDirLock(home, Claim("prove")):
        said = node("stop")
        assert said.code == BUSY
        assert "hansa prove" in said.sentence


def test_a_command_waits_for_another_and_names_it_when_it_waits_in_vain(node: Hansa, home: Path, monkeypatch) -> None:
    monkeypatch.setattr(reach, "WAIT_SECONDS", 0.3)
    with DataDirLock(home, Claim("prove", 1_700_000_000_000)):
        said = node("skill", "list")
    assert said.code == BUSY
    assert f"in use by hansa prove (process {os.getpid()}) since 2023-11-14" in said.sentence
    assert "node" not in said.sentence.removeprefix(str(home)).replace("another data directory", "")
    assert node("skill", "list").code == 0


def test_a_command_waits_for_a_node_that_is_coming_up(node: Hansa, home: Path, monkeypatch) -> None:
    lock = DataDirLock(home, Claim("up"))
    lock.acquire()
    try:
        (home / "admin.token").write_text("x" * 40)
        threading.Timer(0.2, lock.set_url, ["http://127.0.0.1:1"]).start()
        said = node("skill", "list")
        assert said.code == UNAVAILABLE  # it went to the node, which is none
        assert "http://127.0.0.1:1" in said.sentence
        monkeypatch.setattr(reach, "WAIT_SECONDS", 0.2)
        lock.release()
        lock.acquire()
        assert "still coming up" in node("skill", "list").sentence
    finally:
        lock.release()


def test_events_when_no_node_is_up(node: Hansa) -> None:
    said = node("events")
    assert said.code == UNAVAILABLE
    assert "hansa up" in said.sentence
    assert node("events", "--kind", "x.y").code == USAGE


ASIDE = ("keys.changed", "node.health")
"""Events that come by themselves: the latter where the machine is busy."""


def test_events_and_logs_are_followed(up: Up, home: Path) -> None:
    environment = os.environ | {"HANSA_HOME": str(home)}
    followers = [
        subprocess.Popen([*COMMAND, word, "-f", "--json"], stdout=subprocess.PIPE, text=True, env=environment)
        for word in ("events", "logs")
    ]
    try:
        peer = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
        token = (home / "admin.token").read_text().strip()
        for one, name in zip(followers, ("kind", "event"), strict=True):
            assert one.stdout is not None
            assert next(line for line in map(json.loads, one.stdout) if line[name] not in ASIDE)[name] == "node.up"
        answer = httpx2.post(
            f"{up.url}/admin/operations/peer.set", headers={"Authorization": f"Bearer {token}"}, trust_env=False,
            content=json.dumps({"id": peer, "invited": True}),
        )  # fmt: skip
        assert answer.status_code == 200
        for one, name in zip(followers, ("kind", "event"), strict=True):
            assert one.stdout is not None
            line = next(line for line in map(json.loads, one.stdout) if line[name] not in ASIDE)
            assert (line[name], line["ref"]) == ("peer.invited", peer)
    finally:
        for one in followers:
            one.terminate()
            one.communicate()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_200, "2 h 0 min"), (90_000, "1 d 1 h")]
)
def test_a_length_of_time_for_people(seconds: int, shown: str) -> None:
    assert span(seconds) == shown


def test_flags_are_handed_on_as_they_are_typed() -> None:
    given = {"role": None, "port": 0, "name": "a b", "log_level": "info"}
    assert running_commands.flags_of(given) == ("--port", "0", "--name", "a b", "--log-level", "info")


def test_the_log_is_put_aside_at_its_bound(node: Hansa, home: Path) -> None:
    from hansa.entrypoints.logs import LogFile

    file = LogFile(home, 200, 3)
    try:
        for number in range(40):
            file.write(json.dumps({"event": str(number)}))
    finally:
        file.close()
    assert sorted(path.name for path in (home / "logs").iterdir()) == ["hansa.log", "hansa.log.1", "hansa.log.2"]
    for path in (home / "logs").iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert path.stat().st_size <= 200
    assert json.loads((home / "logs" / "hansa.log").read_text().splitlines()[-1]) == {"event": "39"}


def test_what_is_told_together_is_logged_as_one_by_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    from hansa.entrypoints import logs

    odd = ["\n\x1b[31m", "plain", "\x7f", "\u202e", "\\", '"', "\t"]
    entries = [logs.Entry(number, level, f"a.b{number}", "x", f"{number}{odd[number % 7]}" + "y" * 300, {"n": number})
               for number, level in enumerate(["info", "warning", "debug", "info", "info", "error"] * 9)]  # fmt: skip
    home.mkdir(exist_ok=True)
    file = logs.LogFile(home, 10_000, 9)
    told = []
    try:
        for together in (True, False):
            logs.configure("warning", True, file, "info")
            if together:
                logs.tell(entries)
            for one in entries if not together else []:
                values = {"ref": one.ref, "text": one.text, **one.fields}
                structlog.get_logger("hansa").log(logs.number_of(one.level, 0), one.event, **values)
            file.flush()
            kept = [json.loads(line) for path in (home / "logs").iterdir() for line in path.read_text().splitlines()]
            shown = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
            told.append([sorted(({**one, "timestamp": ""} for one in lines), key=str) for lines in (kept, shown)])
            assert all(path.stat().st_size <= 10_000 for path in (home / "logs").iterdir())
    finally:
        file.close()
        logs.configure("warning", False)
    assert len(told[0][0]) == 45
    assert len(told[0][1]) == 18
    assert told[1][1] == told[0][1]
    assert told[1][0] == sorted(told[0][0] * 2, key=str)


def test_a_log_is_followed_from_one_file_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hansa.entrypoints.cli import tail

    path = tmp_path / "log"

    def append(text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    def aside() -> None:
        append("c\n")  # written in the moment before
        path.rename(tmp_path / "log.1")

    append("old\n")
    steps = iter([lambda: append("a\n"), lambda: append("b"), lambda: append("!\n"), aside, lambda: append("d\n")])
    monkeypatch.setattr(tail.time, "sleep", lambda _: next(steps)())
    lines = tail.following(path)
    assert [next(lines) for _ in range(4)] == ["a", "b!", "c", "d"]
    lines.close()


def test_a_full_disk_costs_log_lines_and_no_more(node: Hansa, home: Path) -> None:
    from hansa.entrypoints.logs import LogFile

    file = LogFile(home, 10_000, 2)
    file.stream.close()
    file.stream = open("/dev/full", "w")  # noqa: SIM115, PTH123
    file.write("lost")
    with pytest.raises(OSError, match="space"):
        file.stream.close()
    file.stream = None
    file.write("kept")
    file.close()
    assert (home / "logs" / "hansa.log").read_text() == "kept\n"
