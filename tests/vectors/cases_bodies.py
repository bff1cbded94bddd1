"""Cases of bodies: every kind as it should be, and each bound of each kind from the wrong side."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.attacks.specimens import DIGEST
from tests.vectors.bodies import (
    ARRIVED,
    BODIES,
    CLAIM,
    EVIDENCE,
    FAILED,
    FULL_SKILL,
    LINK,
    NOTICE,
    RECEIPT,
    SKILL,
    TOWARDS,
)
from tests.vectors.case import Case, message

HELLO = BODIES["hello"][0]
WELCOME = BODIES["welcome"][0]
INDEX = BODIES["index"][0]
KINDS = ("skill", "evidence", "tombstone", "acknowledgement", "reflection", "receipt", "policy_card", "decision",
         "hello", "welcome", "join", "joined", "index",
         "presence", "suspicion", "links", "arrived", "notice", "noticed",
         "offers", "requests", "lease_ask", "lease", "lease_act", "work", "worked",
         "capability", "task", "task_said", "task_stop")  # fmt: skip
VOTES = ("roster", "proposal", "vote", "outcome")
DISPUTES = tuple(kind for kind in BODIES if kind.startswith("dispute"))
SAID = BODIES["acknowledgement"][0]
LEAVE_OUT = object()


def cases() -> Iterator[Case]:
    """Yields the cases of bodies."""
    for kind in (*KINDS, *DISPUTES, *VOTES):
        for size, body in zip(("full", "short"), _longest_and_shortest(BODIES[kind]), strict=False):
            yield Case(f"{kind}-{size}", message(kind, body=body), f"a {kind} with {_what(size)}")
    old = {"skill": DIGEST, "why": "a mistake"}
    yield Case("tombstone-of-before-recalls", message("tombstone", body=old), "no recall: what older nodes write")
    yield Case("evidence-of-a-failure", message("evidence", body=FAILED), "a failure needs no successes")
    yield Case(
        "skill-spelt-out", message("skill", body={"skill": _with_defaults(), "claim": {}}), "same id as skill-short"
    )
    yield Case("notice-towards-a-resource", message("notice", body=TOWARDS), "it names the resource, and no node")
    for name, kind, body, why in (
        *_skills(),
        *_others(),
        *_disputes(),
        *_votes(),
        *_spread(),
        *_notices(),
        *_market(),
        *_work(),
        *_tasks(),
    ):
        yield Case(name, message(kind, body=body), why, "bad_body", "body")


def _longest_and_shortest(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_length = sorted(bodies, key=lambda one: -len(str(one)))
    return [by_length[0], by_length[-1]] if len(by_length) > 1 else by_length


def _what(size: str) -> str:
    return "every field" if size == "full" else "only the fields that it must have; the others count as their default"


def _with_defaults() -> dict[str, Any]:
    result = {**SKILL["result"], "entry_point": "", "files": []}
    return {**SKILL, "result": result, "checks": [], "license": "", "tags": [], "lineage": []}


def _changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Returns `body` with another value at "a.0.b"; `LEAVE_OUT` takes the field away."""
    whole: Any = copy.deepcopy(body)
    where = whole
    *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in outer:
        where = where[part]
    if value is LEAVE_OUT:
        del where[last]
    else:
        where[last] = value
    return whole


Bent = tuple[str, str, dict[str, Any], str]


