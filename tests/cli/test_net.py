"""`hansa net`, on nodes that are up and linked; each a process of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.cli import net_commands
from hansa.entrypoints.cli.net_commands import _typed
from hansa.overlay.handlers import FIELDS
from tests.cli.conftest import Hansa, Said
from tests.cli.test_every_command import MINE
from tests.cli.test_outbox import CHECKED
from tests.e2e.processes import Process

PATIENCE_SECONDS = 20.0
SHOUT = "name\x1b[2J"


def until(done: Callable[[], Any], patience: float = PATIENCE_SECONDS) -> Any:
    """Asks again until the answer is something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := done():
            return found
    raise AssertionError("it did not happen")


def linked(node: Process) -> set[str]:
    return {one["instance_id"] for one in node.ask("net.peers")["peers"] if one["linked"]}


def links_of(node: Process) -> str:
    """Returns where a node takes links."""
    return f"{node.url.replace('http', 'ws')}/overlay"


def join(host: Process, guest: Process) -> None:
    guest.ask("join", invitation=host.ask("peer.invite", url=host.url)["link"], url=guest.url, subscribe=False)
    guest.ask("net.connect", url=host.url)


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process, Process]]:
    """Gives three nodes in a row: A let B in, B let C in."""
    root = tmp_path_factory.mktemp("row")
    nodes = (
        Process(root, "a", '[overlay]\ncapacities = ["memory_capacity=7"]\n'),
        Process(root, "b"),
        Process(root, "c", '[overlay]\nspecialisations = ["text"]\n'),
    )
    try:
        for one in nodes:
            one.launch()
        for one in nodes:
            one.await_ready()
        join(nodes[0], nodes[1])
        join(nodes[1], nodes[2])
        yield nodes
    finally:
        for one in nodes:
            if one.process is not None:
                one.process.terminate()
                one.gone()


Row = tuple[Process, Process, Process]


@pytest.fixture
def at(hansa: Hansa) -> Callable[..., Said]:
    """Gives a function that runs `hansa net …` on a node of the row."""
    return lambda node, *words: hansa("net", *words, "--home", node.home)


def test_status_counts_links_and_members(row: Row, at: Callable[..., Said]) -> None:
    a, b, _ = row
    until(lambda: a.ask("net.status")["members"].get("alive") == 2)
    said = at(b, "status")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == f"node {b.id}"
    assert lines[1] == f"reached at {links_of(b)}"
    assert lines[2] == "2 links; members: 2 alive"
    told = at(b, "status", "--json").json
    assert (told["instance_id"], told["addresses"], told["links"]) == (b.id, [links_of(b)], 2)
    assert told["frames"]["in"] > 0
    assert 0 <= told["health"]["overall"] <= 1


def test_nodes_that_hold_the_same_say_so(row: Row) -> None:
    digests = [one.ask("net.status")["records_digest"] for one in row]
    until(lambda: len({one.ask("net.status")["records_digest"] for one in row}) == 1)
    assert all(digests)


def test_peers_shows_neighbours_first_and_members_without_a_link(row: Row, at: Callable[..., Said]) -> None:
    a, b, c = row
    until(lambda: len(a.ask("net.peers")["peers"]) == 2)
    told = at(a, "peers", "--json").json
    assert [(one["instance_id"], one["linked"], one["invited"]) for one in told["peers"]] == [
        (b.id, True, True),
        (c.id, False, False),
    ]
    assert told["peers"][0]["window_seconds"] == 10
    said = at(a, "peers")
    assert said.out.split()[:3] == ["node", "state", "link"]
    assert "alive" in said.out and links_of(c) in said.out


def test_a_way_to_who_is_no_neighbour(row: Row, at: Callable[..., Said]) -> None:
    a, b, c = row
    found = until(lambda: a.ask("net.paths", id=c.id)["paths"], 40)
    assert (found[0]["path"], found[0]["hops"]) == ([a.id, b.id, c.id], 2)
    said = at(a, "paths", c.id)
    assert said.code == 0
    assert " → ".join(f"{one.id[:20]}…" for one in (a, b, c)) in said.out
    assert at(a, "paths", c.id[:20], "--json").json["instance_id"] == c.id


def test_a_way_to_nobody_is_no_answer(row: Row, at: Callable[..., Said]) -> None:
    a, _, _ = row
    said = at(a, "paths", "did:key:z6MkNobody")
    assert (said.code, said.sentence) == (3, "no node of the overlay begins with did:key:z6MkNobody")
    assert at(a, "paths", "did:key:z").sentence.startswith("more than one node of the overlay begins with")


