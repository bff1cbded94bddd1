"""One node's membership, played by hand: what it sends, doubts, believes and gives up."""

import itertools

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.overlay import detecting, link_params, own_presence
from hansa.overlay.doing import Blame, Close, Doing, Misdeed
from hansa.overlay.first_calls import Known
from hansa.overlay.frames import Ping, Pong, Reach, Silent
from hansa.overlay.member import Phase
from hansa.overlay.members import Members, Params
from hansa.overlay.own_presence import Facts

NOW = 1_790_000_000_000
ME = NodeId("did:key:z6Mkme")
PEERS = [NodeId(f"did:key:z6Mkpeer{number}") for number in range(6)]
FAR = NodeId("did:key:z6Mkfar")


def at(node: NodeId) -> str:
    return f"ws://{node[-5:]}.example:1"


QUIET = Params(links=link_params.Params(target=1, low=1, outbound=0, feeler_ms=10 * MINUTE, renew_ms=10 * MINUTE))
"""Of a node that dials only to find out who lives, and only whom it heard something of."""

CONTENT = Params(links=link_params.Params(target=1, low=1, outbound=0))
"""Of a node that dials only to find out who lives."""


class Scene:
    """A node, its neighbours, and who of them answers."""

    def __init__(self, neighbours=5, dialled=True, params=None):
        self.now = NOW
        self.node = Members(ME, Facts(addresses=("ws://me:1",)), Rng(3), Instant(NOW), (), params)
        self.mute: set[NodeId] = set()
        self.deaf: set[NodeId] = set()
        self.unheard: set[NodeId] = set()
        self.seq = 0
        self.all = Doing()
        self.links = {}
        for peer in PEERS[:neighbours]:
            self.word(peer)
            self.link(peer, dialled)

    def take(self, doing):
        self.all.add(doing)
        for peer, frame in doing.sends:
            if peer in self.mute or peer not in self.links:
                continue
            if isinstance(frame, Ping):
                self.take(self.node.heard(peer, Pong(frame.nonce), Instant(self.now)))
            elif isinstance(frame, Reach):
                answer = Silent if frame.whom in self.mute | self.deaf else Pong
                self.take(self.node.heard(peer, answer(frame.nonce), Instant(self.now)))
        for close in doing.closes:
            if self.links.pop(close.whom, False):
                self.take(self.node.lost(close.whom, True, Instant(self.now)))
        return doing

    def link(self, peer, dialled=True):
        self.links[peer] = True
        self.take(self.node.linked(peer, Instant(self.now), at(peer) if dialled else "", dialled))

    def word(self, author, incarnation=1, **more):
        self.seq += 1
        body = {"incarnation": incarnation, "addresses": [at(author)], **more}
        return self.take(self.node.spoken(author, "presence", body, self.seq, Instant(self.now), PEERS[0]))

    def accuse(self, author, whom, incarnation=1):
        self.seq += 1
        body = {"whom": whom, "incarnation": incarnation}
        return self.take(self.node.spoken(author, "suspicion", body, self.seq, Instant(self.now)))

    def run(self, milliseconds, step=100):
        self.all = Doing()
        for _ in range(milliseconds // step):
            self.now += step
            self.take(self.node.tick(Instant(self.now)))
        return self.all

    def pinged(self, whom):
        """Lets time go on until somebody is pinged; returns the nonce."""
        for _ in range(300):
            for peer, frame in self.run(100).sends:
                if peer == whom and isinstance(frame, Ping):
                    return frame.nonce
        raise AssertionError(f"{whom} is not pinged")

    def phase(self, whom):
        return next((one.phase for one in self.node.known(Instant(self.now)) if one.id == whom), None)

    def until(self, phase, whom, most=40 * SECOND):
        began = self.now
        while self.phase(whom) is not phase:
            self.run(100)
            assert self.now - began < most, f"{whom} is still {self.phase(whom)}"
        return self.now - began


def said(doing, kind):
    return [say.body for say in doing.says if say.kind == kind]


def test_it_says_that_it_is_there_at_the_start_each_minute_and_when_something_changed():
    scene = Scene(0)
    assert said(scene.run(SECOND), "presence") == [
        {
            "incarnation": NOW // SECOND,
            "addresses": ("ws://me:1",),
            "role": "node",
            "leaving": False,
            "offers": (),
            "interests": (),
        }
    ]
    assert 5 <= len(said(scene.run(6 * MINUTE), "presence")) <= 7
    scene.node.changed(Facts(addresses=("ws://me:2",)), Instant(scene.now))
    assert said(scene.run(SECOND), "presence")[0]["addresses"] == ("ws://me:2",)
    scene.node.changed(Facts(addresses=("ws://me:2",)), Instant(scene.now))
    assert not said(scene.run(SECOND), "presence")


def test_neighbours_are_pinged_one_each_second_and_nobody_is_doubted_who_answers():
    scene = Scene()
    done = scene.run(60 * SECOND)
    pinged = [peer for peer, frame in done.sends if isinstance(frame, Ping)]
    assert 58 <= len(pinged) <= 61
    assert {pinged.count(peer) for peer in PEERS[:5]} <= {11, 12, 13}
    assert not said(done, "suspicion")
    assert scene.node.health == 0


def test_a_neighbour_that_nobody_reaches_is_doubted_told_of_and_given_up():
    scene = Scene()
    scene.mute.add(PEERS[2])
    doubted = scene.until(Phase.SUSPECT, PEERS[2])
    assert said(scene.all, "suspicion") == [{"whom": PEERS[2], "incarnation": 1}]
    assert PEERS[2] in scene.node.alive(Instant(scene.now))
    died = scene.until(Phase.DEAD, PEERS[2])
    assert doubted <= 5 * SECOND + 2_200
    assert 3_900 <= died <= 4_500
    assert Close(PEERS[2], Reason.UNREACHABLE) in scene.all.closes
    assert PEERS[2] not in scene.node.alive(Instant(scene.now))


def test_a_neighbour_that_others_reach_is_not_doubted():
    scene = Scene()
    scene.unheard.add(PEERS[2])
    plain = scene.take

    def deaf(doing):
        doing.sends = [(peer, frame) for peer, frame in doing.sends if peer != PEERS[2] or not isinstance(frame, Ping)]
        return plain(doing)

    scene.take = deaf
    done = scene.run(25 * SECOND)
    assert any(isinstance(frame, Reach) for _, frame in done.sends)
    assert not said(done, "suspicion")


def test_all_helpers_tried_in_vain_so_the_failure_is_over_early_but_no_sooner_than_an_interval_after_the_ping():
    scene = Scene()
    scene.mute.add(PEERS[2])
    scene.pinged(PEERS[2])
    waited = scene.until(Phase.SUSPECT, PEERS[2])
    assert SECOND - 100 <= waited <= SECOND + 200


def test_a_node_that_feels_unwell_gives_every_probe_its_whole_time():
    scene = Scene()
    scene.node._detector.awareness.worse(8)
    scene.mute = {PEERS[2]}
    scene.pinged(PEERS[2])
    health, params = scene.node.health, detecting.Params()
    assert health > 0
    assert scene.until(Phase.SUSPECT, PEERS[2]) >= health * params.reach_ms


def test_helpers_are_asked_as_soon_as_the_answer_is_late_for_this_neighbour():
    waits = []
    for answered in (False, True):
        scene = Scene(2)
        if answered:
            scene.run(20 * SECOND)
        scene.mute.add(PEERS[1])
        scene.pinged(PEERS[1])
        asked = [step for step in range(1, 11) if any(isinstance(one, Reach) for _, one in scene.run(100).sends)]
        waits.append(100 * asked[0])
    params = detecting.Params()
    assert waits == [params.ping_ms, params.soonest_ms]


def test_a_pause_of_this_node_is_no_long_round_trip():
    scene = Scene(1)
    scene.run(10 * SECOND)
    for _ in range(3):
        scene.mute.add(PEERS[0])
        nonce = scene.pinged(PEERS[0])
        scene.run(5 * SECOND, step=5 * SECOND)
        scene.mute.clear()
        scene.take(scene.node.heard(PEERS[0], Pong(nonce), Instant(scene.now)))
    assert scene.node._detector._trips.wait_ms(PEERS[0]) < detecting.Params().interval_ms


def test_the_doubted_is_tried_through_one_further_helper_at_a_time_where_others_doubt_it_too():
    scene = Scene(6)
    scene.word(FAR)
    scene.run(SECOND)
    scene.mute.add(PEERS[2])
    scene.accuse(FAR, PEERS[2])
    asked = []
    for _ in range(60):
        now = [peer for peer, frame in scene.run(100).sends if isinstance(frame, Reach)]
        assert len(now) <= 1
        asked += now
    assert len(asked) == len(set(asked)) == detecting.Params().helpers
    assert scene.phase(PEERS[2]) is Phase.DEAD


def test_to_doubt_one_whom_others_do_not_reach_either_does_not_make_this_node_feel_unwell():
    scene = Scene()
    scene.mute.add(PEERS[2])
    scene.until(Phase.SUSPECT, PEERS[2])
    asked = 0
    for _ in range(35):
        scene.now += 100
        doing = scene.node.tick(Instant(scene.now))
        assert scene.node.health == 0
        asked += (PEERS[2], Ping) in [(peer, type(frame)) for peer, frame in scene.take(doing).sends]
    assert asked >= 1


def test_a_failure_that_no_helper_answers_says_more_about_this_node():
    scene = Scene()
    scene.mute |= set(PEERS)
    done = scene.run(6 * SECOND)
    assert not said(done, "suspicion")
    assert scene.node.health >= 3


def test_where_nobody_answers_any_more_the_doubt_comes_in_the_end_and_the_links_are_closed():
    scene = Scene()
    scene.mute |= set(PEERS)
    scene.run(8 * MINUTE)
    assert not scene.links


def test_a_doubt_of_one_who_is_alone_lasts_six_times_as_long():
    scene = Scene(1)
    scene.mute.add(PEERS[0])
    scene.until(Phase.SUSPECT, PEERS[0])
    assert 23 * SECOND <= scene.until(Phase.DEAD, PEERS[0]) <= 25 * SECOND


def test_whatever_comes_from_the_doubted_ends_the_doubt():
    for shows in (
        lambda scene: scene.take(scene.node.heard(PEERS[2], Ping(1), Instant(scene.now))),
        lambda scene: scene.word(PEERS[2], 2),
    ):
        scene = Scene()
        scene.mute.add(PEERS[2])
        scene.until(Phase.SUSPECT, PEERS[2])
        scene.run(2 * SECOND)
        shows(scene)
        assert scene.phase(PEERS[2]) is Phase.ALIVE
        scene.mute.clear()
        scene.run(10 * SECOND)
        assert scene.phase(PEERS[2]) is Phase.ALIVE


def test_a_tick_that_comes_late_gives_the_lost_time_to_all_that_was_running():
    scene = Scene()
    scene.mute |= {PEERS[2]}
    scene.until(Phase.SUSPECT, PEERS[2])
    health = scene.node.health
    scene.mute |= set(PEERS)
    scene.run(20 * SECOND, step=20 * SECOND)
    assert scene.phase(PEERS[2]) is Phase.SUSPECT
    assert scene.node.health > health


def test_a_stall_between_ping_and_pong_makes_no_doubt():
    scene = Scene()
    for _ in range(20):
        scene.mute |= set(PEERS)
        scene.run(1_200)
        scene.run(10 * SECOND, step=10 * SECOND)
        scene.mute.clear()
        for peer, frame in list(scene.all.sends):
            if isinstance(frame, Ping):
                scene.take(scene.node.heard(peer, Pong(frame.nonce), Instant(scene.now)))
        assert not said(scene.all, "suspicion")


def test_a_link_that_broke_is_looked_into_at_once_and_one_that_was_closed_is_not():
    for on_purpose in (False, True):
        scene = Scene()
        scene.run(SECOND)
        scene.deaf.add(PEERS[2])
        del scene.links[PEERS[2]]
        scene.take(scene.node.lost(PEERS[2], on_purpose, Instant(scene.now)))
        done = scene.run(SECOND)
        assert any(isinstance(frame, Reach) for _, frame in done.sends) is not on_purpose
        assert any(dial.whom == PEERS[2] for dial in done.dials) is not on_purpose
        scene.run(9 * SECOND)
        assert (scene.phase(PEERS[2]) is Phase.DEAD) is not on_purpose


def test_who_leaves_is_not_probed_any_more_and_nothing_is_done_after_leaving_oneself():
    scene = Scene()
    scene.word(PEERS[2], 1, leaving=True)
    assert scene.phase(PEERS[2]) is Phase.LEFT
    goodbye = scene.take(scene.node.leave(Instant(scene.now)))
    assert [body["leaving"] for body in said(goodbye, "presence")] == [True]
    assert not said(scene.take(scene.node.leave(Instant(scene.now))), "presence")
    done = scene.run(2 * MINUTE)
    assert not done.sends and not done.dials and not done.says


def test_what_was_under_way_when_it_said_goodbye_brings_nobody_back():
    scene = Scene()
    scene.mute.add(PEERS[2])
    nonce = scene.pinged(PEERS[2])
    scene.word(PEERS[2], 1, leaving=True)
    scene.take(scene.node.heard(PEERS[2], Pong(nonce), Instant(scene.now)))
    assert scene.phase(PEERS[2]) is Phase.LEFT


def test_of_neighbours_that_went_nothing_is_kept():
    scene = Scene()
    scene.run(20 * SECOND)
    for peer in PEERS[:5]:
        del scene.links[peer]
        scene.take(scene.node.lost(peer, True, Instant(scene.now)))
    detector = scene.node._detector
    assert not detector._heard and not detector._order._asked and not detector._trips._trips


def test_a_member_that_leaves_is_doubted_by_nobody():
    scene = Scene()
    scene.word(PEERS[2], 1, leaving=True)
    scene.mute.add(PEERS[2])
    done = scene.run(MINUTE)
    assert not said(done, "suspicion")
    assert scene.phase(PEERS[2]) is Phase.LEFT


# ---- what others say


def test_an_accused_neighbour_is_asked_at_once_and_the_false_alarm_is_blamed():
    scene = Scene()
    scene.run(SECOND)
    scene.accuse(PEERS[0], PEERS[2])
    done = scene.run(100)
    assert (PEERS[2], Ping) in [(peer, type(frame)) for peer, frame in done.sends]
    assert done.blames == [Blame(PEERS[0], Misdeed.FALSE_ALARM)]
    assert scene.phase(PEERS[2]) is Phase.ALIVE


def test_whoever_accused_with_reason_is_not_blamed():
    scene = Scene()
    scene.run(SECOND)
    scene.mute.add(PEERS[2])
    scene.accuse(PEERS[0], PEERS[2])
    nonce = scene.pinged(PEERS[2])
    scene.run(800)
    late = scene.take(scene.node.heard(PEERS[2], Pong(nonce), Instant(scene.now)))
    assert not late.blames
    assert scene.phase(PEERS[2]) is Phase.ALIVE


def test_who_is_no_neighbour_gets_time_to_answer_and_is_then_looked_for():
    scene = Scene(5, False, QUIET)
    scene.word(FAR)
    scene.run(SECOND)
    scene.deaf.add(FAR)
    scene.accuse(PEERS[0], FAR)
    done = scene.run(23 * SECOND)
    assert not any(dial.whom == FAR for dial in done.dials)
    done = scene.run(13_500)
    assert any(dial.whom == FAR for dial in done.dials)
    assert scene.until(Phase.DEAD, FAR) < 10 * SECOND


def test_an_answer_of_the_accused_saves_the_look():
    scene = Scene(5, False, QUIET)
    scene.word(FAR)
    scene.run(SECOND)
    scene.accuse(PEERS[0], FAR)
    done = scene.run(SECOND)
    scene.word(FAR, 2)
    done.add(scene.run(50 * SECOND))
    assert not any(dial.whom == FAR for dial in done.dials)
    assert scene.phase(FAR) is Phase.ALIVE


def test_who_is_no_neighbour_any_more_is_not_looked_for_at_once():
    scene = Scene(5, False, QUIET)
    scene.mute.add(PEERS[2])
    scene.deaf.add(PEERS[2])
    scene.run(SECOND)
    scene.accuse(PEERS[0], PEERS[2])
    scene.run(100)
    del scene.links[PEERS[2]]
    scene.take(scene.node.lost(PEERS[2], True, Instant(scene.now)))
    assert not any(dial.whom == PEERS[2] for dial in scene.run(20 * SECOND).dials)
    assert any(dial.whom == PEERS[2] for dial in scene.run(30 * SECOND).dials)


@pytest.mark.parametrize("why", ["stranger", "dead", "itself", "old", "no neighbour of it"])
def test_words_that_weigh_nothing_make_nobody_look(why):
    scene = Scene(5, False, QUIET)
    accuser, incarnation, far = PEERS[0], 5, FAR
    scene.word(FAR, 5)
    scene.run(SECOND)
    if why == "stranger":
        accuser = NodeId("did:key:z6Mkstranger")
    elif why == "dead":
        accuser = PEERS[2]
        scene.mute.add(accuser)
        scene.until(Phase.DEAD, accuser)
    elif why == "itself":
        accuser = FAR
    elif why == "old":
        incarnation = 4
    else:
        scene.node.charted(FAR, [PEERS[1]])
    scene.accuse(accuser, far, incarnation)
    done = scene.run(50 * SECOND)
    assert not any(isinstance(frame, Reach) and frame.whom == FAR for _, frame in done.sends)


def test_so_many_are_looked_for_at_once_and_no_more():
    scene = Scene(5, False, CONTENT)
    far = [NodeId(f"did:key:z6Mkfar{number}") for number in range(300)]
    for one in far:
        scene.word(one)
    scene.run(SECOND)
    scene.deaf |= set(far)
    for one in far:
        scene.accuse(PEERS[0], one)
    most, waits = detecting.Params().dials, detecting.Params().dial_ms + detecting.Params().ping_ms
    for _ in range(45):
        dialled = {dial.whom for dial in scene.run(SECOND).dials}
        assert len(dialled) <= most * (SECOND // waits + 1) + 1


def test_accused_itself_it_answers_with_a_higher_incarnation_three_times_and_then_slower():
    scene = Scene()
    scene.run(2 * SECOND)
    first = scene.node.incarnation
    for _ in range(100):
        scene.accuse(PEERS[0], ME, scene.node.incarnation)
        scene.run(200)
    raised = scene.node.incarnation - first
    params = own_presence.Params()
    assert params.burst <= raised <= params.burst + 20 * SECOND // params.refill_ms + 1


def test_a_number_that_it_never_had_is_none_of_its_business():
    scene = Scene()
    scene.run(2 * SECOND)
    first = scene.node.incarnation
    scene.accuse(PEERS[0], ME, 2**53 - 1)
    scene.accuse(PEERS[0], ME, first - 1)
    scene.run(2 * SECOND)
    assert scene.node.incarnation == first


def test_whoever_accuses_this_node_while_it_feels_well_is_blamed():
    scene = Scene()
    scene.run(2 * SECOND)
    done = scene.accuse(PEERS[0], ME, scene.node.incarnation)
    assert done.blames == [Blame(PEERS[0], Misdeed.FALSE_ALARM)]
    scene.run(2 * SECOND, step=2 * SECOND)
    scene.run(100)
    assert not scene.accuse(PEERS[0], ME, scene.node.incarnation).blames


def test_a_ping_that_doubts_is_answered_and_refuted():
    scene = Scene()
    scene.run(2 * SECOND)
    first = scene.node.incarnation
    done = scene.take(scene.node.heard(PEERS[0], Ping(7, True), Instant(scene.now)))
    assert done.sends == [(PEERS[0], Pong(7))]
    assert [body["incarnation"] for body in said(scene.run(100), "presence")] == [first + 1]


def test_its_own_words_that_come_back_are_not_about_a_member():
    scene = Scene(1)
    scene.word(ME, 2**52)
    assert ME not in [one.id for one in scene.node.known(Instant(scene.now))]
    assert scene.node.incarnation < 2**52


def test_a_body_that_is_none_is_refused():
    scene = Scene(0)
    for kind in ("presence", "suspicion"):
        with pytest.raises(Refused, match="bad_body"):
            scene.node.spoken(FAR, kind, {}, 1, Instant(NOW))


# ---- favours


def test_it_tries_for_a_neighbour_and_says_how_it_went():
    scene = Scene()
    for mute, answer in ((set(), Pong), ({PEERS[1]}, Silent)):
        scene.mute = mute
        done = scene.take(scene.node.heard(PEERS[0], Reach(9, PEERS[1]), Instant(scene.now)))
        done = Doing().add(scene.all).add(scene.run(600)) if mute else scene.all
        assert (PEERS[0], answer(9)) in done.sends


def test_it_dials_for_a_neighbour_whom_it_has_no_link_to():
    scene = Scene(4, False, CONTENT)
    scene.word(FAR)
    scene.run(SECOND)
    done = scene.take(scene.node.heard(PEERS[0], Reach(9, FAR), Instant(scene.now)))
    assert [dial.whom for dial in done.dials] == [FAR]
    scene.all = Doing()
    scene.link(FAR)
    assert (PEERS[0], Pong(9)) in scene.all.sends


def test_it_does_not_try_for_strangers_for_unknown_nodes_nor_without_end():
    scene = Scene(4)
    scene.word(FAR)
    scene.run(SECOND)
    strange = NodeId("did:key:z6Mkstrange")
    assert not scene.node.heard(strange, Reach(1, PEERS[1]), Instant(scene.now)).sends
    assert not scene.node.heard(PEERS[0], Reach(1, strange), Instant(scene.now)).sends
    scene.mute.add(PEERS[1])
    sends = [scene.node.heard(PEERS[0], Reach(nonce, PEERS[1]), Instant(scene.now)).sends for nonce in range(30)]
    assert sum(bool(one) for one in sends) == detecting.Params().favours


def test_who_is_known_as_dead_is_not_tried_again_for_others():
    scene = Scene()
    scene.mute.add(PEERS[2])
    scene.until(Phase.DEAD, PEERS[2])
    done = scene.take(scene.node.heard(PEERS[0], Reach(9, PEERS[2]), Instant(scene.now)))
    assert done.sends == [(PEERS[0], Silent(9))]
    assert not done.dials


def test_a_pong_that_nobody_asked_for_shows_nothing_about_others():
    scene = Scene()
    scene.mute.add(PEERS[2])
    asked = range(200)
    assert any(isinstance(frame, Reach) for _ in asked for _, frame in scene.run(100).sends)
    for peer in (PEERS[0], PEERS[1], PEERS[3], PEERS[4]):
        scene.take(scene.node.heard(peer, Pong(5), Instant(scene.now)))
        scene.take(scene.node.heard(peer, Silent(5), Instant(scene.now)))
    assert scene.until(Phase.SUSPECT, PEERS[2]) <= 700


def test_a_link_on_which_nothing_comes_is_closed_whatever_others_say():
    scene = Scene()
    plain = scene.take

    def deaf(doing):
        doing.sends = [(peer, frame) for peer, frame in doing.sends if peer != PEERS[2]]
        return plain(doing)

    scene.take = deaf
    scene.run(40 * SECOND)
    assert PEERS[2] not in scene.links
    assert scene.phase(PEERS[2]) is Phase.ALIVE


# ---- over a restart


def test_what_is_kept_comes_back_as_plain_values_and_the_incarnation_goes_on():
    scene = Scene(3)
    scene.run(2 * SECOND)
    kept = scene.node.candidates(Instant(scene.now))
    again = Members(ME, Facts(), Rng(8), Instant(NOW - 10 * MINUTE))
    again.restore(kept, Instant(NOW))
    assert again.incarnation == scene.node.incarnation + 1
    first = again.tick(Instant(NOW))
    assert [dial.whom for dial in first.dials] == PEERS[:3]
    assert again.candidates(Instant(NOW))["table"] == kept["table"]


def test_what_was_kept_in_another_shape_is_skipped():
    node = Members(ME, Facts(), Rng(8), Instant(NOW))
    wrong = {"incarnation": "x", "anchors": [1, [PEERS[0]], {"a": 1}], "table": {"key": 1, "entries": [[1], "x", None]}}
    node.restore(wrong, Instant(NOW))
    node.restore({"table": [1]}, Instant(NOW))
    node.restore({}, Instant(NOW))
    assert not node.tick(Instant(NOW)).dials


def test_a_node_alone_dials_whom_it_was_told_of_for_ever():
    node = Members(ME, Facts(), Rng(8), Instant(NOW), [Known(FAR, (at(FAR),))])
    dials = [after for after in range(0, 20 * MINUTE, 100) if node.tick(Instant(NOW + after)).dials]
    waits = [after - before for before, after in itertools.pairwise(dials)]
    assert dials[0] == 0
    assert max(waits) <= 70 * SECOND
    assert dials[-1] > 18 * MINUTE


def test_numbers_that_make_no_sense_are_refused_by_their_path():
    Params().validate()
    with pytest.raises(ValueError, match=r"^detector.helpers"):
        Params(detector=detecting.Params(helpers=0)).validate()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interval_ms", 1),
        ("ping_ms", 5_000),
        ("soonest_ms", 1),
        ("favour_ms", 1),
        ("reach_ms", 1),
        ("dial_ms", 1),
        ("helpers", 0),
        ("misses", 0),
        ("favours", 0),
        ("dials", 0),
        ("stall_ms", 1),
        ("silence_ms", 1),
        ("prompt_ms", -1),
    ],
)
def test_numbers_of_probing_that_make_no_sense_are_refused(field, value):
    with pytest.raises(ValueError, match=f"^{field}"):
        detecting.Params(**{field: value}).validate()


@pytest.mark.parametrize(
    ("field", "value"), [("period_ms", 1), ("burst", 0), ("refill_ms", 1), ("answers", -1), ("pause_ms", -1)]
)
def test_numbers_of_the_own_word_that_make_no_sense_are_refused(field, value):
    own_presence.Params().validate()
    with pytest.raises(ValueError, match=f"^{field}"):
        own_presence.Params(**{field: value}).validate()