def _skills() -> Iterator[Bent]:
    whole = {"skill": FULL_SKILL, "claim": CLAIM}
    for name, path, value, why in (
        ("skill-without-claim", "claim", LEAVE_OUT, "a claim is there, if empty"),
        ("skill-without-reasoning-path", "skill.reasoning_path", LEAVE_OUT, "the path is there, if empty"),
        ("skill-intent-empty", "skill.intent", "", "1 to 4,000 characters"),
        ("skill-intent-of-4001", "skill.intent", "\U0001f600" * 4_001, "1 to 4,000 code points"),
        ("skill-unknown-field", "skill.author", "me", "a skill has no author: its id would depend on it"),
        ("skill-step-zero", "skill.reasoning_path.0.step", 0, "steps count from 1"),
        ("skill-201-steps", "skill.reasoning_path", [{"step": 1, "action": "a"}] * 201, "at most 200 steps"),
        ("skill-media-type-of-2", "skill.result.media_type", "a/", "3 to 64 characters"),
        ("skill-file-above-1-mib", "skill.result.files.0.size", 1024 * 1024 + 1, "at most 1 MiB"),
        ("skill-file-digest-in-capitals", "skill.result.files.0.digest", DIGEST.upper(), "small hexadecimal digits"),
        ("skill-check-without-kind", "skill.checks.0.kind", LEAVE_OUT, "a check says which of the two it is"),
        ("skill-check-of-another-kind", "skill.checks.1.kind", "shell", "cases or python"),
        (
            "skill-check-with-fields-of-the-other",
            "skill.checks.1.cases",
            [],
            "the fields of its own kind and no others",
        ),
        ("skill-check-without-cases", "skill.checks.0.cases", [], "1 to 200 cases"),
        ("skill-case-args-of-1", "skill.checks.0.cases.0.args", "1", "the shortest tuple has two characters"),
        ("skill-tag-empty", "skill.tags.0", "", "1 to 64 characters"),
        ("skill-33-tags", "skill.tags", ["tag"] * 33, "at most 32 tags"),
        ("skill-lineage-too-short-an-id", "skill.lineage.0", DIGEST[:63], "64 digits"),
        ("skill-lineage-line-end", "skill.lineage.0", DIGEST + "\n", "64 digits and no line end"),
        ("skill-tags-null", "skill.tags", None, "null is not the same as nothing"),
        ("skill-license-a-list", "skill.license", ["MIT"], "one text"),
        ("claim-above-a-million", "claim.confidence", 1_000_001, "millionths: at most 1,000,000"),
        ("claim-unknown-field", "claim.note", "", "no other fields"),
    ):
        yield name, "skill", _changed(whole, path, value), why