def test_health_names_what_is_weak_and_what_mends_it(row: Row, at: Callable[..., Said]) -> None:
    a, b, _ = row
    until(lambda: b.id in a.ask("net.health")["cut_nodes"], 40)
    said = at(a, "health")
    assert said.code == 0
    figures = ("overall", "connectivity", "redundancy", "latency", "throughput", "utilisation", "trust", "flow")
    assert all(f"\n{name} " in f"\n{said.out}" for name in (*figures, "balance"))
    assert f"without one of these the network falls apart: {b.id}" in said.out
    assert "on one of them, hansa net connect URL of another" in said.out
    assert any(one["figure"] == "redundancy" for one in at(a, "health", "--json").json["weak"])


def test_what_is_told_with_ack_is_answered(row: Row, at: Callable[..., Said]) -> None:
    a, b, _ = row
    said = at(a, "tell", "knowledge_discovery", f"ids={'0' * 64}", "--to", b.id, "--ack")
    assert said.code == 0 and said.out.startswith("told as ") and said.out.endswith("(multicast)\n")
    id_ = said.out.split()[2]
    until(lambda: a.ask("net.answers", id=id_)["count"])
    shown = at(a, "answers", id_)
    assert b.id in shown.out
    assert [one["instance_id"] for one in at(a, "answers", id_, "--json").json["answers"]] == [b.id]


def test_news_to_everybody_and_towards_a_resource(row: Row, at: Callable[..., Said]) -> None:
    _, _, c = row
    assert at(c, "tell", "of_my_own", "word=hello").out.endswith("(broadcast)\n")
    assert at(c, "tell", "resource_discovery", "memory_capacity=1", "--resource", "memory_capacity").out.endswith(
        "(resource directed)\n"
    )
    unanswered = at(c, "tell", "of_my_own", "word=nobody", "--ack", "--to", c.id, "--json").json["id"]
    assert at(c, "answers", unanswered).out == "nobody has answered yet\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tell", "x", "word"), "word is not written name=text"),
        (("tell", "x", "=word"), "=word is not written name=text"),
        (("tell", "x", "a=b", "--priority", "most"), "--priority is low, normal, high or critical, not most"),
        (("tell", "x", "a=b", "--to", "did:key:z6MkNobody"), "no node of the overlay begins with did:key:z6MkNobody"),
        (("answers", "0000"), "this node has told no such news"),
        (
            ("connect", "zenoh:somewhere"),
            "no transport of this node speaks zenoh:somewhere: see the setting overlay.tr",
        ),
        (("tell", "threat_alert", "peer=bob"), "no node of the overlay begins with bob"),
        (("tell", "threat_alert", "peer="), "no node of the overlay begins with nothing"),
        (("tell", "threat_alert", "skill=0123"), "no skill here has an id that starts with 0123"),
        (("tell", "threat_alert", "skill=01"), "'01' is too short for an id"),
        (("tell", "knowledge_discovery", "topic=text"), "ids are content ids with blanks between them"),
        (("tell", "resource_discovery", "memory_capacity=much"), "memory_capacity is a whole number"),
        (("tell", "threat_alert", "why=none"), "an alert is about one skill or one peer"),
        (("connect", "http://127.0.0.1:1"), "http://127.0.0.1:1"),
    ],
)
def test_what_can_t_be_done_is_said_in_a_sentence(
    row: Row, at: Callable[..., Said], words: tuple[str, ...], sentence: str
) -> None:
    said = at(row[0], *words)
    assert said.code > 0 and sentence in said.sentence


@pytest.mark.parametrize("url", ["garbage", "127.0.0.1:18473", "ftp://127.0.0.1:1", "http://", "http://x:y", ""])
def test_what_is_no_address_is_a_mistake_of_usage_and_the_form_is_named(
    row: Row, at: Callable[..., Said], url: str
) -> None:
    said = at(row[0], "connect", url)
    assert (said.code, said.sentence) == (2, f"{url} is not the address of a node: write http://HOST:PORT".strip())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Two", "a=b"), "a type begins with a small letter; letters, digits and _ follow, at most 32 in all"),
        (("x", "a" * 65 + "=b"), "a name has 1 to 64 characters"),
        (("x", "a=" + "b" * 2_001), "a text has at most 2000 characters"),
        (("x", *(f"n{at}=x" for at in range(33))), "news has at most 32 fields"),
        (("x", "a=b", "--interest", "t" * 65), "a topic has 1 to 64 characters"),
        (("x", "a=b", *(("--interest", "t") * 17)), "news is about at most 16 topics"),
        (("x", "a=b", "--resource", "r" * 65), "a resource has at most 64 characters"),
        (("knowledge_discovery", "topic=text"),
         'ids are content ids with blanks between them; knowledge_discovery takes ids="ID ID…"'),
        (("resource_discovery", "memory_capacity=much"), "; resource_discovery takes RESOURCE=AMOUNT, of as"),
        (("threat_alert", "why=none"),
         "an alert is about one skill or one peer; threat_alert takes skill=ID or peer=NODE, and why=TEXT if you like"),
        (("consciousness_sync", "load=1"), "consciousness_sync takes load=0…1000 running=NUMBER clock=NUMBER, and"),
    ],
)  # fmt: skip
def test_news_that_nobody_could_read_is_a_mistake_of_usage_in_plain_words(
    row: Row, at: Callable[..., Said], words: tuple[str, ...], sentence: str
) -> None:
    said = at(row[0], "tell", *words)
    assert (said.code, sentence in said.sentence) == (2, True), said
    assert "regex" not in said.err and "^[" not in said.err


