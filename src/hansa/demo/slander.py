"""A campaign against an honest author: invited members who report, each with a finding that was never made.

    python -m hansa.demo.slander HUB_URL VICTIM_ID HOME…

has the owner of each HOME report that a skill of the victim reaches for files. Prints the answers as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from hansa.adapters.caller import HttpCaller
from hansa.adapters.clock import SystemClock
from hansa.adapters.keys import FileKeys
from hansa.admission.versions import SUPPORTED
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.entrypoints.home import KEY
from hansa.entrypoints.identities import read_roots
from hansa.identity import envelope
from hansa.identity.envelope import Header, Signed
from hansa.kernel.canonical import Json
from hansa.kernel.ids import EVERYONE, ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.skills.messages import EVIDENCE, SKILL, SkillBody, evidence_body
from hansa.skills.model import Evidence, Outcome

NETWORK = "hansa"


async def tell(hub: str, victim: str, homes: list[Path]) -> dict[str, Any]:
    """Has each member send its report to the hub."""
    caller = HttpCaller()
    try:
        claim, skill = await _claim_of(caller, hub, victim)
        answers = [await _report(caller, hub, victim, claim, skill, home) for home in homes]
    finally:
        await caller.close()
    return {"skill": skill, "answers": answers}


async def _claim_of(caller: HttpCaller, hub: str, victim: str) -> tuple[str, str]:
    """Returns a message in which the victim passes a skill on, and that skill."""
    after = 0
    while True:
        page = json.loads((await caller.get(hub, f"/feed?after={after}&limit=100")).body)
        for item in page["items"]:
            after = item["place"]
            payload = json.loads(base64.b64decode(json.loads(item["envelope"])["payload"]))
            if (payload["kind"], payload["author"]) == (SKILL, victim):
                return item["id"], parse(payload["body"], SkillBody).skill.id
        if not page["items"]:
            raise SystemExit("the victim has published nothing")


async def _report(caller: HttpCaller, hub: str, victim: str, claim: str, skill: str, home: Path) -> list[int]:
    keys, now = FileKeys.load(home / KEY), SystemClock().now()
    reason = Reason.SANDBOX_FILE.code
    harness = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
    finding = Evidence(ContentId(skill), keys.node_id, harness, "none", Outcome.FAIL, 5, 0, 0, 2, "0" * 64, reason, now)
    evidence = _say(keys, EVIDENCE, evidence_body(finding), now)
    receipt = Receipt(
        dealing=Dealing.SKILL_REFUTED, subject=victim, skill=skill, records=(claim, evidence.id), reason=reason
    )
    accusation = _say(keys, RECEIPT, msgspec.to_builtins(receipt), now + 1)
    await caller.post(hub, "/skills/bulk", b"\n".join(read_roots(home)))
    return [(await caller.post(hub, "/records", one.raw)).status for one in (evidence, accusation)]


def _say(keys: FileKeys, kind: str, body: Json, now: int) -> Signed:
    header = Header(
        version=SUPPORTED[-1], network=NETWORK, kind=kind, author=keys.node_id, recipient=EVERYONE, seq=now,
        created=now, expires=0,
    )  # fmt: skip
    return envelope.seal(header, body, [keys.key])


if __name__ == "__main__":
    hub, victim, *homes = sys.argv[1:]
    json.dump(asyncio.run(tell(hub, victim, [Path(one) for one in homes])), sys.stdout)