def _others() -> Iterator[Bent]:
    for name, kind, body, path, value, why in (
        ("evidence-unknown-outcome", "evidence", EVIDENCE, "outcome", "Pass", "one of three words"),
        ("evidence-more-successes-than-trials", "evidence", FAILED, "successes", 36, "at most as many as trials"),
        ("evidence-more-passed-than-total", "evidence", FAILED, "passed", 71, "at most as many as checks"),
        ("evidence-pass-with-a-failure", "evidence", EVIDENCE, "successes", 34, "a pass passes in every trial"),
        ("evidence-pass-with-a-failed-check", "evidence", EVIDENCE, "passed", 69, "a pass passes every check"),
        ("evidence-100001-trials", "evidence", FAILED, "trials", 100_001, "at most 100,000"),
        ("evidence-without-digest", "evidence", EVIDENCE, "digest", LEAVE_OUT, "a finding has a digest"),
        ("evidence-trials-true", "evidence", FAILED, "trials", True, "true is no number"),
        ("tombstone-why-of-501", "tombstone", BODIES["tombstone"][0], "why", "a" * 501, "at most 500 characters"),
        ("tombstone-skill-empty", "tombstone", BODIES["tombstone"][0], "skill", "", "it names a skill"),
        ("receipt-unknown-dealing", "receipt", RECEIPT, "dealing", "liked", "one of twelve words"),
        ("tombstone-recall-1", "tombstone", BODIES["tombstone"][0], "recall", 1, "true or false; 1 is neither"),
        ("tombstone-recall-null", "tombstone", BODIES["tombstone"][0], "recall", None, "true or false, or left out"),
        ("acknowledgement-of-nothing", "acknowledgement", SAID, "tombstone", "", "it names a tombstone"),
        ("acknowledgement-removed-left-out", "acknowledgement", SAID, "removed", LEAVE_OUT, "says what became of it"),
        ("acknowledgement-removed-1", "acknowledgement", SAID, "removed", 1, "true or false; 1 is neither"),
        ("acknowledgement-derivatives-negative", "acknowledgement", SAID, "derivatives", -1, "a count"),
        ("acknowledgement-derivatives-above", "acknowledgement", SAID, "derivatives", 2**40 + 1, "at most 2^40"),
        ("reflection-outcome-unknown", "reflection", BODIES["reflection"][0], "outcome", "pass", "one of three words"),
        ("reflection-without-words", "reflection", BODIES["reflection"][0], "description", "", "1 to 4,000 characters"),
        ("reflection-words-of-4001", "reflection", BODIES["reflection"][0], "description", "a" * 4001, "at most 4,000"),
        ("reflection-category-empty", "reflection", BODIES["reflection"][0], "category", "", "1 to 64 characters"),
        ("reflection-16-tags", "reflection", BODIES["reflection"][0], "tags", ["a"] * 16, "at most 15 tags"),
        ("reflection-error-of-2001", "reflection", BODIES["reflection"][0], "error", "a" * 2001, "at most 2,000"),
        ("reflection-about-of-65", "reflection", BODIES["reflection"][0], "about", "a" * 65, "at most 64 characters"),
        (
            "reflection-session",
            "reflection",
            BODIES["reflection"][0],
            "session",
            "",
            "no other fields",
        ),
        ("receipt-without-records", "receipt", RECEIPT, "records", [], "no word without a deed: 1 to 8 ids"),
        ("policy_card-of-no-policy", "policy_card", BODIES["policy_card"][0], "policy", "kind", "one of two words"),
        ("policy_card-text-of-4001", "policy_card", BODIES["policy_card"][0], "text", "a" * 4001, "at most 4,000"),
        ("policy_card-rules-0", "policy_card", BODIES["policy_card"][0], "rules", 0, "1 to 1,000,000"),
        ("decision-about-nobody", "decision", BODIES["decision"][0], "about", "", "1 to 64 characters"),
        ("decision-entries-below", "decision", BODIES["decision"][0], "entries", -1, "not below 0"),
        ("decision-engage-1", "decision", BODIES["decision"][0], "engage", 1, "true or false, no number"),
        ("receipt-domain-of-65", "receipt", RECEIPT, "domain", "a" * 65, "at most 64 characters"),
        ("receipt-9-records", "receipt", RECEIPT, "records", [DIGEST] * 9, "1 to 8 ids"),
        ("hello-without-versions", "hello", HELLO, "versions", [], "1 to 16 versions"),
        ("hello-17-versions", "hello", HELLO, "versions", ["1.0"] * 17, "1 to 16 versions"),
        ("hello-role-of-17", "hello", HELLO, "role", "r" * 17, "at most 16 characters"),
        ("hello-name-of-65-astral", "hello", HELLO, "name", "\U0001f600" * 65, "at most 64 code points"),
        ("welcome-to-nothing", "welcome", WELCOME, "to", "", "it names the hello that it answers"),
        ("welcome-version-empty", "welcome", WELCOME, "version", "", "1 to 16 characters"),
        ("join-proof-empty", "join", BODIES["join"][0], "proof", "", "64 hexadecimal digits"),
        ("join-url-of-301", "join", BODIES["join"][0], "url", "u" * 301, "at most 300 characters"),
        ("joined-to-nothing", "joined", BODIES["joined"][0], "to", "", "it names the join that it answers"),
        ("joined-outcome-unknown", "joined", BODIES["joined"][0], "outcome", "perhaps", "one of three outcomes"),
        ("index-length-negative", "index", INDEX, "length", -1, "a count"),
        ("index-length-above-2-to-the-40", "index", INDEX, "length", 2**40 + 1, "at most 2^40"),
        ("index-head-in-capitals", "index", INDEX, "head", DIGEST.upper(), "small hexadecimal digits, or nothing"),
    ):
        yield name, kind, _changed(body, path, value), why
    yield "evidence-pass-of-nothing", "evidence", _zeros(), "a pass has at least one trial"
    yield "hello-body-empty", "hello", {}, "a hello offers versions"