def test_help_names_the_fields_of_each_type_that_nodes_read() -> None:
    told = " ".join((net_commands.tell.__doc__ or "").split())
    assert all(f"{type_} takes {fields}." in told for type_, fields in FIELDS.items())


def test_the_start_of_an_id_that_fits_several_names_up_to_three(row: Row, at: Callable[..., Said]) -> None:
    a, b, c = row
    until(lambda: len(a.ask("net.peers")["peers"]) == 2)
    for words in (
        ("paths", "did:key:z"),
        ("tell", "x", "a=b", "--to", "did:key:z"),
        ("tell", "threat_alert", "peer=did"),
    ):
        said = at(a, *words)
        assert said.code == 3
        assert said.sentence.endswith(f": {', '.join(sorted((b.id, c.id)))}; give more characters")
    for number in range(20):
        at(a, "tell", "x", f"n={number}", "--ack")
    said = at(a, "answers", "")
    assert (said.code, said.sentence.count(", "), said.sentence.endswith(" …; give more characters")) == (3, 2, True)


def test_this_node_is_no_way_off(row: Row, at: Callable[..., Said]) -> None:
    a, _, _ = row
    said = at(a, "paths", a.id)
    assert (said.code, said.out) == (0, "that is this node\n")


def test_news_that_asked_for_no_answer_says_so(row: Row, at: Callable[..., Said]) -> None:
    a, _, _ = row
    said = at(a, "tell", "x", "a=b", "--json").json
    assert said["links"] == len(linked(a))
    assert at(a, "answers", said["id"]).out == "told without --ack: nobody was asked to answer\n"
    assert at(a, "answers", said["id"], "--json").json["asked"] is False


def test_what_a_notice_says_is_read_at_the_command_line(row: Row, at: Callable[..., Said], hansa: Hansa) -> None:
    a, b, _ = row
    at(a, "tell", "my_own_type", f"word={SHOUT}", "--to", b.id)
    watch = ("events", "--kind", "notice.heard", "--home", b.home)
    until(lambda: "my_own_type" in hansa(*watch).out)
    said = hansa(*watch)
    assert "my_own_type" in said.out and "word" in said.out and "\x1b" not in said.out
    (told,) = [one for one in hansa(*watch, "--json").json["events"] if one["type"] == "my_own_type"]
    assert json.loads(told["payload"]) == {"word": "name\\x1b[2J"}
    assert "\x1b" not in hansa("logs", "--home", b.home).out


def test_what_is_published_says_to_how_many_neighbours_it_goes(row: Row, hansa: Hansa, tmp_path: Path) -> None:
    a, b, _ = row
    file = tmp_path / "slugify.py"
    file.write_text(CHECKED)
    assert hansa("skill", "add", file, "--home", a.home).code == hansa("prove", "--home", a.home).code == 0
    assert linked(a) == {b.id}
    assert hansa("publish", "--home", a.home).out.splitlines()[1] == "told 1 neighbour"
    assert hansa("publish", "--json", "--home", a.home).json["links"] == 1


def test_an_alert_names_a_skill_and_a_node_by_the_start_of_its_id(
    row: Row, at: Callable[..., Said], hansa: Hansa, tmp_path: Path
) -> None:
    a, b, c = row
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    hansa("skill", "add", file, "--home", a.home)
    skill = hansa("skill", "list", "--json", "--home", a.home).json["skills"][0]["trace_id"]
    assert at(a, "tell", "threat_alert", f"skill={skill[:12]}", "--to", b.id).code == 0
    assert at(a, "tell", "threat_alert", f"peer={c.id[:20]}", "--to", b.id).code == 0
    watch = ("events", "--kind", "notice.heard", "--json", "--home", b.home)

    def said() -> list[dict[str, str]]:
        return [json.loads(one["payload"]) for one in hansa(*watch).json["events"] if one["type"] == "threat_alert"]

    until(lambda: len(said()) == 2)
    assert said() == [{"skill": skill}, {"peer": c.id}]


