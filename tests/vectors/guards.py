"""Do the cases bite? Each guard of the JavaScript verifier is taken out once, in a copy; some case must then differ.

python -m tests.vectors.guards [part of a file name …]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.vectors.protocol import ROOT, Silent
from tests.vectors.run import differences

VERIFIER = Path("src/hansa/entrypoints/http/static/verify")
COMMAND = Path("tests/vectors/judge.mjs")


@dataclass(frozen=True)
class Guard:
    """A text that occurs once in a file of the verifier, what stands there when it is gone, a case that must differ."""

    file: str
    line: str
    gone: str
    case: str

    @property
    def name(self) -> str:
        """One line for reports."""
        return f"{self.file}: {self.line[:90]}"


GUARDS = [
    Guard("bytes.js", "btoa(binary) !== text", "false", "base64-other-spelling"),
    Guard("bytes.js", "if (!BASE64.test(text)) return null;", "", "base64-without-padding"),
    Guard("canonical.js", "bytes.length > limits.maxBytes", "false", "too-large-and-broken"),
    Guard("canonical.js", "keys > limits.maxKeys", "false", "1001-keys"),
    Guard("canonical.js", "items > limits.maxItems", "false", "10001-items"),
    Guard("canonical.js", "deepest > limits.maxDepth", "false", "33-levels"),
    Guard("canonical.js", "backslashes % 2 === 0", "true", "levels-behind-escaped-quote"),
    Guard("canonical.js", "!equal(utf8(again), bytes)", "false", "duplicate-key"),
    Guard("canonical.js", "Number.isSafeInteger(value)", "true", "payload-two-to-the-53"),
    Guard("canonical.js", "Object.keys(value).sort()", "Object.keys(value)", "keys-out-of-order"),
    Guard("canonical.js", "fatal: true", "fatal: false", "overlong-utf-8"),
    Guard("canonical.js", "ignoreBOM: true", "ignoreBOM: false", "byte-order-mark"),
    Guard("canonical.js", 'token.includes("\\\\u")', "false", "lone-high-surrogate"),
    Guard("canonical.js", "token.length > MAX_INTEGER_LENGTH", "false", "payload-4301-digits"),
    Guard("canonical.js", "!Number.isFinite(Number(token))", "false", "payload-1e400"),
    Guard("keys.js", "if (y >= P)", "if (false)", "key-not-canonical"),
    Guard("keys.js", "if (SMALL_ORDER_Y.has(y))", "if (false)", "small-order-key-4"),
    Guard("keys.js", '=== 1n ? ""', '!== 2n ? ""', "key-no-point"),
    Guard("keys.js", "bytes.length !== 34", "bytes.length < 34", "key-of-33-bytes"),
    Guard("keys.js", "...new Array(zeros).fill(0), ", "", "key-leading-1"),
    Guard(
        "keys.js",
        "if (SMALL_ORDER_Y.has(littleEndian(signature.subarray(0, 32)) & Y_MASK)) return false;",
        "",
        "small-order-r",
    ),
    Guard("keys.js", "return crypto.subtle.verify(", "return true || crypto.subtle.verify(", "signature-one-bit"),
    Guard("batch.js", "concat(LEAF, message)", "message", "batch-0-of-2"),
    Guard("batch.js", "while (power * 2 < size)", "while (power * 2 <= size)", "batch-0-of-2"),
    Guard("batch.js", "size: batch.size }", "size: 7 }", "batch-size-exchanged"),
    Guard("envelope.js", "read.index >= read.size || ", "", "batch-index-beyond-the-end"),
    Guard("envelope.js", "read.path.length !== 32 * pathLength(read.index, read.size)", "false", "batch-path-too-long"),
    Guard("envelope.js", "if (signed.signatures.length === 0)", "if (false)", "unsigned"),
    Guard("envelope.js", "if (signed.payloadType !== PAYLOAD_TYPE)", "if (false)", "other-payload-type"),
    Guard(
        "envelope.js",
        'if (!(await fits(keys[at], one.sig, bytes))) throw new Refused("forged", "envelope 4");',
        "",
        "payload-exchanged",
    ),
    Guard("envelope.js", "if (!keys.has(signer))", "if (false)", "signed-by-another"),
    Guard("envelope.js", "if (signers.size < threshold)", "if (false)", "same-key-twice-of-two"),
    Guard("shapes.js", "if (unknown !== undefined)", "if (false)", "extra-field"),
    Guard("shapes.js", "[...value].length", "value.length", "text-of-64-astral-characters"),
    Guard("shapes.js", "!CONTENT_ID.test(value)", "false", "skill-lineage-line-end"),
    Guard("shapes.js", "Object.hasOwn(fields, name)", "name in fields", "proto-field"),
    Guard("bodies.js", "body.successes > body.trials || ", "", "evidence-more-successes-than-trials"),
    Guard("bodies.js", 'body.outcome === "pass" && !whole', "false", "evidence-pass-with-a-failure"),
    Guard(
        "bodies.js",
        'body.destination_nodes.length > 0 !== (body.mode === "multicast")',
        'body.destination_nodes.length === 0 && body.mode === "multicast"',
        "notice-broadcast-to-nodes",
    ),
    Guard(
        "bodies.js",
        'body.destination_nodes.length > 0 !== (body.mode === "multicast")',
        'body.destination_nodes.length > 0 && body.mode !== "multicast"',
        "notice-multicast-to-nobody",
    ),
    Guard(
        "bodies.js",
        '(body.resource !== "") !== (body.mode === "resource_directed")',
        'body.resource === "" && body.mode === "resource_directed"',
        "notice-broadcast-with-a-resource",
    ),
    Guard(
        "bodies.js",
        '(body.resource !== "") !== (body.mode === "resource_directed")',
        'body.resource !== "" && body.mode !== "resource_directed"',
        "notice-towards-nothing",
    ),
    Guard("bodies.js", "entries.length > 32", "false", "notice-payload-of-33"),
    Guard("bodies.js", "text(1, 64)(name);", "", "notice-payload-name-empty"),
    Guard("bodies.js", "text(0, 2000)(one);", "", "notice-payload-a-number"),
    Guard("bodies.js", "!pattern.test(value)", "false", "notice-type-in-capitals"),
    Guard("admission.js", "if (spread) return;", "", "spread-lower-number"),
    Guard("admission.js", "if (!SPOKEN.includes(header.version))", "if (false)", "version-2"),
    Guard("admission.js", "header.network !== context.network && ", "false && ", "network-other"),
    Guard(
        "admission.js", "header.recipient !== EVERYONE && header.recipient !== context.me", "false", "recipient-other"
    ),
    Guard(
        "admission.js", "standing && header.network === EVERYONE", "header.network === EVERYONE", "network-everywhere"
    ),
    Guard("admission.js", "Object.hasOwn(KINDS, header.kind)", "header.kind in KINDS", "kind-tostring"),
    Guard("admission.js", "header.created > context.now + context.window_ms", "false", "from-the-future"),
    Guard("admission.js", "header.expires !== 0 && context.now >= header.expires", "false", "expired-now"),
    Guard("admission.js", "live && header.created < context.now - context.window_ms", "false", "live-after-the-window"),
    Guard("admission.js", "context.banned.includes(header.author)", "false", "banned"),
    Guard("admission.js", "context.held.includes(id)", "false", "duplicate-live"),
    Guard("admission.js", "header.seq <= (", "header.seq < (", "live-same-number"),
    Guard("admission.js", "one.author === header.author && ", "", "durable-number-of-another"),
    Guard("roots.js", "root.expires !== 0 && now >= root.expires", "false", "root-expired"),
    Guard("roots.js", "if (body.version !== expected)", "if (false)", "root-jump"),
    Guard("roots.js", "if (distinct.size !== dids.length)", "if (false)", "root-key-named-twice"),
    Guard("roots.js", "least < 1 || ", "", "root-threshold-zero"),
    Guard("roots.js", "if (header.seq <= MAX_VERSIONS && known.length > 0)", "if (false)", "root-number-reserved"),
    Guard("roots.js", "if (version !== header.seq)", "if (false)", "root-record-number-is-not-its-version"),
    Guard("roots.js", "if (body.version > MAX_VERSIONS)", "if (false)", "root-version-1001"),
    Guard("roots.js", "before !== undefined && until > before.until", "false", "root-bound-raised"),
    Guard("roots.js", "if (retired.has(did)) throw", "if (false) throw", "root-retired-key-back"),
    Guard("roots.js", "return live ? today :", "return false ? today :", "root-retired-key-greets"),
    Guard("envelope.js", "seq > one.until", "false", "root-retired-key-too-late"),
    Guard("envelope.js", "Math.max(...then.map((one) => one.threshold))", "1", "root-retired-one-of-two"),
    Guard(
        "envelope.js",
        "![...signers].every((one) => roster.keys.has(one) || ",
        "![...signers].some((one) => ",
        "root-retired-key-and-a-strangers",
    ),
    Guard("roots.js", "if (counted < wanted.threshold)", "if (false)", "root-next-without-the-old-key"),
    Guard("roots.js", " || message.header.author !== node", "", "root-of-another-node"),
]


def unwatched(guard: Guard) -> str:
    """Returns what is wrong when no case notices that `guard` is gone; "" when its case does."""
    with tempfile.TemporaryDirectory() as folder:
        for path in (VERIFIER, COMMAND.parent):
            shutil.copytree(ROOT / path, Path(folder) / path, ignore=shutil.ignore_patterns("*.py*", "__pycache__"))
        file = Path(folder) / VERIFIER / guard.file
        text = file.read_text(encoding="utf-8")
        if text.count(guard.line) != 1:
            return f"{guard.name}: found {text.count(guard.line)} times, expected once"
        file.write_text(text.replace(guard.line, guard.gone), encoding="utf-8")
        try:
            _, lines = differences(("sh", "-c", f"exec node --no-warnings {Path(folder) / COMMAND} 2>/dev/null"))
        except Silent:
            return ""  # it broke, which is noticed too
        noticed = [line.split(":")[0] for line in lines]
        return "" if guard.case in noticed else f"{guard.name}: {guard.case} still agrees, differing: {noticed[:5]}"


def main(parts: list[str]) -> int:
    """Takes the guards out, one after the other."""
    chosen = [guard for guard in GUARDS if not parts or any(part in guard.file for part in parts)]
    faults = [fault for guard in chosen if (fault := unwatched(guard))]
    print("\n".join([*faults, f"{len(chosen) - len(faults)} of {len(chosen)} guards are watched"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