def _disputes() -> Iterator[Bent]:
    first = {kind: BODIES[kind][0] for kind in DISPUTES}
    for name, kind, path, value, why in (
        ("dispute-of-no-ground", "dispute", "ground", "ugly", "one of five grounds"),
        ("dispute-without-why", "dispute", "why", "", "1 to 500 characters"),
        ("dispute-why-of-501", "dispute", "why", "\U0001f600" * 501, "1 to 500 code points"),
        ("dispute-without-records", "dispute", "records", [], "no word without a deed: 1 to 8 ids"),
        ("dispute-9-records", "dispute", "records", [DIGEST] * 9, "1 to 8 ids"),
        ("dispute-of-nobody", "dispute", "respondent", "", "somebody is accused"),
        ("dispute_answer-empty", "dispute_answer", "why", "", "1 to 500 characters"),
        ("dispute_answer-9-records", "dispute_answer", "records", [DIGEST] * 9, "at most 8 ids"),
        ("dispute_finding-of-nothing", "dispute_finding", "record", "", "it names a finding"),
        ("dispute_ruling-undecided", "dispute_ruling", "ruled", "perhaps", "upheld or dismissed"),
        ("dispute_ruling-of-no-basis", "dispute_ruling", "basis", "hearsay", "one of three"),
        ("dispute_withdrawal-of-nothing", "dispute_withdrawal", "case", LEAVE_OUT, "it names a case"),
        ("dispute_appeal-without-records", "dispute_appeal", "records", [], "it names new evidence: 1 to 8 ids"),
    ):
        yield name, kind, _changed(first[kind], path, value), why


def _votes() -> Iterator[Bent]:
    first = {kind: BODIES[kind][0] for kind in VOTES}
    for name, kind, path, value, why in (
        ("roster-of-nobody", "roster", "members", [], "1 to 256 members"),
        ("roster-of-257", "roster", "members", ["m"] * 257, "1 to 256 members"),
        ("roster-member-empty", "roster", "members.0", "", "1 to 64 characters"),
        ("roster-of-epoch-0", "roster", "epoch", 0, "epochs begin with 1"),
        ("roster-follows-a-line-end", "roster", "follows", DIGEST + "\n", "64 digits and no line end, or nothing"),
        ("roster-agreed-by-513", "roster", "agreed", [DIGEST] * 513, "at most 512 votes"),
        ("proposal-without-rationale", "proposal", "rationale", "", "1 to 2,000 characters"),
        ("proposal-rationale-of-2001", "proposal", "rationale", "\U0001f600" * 2_001, "1 to 2,000 code points"),
        ("proposal-of-no-risk", "proposal", "risk", "none", "low, medium or high"),
        ("proposal-without-base", "proposal", "base", LEAVE_OUT, "it says what would change"),
        ("proposal-text-of-98305", "proposal", "text", "x" * 98_305, "at most 98,304 characters"),
        ("proposal-ends-before-time", "proposal", "ends", -1, "milliseconds from 0"),
        ("proposal-257-members", "proposal", "members", ["m"] * 257, "at most 256 members"),
        ("proposal-33-rules", "proposal", "fired", ["R1"] * 33, "at most 32 rules"),
        ("proposal-rule-of-9", "proposal", "fired.0", "R" * 9, "at most 8 characters"),
        ("vote-for-perhaps", "vote", "choice", "perhaps", "yes or no"),
        ("vote-without-diff", "vote", "diff", LEAVE_OUT, "a vote says what it is for"),
        ("vote-of-epoch-0", "vote", "epoch", 0, "epochs begin with 1"),
        ("vote-why-of-501", "vote", "why", "w" * 501, "at most 500 characters"),
        ("vote-unknown-field", "vote", "weight", 2, "no other fields: a vote weighs one"),
        ("outcome-of-nothing", "outcome", "proposal", "", "it names a proposal"),
        ("outcome-perhaps", "outcome", "decided", "perhaps", "one of four words"),
        ("outcome-of-513-votes", "outcome", "votes", [DIGEST] * 513, "at most 512 votes"),
    ):
        yield name, kind, _changed(first[kind], path, value), why