@pytest.mark.parametrize("words", [("status",), ("peers",), ("health",), ("paths", "{b}"), ("connect", "{url}")])
def test_json_of_each_is_ascii_and_an_object(row: Row, at: Callable[..., Said], words: tuple[str, ...]) -> None:
    a, b, _ = row
    said = at(a, *(word.format(b=b.id, url=b.url) for word in words), "--json")
    assert said.code in (0, 1)
    assert said.out.isascii() and isinstance(said.json, dict)


def test_names_of_others_do_not_reach_the_terminal_raw(row: Row, at: Callable[..., Said]) -> None:
    """What a peer says of itself comes out plain (attack 24): the address that it claims."""
    a, b, _ = row
    said = at(b, "tell", SHOUT, "a=b")
    assert (said.code, "\x1b" in said.out + said.err) == (2, False)
    for words in (("status",), ("peers",), ("health",)):
        said = at(a, *words)
        assert not set("\x1b\u202e\r") & set(said.out + said.err)


def test_a_ban_ends_the_link_and_lifting_it_brings_it_back(row: Row, hansa: Hansa) -> None:
    a, b, _ = row
    assert b.id in linked(a)
    assert hansa("peer", "ban", b.id, "--home", a.home).code == 0
    assert b.id not in linked(a)
    until(lambda: a.id not in linked(b))
    told = hansa("net", "connect", a.url, "--home", b.home)
    assert told.code in (1, 4), "refused in the handshake, or ended at once: as soon as the ban is known at the door"
    assert a.id not in linked(b)
    assert hansa("peer", "add", b.id, "--home", a.home).code == 0
    until(lambda: b.id in linked(a))


def test_without_a_link_the_commands_say_what_that_means(tmp_path: Path, hansa: Hansa) -> None:
    lone = Process(tmp_path, "lone")
    lone.start()
    other = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
    try:
        run = lambda *words: hansa(*words, "--home", lone.home)  # noqa: E731
        told = run("net", "tell", "x", "a=b")
        assert told.out.splitlines()[1] == (
            "no link now: nobody hears it, tell it again once one stands (hansa net status)"
        )
        assert run("net", "tell", "x", "a=b", "--json").json["links"] == 0
        assert run("net", "paths", lone.id).out == "that is this node\n"
        assert run("net", "paths", other).code == 3
        file = tmp_path / "slugify.py"
        file.write_text(CHECKED)
        assert run("skill", "add", file).code == run("prove").code == 0
        assert run("publish").out.splitlines()[1] == "no link now: it goes when one stands"
        again = run("publish")
        assert "1 already" in again.out and "link" not in again.out
        assert run("publish", "--json").json["links"] == 0
    finally:
        assert lone.process is not None
        lone.process.terminate()
        lone.gone()


def test_a_stranger_gets_no_link_unless_the_node_is_open(row: Row, tmp_path: Path, hansa: Hansa) -> None:
    a, _, _ = row
    stranger, public = Process(tmp_path, "s"), Process(tmp_path, "o", "[overlay]\nopen = true\n")
    for one in (stranger, public):
        one.start()
    try:
        hansa("net", "connect", a.url, "--home", stranger.home)
        assert stranger.id not in linked(a)
        until(lambda: linked(stranger) == set())
        told = hansa("peer", "add", public.id, "--home", stranger.home)
        assert told.code == 0  # the stranger lets the open node in; the open node has heard of nobody
        assert hansa("net", "connect", public.url, "--home", stranger.home).out == (
            f"linked with {public.id} at {public.url}\n"
        )
        until(lambda: linked(public) == {stranger.id})
        assert public.ask("peer.list")["count"] == 0 or not public.ask("peer.list")["instances"][0]["invited"]
    finally:
        for one in (stranger, public):
            assert one.process is not None
            one.process.terminate()
            one.gone()


