"""Records that came before what they rest on are judged again when that is here, and not each time that anything is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.identity import peek, roots
from hansa.identity.envelope import Signed
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.too_early import MAX_BYTES, MAX_CAME, MAX_KEPT, TooEarly, names_of
from hansa.overlay.doing import Judge
from hansa.skills.messages import EVIDENCE, SKILL
from tests.store.contract import ANN, cid, record

PEER = NodeId("did:key:zPeer")


def judge(name: str, size: int = 10) -> Judge:
    return Judge(PEER, name.encode().ljust(size))


def keeping(*pairs: tuple[str, str]) -> TooEarly:
    """Returns what keeps records, each with one name that it waits for."""
    early = TooEarly()
    for one, name in pairs:
        early.keep(cid(one), judge(one), (name,), early.count)
    return early


def test_only_what_names_the_one_that_came_is_judged_again() -> None:
    early = keeping(("a", "skill"), ("b", "skill"), ("c", "other"))
    assert early.due() == []
    early.came("something")
    assert early.due() == []
    early.came("record", "skill")
    assert early.due() == [judge("a"), judge("b")]
    assert len(early) == 1


def test_what_is_judged_again_is_not_handed_out_a_second_time_before_it_comes_back() -> None:
    early = keeping(("a", "skill"))
    for _ in range(3):
        early.came("skill")
    assert early.due() == [judge("a")]
    early.came("skill")
    assert early.due() == []


def test_what_came_while_it_was_being_judged_is_not_missed_and_what_came_before_is_no_reason() -> None:
    early = keeping()
    early.came("claim")
    began = early.count
    early.came("skill")
    early.keep(cid("a"), judge("a"), ("skill", "claim"), began)
    assert early.due() == [judge("a")]
    early.keep(cid("a"), judge("a"), ("skill", "claim"), early.count)
    assert early.due() == []


def test_of_too_many_the_oldest_make_room() -> None:
    early = keeping(*((str(number), "skill") for number in range(MAX_KEPT + 5)))
    assert len(early) == MAX_KEPT
    early.came("skill")
    assert early.due()[0] == judge("5")
    for number in range(5):
        early.keep(cid(number), judge(str(number), MAX_BYTES // 4), (), early.count)
    assert len(early) == 4


@given(st.lists(st.tuples(st.sampled_from("kdc"), st.integers(0, 3), st.integers(0, 3)), max_size=60))
def test_what_waits_is_what_a_plain_list_says(steps: list[tuple[str, int, int]]) -> None:
    early, waiting, due = TooEarly(), dict[ContentId, str](), dict[ContentId, None]()
    for act, one, name in steps:
        id_ = cid(one)
        if act == "k":
            early.keep(id_, judge(str(one)), (str(name),), early.count)
            waiting.pop(id_, None)
            waiting[id_] = str(name)
            due.pop(id_, None)
        elif act == "d":
            early.drop(id_)
            waiting.pop(id_, None)
            due.pop(id_, None)
        else:
            early.came(str(name))
            due |= {held: None for held, wanted in waiting.items() if wanted == str(name)}
        assert len(early) == len(waiting)
    assert sorted(one.raw for one in early.due()) == sorted(judge(str(n)).raw for n in range(4) if cid(n) in due)


def test_names_of_what_came_are_remembered_for_a_while_only() -> None:
    early = TooEarly()
    early.came("first")
    for number in range(MAX_CAME):
        early.came(str(number))
    early.keep(cid("a"), judge("a"), ("first",), began=0)
    early.keep(cid("b"), judge("b"), ("5",), began=0)
    assert early.due() == [judge("b")]


def test_others_rest_on_a_record_on_the_skill_in_it_and_on_the_keys_of_its_author() -> None:
    one = record(1)
    assert names_of(record(1, kind=SKILL)) == (one.id, one.subject)
    assert names_of(record(1, kind=EVIDENCE)) == (one.id,)
    assert names_of(record(1, kind=roots.KIND)) == (one.id, ANN)


def test_what_a_record_names_is_its_author_and_the_ids_in_it_each_once_and_not_without_end() -> None:
    ids = ",".join(f'"{cid(number)}"' for number in [*range(100), 1])
    payload = f'{{"author":"{ANN}","body":[{ids},"{"A" * 64}"]}}'.encode()
    names = peek.named_things(Signed(b"", "", payload, (), ()))
    assert names == (ANN, *(cid(number) for number in range(peek.MAX_NAMES - 1)))