def _spread() -> Iterator[Bent]:
    whole = {kind: BODIES[kind][0] for kind in ("presence", "suspicion", "links", "arrived", "noticed")}
    for name, kind, path, value, why in (
        ("presence-without-incarnation", "presence", "incarnation", LEAVE_OUT, "how often it began anew"),
        ("presence-incarnation-negative", "presence", "incarnation", -1, "a count"),
        ("presence-5-addresses", "presence", "addresses", ["ws://a"] * 5, "at most 4 addresses"),
        ("presence-address-empty", "presence", "addresses.0", "", "1 to 300 characters"),
        ("presence-address-of-301", "presence", "addresses.0", "\U0001f600" * 301, "1 to 300 code points"),
        ("presence-role-of-17", "presence", "role", "r" * 17, "at most 16 characters"),
        ("presence-leaving-0", "presence", "leaving", 0, "true or false; 0 is neither"),
        ("presence-17-offers", "presence", "offers", ["energy"] * 17, "at most 16 offers"),
        ("presence-offer-of-65", "presence", "offers.0", "o" * 65, "at most 64 characters"),
        ("presence-33-interests", "presence", "interests", ["text"] * 33, "at most 32 interests"),
        ("presence-interest-of-65", "presence", "interests.0", "i" * 65, "at most 64 characters"),
        ("presence-of-another", "presence", "author", "me", "whoever signed is present, and nobody else"),
        ("suspicion-of-nobody", "suspicion", "whom", "", "8 to 64 characters"),
        ("suspicion-whom-of-7", "suspicion", "whom", "\U0001f600" * 7, "8 to 64 code points"),
        ("suspicion-whom-of-65", "suspicion", "whom", "w" * 65, "8 to 64 characters"),
        ("suspicion-without-incarnation", "suspicion", "incarnation", LEAVE_OUT, "it says which life is doubted"),
        ("suspicion-incarnation-negative", "suspicion", "incarnation", -1, "a count"),
        ("links-left-out", "links", "links", LEAVE_OUT, "the links are there, if none"),
        ("links-101", "links", "links", [LINK] * 101, "at most 100 links"),
        ("links-to-nobody", "links", "links.0.whom", "", "8 to 64 characters"),
        ("links-latency-negative", "links", "links.0.latency_ms", -1, "0 to 600,000"),
        ("links-latency-above", "links", "links.0.latency_ms", 600_001, "0 to 600,000"),
        ("links-bandwidth-negative", "links", "links.0.bandwidth", -1, "a count"),
        ("links-utilisation-above", "links", "links.0.utilisation", 1_001, "thousandths: at most 1,000"),
        ("links-utilisation-left-out", "links", "links.0.utilisation", LEAVE_OUT, "each link has all four"),
        ("links-unknown-field", "links", "links.0.cost", 1, "no other fields"),
        ("links-9-transports", "links", "transports", ["sim"] * 9, "at most 8 transports"),
        ("links-transport-of-17", "links", "transports.0", "t" * 17, "1 to 16 characters"),
        ("links-9-versions", "links", "versions", ["1.0"] * 9, "at most 8 versions"),
        ("links-version-empty", "links", "versions.0", "", "1 to 16 characters"),
        ("arrived-packet-of-31", "arrived", "packet", ARRIVED["packet"][:31], "32 hexadecimal digits"),
        ("arrived-packet-line-end", "arrived", "packet", ARRIVED["packet"] + "\n", "32 digits and no line end"),
        ("arrived-packet-in-capitals", "arrived", "packet", "ABCDEF00" * 4, "small hexadecimal digits"),
        ("arrived-of-nothing", "arrived", "envelope", "", "it names what came"),
        ("arrived-reason-of-65", "arrived", "reason", "r" * 65, "at most 64 characters"),
        ("noticed-to-nothing", "noticed", "to", "", "it names the notice that it answers"),
        ("noticed-done-of-65", "noticed", "done", "d" * 65, "at most 64 characters"),
    ):
        yield name, kind, _changed(whole[kind], path, value), why


