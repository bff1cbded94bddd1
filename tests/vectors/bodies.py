"""Right bodies of every kind, short and full, and the receiver that they are for."""

from __future__ import annotations

from typing import Any

from tests.attacks.specimens import DIGEST, NETWORK, NOW, key

ME = str(key(9).public.did)
CONTEXT: dict[str, Any] = {"network": NETWORK, "me": ME, "now": NOW}
OTHER = DIGEST[::-1]

STEP = {"step": 1, "action": "Count the letters."}
RESULT = {"media_type": "text/x-python", "text": "def f(x):\n    return x\n"}
SKILL: dict[str, Any] = {"intent": "Give back what was given.", "reasoning_path": [STEP], "result": RESULT}
FULL_SKILL: dict[str, Any] = {
    **SKILL,
    "result": {
        **RESULT,
        "entry_point": "f",
        "files": [{"path": "data/größe.txt", "digest": DIGEST, "size": 7}],
    },
    "checks": [
        {
            "kind": "cases",
            "cases": [{"args": "(1,)", "expect": "1"}, {"args": "('\U0001f600',)", "expect": "'\U0001f600'"}],
        },
        {"kind": "python", "code": "assert f(2) == 2"},
    ],
    "license": "MIT",
    "tags": ["identity", "größe"],
    "lineage": [DIGEST, OTHER],
}
CLAIM = {"confidence": 900_000, "verification_score": 1_000_000, "trials": 35, "harness": "cpython-3.11"}
EVIDENCE: dict[str, Any] = {
    "skill": DIGEST,
    "harness": "cpython-3.11",
    "sandbox": "namespaces",
    "outcome": "pass",
    "trials": 35,
    "successes": 35,
    "passed": 70,
    "total": 70,
    "digest": OTHER,
    "reason": "",
}
FAILED = {**EVIDENCE, "outcome": "fail", "successes": 0, "passed": 1, "reason": "refuted"}
WORK: dict[str, Any] = {"lease": DIGEST, "fence": 4, "skill": OTHER, "trials": 35, "seed": 7}
WORKED: dict[str, Any] = {
    **EVIDENCE,
    "trials": 2,
    "successes": 2,
    "passed": 4,
    "total": 4,
    "work": OTHER,
    "lease": DIGEST,
    "fence": 4,
    "digests": [DIGEST, OTHER],
    "memory_bytes": 134_217_728,
    "wall_ms": 5_000,
    "used_ms": 812,
}
CAPABILITY: dict[str, Any] = {
    "capabilities": [{"name": "python-computation", "version": "cpython-3.11"}, {"name": "git"}],
    "places": 2,
    "queue": 1,
}
TASK: dict[str, Any] = {
    "kind": "python-computation",
    "nonce": DIGEST[:32],
    "path": [str(key(1).public.did)],
    "within_ms": 60_000,
    "work_ms": 10_000,
    "python": {"code": "def f(x):\n    return x\n", "entry_point": "f", "calls": ["(1,)", "(2,)"]},
}
PROVE: dict[str, Any] = {name: TASK[name] for name in TASK if name != "python"} | {
    "kind": "prove-skill",
    "prove": {"skill": OTHER, "trials": 35, "seed": 7, "text": "{}"},
    "priority": 9,
    "correlation": "first of three",
}
QUERY: dict[str, Any] = {name: TASK[name] for name in TASK if name != "python"} | {
    "kind": "query",
    "query": {"intent": "double"},
}
TASK_SAID: dict[str, Any] = {
    "task": OTHER,
    "state": "done",
    "values": ["1", "2"],
    "harness": "cpython-3.11",
    "digest": DIGEST,
    "used_ms": 12,
}
RECEIPT: dict[str, Any] = {
    "dealing": "skill_refuted",
    "subject": str(key(2).public.did),
    "skill": DIGEST,
    "records": [DIGEST, OTHER],
    "reason": "refuted",
}

