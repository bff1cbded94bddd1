"""The demonstration, told step by step: what each node did, what it measured, and where each lie was stopped.

Every figure is taken from the nodes as they ran. "Without federation" is a node that has only its solver: the offline
program search of `demo.solver`, asked for the same intents with the same acceptance cases. "With" is B after it
subscribed. The clock runs inside the node, from the question to the verified answer.
"""

from __future__ import annotations

import sys
import textwrap
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from hansa.demo.afterwards import lies, recall, replay, second_life, slander
from hansa.demo.tasks import TASKS, Task
from hansa.demo.without_a_hub import without_a_hub
from hansa.demo.world import Resident, World, world
from hansa.entrypoints import logs
from hansa.entrypoints.cli.federation_commands import print_story
from hansa.entrypoints.cli.show import print_json, short, table
from hansa.kernel.plain import plain
from hansa.starter import skill_files

SOLVER_SECONDS = 0.6
"""What the solver may take for one intent; raising it lengthens the demonstration and hardly finds more."""

ASKED = 12
"""How many of the intents are also asked of the node without federation; all are asked of B."""

FROM_TRACES = 40
"""How many of the skills from traces are proved in full and published, to keep the demonstration under a minute."""

TRACES = Path("../shared/data/traces")
EXPECTED_BOX = {
    "false claim": "domain room",
    "reads files": "domain room",
    "forged signature": "identity",
    "opens a socket": "domain room",
}
EXPECTED_REASON = {
    "false claim": "refuted",
    "reads files": "sandbox_file_access",
    "forged signature": "forged",
    "opens a socket": "sandbox_network_access",
}


@dataclass(slots=True)
class Story:
    """What happened, as it is told and as it is checked at the end."""

    quiet: bool
    facts: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    step: int = 0

    def title(self, text: str) -> None:
        """Begins a step."""
        self.step += 1
        if not self.quiet:
            elapsed = time.perf_counter() - self.started
            title = Text.assemble((f"\n{self.step}. {text}", "bold"), f" [{elapsed:.0f} s]")
            Console(highlight=False, soft_wrap=True).print(title)

    def line(self, text: str) -> None:
        """Tells one line."""
        if not self.quiet:
            Console(highlight=False, soft_wrap=True).print(Text("   " + plain(text)))

    def expect(self, holds: bool, what: str) -> None:
        """Notes what did not come out as it must."""
        if not holds:
            self.failures.append(what)


def run(keep: bool = False, traces: str = "", as_json: bool = False) -> int:
    """Plays the demonstration; returns 0 when everything came out as it must, else 1."""
    logs.configure("error", as_json=False)
    story = Story(quiet=as_json)
    with world(keep) as made:
        _play(story, made, _trace_files(traces))
        if keep:
            _leave_running(story, made)
    story.facts["seconds"] = round(time.perf_counter() - story.started, 1)
    story.facts["failures"] = story.failures
    if as_json:
        print_json(story.facts)
    for failure in story.failures:
        story.line(f"✗ {failure}")
    verdict = "did not come out as it must" if story.failures else "all came out as it must"
    story.title(f"Done: {verdict}, in {story.facts['seconds']} s.")
    return 1 if story.failures else 0


def _play(story: Story, made: World, traces: list[Path]) -> None:
    hub, a, b, alone, mallory = _found(story, made)
    _learn(story, a, traces)
    _publish(story, a, hub)
    without = _ask_alone(story, alone)
    _subscribe(story, b, hub)
    _use(story, b, without)
    told = _lie(story, mallory, hub, a)
    _catch(story, b, hub, told)
    second_life(story, made, hub, a, b, mallory)
    slander(story, made, hub, a, b)
    recall(story, hub, a, b)
    replay(story, b, hub)
    without_a_hub(story, made, alone)


def _found(story: Story, made: World) -> tuple[Resident, Resident, Resident, Resident, Resident]:
    story.title("A hub, A, B and Mallory start: each its own process, key and data directory.")
    solver = f'solver = "{sys.executable} -m hansa.demo.solver"\nsolver_seconds = {SOLVER_SECONDS}\n'
    a, b = made.settle("a"), made.settle("b", solver)
    hub = made.settle("hub", f'role = "hub"\n[conduct]\nverifiers = ["{b.id}"]\n')
    alone, mallory = made.settle("b-alone", solver), made.settle("mallory")
    made.start(hub, a, b, alone)
    for resident in (hub, a, b, alone):
        story.line(f"{resident.name:<8} {resident.url:<24} {resident.id}")
    for guest in (a, b, mallory):
        hub.ask("peer.set", id=guest.id, invited=True, per_minute=6_000)
    story.line("The hub's operator invites A, B and Mallory, up to 6000 records a minute each.")
    return hub, a, b, alone, mallory