def _market() -> Iterator[Bent]:
    whole = {kind: BODIES[kind][0] for kind in ("offers", "requests", "lease_ask", "lease", "lease_act")}
    twice = {kind: [whole[kind][kind][0]] * 2 for kind in ("offers", "requests")}
    for name, kind, path, value, why in (
        ("offers-left-out", "offers", "offers", LEAVE_OUT, "the offers are there, if none"),
        ("offers-17", "offers", "offers", twice["offers"] * 9, "at most 16, and each once"),
        ("offers-the-same-twice", "offers", "offers", twice["offers"], "each once"),
        ("offers-of-nothing", "offers", "offers.0.amount", 0, "1 to 2^26 units"),
        ("offers-of-too-much", "offers", "offers.0.amount", 2**26 + 1, "1 to 2^26 units"),
        ("offers-price-negative", "offers", "offers.0.price", -1, "0 to 2^40"),
        ("offers-price-above", "offers", "offers.0.price", 2**40 + 1, "0 to 2^40"),
        ("offers-end-as-they-begin", "offers", "offers.0.ends", 1_000, "it ends after it begins"),
        ("offers-more-free-than-there-is", "offers", "offers.0.free", 4_001, "no more is free than there is"),
        ("offers-begin-before-time", "offers", "offers.0.begins", -1, "an instant"),
        ("offers-of-no-resource", "offers", "offers.0.resource", "energy", "one of eight"),
        ("offers-of-leased-about-something", "offers", "offers.0.topic", "text", "only copies are about something"),
        ("offers-topic-of-65", "offers", "offers.1.topic", "t" * 65, "at most 64 characters"),
        ("requests-of-leased-about-something", "requests", "requests.0.topic", "text", "only copies are"),
        ("lease-of-65-records", "lease", "records", [DIGEST] * 65, "at most 64 copies"),
        ("requests-the-same-twice", "requests", "requests", twice["requests"], "each number once"),
        ("requests-least-above-amount", "requests", "requests.0.least", 513, "at most what is asked for"),
        ("requests-urgency-above", "requests", "requests.0.urgency", 1_001, "0 to 1,000"),
        ("requests-last-longer-than-their-window", "requests", "requests.0.lasts", 7_200_001, "within the window"),
        ("requests-last-no-time", "requests", "requests.0.lasts", 0, "what is leased lasts"),
        ("requests-of-copies-that-last", "requests", "requests.0.resource", "knowledge_base", "copies last no time"),
        ("requests-last-above", "requests", "requests.0.lasts", 2**27 + 1, "at most 2^27 ms"),
        ("requests-end-as-they-begin", "requests", "requests.0.ends", 1_000, "it ends after it begins"),
        ("requests-number-left-out", "requests", "requests.0.number", LEAVE_OUT, "it has a number"),
        ("lease_ask-of-nothing", "lease_ask", "amount", 0, "1 to 2^26 units"),
        ("lease_ask-without-offer", "lease_ask", "offer", LEAVE_OUT, "it names the offer"),
        ("lease_ask-price-above", "lease_ask", "price", 2**40 + 1, "0 to 2^40"),
        ("lease-of-nothing", "lease", "ask", "", "it names the ask"),
        ("lease-state-unknown", "lease", "state", "asked", "one of seven"),
        ("lease-fence-0", "lease", "fence", 0, "fences begin at 1"),
        ("lease-used-negative", "lease", "used", -1, "a count"),
        ("lease-cost-negative", "lease", "cost", -1, "a count"),
        ("lease_act-unknown", "lease_act", "act", "pay", "one of four"),
        ("lease_act-cost-negative", "lease_act", "cost", -1, "a count"),
    ):
        yield name, kind, _changed(whole[kind], path, value), why