DISPUTE: dict[str, Any] = {
    "skill": DIGEST,
    "record": OTHER,
    "respondent": str(key(2).public.did),
    "ground": "false_claim",
    "why": "It fails for 2.675.",
    "records": [DIGEST, OTHER],
}
CARD: dict[str, Any] = {
    "policy": "steadfast",
    "rules": 1,
    "text": "I begin friendly.",
    "verifiers": [str(key(2).public.did)],
    "known_from": 3,
    "trusted_at": 800,
    "wrong": 10,
    "mended": 1,
    "gives_up_at": 50,
    "deadlock": 5,
    "dealings": [{"dealing": "skill_refuted", "weight": -3}],
}
DECISION: dict[str, Any] = {
    "about": str(key(2).public.did),
    "invited": True,
    "banned": False,
    "domain": "text",
    "card": DIGEST,
    "entries": 3,
    "head": OTHER,
    "now": 1_790_000_000_000,
    "engage": True,
    "rung": "known",
    "relationship": "neutral",
    "reason": "dealt_well",
    "score": 397,
}
RULING: dict[str, Any] = {
    "case": DIGEST,
    "ruled": "upheld",
    "basis": "verifiers",
    "records": [DIGEST, OTHER],
    "why": "",
}


ROSTER: dict[str, Any] = {"members": [str(key(2).public.did), str(key(3).public.did)], "epoch": 1}
PROPOSAL: dict[str, Any] = {
    "roster": DIGEST,
    "diff": OTHER,
    "base": DIGEST,
    "rationale": "Prices are rounded half up.",
    "risk": "low",
    "ends": 1_790_000_030_000,
}
VOTE: dict[str, Any] = {
    "proposal": OTHER,
    "diff": OTHER,
    "base": DIGEST,
    "roster": DIGEST,
    "epoch": 1,
    "ends": 1_790_000_030_000,
    "choice": "yes",
}


PRESENCE: dict[str, Any] = {
    "incarnation": 3,
    "addresses": ["wss://harbour.example/overlay", "zenoh/tcp/harbour.example:7447"],
    "role": "hub",
    "leaving": True,
    "offers": ["computational_power"],
    "interests": ["text", "größe"],
}
LINK: dict[str, Any] = {"whom": str(key(2).public.did), "latency_ms": 12, "bandwidth": 1_000_000, "utilisation": 250}
LINKS: dict[str, Any] = {"links": [LINK, {**LINK, "whom": ME}], "transports": ["websocket"], "versions": ["1.0"]}
ARRIVED: dict[str, Any] = {"packet": DIGEST[:32], "envelope": OTHER, "reason": "unknown_kind"}
NOTICE: dict[str, Any] = {
    "type": "threat_alert",
    "payload": {"skill": DIGEST, "größe": "", "__proto__": "a text like any other"},
    "priority": "critical",
    "ttl": 16,
    "mode": "multicast",
    "destination_nodes": [ME, str(key(2).public.did)],
    "interests": ["text"],
    "wants_ack": True,
}
TOWARDS: dict[str, Any] = {
    "type": "resource_discovery",
    "payload": {},
    "mode": "resource_directed",
    "resource": "computational_power",
}


