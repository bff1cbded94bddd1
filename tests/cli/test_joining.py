"""Letting in and joining by command: with the node up, with it down, and what is said when it does not work."""

from __future__ import annotations

import importlib.util
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hansa.entrypoints.cli import qr
from hansa.entrypoints.cli.peer_commands import span_ms
from hansa.kernel.errors import UsageError
from tests.cli.conftest import Hansa, Up
from tests.cli.test_every_command import MINE

CODE = r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}"


@pytest.fixture
def other(hansa: Hansa, tmp_path: Path) -> Hansa:
    """Gives a function that runs a command for another node."""
    home = tmp_path / "other"
    assert hansa("init", "--home", home).code == 0

    def run(*words: str | Path):  # type: ignore[no-untyped-def]
        return hansa(*words, "--home", home)

    return run


def test_a_node_that_is_up_makes_a_link_and_another_joins_by_it(node: Hansa, up: Up, other: Hansa) -> None:
    told = node("peer", "invite", "--note", "Ann", "--per-minute", "5")
    code, about, there, hint = told.out.splitlines()
    assert re.fullmatch(CODE, code)
    assert re.fullmatch(r"invitation [0-9a-f]{8}, for one node, until \S+Z", about)
    link = there.removeprefix("there: hansa join ")
    assert link == f"{up.url}/#{code}"
    assert "--url names the one" in hint

    said = other("join", link, "--url", "https://ann.example", "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == f"joined {up.id} at {up.url}"
    assert other("join", link, "--json", "--yes").json["outcome"] == "admitted"

    (row,) = node("peer", "list", "--json").json["instances"]
    assert (row["invited"], row["note"], row["url"], row["records_per_minute"]) == (
        True, "Ann", "https://ann.example", 5,
    )  # fmt: skip
    assert [one["phase"] for one in node("peer", "invites", "--json").json["invitations"]] == ["used up"]
    assert node("peer", "invites").out.split()[:4] == ["id", "phase", "uses", "left"]
    assert code not in node("peer", "invites").out + node("peer", "invites", "--json").out
    assert "may not push" in node("peer", "remove", row["instance_id"]).out
    assert "no longer subscribed" in other("peer", "remove", up.id).out


def test_a_node_that_is_down_makes_a_code_that_is_good_once_it_is_up(node: Hansa, home: Path, other: Hansa) -> None:
    told = node("peer", "invite", "--ask")
    code = told.out.splitlines()[0]
    assert "asks first" in told.out and f"hansa join {code} --at ADDRESS" in told.out
    up = Up(home)
    try:
        said = other("join", code, "--at", up.url, "--yes")
        assert "its operator has to approve" in said.out
        (waiting,) = node("peer", "requests", "--json").json["requests"]
        assert waiting["instance_id"][:30] in node("peer", "requests").out.replace("\n", "")
        assert "may push records here" in node("peer", "approve", waiting["instance_id"][:20]).out
        assert (
            other("join", code, "--at", up.url, "--no-subscribe", "--yes")
            .out.splitlines()[1]
            .startswith("not subscribed")
        )
    finally:
        up.stop()
    assert node("peer", "requests").out == "nobody waits\n"


def test_on_a_terminal_it_shows_who_invites_and_asks_first(
    node: Hansa, up: Up, other: Hansa, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = node("peer", "invite", "--json").json
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    said = other("join", made["link"])
    assert said.code == 1 and said.out.strip() == ""
    assert up.id in said.err and f"ends the code: {made['code'][-9:]}\n" in said.err
    assert other("peer", "list", "--json").json["count"] == node("peer", "list", "--json").json["count"] - 1 == 0
    assert node("peer", "invites", "--json").json["invitations"][0]["uses"] == 1

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    said = other("join", made["link"], "--json")
    assert said.json["outcome"] == "admitted" and "Let it push records here" in said.err
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert other("join", made["link"], "--yes").err == ""


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_one_that_waits_is_refused(node: Hansa, up: Up, other: Hansa) -> None:
    link = node("peer", "invite", "--ask", "--uses", "3", "--json").json["link"]
    assert other("join", link, "--yes").code == 0
    (waiting,) = node("peer", "requests", "--json").json["requests"]
    assert "does not wait any more" in node("peer", "refuse", waiting["instance_id"]).out
    assert node("peer", "refuse", waiting["instance_id"]).code == 3


def test_removing_a_node_that_is_out_already_says_so(node: Hansa, up: Up, other: Hansa) -> None:
    assert other("join", node("peer", "invite", "--json").json["link"], "--yes").code == 0
    (one,) = node("peer", "list", "--json").json["instances"]
    assert "may not push records here any more" in node("peer", "remove", one["instance_id"]).out
    assert node("peer", "remove", one["instance_id"]).out.endswith("was not in: nothing was changed\n")


def test_a_code_that_is_taken_back_is_refused_in_one_sentence(node: Hansa, up: Up, other: Hansa) -> None:
    made = node("peer", "invite", "--json").json
    assert node("peer", "withdraw", made["id"]).out == f"invitation {made['id']} is taken back\n"
    said = other("join", made["link"], "--yes")
    assert said.code == 1
    assert said.sentence.startswith("bad_invitation: no open invitation has that code")
    assert node("peer", "withdraw", made["id"]).code == 3
    assert node("peer", "invites").out.startswith("no invitation")


def test_into_a_private_network_the_setting_to_change_is_named(node: Hansa) -> None:
    said = node("join", "http://192.168.7.9:8470/#7K3M-9QXF-2B4H-KT6W-P8ZD", "--yes")
    assert said.code == 4
    assert "outbound.lan" in said.sentence
    assert 'in config.toml: [outbound], lan = ["192.168.7.0/24"]' in said.sentence
    said = node("join", "http://[fd00::9]:8470/#7K3M-9QXF-2B4H-KT6W-P8ZD", "--yes")
    assert 'lan = ["fd00::/64"]' in said.sentence


class Other(BaseHTTPRequestHandler):
    """A web server that is no node."""

    def do_POST(self) -> None:
        self.send_error(501)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def other_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_port_at_which_no_node_answers_is_said_to_be_that(node: Hansa, other_server: str) -> None:
    code = "7K3M-9QXF-2B4H-KT6W-P8ZD"
    said = node("join", f"http://{other_server}/#{code}", "--yes")
    told = f"something answers at http://{other_server} that is no node (it answers with 501)"
    assert (said.code, said.sentence) == (4, told)
    no_tls = f"something answers at https://{other_server}, but not with TLS: a node without a proxy is at http://"
    said = node("join", f"https://{other_server}/#{code}", "--yes")
    assert (said.code, said.sentence) == (4, f"{no_tls}, not https://")


def test_a_link_to_such_a_port_is_told_alike(node: Hansa, up: Up, other_server: str) -> None:
    said = node("net", "connect", f"https://{other_server}")
    assert said.code == 4 and "but not with TLS" in said.sentence
    assert node("net", "connect", f"http://{other_server}").code == 4


def test_what_the_sentence_says_to_write_is_what_lets_through(node: Hansa, home: Path) -> None:
    asked = node("join", "http://192.168.7.9:9/#7K3M-9QXF-2B4H-KT6W-P8ZD", "--yes")
    written = re.search(r"lan = \[.*\]", asked.sentence)
    assert written
    (home / "config.toml").write_text(f"[outbound]\n{written[0]}\n")
    import asyncio

    from hansa.adapters.guard import Guard
    from hansa.entrypoints.config import load

    assert asyncio.run(Guard(load(home).outbound).target("http://192.168.7.9:9")).port == 9


def test_a_door_that_is_not_reached_by_that_name_says_which_setting(node: Hansa, up: Up, other: Hansa) -> None:
    code = node("peer", "invite", "--json").json["code"]
    assert other("join", code, "--at", up.url.replace("127.0.0.1", "localhost"), "--yes").code == 0


@pytest.mark.parametrize(("text", "ms"), [("30m", 1_800_000), ("24h", 86_400_000), (" 7D ", 604_800_000)])
def test_lengths_of_time(text: str, ms: int) -> None:
    assert span_ms(text) == ms


@pytest.mark.parametrize("text", ["", "24", "h", "1.5h", "-1h", "1w", "9999999d", "٣h"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 30m"):
        span_ms(text)


@pytest.mark.parametrize("words", [("--expires", "91d"), ("--expires", "0h"), ("--expires", "soon"), ("--url", "x")])
def test_an_invitation_that_makes_no_sense_is_not_made(node: Hansa, words: tuple[str, str]) -> None:
    said = node("peer", "invite", *words)
    assert said.code == 2 and said.sentence
    assert node("peer", "invites", "--json").json["count"] == 0


def test_a_qr_code_says_the_link(node: Hansa) -> None:
    said = node("peer", "invite", "--qr", "--url", "https://harbour.example")
    lines = said.out.splitlines()
    link = lines[-1].removeprefix("there: hansa join ")
    assert lines[2:-1] == qr.drawn(link).splitlines()
    assert len({len(line) for line in lines[2:-1]}) == 1
    assert set("".join(lines[2:-1])) == set("█▀▄ ")


def test_without_the_extra_it_says_which_one_and_makes_no_invitation(
    node: Hansa, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "segno" else find(name, *rest))
    said = node("peer", "invite", "--qr")
    assert said.code == 2
    assert "pip install 'hansa[qr]'" in said.sentence
    assert node("peer", "invites", "--json").json["count"] == 0


def test_reports_that_nobody_takes_are_named_and_joining_brings_them(
    node: Hansa, other: Hansa, up: Up, tmp_path: Path
) -> None:
    skill = tmp_path / "mine.py"
    skill.write_text(MINE)
    node("skill", "add", skill, "--license", "MIT")
    assert node("prove").code == 0
    assert node("publish").code == 0
    said = other("subscribe", up.url, "--report", "all")
    assert "hansa join LINK" in said.out
    said = other("sync")
    assert said.code == 0
    assert "! reports refused 2: unknown_peer: ask its operator for an invitation" in said.out
    link = node("peer", "invite", "--url", up.url, "--json").json["link"]
    said = other("join", link, "--yes")
    assert "2 records that it refused before are tried again" in said.out
    assert other("sync", "--json").json["reported"] == 2
    assert "hansa join" not in other("subscribe", up.url).out
