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
RECEIPT: dict[str, Any] = {
    "dealing": "skill_refuted",
    "subject": str(key(2).public.did),
    "skill": DIGEST,
    "records": [DIGEST, OTHER],
    "reason": "refuted",
}


def root(author: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """Returns root metadata that names one key, with `changes`."""
    keys = [str(key(author).public.did)]
    body = {"root_keys": keys, "root_threshold": 1, "signing_keys": keys, "signing_threshold": 1, "version": version}
    return {**body, **changes}


BODIES: dict[str, list[dict[str, Any]]] = {
    "skill": [{"skill": SKILL, "claim": {}}, {"skill": FULL_SKILL, "claim": CLAIM}],
    "evidence": [EVIDENCE, FAILED, {name: value for name, value in FAILED.items() if name != "reason"}],
    "tombstone": [{"skill": DIGEST, "why": "a mistake", "recall": True}, {"skill": DIGEST}],
    "acknowledgement": [{"tombstone": OTHER, "skill": DIGEST, "removed": True, "derivatives": 2}],
    "receipt": [RECEIPT, {name: RECEIPT[name] for name in ("dealing", "subject", "records")}],
    "hello": [{"versions": ["1.0"], "name": "Lübeck", "role": "hub", "skills": 3}, {"versions": ["1.0", "2.0"]}],
    "welcome": [{"to": DIGEST, "version": "1.0", "name": "Visby", "role": "node"}, {"to": DIGEST, "version": "1.0"}],
    "join": [{"proof": DIGEST, "name": "Lübeck", "role": "hub", "url": "https://harbour.example"}, {"proof": DIGEST}],
    "joined": [
        {"to": DIGEST, "outcome": "refused", "reason": "bad_invitation", "name": "Visby", "role": "node"},
        {"to": DIGEST, "outcome": "waiting"},
    ],
    "index": [{"length": 7, "head": DIGEST}, {"length": 0, "head": ""}],
    "root": [root(1), root(1, signing_keys=[str(key(5).public.did)])],
}
