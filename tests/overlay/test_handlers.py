"""What notices change: nothing on one voice alone, nothing on a stranger's, and never more than there is room for."""

from __future__ import annotations

from typing import Any

import pytest

from hansa.kernel.ids import content_id
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from hansa.overlay.effects import About, AgentState, Fetch, Offered, ProveFirst, Quarantine, Snapshot, Subject
from hansa.overlay.handlers import (
    ALERT_MS,
    ALERTS_EACH,
    MAX_AUTHORS,
    OFFER_MS,
    OFFERS_EACH,
    STATE_MS,
    Handlers,
    Heard,
    Standard,
    standard,
)
from hansa.overlay.notices import Notice
from tests.attacks.specimens import reason
from tests.overlay.graphs import node

NOW = Instant(1_760_000_000_000)
ME = node(0)
SKILL = content_id(b"skill")
BAD = Subject(About.SKILL, SKILL)


def heard(type_: str, payload: dict[str, str], author: int = 1, rank: int = 2, root: str | None = None) -> Heard:
    id_ = content_id(f"{type_}{payload}{author}".encode())
    return Heard(id_, node(author), Notice(type=type_, payload=payload), rank, node(author) if root is None else root)


def alert(author: int = 1, subject: str = SKILL, **changes: Any) -> Heard:
    return heard("threat_alert", {"skill": subject, "why": "deletes files"}, author, **changes)


@pytest.fixture
def here() -> Standard:
    return standard(ME)


def test_one_alert_has_it_proved_first_and_two_known_voices_quarantine_it(here: Standard) -> None:
    assert here.handlers.handle(alert(1), NOW) == [ProveFirst(BAD, (alert(1).id,))]
    assert here.handlers.handle(alert(2), NOW) == [Quarantine(BAD, tuple(sorted((alert(1).id, alert(2).id))))]


def test_a_peer_is_quarantined_in_the_same_way(here: Standard) -> None:
    said = [heard("threat_alert", {"peer": node(9)}, author) for author in (1, 2)]
    assert here.handlers.handle(said[0], NOW) == [ProveFirst(Subject(About.PEER, node(9)), (said[0].id,))]
    (effect,) = here.handlers.handle(said[1], NOW)
    assert isinstance(effect, Quarantine)


@pytest.mark.parametrize(
    "second",
    [
        alert(1),
        alert(2, root=node(1)),
        alert(2, rank=1),
        alert(2, rank=0),
        alert(2, root=""),
        alert(2, subject=content_id(b"another")),
    ],
    ids=["same author", "same root", "newcomer", "stranger", "no root", "another skill"],
)
def test_a_second_voice_that_is_none_quarantines_nothing(here: Standard, second: Heard) -> None:
    here.handlers.handle(alert(1), NOW)
    for _ in range(3):
        assert not any(isinstance(one, Quarantine) for one in here.handlers.handle(second, NOW))


def test_a_thousand_newcomers_and_one_family_quarantine_nothing(here: Standard) -> None:
    for number in range(1, 1_000):
        for effect in here.handlers.handle(alert(number, rank=1), NOW):
            assert isinstance(effect, ProveFirst)
        for effect in here.handlers.handle(alert(number + 2_000, root=node(7)), NOW):
            assert isinstance(effect, ProveFirst)


def test_an_alert_counts_for_a_day(here: Standard) -> None:
    here.handlers.handle(alert(1), NOW)
    (effect,) = here.handlers.handle(alert(2), Instant(NOW + ALERT_MS))
    assert isinstance(effect, ProveFirst)
    (effect,) = here.handlers.handle(alert(3), Instant(NOW + ALERT_MS + 1))
    assert isinstance(effect, Quarantine)


def test_nobody_is_quarantined_here_by_alerts_about_this_node(here: Standard) -> None:
    for author in (1, 2, 3):
        assert here.handlers.handle(heard("threat_alert", {"peer": ME}, author), NOW) == []


def test_alerts_of_one_author_are_bounded_and_push_out_its_own(here: Standard) -> None:
    here.handlers.handle(alert(1), NOW)
    here.handlers.handle(alert(2), NOW)
    for number in range(ALERTS_EACH):
        here.handlers.handle(alert(1, content_id(b"%d" % number)), NOW)
    (effect,) = here.handlers.handle(alert(2), NOW)
    assert isinstance(effect, ProveFirst)
    (effect,) = here.handlers.handle(alert(3), NOW)
    assert isinstance(effect, Quarantine)


def test_authors_are_bounded_and_who_spoke_last_is_kept(here: Standard) -> None:
    here.handlers.handle(alert(1), NOW)
    for number in range(MAX_AUTHORS):
        here.handlers.handle(alert(2 + number, content_id(b"other")), NOW)
    (effect,) = here.handlers.handle(alert(9_999), NOW)
    assert isinstance(effect, ProveFirst)


