"""Attack 5: one object is verified, another one is used. What `verify` gives out is what was signed, byte for byte."""

from __future__ import annotations

import ast
import base64
import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hansa
from hansa.identity.envelope import PAYLOAD_TYPE, Verified, read, verify
from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import content_id
from tests.attacks.forgeries import envelope, signature, with_fields
from tests.attacks.specimens import key, scaled, sealed

ALICE, MALLORY = key(1), key(2)
SIGNED = sealed(ALICE)
OTHER = sealed(ALICE, kind="tombstone", seq=2)
EVIL = with_fields(SIGNED, body={"claim": "evil"})
WHOLE: dict[str, Any] = json.loads(SIGNED.raw)
SIG = WHOLE["signatures"][0]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def used(message: Verified) -> bytes:
    """Returns the bytes of what a domain room gets to see."""
    return canonical.encode({**msgspec.structs.asdict(message.header), "body": message.body})


def outcome(raw: bytes) -> bytes | None:
    """Returns the bytes of what is used, or None when nothing is."""
    try:
        message = verify(read(raw))
    except Refused:
        return None
    assert message.raw == raw
    assert message.id == content_id(used(message))
    return used(message)


def changed(**fields: Any) -> bytes:
    return canonical.encode({**WHOLE, **fields})


EVIL_B64 = b64(EVIL)
WRAPPED: dict[str, bytes] = {
    "sibling payload": changed(payload2=EVIL_B64),
    "sibling payload, capital": changed(Payload=EVIL_B64),
    "sibling payload, sorted before": changed(Payloae=EVIL_B64),
    "sibling body": changed(body={"claim": "evil"}),
    "sibling header": changed(header=json.loads(EVIL)),
    "sibling message": changed(message=EVIL_B64),
    "sibling parsed payload": changed(parsed=json.loads(EVIL)),
    "sibling of empty name": changed(**{"": EVIL_B64}),
    "unprotected header": changed(unprotected={"author": MALLORY.public.did}),
    "payload as an object": changed(payload=json.loads(EVIL)),
    "payload as a list": changed(payload=[WHOLE["payload"], EVIL_B64]),
    "payload is the whole envelope": changed(payload=b64(SIGNED.raw)),
    "payload with the signed one inside": changed(payload=b64(with_fields(SIGNED, body={"original": WHOLE}))),
    "payload of two payloads": changed(payload=b64(SIGNED.payload + EVIL)),
    "evil payload first": changed(payload=b64(EVIL + SIGNED.payload)),
    "evil payload": changed(payload=EVIL_B64),
    "payload of another message by the same author": changed(payload=json.loads(OTHER.raw)["payload"]),
    "signatures of another message by the same author": changed(signatures=json.loads(OTHER.raw)["signatures"]),
    "payload in URL alphabet": changed(payload=b64(SIGNED.payload).replace("+", "-").replace("/", "_") + "-"),
    "payload without padding": changed(payload=b64(SIGNED.payload + b" ").rstrip("=")),
    "payload with a line end": changed(payload=WHOLE["payload"] + "\n"),
    "payload with a blank within": changed(payload=WHOLE["payload"][:40] + " " + WHOLE["payload"][40:]),
    "payload with padding and more": changed(payload=WHOLE["payload"].rstrip("=") + "==" + EVIL_B64),
    "null payload": changed(payload=None),
    "empty payload": changed(payload=""),
    "payload type of another protocol": changed(payloadType="application/vnd.in-toto+json"),
    "payload type with a parameter": changed(payloadType=f"{PAYLOAD_TYPE};charset=utf-8"),
    "payload type in capitals": changed(payloadType=PAYLOAD_TYPE.upper()),
    "envelope in an envelope": canonical.encode({"envelope": WHOLE}),
    "envelope in a list": canonical.encode([WHOLE]),
    "two envelopes in a list": canonical.encode([WHOLE, json.loads(OTHER.raw)]),
    "two envelopes in a row": SIGNED.raw + OTHER.raw,
    "envelope twice": SIGNED.raw * 2,
    "envelope as text": canonical.encode(SIGNED.raw.decode()),
    "evil payload after the signed one": SIGNED.raw[:-1] + b',"payload":"' + EVIL_B64.encode() + b'"}',
    "evil payload before the signed one": b'{"payload":"' + EVIL_B64.encode() + b'",' + SIGNED.raw[1:],
    "signed payload twice": b'{"payload":"' + WHOLE["payload"].encode() + b'",' + SIGNED.raw[1:],
    "signatures twice": SIGNED.raw[:-1] + b',"signatures":[]}',
    "fields out of order": json.dumps(dict(reversed(WHOLE.items())), separators=(",", ":")).encode(),
    "written for reading": json.dumps(WHOLE, indent=1).encode(),
    "sig before keyid": SIGNED.raw.replace(
        canonical.encode(SIG), json.dumps(dict(reversed(SIG.items())), separators=(",", ":")).encode()
    ),
    "extra field in a signature": changed(signatures=[{**SIG, "payload": EVIL_B64}]),
    "certificate in a signature": changed(signatures=[{**SIG, "cert": "x"}]),
    "signatures nested": changed(signatures=[[SIG]]),
    "extra signature by somebody": envelope(
        SIGNED.payload, [SIG, signature(MALLORY.public.did, MALLORY.sign(SIGNED.payload))]
    ),
    "extra signature first": envelope(SIGNED.payload, [signature(MALLORY.public.did, bytes(64)), SIG]),
    "extra empty signature": envelope(SIGNED.payload, [SIG, signature(ALICE.public.did, b"")]),
    "extra null signature": changed(signatures=[SIG, None]),
}
HARMLESS: dict[str, bytes] = {
    "as it was": SIGNED.raw,
    "the same signature twice": changed(signatures=[SIG, SIG]),
    "the same signature sixteen times": changed(signatures=[SIG] * 16),
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_a_wrapped_message_is_refused(wrapping: str) -> None:
    assert WRAPPED[wrapping] != SIGNED.raw
    assert outcome(WRAPPED[wrapping]) is None


@pytest.mark.parametrize("copies", HARMLESS)
def test_what_is_used_is_what_was_signed(copies: str) -> None:
    assert outcome(HARMLESS[copies]) == SIGNED.payload


def test_a_message_keeps_its_name_whoever_carries_it() -> None:
    """The id comes from the signed bytes, so that another envelope around them is a duplicate, not news."""
    assert {verify(read(raw)).id for raw in HARMLESS.values()} == {SIGNED.id}


@pytest.mark.parametrize(
    ("flaw", "payload"),
    [
        ("body twice", SIGNED.payload[:-1] + b',"body":{}}'),
        ("author twice", SIGNED.payload.replace(b'"author":', b'"author":"did:key:z6Mk","author":', 1)),
        ("blank after", SIGNED.payload + b" "),
        ("written for reading", json.dumps(json.loads(SIGNED.payload), indent=1).encode()),
        ("two payloads", SIGNED.payload * 2),
        ("unknown field", with_fields(SIGNED, admin=True)),
        ("body is a list", with_fields(SIGNED, body=[])),
        ("body is text", with_fields(SIGNED, body="{}")),
        ("seq is text", with_fields(SIGNED, seq="1")),
        ("seq is true", with_fields(SIGNED, seq=True)),
        ("seq below zero", with_fields(SIGNED, seq=-1)),
        ("created below zero", with_fields(SIGNED, created=-1)),
        ("expires below zero", with_fields(SIGNED, expires=-1)),
        ("author is a list", with_fields(SIGNED, author=[ALICE.public.did])),
        ("no kind", with_fields(SIGNED, kind="")),
        ("long kind", with_fields(SIGNED, kind="k" * 33)),
        ("long network", with_fields(SIGNED, network="n" * 65)),
        ("long version", with_fields(SIGNED, version="1" * 17)),
        ("null", b"null"),
        ("a list", b"[]"),
        ("nothing", b""),
        ("not JSON", b"\x00\xff"),
        *(
            (f"no {field}", canonical.encode({k: v for k, v in json.loads(SIGNED.payload).items() if k != field}))
            for field in json.loads(SIGNED.payload)
        ),
    ],
)
def test_a_bad_payload_is_refused_even_when_its_author_signed_it(flaw: str, payload: bytes) -> None:
    encoded = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    assert outcome(envelope(payload, [signature(ALICE.public.did, ALICE.sign(encoded))])) is None


def test_another_protocols_message_is_refused() -> None:
    """The author did sign these bytes, as something else."""
    other = "application/vnd.in-toto+json"
    sig = ALICE.sign(b"DSSEv1 %d %b %d %b" % (len(other), other.encode(), len(SIGNED.payload), SIGNED.payload))
    assert outcome(envelope(SIGNED.payload, [signature(ALICE.public.did, sig)], payload_type=other)) is None


@pytest.mark.parametrize("number", range(1, 16))
def test_base64_has_one_spelling(number: int) -> None:
    """The last letter of base64 has bits to spare; a decoder drops them, and another envelope means the same."""
    sig = SIG["sig"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert sig.endswith("==")
    spare = letters[letters.index(sig[-3]) + number]
    assert base64.b64decode(sig[:-3] + spare + "==", validate=True) == base64.b64decode(sig)
    assert outcome(changed(signatures=[{**SIG, "sig": sig[:-3] + spare + "=="}])) is None


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(300), deadline=None, derandomize=True)
def test_moving_parts_between_messages_makes_no_new_message(seed: int) -> None:
    """Signed envelopes are taken apart and put together at random; only their payloads ever come out."""
    random = Random(seed)
    signed = [SIGNED, OTHER, sealed(MALLORY)]
    stock = [json.loads(one.raw) for one in signed]
    for _ in range(random.randint(1, 3)):
        target, source = random.choice(parts(stock[0])), random.choice(parts(random.choice(stock)))
        holder, name = target
        value = copy.deepcopy(source[0][source[1]])
        if isinstance(holder, list) and random.random() < 0.5:
            holder.append(value)
        elif isinstance(holder, dict) and random.random() < 0.3:
            holder[random.choice(["payload2", "body", "sig", "keyid"])] = value
        else:
            holder[name] = value
    assert outcome(canonical.encode(stock[0])) in {None, *(one.payload for one in signed)}


def parts(value: Any) -> list[tuple[Any, Any]]:
    """Returns (holder, name) of everything inside `value`."""
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [found for name in names for found in [(value, name), *parts(value[name])]]


# Nothing above `identity` looks inside an envelope again, and nobody else makes a Verified or an Admitted.

SOURCES = sorted(Path(hansa.__file__).parent.rglob("*.py"))
MADE_ONLY_IN = {"Verified": "identity/envelope.py", "Admitted": "admission/service.py"}
INSIDE = {"payload", "payload_type", "signatures"}
MAY_LOOK_INSIDE = {
    "node/publishing.py": "shows the operator which bytes of our own message leave the machine",
    "adapters/transport/zenoh.py": "takes what Zenoh brings, a field of the same name",
    "node/newsroom.py": "shows what a verified notice says, a field of the same name",
    "overlay/notices.py": "checks what a notice says, a field of the same name",
    "overlay/handlers.py": "reads what a verified notice says, a field of the same name",
    "node/views.py": "writes down what publishing shows, a field of the same name",
}


def place(path: Path) -> str:
    return path.relative_to(Path(hansa.__file__).parent).as_posix()


def made(tree: ast.AST) -> set[str]:
    """Returns which of the guarded classes are called or given another name here."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            found |= {name} & MADE_ONLY_IN.keys()
        if isinstance(node, ast.alias) and node.asname not in (None, node.name):
            found |= {node.name} & MADE_ONLY_IN.keys()
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
            name = node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id
            found |= {name} & MADE_ONLY_IN.keys()
    return found


def looks_inside(tree: ast.AST) -> set[str]:
    """Returns which parts of an envelope are read here."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in INSIDE}


@pytest.mark.parametrize("name", MADE_ONLY_IN)
def test_only_its_own_station_makes_a(name: str) -> None:
    makers = [place(path) for path in SOURCES if name in made(ast.parse(path.read_text(encoding="utf-8")))]
    assert makers == [MADE_ONLY_IN[name]]


def test_nothing_outside_identity_reads_an_envelope() -> None:
    readers = [place(path) for path in SOURCES if looks_inside(ast.parse(path.read_text(encoding="utf-8")))]
    assert [where for where in readers if not where.startswith("identity/") and where not in MAY_LOOK_INSIDE] == []


@pytest.mark.parametrize(
    "source",
    [
        "from hansa.identity.envelope import Verified\nVerified(1)",
        "from hansa.identity import envelope\nenvelope.Verified(id=1)",
        "from hansa.identity.envelope import Verified as Fine",
        "from hansa.admission.service import Admitted\nmake = Admitted",
        "from hansa.admission import service\nmake = service.Admitted",
    ],
)
def test_the_rule_about_makers_can_fail(source: str) -> None:
    assert made(ast.parse(source))


@pytest.mark.parametrize("source", ["signed.payload", "x = f(read(data).signatures)", "y = signed.payload_type"])
def test_the_rule_about_readers_can_fail(source: str) -> None:
    assert looks_inside(ast.parse(source))
