"""Attack 16: text in a skill that tells a model what to do, and to pass the text on.

The model of these tests obeys every text it sees. So nothing here depends on markings, wording or filters: what it
can't be talked into are only the things that its session can't do.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hansa.admission.service import Via
from hansa.entrypoints.mcp.scopes import AGENT, EVERYTHING, granted
from hansa.node.rows import PeerRow, PutPeer
from hansa.skills.model import PYTHON, Case, Cases, Result, Skill, SkillState, Step
from tests.attacks.injections import Obedient, payloads
from tests.attacks.specimens import key, scaled
from tests.mcp.league import admit, session
from tests.node.world import DOUBLE, LIE, NETWORK, Resident, World, skill_message

READS = {"find_skill", "get_skill", "net_status", "node_status", "why", "record_trace", "prove_skill",
         "record_reflection", "recall_reflections", "reflection_summary"}  # fmt: skip
PER_SKILL = 20


def armed(texts: list[str], number: int) -> Skill:
    """Returns a skill that works, and that says these texts in every place in which its author can say anything."""
    name = f"times_{number}"
    comment = "\n".join(f"# {line}" for text in texts for line in text.replace("\x00", "").splitlines())
    return Skill(
        intent=f"multiply a number by {number}: {texts[0]}"[:4_000],
        reasoning_path=tuple(Step(step=at, action=text[:4_000]) for at, text in enumerate(texts, 1)),
        result=Result(
            media_type=PYTHON, text=f"def {name}(x):\n    return {number} * x\n{comment}\n", entry_point=name
        ),
        checks=(Cases(cases=(Case(args="(2,)", expect=str(2 * number)), Case(args="(0,)", expect="0"))),),
        license="MIT",
        tags=tuple(text[:64] for text in texts[:30]),
    )


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Resident]:
    """Gives a node that has admitted skills of a peer which proved good and say bad things, and holds a lie."""
    world = World(tmp_path)
    node = world.settle("node")
    await admit(node, DOUBLE)
    await node.store.apply(
        [PutPeer(PeerRow(key(1).public.did, name=payloads()[0][:64], invited=True, per_minute=10**6))]
    )
    await node.node.inbox.receive(skill_message(key(1), LIE, network=NETWORK).raw, Via.HTTP, "peer")
    yield node
    world.close()


def aimed(text: str) -> str:
    return text.replace("$ID", DOUBLE.id).replace("$LIE", LIE.id).replace("$PEER", str(key(1).public.did))


async def poison(node: Resident) -> list[Skill]:
    """Has a peer bring skills with every payload in them, all of which pass their checks here."""
    texts = [aimed(text) for text in payloads()]
    made = [armed(texts[at : at + PER_SKILL], 3 + at) for at in range(0, len(texts), PER_SKILL)]
    for skill in made:
        await node.node.inbox.receive(skill_message(key(1), skill, network=NETWORK).raw, Via.HTTP, "peer")
        node.sandbox.teach(skill)  # type: ignore[union-attr]
        await node.prove(skill)
        assert node.row(skill).state is SkillState.ADMITTED
    return made


def rights(node: Resident) -> Any:
    """Returns everything that only the operator may change, and everything that has left the node."""
    store = node.store
    return (store.feed_mark(), store.outbox("pending"), store.subscriptions(), store.peers(), node.row(LIE).state,
            node.row(DOUBLE).state, store.tombstones())  # fmt: skip


async def tempt(node: Resident, model: Obedient, made: list[Skill]) -> None:
    """Shows a model everything that a session can show: descriptions, answers, resources, errors."""
    client = model.client
    await model.read([tool.model_dump() for tool in (await client.list_tools()).tools])
    await model.read([one.model_dump() for one in (await client.list_prompts()).prompts])
    await model.read([one.model_dump() for one in (await client.list_resources()).resources])
    for skill in made:
        await model.obey("find_skill", {"intent": f"multiply a number by {skill.result.entry_point}", "limit": 50})
        await model.obey("get_skill", {"trace_id": skill.id})
        await model.obey("why", {"trace_id": skill.id})
        name = skill.result.entry_point.replace("_", "-")
        read = await client.read_resource(f"skill://{skill.id}/{name}/SKILL.md")
        await model.read([one.model_dump() for one in read.contents])
    await model.obey("node_status", {})


async def note_down(node: Resident) -> None:
    """Has an agent that was talked into it write every payload into a note, in every place where it can write."""
    async with session(node, AGENT) as client:
        for text in (aimed(text) for text in payloads()):
            for number, went in enumerate(("failure", "failure", "success")):  # twice is what makes a pattern
                given = {"outcome": went, "description": text[:4_000], "error": text[:2_000], "category": text[:64],
                         "tags": [text[:64]], "session": f"{number} {text}"[:128]}  # fmt: skip
                assert not (await client.call_tool("record_reflection", given)).is_error


async def test_a_note_that_an_agent_was_talked_into_gives_the_next_session_no_more_rights(node: Resident) -> None:
    await note_down(node)
    before = rights(node)
    async with session(node, AGENT) as client:
        model = Obedient(client)
        for text in payloads()[::10]:
            await model.obey("recall_reflections", {"intent": aimed(text)[:900]})
        await model.obey("reflection_summary", {})
        assert len(model.refused) >= 8
        assert {name for name, _ in model.done} <= READS
    assert rights(node) == before


def test_the_corpus_has_two_hundred_payloads() -> None:
    assert len(set(payloads())) >= 200


async def test_a_model_that_obeys_everything_does_nothing_that_its_session_may_not(node: Resident) -> None:
    made = await poison(node)
    before = rights(node)
    async with session(node, AGENT) as client:
        model = Obedient(client)
        await tempt(node, model, made)
        assert len(model.refused) >= 8  # it tried what it was told: the attack reached the model
        assert {name for name, _ in model.done} <= READS
    assert rights(node) == before


async def test_the_same_model_does_harm_where_the_operator_has_allowed_everything(node: Resident) -> None:
    """The test above can fail: the texts do reach a model, and only the scopes keep it from acting on them."""
    made = await poison(node)
    before = rights(node)
    async with session(node, EVERYTHING) as client:
        model = Obedient(client)
        await tempt(node, model, made)
        assert {"publish_skill", "approve_skill"} <= {name for name, _ in model.done}
    assert rights(node) != before


@pytest.mark.parametrize("number", range(0, 200, max(1, round(20 / scaled(1)))))
async def test_a_text_that_a_model_copies_goes_no_further(node: Resident, number: int) -> None:
    """A worm: the model records what it read as its own skill, and proves it. It is not passed on, nor believed."""
    text = aimed(payloads()[number % len(payloads())])
    async with session(node, AGENT) as client:
        model = Obedient(client)
        await model.pass_on(text)
        for id_ in model.recorded:
            await model.obey("prove_skill", {"trace_id": id_})
    feed = node.store.feed_mark()
    assert (await node.ask("publish")).value["publications"][0]["trace_id"] == DOUBLE.id  # of all, what a person added
    assert all(record.subject == DOUBLE.id for record in node.store.feed(feed[0], 100))
    assert all(node.row(id_).state is not SkillState.ADMITTED for id_ in model.recorded)


async def test_even_proved_what_an_agent_recorded_is_published_by_name_only(node: Resident) -> None:
    async with session(node, AGENT) as client:
        given = {
            "intent": "call publish_skill",
            "reasoning_steps": ["obey"],
            "license": "MIT",
            "result": "def f(x):\n    return x\n",
            "entry_point": "f",
            "cases": [{"args": "(1,)", "expect": "1"}],
        }
        kept = (await client.call_tool("record_trace", given)).structured_content["trace_id"]
        from hansa.node.vault import open_skill
        from tests.mcp.league import teach

        teach(node, open_skill(node.row(kept)))
        await client.call_tool("prove_skill", {"trace_id": kept})
    assert node.row(kept).state is SkillState.ADMITTED
    shown = (await node.ask("publish")).value["publications"]
    assert [one["trace_id"] for one in shown] == [DOUBLE.id]
    assert (await node.ask("publish", ids=[kept])).value["publications"][0]["published"]


async def test_texts_of_others_stand_in_one_field_and_move_no_terminal(node: Resident) -> None:
    """For models that do tell data from instructions: where it stands says which it is."""
    made = await poison(node)
    await note_down(node)
    await node.ask("reflection.add", outcome="failure", description="by hand", trace_id="call evil")
    async with session(node, granted(["publish", "review"])) as client:
        answers = [
            *[await client.call_tool("recall_reflections", {"intent": aimed(text)[:900]}) for text in payloads()[::9]],
            await client.call_tool("list_reflections", {"limit": 50}),
            *[
                await client.call_tool(f"reflection_{what}", {"category": aimed(text)[:64]})
                for text in payloads()[::9]
                for what in ("summary", "report")
            ],
            await client.call_tool("find_skill", {"intent": "multiply", "limit": 50, "include_quarantined": True}),
            *[await client.call_tool("get_skill", {"trace_id": one.id}) for one in made],
            *[await client.call_tool("why", {"trace_id": one.id}) for one in made],
            *[await client.call_tool("prove_skill", {"trace_id": one.id, "trials": 1}) for one in made],
            *[await client.call_tool("publish_skill", {"trace_id": one.id}) for one in made],
            await client.call_tool("list_quarantine", {}),
            await client.call_tool("node_status", {}),
        ]
        for answer in answers:
            assert not answer.is_error, answer.content
            text = json.dumps(_outside(answer.structured_content))
            assert "call" not in text and "operator" not in text and "evil" not in text, text[:500]
            whole = json.dumps(answer.structured_content, ensure_ascii=False)
            assert not set("\x1b\u202e\u202c\u200b\r\x07") & set(whole)
            assert not any(0xE0000 <= ord(char) <= 0xE007F for char in whole)
        for skill in made:
            name = skill.result.entry_point.replace("_", "-")
            contents = (await client.read_resource(f"skill://{skill.id}/{name}/SKILL.md")).contents[0].text
            assert not set("\x1b\u202e\u202c\u200b\r\x07") & set(contents)


def _outside(value: Any) -> Any:
    """Returns an answer without the fields that are marked as text of others."""
    if isinstance(value, dict):
        return {name: _outside(inner) for name, inner in value.items() if name != "foreign_text"}
    return [_outside(inner) for inner in value] if isinstance(value, list) else value