STATE = {"load": "700", "running": "3", "model": "small", "goals": content_id(b"goals"), "clock": "5"}


def test_the_latest_state_of_an_agent_counts_for_five_minutes(here: Standard) -> None:
    state = AgentState(700, 3, "small", content_id(b"goals"), 5)
    assert here.handlers.handle(heard("consciousness_sync", STATE), NOW) == [Snapshot(node(1), state)]
    for clock in ("5", "4"):
        assert here.handlers.handle(heard("consciousness_sync", {**STATE, "load": "1", "clock": clock}), NOW) == []
    assert here.snapshots.loads(NOW) == {node(1): 700}
    assert here.handlers.handle(heard("consciousness_sync", {**STATE, "load": "1", "clock": "6"}), NOW)
    assert here.snapshots.loads(Instant(NOW + STATE_MS - 1)) == {node(1): 1}
    assert here.snapshots.state(node(1), Instant(NOW + STATE_MS - 1))
    assert here.snapshots.loads(Instant(NOW + STATE_MS)) == {}
    assert here.snapshots.state(node(1), Instant(NOW + STATE_MS)) is None


def test_states_are_bounded(here: Standard) -> None:
    for number in range(MAX_AUTHORS + 9):
        here.handlers.handle(heard("consciousness_sync", STATE, number + 1), NOW)
    assert len(here.snapshots.loads(NOW)) == MAX_AUTHORS
    assert here.snapshots.state(node(1), NOW) is None


def test_who_has_what_is_known_for_an_hour_the_most_first(here: Standard) -> None:
    handle = here.handlers.handle
    assert handle(heard("resource_discovery", {"gpu": "2"}), NOW) == [Offered(node(1), "gpu", 2)]
    handle(heard("resource_discovery", {"gpu": "7", "memory": "1"}, 2), NOW)
    handle(heard("resource_discovery", {"disk": "9"}, 2), NOW)
    assert here.directory.who_has("gpu", NOW) == [(node(2), 7), (node(1), 2)]
    handle(heard("resource_discovery", {"gpu": "0"}, 2), NOW)
    assert here.directory.who_has("gpu", NOW) == [(node(1), 2)]
    assert here.directory.who_has("gpu", Instant(NOW + OFFER_MS)) == []
    many = {f"r{number}": "1" for number in range(OFFERS_EACH + 1)}
    assert reason(handle, heard("resource_discovery", many), NOW) is Reason.BAD_BODY


def test_records_that_somebody_names_are_asked_for_once(here: Standard) -> None:
    two = content_id(b"two")
    found = here.handlers.handle(heard("knowledge_discovery", {"ids": f"{SKILL} {two}  {SKILL}"}), NOW)
    assert found == [Fetch((SKILL, two), node(1))]


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("threat_alert", {}),
        ("threat_alert", {"skill": "x"}),
        ("threat_alert", {"peer": SKILL}),
        ("threat_alert", {"peer": "did:key:z" + "1" * 60}),
        ("threat_alert", {"skill": SKILL, "peer": node(1)}),
        ("consciousness_sync", {}),
        ("consciousness_sync", {**STATE, "load": "1001"}),
        ("consciousness_sync", {**STATE, "load": "-1"}),
        ("consciousness_sync", {**STATE, "running": "٣"}),
        ("consciousness_sync", {**STATE, "clock": "9" * 17}),
        ("consciousness_sync", {**STATE, "clock": "9" * 16}),
        ("consciousness_sync", {**STATE, "goals": "x"}),
        ("resource_discovery", {"gpu": "many"}),
        ("resource_discovery", {"gpu": ""}),
        ("knowledge_discovery", {}),
        ("knowledge_discovery", {"ids": "x"}),
    ],
)
def test_a_payload_that_is_not_what_its_type_asks_for_is_refused(
    here: Standard, type_: str, payload: dict[str, str]
) -> None:
    assert reason(here.handlers.handle, heard(type_, payload), NOW) is Reason.BAD_BODY


def test_a_stranger_changes_nothing(here: Standard) -> None:
    for type_, payload in (
        ("threat_alert", {"skill": SKILL}),
        ("consciousness_sync", STATE),
        ("resource_discovery", {"gpu": "2"}),
        ("knowledge_discovery", {"ids": SKILL}),
    ):
        assert here.handlers.handle(heard(type_, payload, rank=0), NOW) == []
        assert here.handlers.handle(heard(type_, payload, rank=1), NOW)


def test_a_type_has_one_handler_and_an_unknown_type_none() -> None:
    handlers = Handlers()
    handlers.register("storm", lambda one, now: [Fetch((one.id,), one.author)])
    with pytest.raises(ValueError, match="storm"):
        handlers.register("storm", lambda one, now: [])
    assert len(handlers.handle(heard("storm", {}), NOW)) == 1
    assert handlers.handle(heard("calm", {}), NOW) == []