def _learn(story: Story, a: Resident, traces: list[Path]) -> None:
    story.title("A adds what it learnt and proves it: every check runs in the sandbox, in 35 fresh processes.")
    added = a.ask("skill.add", paths=[str(path) for path in skill_files()], license="MIT").value["added"]
    proofs, seconds = _proved(a, [one["trace_id"] for one in added])
    proved = proofs["counts"].get("proved", 0)
    story.line(f"{len(added)} starter skills: {_counts(proofs)} ({_trials(proofs)} trials in {seconds:.1f} s).")
    story.facts["a"] = {"starter": len(added), "proved": proved}
    story.expect(proved >= 25, f"A proved only {proved} skills")
    if traces:
        _learn_from_traces(story, a, traces)


def _learn_from_traces(story: Story, a: Resident, traces: list[Path]) -> None:
    """Adds the traces, looks at each once, and proves some of those that hold as thoroughly as publishing asks."""
    added = a.ask("skill.add", paths=[str(path) for path in traces]).value
    ids = [one["trace_id"] for one in added["added"]]
    proofs, seconds = _proved(a, ids, trials=1)
    story.line(
        f"{len(ids)} skills from {len(traces)} trace files, one trial each: {_counts(proofs)} ({seconds:.1f} s)."
    )
    report = a.ask("report").value["differing"]
    wrong = Counter(f"claimed {one['claimed']}, is {one['computed']}" for one in report)
    for what, number in sorted(wrong.items()):
        story.line(f"{number} traces are wrong about themselves: {what}. The prover found out by itself.")
    good = [one["trace_id"] for one in proofs["proofs"] if one["outcome"] == "pass"]
    chosen = good[:: max(1, len(good) // FROM_TRACES)][:FROM_TRACES]
    proofs, seconds = _proved(a, chosen)
    story.line(f"{len(chosen)} of the good ones proved in full: {_counts(proofs)} ({seconds:.1f} s).")
    story.facts["traces"] = {"added": len(ids), "false_claims": dict(wrong), "proved_in_full": _counts(proofs)}


def _proved(a: Resident, ids: list[str], trials: int | None = None) -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    value = a.ask("prove", ids=ids, trials=trials).value
    return value, time.perf_counter() - started


def _counts(proofs: dict[str, Any]) -> str:
    return ", ".join(f"{number} {key}" for key, number in sorted(proofs["counts"].items()))


def _trials(proofs: dict[str, Any]) -> int:
    return sum(one["trials"] for one in proofs["proofs"])


def _publish(story: Story, a: Resident, hub: Resident) -> None:
    story.title("A publishes what passes every gate (score, confidence, no secrets, licence).")
    published = a.ask("publish", to=[hub.url]).value
    accepted = sum(one["published"] for one in published["publications"])
    held = sum(hub.ask("status").value["skills"].values())
    story.line(f"{accepted} signed by A; the hub has acknowledged {held}, which it holds in quarantine and passes on.")
    story.facts["published"] = accepted
    story.expect(held == accepted, f"the hub holds {held} of {accepted} records")


def _ask_alone(story: Story, alone: Resident) -> list[dict[str, Any]]:
    story.title(f"A node without federation is asked {ASKED} intents; it has only its offline solver.")
    answers = [_execute(alone, task) for task in _asked()]
    solved = sum(one["how"] == "solved" for one in answers)
    story.line(f"It solves {solved} of {len(answers)} within {SOLVER_SECONDS} s each.")
    return answers


def _subscribe(story: Story, b: Resident, hub: Resident) -> None:
    story.title("B subscribes to the hub, re-proves each skill in its own sandbox, and admits what holds.")
    b.ask("subscribe", url=hub.url, report="all")
    started = time.perf_counter()
    pulled = b.ask("sync").value
    seconds = time.perf_counter() - started
    skills = b.ask("status").value["skills"]
    story.line(f"{skills['admitted']} admitted, {skills['refused']} refused, {skills['quarantined']} in quarantine.")
    story.line(f"Pulling and re-proving took {seconds:.1f} s.")
    story.facts["b"] = {"skills": skills, "seconds": round(seconds, 1), "faults": pulled["faults"]}
    story.expect(skills["admitted"] >= 25, f"B admitted only {skills['admitted']} skills")


def _use(story: Story, b: Resident, without: list[dict[str, Any]]) -> None:
    story.title("B is asked, in other words and with held-out cases, for what A learnt.")
    answers = [_execute(b, task) for task in TASKS]
    reused = [one for one in answers if one["how"] == "reused"]
    rows = []
    asked = {task.intent for task in _asked()}
    with_federation = [one for task, one in zip(TASKS, answers, strict=True) if task.intent in asked]
    for task, before, after in zip(_asked(), without, with_federation, strict=True):
        rows.append((textwrap.shorten(task.intent, 52, placeholder=" …"), _told(before), _told(after)))
    if not story.quiet:
        table(("intent", "without federation", "with federation"), rows)
    faster = _median([one["wall_ms"] for one in without]) / max(0.001, _median([x["wall_ms"] for x in with_federation]))
    story.line(f"With federation {len(reused)} of {len(TASKS)} intents are met by a re-proved skill.")
    story.line(
        f"Median time of the {len(without)} intents asked of both: "
        f"{_median([one['wall_ms'] for one in without]):.0f} ms without, "
        f"{_median([one['wall_ms'] for one in with_federation]):.0f} ms with ({faster:.1f}x)."
    )
    story.line(
        "Without: the solver's search for the same cases, verified alike; a search that fails takes all its time."
    )
    story.line("The clock runs in the node, from the question to the verified answer or to giving up.")
    solved = sum(one["how"] == "solved" for one in without)
    met = sum(one["how"] == "reused" for one in with_federation)
    story.facts["execution"] = {
        "asked_of_both": len(without), "met_without": solved, "met_with": met, "median_ratio": round(faster, 2),
        "asked_of_b": len(TASKS), "reused_by_b": len(reused),
    }  # fmt: skip
    story.expect(met > solved, f"federation met {met} intents, the solver alone {solved}")


def _lie(story: Story, mallory: Resident, hub: Resident, a: Resident) -> list[dict[str, Any]]:
    story.title("Mallory, a member, publishes four skills: each claims that all its checks pass in 1000 trials.")
    told = lies(mallory, hub, a)
    for one in told:
        answer = "taken into the hub's quarantine" if one["status"] == 201 else f"refused by the hub: {one['reason']}"
        story.line(f"{one['lie']:<17} {answer}")
    return told


def _catch(story: Story, b: Resident, hub: Resident, told: list[dict[str, Any]]) -> None:
    story.title("B pulls them, proves them, and tells the hub with signed receipts.")
    b.ask("sync")
    rows = []
    for one in told:
        where = hub if one["status"] != 201 else b
        tale = where.ask("why", id=one["record"] if one["status"] != 201 else one["trace_id"]).value
        reason = one["reason"] or b.ask("skill.show", id=one["trace_id"]).value["reason"]
        rows.append((one["lie"], f"{where.name}: {tale['stopped_at'] or 'nowhere'}", reason))
        story.expect(tale["stopped_at"] == EXPECTED_BOX[one["lie"]], f"{one['lie']} stopped at {tale['stopped_at']!r}")
        story.expect(reason == EXPECTED_REASON[one["lie"]], f"{one['lie']} was refused for {reason!r}")
    if not story.quiet:
        table(("Mallory's skill", "stopped at", "reason"), rows)
    story.facts["lies"] = [{"lie": lie, "stopped_at": box, "reason": reason} for lie, box, reason in rows]
    lie = told[0]
    seen = hub.ask("skill.show", id=lie["trace_id"]).value["refutations"]
    story.expect(seen == 1, f"the hub shows {seen} refutations of Mallory's false claim")
    verified = b.ask("ledger.verify").value
    story.line(f"The hub now shows that skill as refuted {seen}x to whoever meets it next.")
    story.line(f"B's ledger: {verified['entries']} receipts, every link {'holds' if verified['ok'] else 'BROKEN'}.")
    story.expect(verified["ok"], "B's ledger does not verify")
    story.title(f"hansa why {short(lie['trace_id'])}, asked of B:")
    if not story.quiet:
        print_story(b.ask("why", id=lie["trace_id"]).value)


def _leave_running(story: Story, made: World) -> None:
    story.title("Left running (--keep).")
    for one in made.residents:
        if one.process is not None:
            story.line(
                f"{one.name:<8} {one.url}/docs   HANSA_HOME={one.home} hansa status   (process {one.process.pid})"
            )
    pids = " ".join(str(one.process.pid) for one in made.residents if one.process is not None)
    story.line(f"To end them: kill {pids}")
    story.facts["running"] = {one.name: one.url for one in made.residents if one.url}


def _execute(resident: Resident, task: Task) -> dict[str, Any]:
    cases = [{"args": args, "expect": expect} for args, expect in task.cases]
    return resident.ask("execute", intent=task.intent, cases=cases).value


def _asked() -> tuple[Task, ...]:
    """Returns an even choice of the tasks, so that every area is among them."""
    stride = max(1, len(TASKS) // ASKED)
    return TASKS[::stride][:ASKED]


def _told(answer: dict[str, Any]) -> str:
    marks = {"reused": "✓ reused", "solved": "✓ solved", "unsolved": "✗ unsolved"}
    return f"{marks[answer['how']]}  {answer['wall_ms']:.0f} ms"


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _trace_files(given: str) -> list[Path]:
    folder = Path(given) if given else TRACES
    return [path.absolute() for path in sorted(folder.glob("*-a.jsonl"))] if folder.is_dir() else []