def root(author: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """Returns root metadata that names one key, with `changes`."""
    keys = [str(key(author).public.did)]
    body = {"root_keys": keys, "root_threshold": 1, "signing_keys": keys, "signing_threshold": 1, "version": version}
    return {**body, **changes}


OFFERED = {"resource": "computational_power", "amount": 4_000, "price": 60, "begins": 1_000, "ends": 3_601_000,
           "free": 3_000}  # fmt: skip
REQUESTED = {"number": 3, "resource": "memory_capacity", "amount": 512, "least": 256, "urgency": 100, "most": 9,
             "begins": 1_000, "ends": 7_201_000, "lasts": 600_000}  # fmt: skip

BODIES: dict[str, list[dict[str, Any]]] = {
    "skill": [{"skill": SKILL, "claim": {}}, {"skill": FULL_SKILL, "claim": CLAIM}],
    "evidence": [EVIDENCE, FAILED, {name: value for name, value in FAILED.items() if name != "reason"}],
    "tombstone": [{"skill": DIGEST, "why": "a mistake", "recall": True}, {"skill": DIGEST}],
    "acknowledgement": [{"tombstone": OTHER, "skill": DIGEST, "removed": True, "derivatives": 2}],
    "reflection": [
        {
            "outcome": "failure",
            "description": "Split größe at commas.",
            "category": "parsing",
            "tags": ["csv"],
            "error": "quoted commas",
            "about": DIGEST,
        },
        {"outcome": "success", "description": "x"},
    ],
    "receipt": [{**RECEIPT, "domain": "text"}, {name: RECEIPT[name] for name in ("dealing", "subject", "records")}],
    "policy_card": [CARD, {**CARD, "policy": "classic", "verifiers": [], "dealings": []}],
    "decision": [DECISION, {**DECISION, "domain": "", "head": "", "entries": 0, "score": -1}],
    "dispute": [DISPUTE, {**DISPUTE, "why": "x"}],
    "dispute_answer": [
        {"case": DIGEST, "why": "It holds here.", "records": [OTHER]},
        {"case": DIGEST, "why": "It holds here."},
    ],
    "dispute_finding": [{"case": DIGEST, "record": OTHER}],
    "dispute_ruling": [RULING, {name: RULING[name] for name in ("case", "ruled", "basis")}],
    "dispute_withdrawal": [{"case": DIGEST, "why": "My mistake."}, {"case": DIGEST}],
    "dispute_appeal": [{"case": DIGEST, "why": "It was mended.", "records": [OTHER]}],
    "roster": [{**ROSTER, "epoch": 2, "follows": DIGEST, "agreed": [DIGEST, OTHER]}, ROSTER],
    "proposal": [
        {
            **PROPOSAL,
            "text": "--- a/größe.txt\n+++ b/größe.txt\n@@ -1 +1 @@\n-\U0001f600\n+\u202e\n",
            "members": ROSTER["members"],
            "fired": ["R1", "R9"],
        },
        PROPOSAL,
    ],
    "vote": [{**VOTE, "choice": "no", "why": "It drops a check."}, VOTE],
    "outcome": [
        {"proposal": OTHER, "decided": "approved", "votes": [DIGEST, OTHER]},
        {"proposal": OTHER, "decided": "undecided"},
    ],
    "hello": [{"versions": ["1.0"], "name": "Lübeck", "role": "hub", "skills": 3}, {"versions": ["1.0", "2.0"]}],
    "welcome": [{"to": DIGEST, "version": "1.0", "name": "Visby", "role": "node"}, {"to": DIGEST, "version": "1.0"}],
    "join": [{"proof": DIGEST, "name": "Lübeck", "role": "hub", "url": "https://harbour.example"}, {"proof": DIGEST}],
    "joined": [
        {"to": DIGEST, "outcome": "refused", "reason": "bad_invitation", "name": "Visby", "role": "node"},
        {"to": DIGEST, "outcome": "waiting"},
    ],
    "index": [{"length": 7, "head": DIGEST}, {"length": 0, "head": ""}],
    "presence": [PRESENCE, {"incarnation": 0}],
    "suspicion": [{"whom": str(key(2).public.did), "incarnation": 3}],
    "links": [LINKS, {"links": []}],
    "arrived": [ARRIVED, {"packet": DIGEST[:32], "envelope": OTHER}],
    "notice": [NOTICE, {"type": "knowledge_discovery", "payload": {}}, TOWARDS],
    "noticed": [{"to": DIGEST, "done": "quarantine"}, {"to": DIGEST}],
    "offers": [{"offers": [OFFERED, {**OFFERED, "resource": "learned_patterns", "topic": "text"}]}, {"offers": []}],
    "requests": [
        {
            "requests": [
                REQUESTED,
                {**REQUESTED, "number": 4, "resource": "knowledge_base", "lasts": 0, "topic": "text"},
            ]
        },
        {"requests": []},
    ],
    "lease_ask": [
        {
            "offer": OTHER,
            "resource": "memory_capacity",
            "amount": 512,
            "price": 7,
            "begins": 1_000,
            "ends": 61_000,
            "request": 3,
            "topic": "text",
        },
        {"offer": OTHER, "resource": "memory_capacity", "amount": 512, "price": 7, "begins": 1_000, "ends": 61_000},
    ],
    "lease": [
        {
            "ask": DIGEST,
            "state": "metered",
            "fence": 4,
            "take_by": 61_000,
            "used": 9_000,
            "ended": 70_000,
            "cost": 12,
            "records": [DIGEST, OTHER],
        },
        {"ask": DIGEST, "state": "granted", "fence": 4, "take_by": 61_000},
    ],
    "lease_act": [{"ask": DIGEST, "act": "agree", "cost": 12}, {"ask": DIGEST, "act": "take"}],
    "work": [{**WORK, "text": FULL_SKILL}, WORK],
    "worked": [WORKED, {name: WORKED[name] for name in WORKED if name != "reason"}],
    "capability": [CAPABILITY, {"capabilities": []}],
    "task": [PROVE, TASK, QUERY],
    "task_said": [TASK_SAID, {"task": OTHER, "state": "accepted"}],
    "task_stop": [{"task": OTHER}],
    "root": [root(1), root(1, signing_keys=[str(key(5).public.did)])],
}
