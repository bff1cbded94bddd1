"""How a node deals with others: what follows from receipts, for whom, and that it can be worked out again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hansa.adapters.keys import MemoryKeys
from hansa.conduct.card import DECISION, RULES
from hansa.conduct.card import KIND as CARD
from hansa.conduct.ledger import Dealing, Receipt
from hansa.conduct.standing import Rung
from hansa.kernel.errors import NotFound, UsageError
from hansa.kernel.instant import DAY
from hansa.kernel.jobs import Attempt, TrialEnd
from hansa.kernel.verdict import Reason
from hansa.node.driver import Effects
from hansa.node.receipts import write
from hansa.node.rows import PutPeer
from hansa.overlay.invitation import Code, Invitation, fingerprint
from hansa.skills.model import Skill, SkillState
from tests.node.world import (
    LIE,
    START,
    Behaviour,
    Resident,
    World,
    _apply,
    make_skill,
    multiplier,
    skill_message,
    true_claim,
)

READER = make_skill("read_it", "def read_it(x):\n    return open('/etc/passwd')\n", {"(1,)": "1"}, "read something")


def id_of(name: str) -> str:
    """Returns the id that `World.settle` gives a resident of a name."""
    return MemoryKeys(hashlib.sha256(name.encode()).digest()).node_id


def goods(world: World, number: int, start: int = 100, tag: str = "arithmetic") -> list[Skill]:
    """Returns good skills in a domain, which every sandbox knows."""
    made = [multiplier(start + one, tags=(tag,)) for one in range(number)]
    for one in made:
        world.table.teach(one)
    return made


async def push(hub: Resident, author: Resident, *skills: Skill) -> list[tuple[int, str]]:
    """Has an author push skills as its own; returns status and reason of each answer."""
    told = []
    async with hub.http() as http:
        for skill in skills:
            answer = await http.post("/skills", content=skill_message(author.key, skill, true_claim()).raw)
            told.append((answer.status_code, answer.json().get("reason", "")))
    return told


def league(world: World, **config: object) -> tuple[Resident, Resident, Resident, Resident]:
    """Returns a hub that names b a verifier, an author a, b who reads the hub, and Mallory."""
    world.table.teach(READER, Behaviour({}, attempts=(Attempt("file", "/etc/passwd"),), end=TrialEnd.COMPLETED))
    hub = world.settle("hub", "hub", config={"conduct": {"verifiers": (id_of("b"),)}})
    a, b, mallory = world.settle("a"), world.settle("b", config=dict(config)), world.settle("mallory")
    world.invite(hub, a, b, mallory)
    return hub, a, b, mallory


async def b_reads(hub: Resident, b: Resident) -> None:
    if not b.store.subscriptions():
        await b.subscribe(hub, report="all")
    await b.sync(hub)


# ---- what follows


async def test_an_author_becomes_known_and_trusted_by_what_is_proved_here(world: World) -> None:
    hub, a, b, _ = league(world)
    assert b.node.conduct.decide(a.id).rung is Rung.STRANGER
    await push(hub, a, *goods(world, 2))
    await b_reads(hub, b)
    assert b.node.conduct.decide(a.id).reason == "few_dealings"
    await push(hub, a, *goods(world, 1, 200))
    await b_reads(hub, b)
    assert b.node.conduct.decide(a.id).rung is Rung.KNOWN
    await push(hub, a, *goods(world, 13, 300))
    await b_reads(hub, b)
    assert b.node.conduct.decide(a.id, "arithmetic").rung is Rung.TRUSTED
    assert b.node.conduct.decide(a.id, "text").rung is Rung.KNOWN


async def test_whoever_is_trusted_is_looked_at_first_and_less_long(world: World) -> None:
    hub, a, b, mallory = league(world)
    await push(hub, a, *goods(world, 16))
    await b_reads(hub, b)
    world.table.jobs.clear()
    more = sorted(goods(world, 20, 500), key=lambda one: one.id)
    stranger, friend = more[0], more[-1]  # of one rung the first would be proved first
    await push(hub, mallory, stranger)
    await push(hub, a, friend)
    await b_reads(hub, b)
    assert [(job.code, job.trials) for job in world.table.jobs] == [
        (friend.result.text, b.node.core.settings.conduct.trusted_trials),
        (stranger.result.text, b.node.core.settings.skills.import_trials),
    ]


async def test_many_skills_of_one_keep_nobody_else_waiting(world: World) -> None:
    hub, a, b, mallory = league(world)
    flood, one = goods(world, 30), goods(world, 1, 500)[0]
    await push(hub, mallory, *flood)
    await push(hub, a, one)
    await b.subscribe(hub)
    await b.pull(hub)
    assert b.node.unproved().index(b.row(one)) == 1


async def test_whom_nobody_knows_yet_share_so_many_proofs_an_hour(world: World) -> None:
    hub, a, b, mallory = league(world, conduct={"newcomer_proofs": 4})
    await push(hub, mallory, *[make_skill(f"f{n}", f"def f{n}(x): return {n}", {"(1,)": "0"}) for n in range(20)])
    await push(hub, a, *goods(world, 20))
    await b_reads(hub, b)
    assert len(world.table.jobs) == 4
    world.clock.advance(DAY)
    await b_reads(hub, b)
    codes = [job.code for job in world.table.jobs]
    assert sum("times" in code for code in codes) == 20, "a is known after three of them"
    assert sum("def f" in code for code in codes) == 5, "and Mallory has used what was left"


async def test_an_honest_newcomer_soon_needs_no_share(world: World) -> None:
    hub, a, b, _ = league(world, conduct={"newcomer_proofs": 4})
    await push(hub, a, *goods(world, 20))
    await b_reads(hub, b)
    assert b.store.count_skills(_admitted()) == 20


def _admitted():  # type: ignore[no-untyped-def]
    from hansa.node.ports import SkillFilter

    return SkillFilter(states=(SkillState.ADMITTED,))


async def test_proven_malice_shuts_the_hubs_door_when_a_named_verifier_proves_it(world: World) -> None:
    hub, a, b, mallory = league(world)
    assert await push(hub, mallory, READER) == [(201, "")]
    await b_reads(hub, b)
    assert b.node.conduct.decide(mallory.id).reason == "proven_malice"
    assert hub.node.conduct.decide(mallory.id).reason == "proven_malice"
    (status, reason), = await push(hub, mallory, *goods(world, 1))  # fmt: skip
    assert (status, reason) == (403, Reason.BARRED.code)
    assert await push(hub, a, *goods(world, 1, 300)) == [(201, "")]


async def test_a_plain_lie_is_answered_once_and_malice_is_not_needed_for_five(world: World) -> None:
    hub, _, b, mallory = league(world)
    lies = [make_skill(f"lie{n}", f"def lie{n}(x):\n    return {n}\n", {"(1,)": "'no'"}) for n in range(5)]
    for number, lie in enumerate(lies, 1):
        assert (await push(hub, mallory, lie))[0][0] == 201
        await b_reads(hub, b)
        assert b.node.conduct.decide(mallory.id).engage is (number < 5)
    assert (await push(hub, mallory, LIE))[0] == (403, Reason.BARRED.code)


async def test_a_new_key_of_whoever_was_barred_has_no_more_than_the_old_one(world: World) -> None:
    hub, _, b, mallory = league(world)
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    second = world.settle("mallory-2")
    assert (await push(hub, second, *goods(world, 1)))[0] == (403, Reason.UNKNOWN_PEER.code)
    old, new = b.node.conduct.decide(mallory.id), b.node.conduct.decide(second.id)
    assert (old.rung, new.rung) == (Rung.STRANGER, Rung.STRANGER)


async def test_the_rest_of_the_invitation_that_brought_an_offender_is_taken_back(world: World) -> None:
    hub, _, b, _ = league(world)
    invitation = Invitation(secret=1234, uses=5, expires=START + DAY, created=START)
    await hub.node.doorkeeper.issue(invitation)
    offender, later = world.settle("offender"), world.settle("later")
    code = str(Code(1234, fingerprint(hub.id)))
    assert (await offender.ask("join", invitation=f"{hub.url}/#{code}")).value["outcome"] == "admitted"
    await push(hub, offender, READER)
    await b_reads(hub, b)
    assert hub.store.invitations() == []
    with pytest.raises(Exception, match="no open invitation"):
        await later.ask("join", invitation=f"{hub.url}/#{code}")


async def test_where_everybody_may_push_the_barred_share_the_strangers_rate(world: World) -> None:
    hub, _, b, mallory = league(world)
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    hub.settings["admission"] = {"open_to_all": True, "records_per_minute": 2}
    hub = world.restart(hub)
    stranger = world.settle("stranger")
    assert [one[0] for one in await push(hub, mallory, *goods(world, 1))] == [201]
    assert [one[0] for one in await push(hub, stranger, *goods(world, 2, 300))] == [201, 429]


# ---- what counts


async def test_receipts_of_others_move_nothing_unless_the_operator_names_them(world: World) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 4))
    await b_reads(hub, b)
    other = world.settle("other", "hub")
    world.invite(other, a, b)
    for record in hub.store.feed(0, 100):
        async with other.http() as http:
            assert (await http.post("/records", content=record.envelope)).status_code == 201
    assert other.store.ledger_mark()[0] == 4, "they are kept, and shown"
    assert other.node.core.accounts.account(a.id).good == 0, "and count for nothing"
    assert hub.node.core.accounts.account(a.id).good == 4, "where b is a named verifier they do"


async def test_a_verifier_does_not_speak_for_itself(world: World) -> None:
    hub, _, b, _ = league(world)
    world.table.teach(LIE)
    assert b.id in hub.node.core.accounts.counting
    account = hub.node.core.accounts.account(b.id)
    assert (account.good, account.bad) == (0, 0)


async def test_a_receipt_that_was_changed_on_the_disk_counts_for_nothing(world: World) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 1))
    await b_reads(hub, b)
    (link,) = b.store.receipts_of(a.id)
    assert b.node.core.accounts.deed(link) is not None
    assert b.node.core.accounts.deed(replace(link, subject=b.id)) is None
    assert b.node.core.accounts.deed(replace(link, subject=hub.id)) is None, "its receipt speaks of another"
    assert b.node.core.accounts.deed(replace(link, author=hub.id)) is None


# ---- the card, prediction, replay


async def test_what_a_peer_decides_is_computed_beforehand_from_its_card_and_its_receipts(world: World) -> None:
    hub, a, b, mallory = league(world)
    await push(hub, a, *goods(world, 16))
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    with pytest.raises(NotFound, match="no policy card"):
        await hub.ask("predict", peer=b.id, about=a.id)
    for who, subject in ((a.id, "arithmetic"), (a.id, ""), (mallory.id, ""), (hub.id, "")):
        told = (await hub.ask("predict", peer=b.id, about=who, subject=subject, at=b.url, invited=False)).value
        made = b.node.conduct.decide(who, subject)
        assert (told["engage"], told["rung"], told["reason"], told["score"]) == (
            made.engage, made.rung.word, made.reason, made.score,
        )  # fmt: skip


async def test_every_decision_comes_out_again_after_a_restart(world: World) -> None:
    hub, a, b, mallory = league(world)
    for start in (100, 200, 300):
        await push(hub, a, *goods(world, 6, start))
        await b_reads(hub, b)
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    world.clock.advance(40 * DAY)
    for one in (world.restart(b), world.restart(hub)):
        told = await one.ask("replay")
        assert told.ok
        assert told.value["count"] >= 4
        reasons = [one["reason"] for one in told.value["decisions"]]
        assert "proven_malice" in reasons
        assert "dealt_well" in reasons


async def test_a_decision_is_kept_when_it_is_another_than_before_and_not_otherwise(world: World) -> None:
    hub, a, b, _ = league(world)
    for start in range(100, 130):
        await push(hub, a, *goods(world, 1, start))
        await b_reads(hub, b)
    told = [one["reason"] for one in (await b.ask("replay", id=a.id)).value["decisions"] if not one["domain"]]
    assert told == ["few_dealings", "dealt_well", "proved_in_domain"]
    assert len(b.store.records_about(a.id, DECISION)) == 4  # and one for the domain


async def test_a_ledger_is_checked_replayed_and_taken_in_elsewhere(world: World, tmp_path: Path) -> None:
    hub, a, b, mallory = league(world)
    await push(hub, a, *goods(world, 5))
    await push(hub, mallory, READER)
    await b_reads(hub, b)
    lines = (await b.ask("ledger.export")).value["lines"]
    path = tmp_path / "ledger.hansa"
    path.write_text("".join(f"{line}\n" for line in lines))
    far = world.settle("far", config={"conduct": {"verifiers": (b.id,)}})
    checked = await far.ask("ledger.verify", path=str(path))
    assert (checked.ok, checked.value["entries"], checked.value["node"]) == (True, 6, b.id)
    replayed = await far.ask("replay", path=str(path))
    assert replayed.ok
    assert replayed.value["count"] == len([one for one in lines if '"record"' in one and _kind(one) == DECISION]) > 0
    taken = await far.ask("ledger.import", path=str(path))
    assert taken.ok
    assert taken.value["taken"]["receipt"] == 6
    assert far.node.conduct.decide(mallory.id).reason == "proven_malice"
    again = await far.ask("ledger.import", path=str(path))
    assert (again.ok, again.value["taken"]) == (True, {})


def _kind(line: str) -> str:
    import base64

    envelope = json.loads(json.loads(line)["record"])
    return str(json.loads(base64.b64decode(envelope["payload"]))["kind"])


async def test_a_ledger_that_was_cut_off_changed_or_reordered_is_named(world: World, tmp_path: Path) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 5))
    await b_reads(hub, b)
    lines = (await b.ask("ledger.export")).value["lines"]
    links = [number for number, line in enumerate(lines) if line.startswith('{"link"')]

    async def told(changed: list[str]) -> list[dict[str, str]]:
        path = tmp_path / "changed"
        path.write_text("".join(f"{line}\n" for line in changed))
        found = await hub.ask("ledger.verify", path=str(path))
        assert not found.ok
        return list(found.value["flaws"])

    cut = await told(lines[: links[3]])
    assert cut[-1] == {"where": "link 4", "what": "cut off: its owner signed for 5 links"}
    swapped = list(lines)
    swapped[links[1]], swapped[links[2]] = lines[links[2]], lines[links[1]]
    assert any(one["where"] in ("link 2", "link 3") and "follow" in one["what"] for one in await told(swapped))
    without = [line for number, line in enumerate(lines) if number != links[2] - 1]
    assert {"where": "link 3", "what": "its receipt is missing or damaged"} in await told(without)
    damaged = list(lines)
    damaged[links[2] - 1] = damaged[links[2] - 1].replace("A", "B", 3)
    assert any(one["where"] == "link 3" for one in await told(damaged))
    other = json.loads(lines[0])
    assert "head" in [one["where"] for one in await told([json.dumps(other | {"node": a.id}), *lines[1:]])]


async def test_the_end_of_the_ledger_is_known_in_the_store_as_well(world: World) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 3))
    await b_reads(hub, b)
    assert (await b.ask("ledger.verify")).ok
    held = b.store.ledger

    def cut(after: int = 0, limit: int = 1000):  # type: ignore[no-untyped-def]
        return [row for row in held(after, limit) if row.entry.number < 3]

    b.store.ledger = cut  # type: ignore[method-assign]
    found = await b.ask("ledger.verify")
    assert (found.ok, found.value["missing_at_end"], found.value["written"]) == (False, 1, 3)


async def test_a_card_that_came_in_says_how_its_owner_deals(world: World) -> None:
    hub, a, _, _ = league(world)
    told = (await a.ask("policy.card", to=[hub.url])).value
    assert told["delivered"] == 1
    shown = (await hub.ask("policy.show", of=a.id)).value
    assert shown["digest"] == told["digest"] == (await a.ask("policy.show")).value["digest"]
    assert shown["computable"]


async def test_a_card_that_is_not_taken_says_why_and_the_command_says_no(world: World) -> None:
    hub, a, _, _ = league(world)
    world.net.down.add(hub.url)
    told = await a.ask("policy.card", to=[hub.url])
    assert (told.ok, told.value["delivered"], told.value["pending"]) == (False, 0, 1)
    assert len(told.value["problems"]) == 1


async def test_how_a_node_deals_with_itself_is_no_question(world: World) -> None:
    _, a, *_ = league(world)
    with pytest.raises(UsageError, match="hansa predict"):
        await a.ask("standing.show", id="me")


async def test_a_receipt_of_somebody_who_is_named_by_nobody_is_listed_as_one_that_counts_for_nothing(
    world: World, tmp_path: Path
) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 3))
    await b_reads(hub, b)
    (tmp_path / "ledger").write_text("\n".join((await b.ask("ledger.export")).value["lines"]))
    for verifiers, counts in (((), False), ((b.id,), True)):
        far = world.settle(f"far{counts}", config={"conduct": {"verifiers": verifiers}})
        await far.ask("ledger.import", path=str(tmp_path / "ledger"))
        listed = (await far.ask("ledger.list")).value
        assert listed["node"] == far.id
        assert {(one["by"], one["counts"]) for one in listed["entries"]} == {(b.id, counts)}


async def test_operators_words_are_part_of_a_decision(world: World) -> None:
    hub, a, _, _ = league(world)
    row = hub.store.peer(a.id)
    assert row is not None
    assert hub.node.conduct.decide(a.id).rung is Rung.NEWCOMER
    _apply(hub, PutPeer(replace(row, banned=True)))
    assert hub.node.conduct.decide(a.id).reason == "ignore_list"


async def test_a_decision_on_another_ledger_is_named(world: World) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 3))
    await b_reads(hub, b)
    held = b.store.ledger

    def other(after: int = 0, limit: int = 1000):  # type: ignore[no-untyped-def]
        rows = held(after, limit)
        return [replace(row, entry=replace(row.entry, hash="f" * 64)) for row in rows]

    b.store.ledger = other  # type: ignore[method-assign]
    told = (await b.ask("replay")).value
    assert told["differing"] == told["count"] > 0
    assert "is another than then" in told["decisions"][0]["why"]


async def test_a_card_of_other_rules_is_not_guessed_at(world: World) -> None:
    hub, a, _, _ = league(world)
    body = msgspec.to_builtins(msgspec.structs.replace(a.node.conduct.card, rules=RULES + 1))
    async with hub.http() as http:
        answer = await http.post("/records", content=a.say(CARD, body).raw)
        assert answer.status_code == 201
    with pytest.raises(NotFound, match="does not know: upgrade"):
        await hub.ask("predict", peer=a.id)
    assert not (await hub.ask("policy.show", of=a.id)).value["computable"]


async def test_sources_are_pulled_in_the_order_of_trust(world: World) -> None:
    hub, other = world.settle("hub", "hub"), world.settle("other", "hub")
    a, b = world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.invite(other, a)
    for one in (hub, other):
        await b.subscribe(one)
    skill = goods(world, 1)[0]
    await b.add(skill)
    effects = Effects()
    receipt = Receipt(dealing=Dealing.TASK_DELIVERED, subject=other.id, records=("0" * 64,))
    write(b.node.core, receipt, effects)
    await b.node.core.driver.perform(effects)
    world.net.calls.clear()
    await b.ask("sync")
    pulled = [url for _, url, path in world.net.calls if path.startswith("/feed")]
    assert pulled == [other.url, hub.url]


async def test_a_rating_needs_a_receipt_of_use_by_somebody_whom_this_node_listens_to(world: World) -> None:
    hub, a, b, _ = league(world)
    (skill,) = goods(world, 1)
    await push(hub, a, skill)
    strangers = [world.settle(f"stranger-{number}") for number in range(3)]
    world.invite(hub, *strangers)
    for one in (*strangers, b):
        await b_reads(hub, one)
    shown = (await hub.ask("skill.show", id=skill.id)).value
    assert len(shown["receipts"]) == 4
    assert shown["rating"] == {"held": 1, "failed": 0, "sure": 0.158}
    assert (await a.ask("standing.list")).value["standings"] == []


async def test_a_receipt_of_what_nobody_signed_is_named(world: World) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 2))
    await b_reads(hub, b)
    assert (await b.ask("ledger.verify")).ok
    effects = Effects()
    write(b.node.core, Receipt(dealing=Dealing.TASK_FAILED, subject=a.id, records=("0" * 64,)), effects)
    await b.node.core.driver.perform(effects)
    found = await b.ask("ledger.verify")
    assert (found.ok, found.value["one_sided"]) == (False, [3])


async def test_trying_one_skill_again_is_no_further_dealing_whoever_tries_it(world: World) -> None:
    """Else sixteen proofs of one skill would make its author trusted, and five of one bad skill shut the door."""
    hub, a, b, mallory = league(world)
    good, bad = goods(world, 1)[0], make_skill("lie", "def lie(x):\n    return x\n", {"(1,)": "'no'"})
    await push(hub, a, good)
    await push(hub, mallory, bad)
    await b_reads(hub, b)
    for _ in range(6):
        world.clock.advance(1)
        await b.prove(good)
        await b.prove(bad)
    await b.deliver()
    for one in (b, hub):
        accounts = one.node.core.accounts
        assert (accounts.account(a.id).good, accounts.account(mallory.id).bad) == (1, 1)
        assert one.node.conduct.decide(mallory.id).engage
    told = (await b.ask("replay")).value
    assert told["differing"] == 0


async def test_a_peer_is_asked_for_its_card_before_anything_else_is_known_of_it(world: World) -> None:
    hub, stranger = world.settle("hub", "hub"), world.settle("stranger")
    told = (await stranger.ask("predict", peer=hub.id[:20], at=hub.url, invited=False)).value
    assert (told["peer"], told["reason"]) == (hub.id, "nothing_proved_yet")
    with pytest.raises(NotFound, match="is the node"):
        await stranger.ask("predict", peer=stranger.id, at=hub.url)


async def test_a_decision_or_a_finding_that_was_left_out_of_a_ledgers_file_is_missed(
    world: World, tmp_path: Path
) -> None:
    hub, a, b, _ = league(world)
    await push(hub, a, *goods(world, 4))
    await b_reads(hub, b)
    lines = (await b.ask("ledger.export")).value["lines"]
    for kind, where in ((DECISION, "decisions"), ("evidence", "link 1")):
        number = next(n for n, line in enumerate(lines) if line.startswith('{"record"') and _kind(line) == kind)
        path = tmp_path / "short"
        path.write_text("".join(f"{line}\n" for n, line in enumerate(lines) if n != number))
        found = await hub.ask("ledger.verify", path=str(path))
        assert where in [one["where"] for one in found.value["flaws"]]