def _work() -> Iterator[Bent]:
    whole = {kind: BODIES[kind][0] for kind in ("work", "worked")}
    for name, kind, path, value, why in (
        ("work-of-no-lease", "work", "lease", LEAVE_OUT, "it names the lease"),
        ("work-fence-0", "work", "fence", 0, "fences begin at 1"),
        ("work-of-no-trials", "work", "trials", 0, "1 to 1,000 trials"),
        ("work-of-1001-trials", "work", "trials", 1_001, "1 to 1,000 trials"),
        ("work-seed-negative", "work", "seed", -1, "a seed from 0 on"),
        ("work-text-null", "work", "text", None, "left out where it does not come along"),
        ("work-text-empty", "work", "text", {}, "a skill"),
        ("worked-of-no-work", "worked", "work", "", "it names the work"),
        ("worked-fence-0", "worked", "fence", 0, "fences begin at 1"),
        ("worked-one-digest-short", "worked", "digests", [DIGEST], "a digest for each trial"),
        ("worked-digest-of-65", "worked", "digests.0", "d" * 65, "at most 64 characters"),
        ("worked-with-a-failed-trial", "worked", "successes", 1, "a pass has no failed trial"),
        ("worked-without-memory", "worked", "memory_bytes", 0, "at least one byte"),
        ("worked-longer-than-an-hour", "worked", "wall_ms", 3_600_001, "at most an hour"),
        ("worked-used-negative", "worked", "used_ms", -1, "a count"),
    ):
        yield name, kind, _changed(whole[kind], path, value), why


def _tasks() -> Iterator[Bent]:
    whole = {kind: BODIES[kind][0] for kind in ("capability", "task_said", "task_stop")}
    whole["task"] = BODIES["task"][1]
    for name, kind, path, value, why in (
        ("capability-in-capitals", "capability", "capabilities.0.name", "Git", "small letters, digits and -"),
        ("capability-twice", "capability", "capabilities.1.name", "python-computation", "each once"),
        ("capability-without-places", "capability", "places", 0, "at least one place"),
        ("capability-queue-negative", "capability", "queue", -1, "a count"),
        ("task-of-no-kind", "task", "kind", "shell", "a closed list of kinds"),
        ("task-without-nonce", "task", "nonce", "", "128 bits"),
        ("task-nonce-of-33", "task", "nonce", "0" * 33, "128 bits"),
        ("task-without-path", "task", "path", [], "who asked for it"),
        ("task-path-of-four", "task", "path", [f"did:key:z{n}" for n in range(4)], "three nodes at most"),
        ("task-path-with-a-loop", "task", "path", ["did:key:z1", "did:key:z1"], "nobody twice"),
        ("task-for-ever", "task", "within_ms", 3_600_001, "an hour at most"),
        ("task-with-no-work", "task", "work_ms", 0, "at least a millisecond"),
        ("task-priority-10", "task", "priority", 10, "0 to 9"),
        ("task-without-data", "task", "python", LEAVE_OUT, "the data of its kind"),
        ("task-with-other-data", "task", "kind", "query", "the data of its kind"),
        ("task-with-two-data", "task", "query", {"intent": "x"}, "the data of its kind and no others"),
        ("task-without-calls", "task", "python.calls", [], "1 to 64 calls"),
        ("task-not-served-with-data", "task", "kind", "code-generation", "no data yet"),
        ("task_said-of-no-task", "task_said", "task", "", "it names the task"),
        ("task_said-expired", "task_said", "state", "expired", "the asker's to see, not the asked one's to say"),
        ("task_said-running-with-a-result", "task_said", "state", "running", "a result when it is done"),
        ("task_said-done-with-an-error", "task_said", "error", "no", "an error when it has failed"),
        ("task_said-of-65537", "task_said", "values", ["x" * 65_536, "x"], "65,536 characters in all"),
        ("task_stop-of-no-task", "task_stop", "task", LEAVE_OUT, "it names the task"),
    ):
        yield name, kind, _changed(whole[kind], path, value), why