def test_nodes_that_let_each_other_in_on_one_machine_are_told_what_makes_the_link(row: Row, hansa: Hansa) -> None:
    a, _, c = row
    for one, other in ((a, c), (c, a)):
        assert hansa("peer", "add", other.id, "--home", one.home).code == 0
    seen = lambda: {one["instance_id"]: one for one in a.ask("net.peers")["peers"]}  # noqa: E731
    until(lambda: seen()[c.id]["no_link"])
    assert not seen()[c.id]["linked"]
    said = hansa("net", "peers", "--home", a.home)
    assert f"no link to {c.id[:20]}…: " in said.out and "came from elsewhere" in said.out
    assert f"\n  to try it by hand: hansa net connect {links_of(c)}\n" in said.out

    typed = hansa("net", "connect", links_of(c), "--home", a.home)
    assert (typed.code, typed.out) == (0, f"linked with {c.id} at {links_of(c)}\n")
    assert (seen()[c.id]["incoming"], seen()[c.id]["url"], seen()[c.id]["no_link"]) == (False, links_of(c), "")
    assert "to try it by hand" not in hansa("net", "peers", "--home", a.home).out
    there = {one["instance_id"]: one for one in c.ask("net.peers")["peers"]}[a.id]
    assert (there["incoming"], there["url"]) == (True, links_of(a))
    assert ", in" in hansa("net", "peers", "--home", c.home).out


def test_an_address_that_comes_with_peer_add_makes_the_link_by_itself(row: Row, hansa: Hansa) -> None:
    a, _, c = row
    assert hansa("peer", "ban", c.id, "--home", a.home).code == 0
    shown = {one["instance_id"]: one for one in a.ask("net.peers")["peers"]}[c.id]
    assert (shown["banned"], shown["linked"]) == (True, False)
    (line,) = [one for one in hansa("net", "peers", "--home", a.home).out.splitlines() if one.startswith(c.id)]
    assert line.split()[1] == "banned"
    told = hansa("peer", "add", c.id, "--url", c.url, "--home", a.home)
    assert told.out == f"{c.id} may push records here; links go to {c.url}\n"
    until(lambda: c.id in linked(a))


def test_an_address_that_no_shell_would_leave_alone_is_not_shown_to_be_typed() -> None:
    assert _typed(["ws://127.0.0.1:1/;rm", "ws://a.example/$(x)", "wss://[::1]:8470/overlay"]) == (
        "wss://[::1]:8470/overlay"
    )
    assert _typed(["ws://a b"]) == "URL"


# ------------------------------------------------------------------------------------------- without links, settings


@pytest.mark.parametrize("words", [("status",), ("peers",), ("health",), ("paths", "x"), ("connect", "http://x:1")])
def test_without_a_node_that_is_up_there_are_no_links(node: Hansa, words: tuple[str, ...]) -> None:
    said = node("net", *words)
    assert said.code > 0
    assert said.sentence.endswith("links stand only while one is: hansa up")


def test_a_node_that_takes_no_part_says_so(node: Hansa, home: Path) -> None:
    (home / "config.toml").write_text("[overlay]\non = false\n")
    assert node("net", "status").sentence == "this node takes no part in the overlay: the setting overlay.on is false"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pigeon", "overlay.transports"),
        ("websocket,pigeon", "not pigeon"),
        (",", "name at least one, or set overlay.on to false"),
    ],
)
def test_a_transport_that_does_not_exist_starts_nothing(node: Hansa, name: str, sentence: str) -> None:
    said = node("up", "--transport", name, "--port", "0")
    assert (said.code, sentence in said.err) == (2, True), said.err


def test_zenoh_without_its_library_says_what_to_install(node: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zenoh", None)
    said = node("up", "--transport", "zenoh", "--port", "0")
    assert said.code == 4
    assert "links by Zenoh need its library: pip install 'hansa[zenoh]'" in said.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('policy = "loose"', "overlay.policy: must be bounded or preferential"),
        ("max_connections = 0", "overlay.max_connections: must be between 1 and 1000"),
        ('transports = ["carrier"]', "overlay.transports: must be of websocket, zenoh"),
        ('capacities = ["storage=4"]', "overlay.capacities: must be written resource=amount"),
        ('capacities = ["computational_power=-4"]', "overlay.capacities: -4 is no amount of computational_power"),
        ('capacities = ["memory_capacity=0"]', "overlay.capacities: the amount 0 counts 0 times one MiB"),
        ('specialisations = ["Two words"]', "overlay.specialisations: must be words"),
        ('findings = "some"', "overlay.findings: must be"),
        (f'location = "{"x" * 65}"', "overlay.location: must have at most 64 characters"),
        ("opne = true", "opne"),
        ('open = "perhaps"', "overlay.open"),
    ],
)
def test_a_setting_of_the_overlay_that_makes_no_sense_is_named(node: Hansa, home: Path, line: str, told: str) -> None:
    (home / "config.toml").write_text(f"[overlay]\n{line}\n")
    said = node("config", "check")
    assert said.code == 2
    assert told in said.err