def _notices() -> Iterator[Bent]:
    for name, body, path, value, why in (
        ("notice-without-type", NOTICE, "type", LEAVE_OUT, "it says what it is about"),
        ("notice-type-in-capitals", NOTICE, "type", "Threat_alert", "small letters, digits and _"),
        ("notice-type-begins-with-a-digit", NOTICE, "type", "1_alert", "a letter first"),
        ("notice-type-of-33", NOTICE, "type", "t" * 33, "1 to 32 characters"),
        ("notice-type-line-end", NOTICE, "type", "alert\n", "and no line end"),
        ("notice-without-payload", NOTICE, "payload", LEAVE_OUT, "the payload is there, if empty"),
        ("notice-payload-of-33", NOTICE, "payload", {f"name{n}": "" for n in range(33)}, "at most 32 texts"),
        ("notice-payload-name-empty", NOTICE, "payload", {"": "text"}, "names of 1 to 64 characters"),
        ("notice-payload-name-of-65", NOTICE, "payload", {"n" * 65: "text"}, "names of 1 to 64 characters"),
        ("notice-payload-text-of-2001", NOTICE, "payload.skill", "\U0001f600" * 2_001, "at most 2,000 code points"),
        ("notice-payload-a-number", NOTICE, "payload.skill", 1, "texts and nothing else"),
        ("notice-payload-a-list", NOTICE, "payload", ["text"], "texts by name"),
        ("notice-priority-unknown", NOTICE, "priority", "urgent", "one of four words"),
        ("notice-ttl-zero", NOTICE, "ttl", 0, "1 to 255"),
        ("notice-ttl-256", NOTICE, "ttl", 256, "1 to 255"),
        ("notice-mode-unknown", NOTICE, "mode", "unicast", "one of three words"),
        ("notice-17-destinations", NOTICE, "destination_nodes", NOTICE["destination_nodes"][:1] * 17, "at most 16"),
        ("notice-destination-of-7", NOTICE, "destination_nodes.0", "d" * 7, "8 to 64 characters"),
        ("notice-resource-of-65", TOWARDS, "resource", "r" * 65, "at most 64 characters"),
        ("notice-17-interests", NOTICE, "interests", ["text"] * 17, "at most 16 interests"),
        ("notice-interest-empty", NOTICE, "interests.0", "", "1 to 64 characters"),
        ("notice-wants-ack-1", NOTICE, "wants_ack", 1, "true or false; 1 is neither"),
        ("notice-multicast-to-nobody", NOTICE, "destination_nodes", [], "a multicast names nodes"),
        ("notice-broadcast-to-nodes", NOTICE, "mode", "broadcast", "only a multicast names nodes"),
        ("notice-towards-nothing", TOWARDS, "resource", "", "a resource-directed one names a resource"),
        ("notice-broadcast-with-a-resource", TOWARDS, "mode", "broadcast", "only a resource-directed one names one"),
    ):
        yield name, "notice", _changed(body, path, value), why


def _zeros() -> dict[str, Any]:
    return {**EVIDENCE, "trials": 0, "successes": 0, "passed": 0, "total": 0}
