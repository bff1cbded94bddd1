"""Attacks 1, 3, 5, 7 on one signature over many messages: each is proved by its own path, or it is not proved."""

from __future__ import annotations

import base64
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity import envelope as module
from hansa.identity.envelope import (
    BATCH_TYPE,
    PAYLOAD_TYPE,
    Roster,
    Signed,
    batch_statement,
    pre_authentication_encoding,
    read,
    seal,
    seal_again,
    seal_batch,
    verify,
)
from hansa.identity.keys import SigningKey
from hansa.identity.merkle import Tree, leaf_hash
from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from tests.attacks.forgeries import envelope, mutations, signature, with_fields
from tests.attacks.specimens import BODIES, header, key, reason, scaled, sealed

ALICE, BOB, MALLORY = key(1), key(2), key(3)
KINDS = list(BODIES)


def batch(author: SigningKey = ALICE, size: int = 7, keys: list[SigningKey] | None = None) -> list[Signed]:
    """Returns a batch of different messages by one author."""
    kinds = [KINDS[number % len(KINDS)] for number in range(size)]
    pairs = [(header(author, kind=kind, seq=number), BODIES[kind]) for number, kind in enumerate(kinds)]
    return seal_batch(pairs, keys or [author])


BATCH = batch()
OTHER = batch(BOB)


def changed(message: Signed, **fields: Any) -> bytes:
    """Returns the envelope with some fields of its one signature's batch changed."""
    whole = json.loads(message.raw)
    whole["signatures"][0]["batch"].update(fields)
    return canonical.encode(whole)


def with_signature(message: Signed, **fields: Any) -> bytes:
    """Returns the envelope with some fields of its one signature changed."""
    whole = json.loads(message.raw)
    whole["signatures"][0].update(fields)
    return canonical.encode(whole)


def refused(raw: bytes) -> Reason:
    """Returns why a message is refused; the test fails when it is not."""
    return reason(lambda: verify(read(raw)))


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    module._check_batch.cache_clear()
    module._BATCHES._last = None


@pytest.mark.parametrize("size", [2, 3, 4, 7, 8, 9, 100, 1024])
def test_each_message_of_a_batch_is_proved_alone(size: int) -> None:
    messages = batch(size=size)
    for index in {0, 1, size // 2, size - 1}:
        module._check_batch.cache_clear()
        module._BATCHES._last = None
        message = verify(read(messages[index].raw))
        assert (message.author, message.header.seq) == (ALICE.public.did, index)
        assert message.signers == {ALICE.public}


def test_a_batch_changes_no_id() -> None:
    alone = [
        sealed(ALICE, kind=one.kind, seq=one.seq) for one in (verify(read(message.raw)).header for message in BATCH)
    ]
    assert [one.id for one in alone] == [one.id for one in BATCH]
    assert [one.id for one in seal_again(alone, [ALICE])] == [one.id for one in alone]
    assert [one.raw for one in seal_again(alone, [ALICE])] == [one.raw for one in BATCH]
    assert seal_again(alone[:1], [ALICE])[0].raw == alone[0].raw


def test_a_message_alone_is_signed_as_itself_and_a_crowd_is_split() -> None:
    assert "batch" not in json.loads(batch(size=1)[0].raw)["signatures"][0]
    assert batch(size=0) == []
    crowd = batch(size=1025)
    sizes = [json.loads(one.raw)["signatures"][0].get("batch", {}).get("size") for one in crowd]
    assert sizes == [1024] * 1024 + [None]
    assert verify(read(crowd[1023].raw)).header.seq == 1023
    assert verify(read(crowd[1024].raw)).header.seq == 1024


def test_the_text_of_the_format_is_what_is_written() -> None:
    """Written out by hand from docs/reference/records.md."""
    first, second = BATCH[0], BATCH[1]
    pair = seal_batch([(verify(read(one.raw)).header, verify(read(one.raw)).body) for one in (first, second)], [ALICE])
    entry = json.loads(pair[0].raw)["signatures"][0]
    other = leaf_hash(pre_authentication_encoding(PAYLOAD_TYPE, second.payload))
    assert entry["batch"] == {"index": 0, "path": base64.b64encode(other).decode(), "size": 2}
    tree = Tree([pre_authentication_encoding(PAYLOAD_TYPE, one.payload) for one in (first, second)])
    statement = b'{"root":"%b","size":2}' % tree.root.hex().encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(BATCH_TYPE), BATCH_TYPE.encode(), len(statement), statement)
    assert signed == batch_statement(tree.root, 2)
    assert ALICE.public.fits(base64.b64decode(entry["sig"]), signed)


def test_no_single_byte_mutation_of_a_batched_message_is_accepted() -> None:
    verify(read(BATCH[4].raw))  # the good signature is remembered
    for raw in mutations(BATCH[4].raw, scaled(600), seed=1):
        if raw != BATCH[4].raw:
            with pytest.raises(Refused):
                verify(read(raw))


@pytest.mark.parametrize(
    ("flaw", "fields"),
    [
        ("another place", {"index": 3}),
        ("a place beyond", {"index": 7}),
        ("a place below", {"index": -1}),
        ("a smaller tree", {"size": 5}),
        ("a larger tree", {"size": 8}),
        ("a tree of one", {"size": 1, "index": 0, "path": ""}),
        ("a tree of none", {"size": 0, "index": 0, "path": ""}),
        ("a forest", {"size": 1025}),
        ("no path", {"path": ""}),
        ("half a hash", {"path": base64.b64encode(bytes(16)).decode()}),
        ("a path too long", {"path": base64.b64encode(bytes(32 * 4)).decode()}),
        ("another path", {"path": base64.b64encode(bytes(32 * 3)).decode()}),
        ("an index as text", {"index": "4"}),
        ("a path as a list", {"path": []}),
        ("a field more", {"root": "00"}),
        (
            "base64 in another spelling",
            {"path": json.loads(BATCH[4].raw)["signatures"][0]["batch"]["path"][:-1] + "\n"},
        ),
    ],
)
def test_a_place_that_is_not_the_signed_one_is_refused(flaw: str, fields: dict[str, Any]) -> None:
    verify(read(BATCH[4].raw))
    assert refused(changed(BATCH[4], **fields)) in (Reason.FORGED, Reason.BAD_ENVELOPE)


@pytest.mark.parametrize("given", [None, [], "", 0, {}, {"index": 0}, {"index": 0, "path": "", "size": 2.0}])
def test_what_is_no_place_is_no_envelope(given: Any) -> None:
    try:
        raw = with_signature(BATCH[0], batch=given)
    except ValueError:
        raw = json.dumps({**json.loads(BATCH[0].raw), "signatures": [given]}).encode()
    assert refused(raw) in (Reason.BAD_ENVELOPE, Reason.NOT_CANONICAL)


def test_a_length_that_does_not_belong_to_the_place_is_named_so() -> None:
    assert refused(changed(BATCH[4], path="")) is Reason.BAD_ENVELOPE
    assert refused(changed(BATCH[4], index=6)) is Reason.BAD_ENVELOPE  # the last of seven has a shorter path


def test_a_batch_signature_without_its_place_is_a_forgery_and_the_other_way_round() -> None:
    whole = json.loads(BATCH[0].raw)
    sig = whole["signatures"][0]
    assert refused(envelope(BATCH[0].payload, [{"keyid": sig["keyid"], "sig": sig["sig"]}])) is Reason.FORGED
    alone = json.loads(sealed(ALICE, kind=KINDS[0], seq=0).raw)["signatures"][0]
    assert refused(with_signature(BATCH[0], sig=alone["sig"])) is Reason.FORGED


def test_a_payload_that_is_no_leaf_is_a_forgery() -> None:
    verify(read(BATCH[0].raw))
    whole = json.loads(BATCH[0].raw)
    evil = with_fields(BATCH[0], body={"claim": "evil"})
    assert refused(envelope(evil, whole["signatures"])) is Reason.FORGED
    assert refused(envelope(BATCH[1].payload, whole["signatures"])) is Reason.FORGED


def test_another_ones_batch_signature_does_not_fit() -> None:
    verify(read(BATCH[0].raw)), verify(read(OTHER[0].raw))
    theirs = json.loads(OTHER[0].raw)["signatures"][0]
    assert refused(with_signature(BATCH[0], sig=theirs["sig"])) is Reason.FORGED
    assert refused(with_signature(BATCH[0], keyid=theirs["keyid"])) is Reason.FORGED
    assert refused(envelope(BATCH[0].payload, [theirs])) is Reason.FORGED


def test_who_signs_a_batch_speaks_for_nobody_else_in_it() -> None:
    pairs = [(header(MALLORY, seq=1), {}), (header(ALICE, seq=2), {})]
    mine, forged = seal_batch(pairs, [MALLORY])
    assert verify(read(mine.raw)).author == MALLORY.public.did
    assert refused(forged.raw) is Reason.WRONG_SIGNER


def test_a_weak_key_signs_no_batch() -> None:
    """Threat 3: a signature that fits every message under the identity point is refused for its key."""
    identity = "did:key:z" + _base58(b"\xed\x01" + b"\x01" + bytes(31))
    assert refused(with_signature(BATCH[0], keyid=identity)) is Reason.BAD_KEY


def test_a_malleable_signature_over_a_batch_is_refused() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    sig = base64.b64decode(json.loads(BATCH[0].raw)["signatures"][0]["sig"])
    raised = (int.from_bytes(sig[32:], "little") + order).to_bytes(32, "little")
    verify(read(BATCH[0].raw))
    assert refused(with_signature(BATCH[0], sig=base64.b64encode(sig[:32] + raised).decode())) is Reason.FORGED


def test_the_statement_of_a_batch_is_no_message_and_a_message_no_statement() -> None:
    tree = Tree([pre_authentication_encoding(PAYLOAD_TYPE, one.payload) for one in BATCH])
    statement = canonical.encode({"root": tree.root.hex(), "size": 7})
    sig = base64.b64decode(json.loads(BATCH[0].raw)["signatures"][0]["sig"])
    raw = envelope(statement, [signature(ALICE.public.did, sig)], payload_type=BATCH_TYPE)
    assert refused(raw) is Reason.BAD_ENVELOPE
    as_message = ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, statement))
    assert refused(with_signature(BATCH[0], sig=base64.b64encode(as_message).decode())) is Reason.FORGED


# ---- threat 7: a key counts once, however it signs


def both(message: Signed, *others: Signed) -> bytes:
    """Returns the envelope with the signatures of several envelopes of the same message."""
    entries = [entry for one in (message, *others) for entry in json.loads(one.raw)["signatures"]]
    return envelope(message.payload, entries)


def ring(*keys: SigningKey, threshold: int) -> Any:
    """Returns a ring in which these keys speak for everybody."""
    return lambda _: Roster(frozenset(one.public for one in keys), threshold)


def test_a_key_that_signs_alone_and_in_a_batch_counts_once() -> None:
    pair = (header(ALICE, kind=KINDS[0], seq=0), BODIES[KINDS[0]])
    alone, in_batch = seal(*pair, [ALICE]), BATCH[0]
    smaller = seal_batch([pair, (header(ALICE, seq=99), {})], [ALICE])[0]
    assert alone.payload == in_batch.payload == smaller.payload
    raw = both(alone, in_batch, smaller)
    assert verify(read(raw)).signers == {ALICE.public}
    assert reason(lambda: verify(read(raw), ring(ALICE, BOB, threshold=2))) is Reason.THRESHOLD


def test_two_keys_count_as_two_alone_or_in_a_batch() -> None:
    pair = (header(ALICE, seq=5), {})
    by_both = seal_batch([pair, (header(ALICE, seq=6), {})], [ALICE, BOB])[0]
    assert verify(read(by_both.raw), ring(ALICE, BOB, threshold=2)).signers == {ALICE.public, BOB.public}
    mixed = both(seal(*pair, [ALICE]), seal_batch([pair, (header(BOB, seq=1), {})], [BOB])[0])
    assert verify(read(mixed), ring(ALICE, BOB, threshold=2)).signers == {ALICE.public, BOB.public}


def test_one_bad_signature_beside_a_good_one_refuses_the_message() -> None:
    good = json.loads(BATCH[0].raw)["signatures"][0]
    bad = {**good, "sig": base64.b64encode(bytes(64)).decode()}
    for entries in ([good, bad], [bad, good]):
        assert refused(envelope(BATCH[0].payload, entries)) is Reason.FORGED


# ---- what is remembered


def test_a_signature_over_a_batch_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = []
    fits = module.PublicKey.fits
    monkeypatch.setattr(module.PublicKey, "fits", lambda *given: checks.append(given) or fits(*given))
    for both in zip(BATCH, OTHER, strict=True):
        for message in both:
            verify(read(message.raw))
    assert len(checks) == 2


def test_what_did_not_fit_is_not_remembered_and_what_fits_is_remembered_for_itself_alone() -> None:
    bad = with_signature(BATCH[0], sig=base64.b64encode(bytes(64)).decode())
    for _ in range(3):
        assert refused(bad) is Reason.FORGED
    assert module._check_batch.cache_info().currsize == 0
    verify(read(BATCH[0].raw))
    assert module._check_batch.cache_info().currsize == 1
    assert refused(bad) is Reason.FORGED


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(200), deadline=None)
def test_what_stands_beside_a_proved_message_is_proved_as_if_alone(seed: int) -> None:
    random = Random(seed)
    verify(read(random.choice(BATCH).raw))
    whole = json.loads(random.choice(BATCH).raw)
    place = whole["signatures"][0]["batch"]
    path = bytearray(base64.b64decode(place["path"]))
    path[random.randrange(len(path))] ^= random.choice([0, 1, 128])
    place["path"] = base64.b64encode(path).decode()
    if random.random() < 0.5:
        place["index"] = random.randrange(len(BATCH))
    payload = base64.b64decode(json.loads(random.choice(BATCH).raw)["payload"])
    raw = envelope(payload, whole["signatures"])
    beside = outcome(raw)
    module._BATCHES._last = None
    assert outcome(raw) == beside


def outcome(raw: bytes) -> object:
    """Returns a message's id, or why it is refused."""
    try:
        return verify(read(raw)).id
    except Refused as refusal:
        return refusal.reason


def test_what_is_no_leaf_stands_beside_no_proved_message() -> None:
    verify(read(BATCH[0].raw))
    evil = with_fields(BATCH[0], body={"claim": "evil"})
    assert refused(envelope(evil, json.loads(BATCH[0].raw)["signatures"])) is Reason.FORGED


def test_who_stands_beside_a_message_of_another_signer_is_not_signed_by_it() -> None:
    verify(read(BATCH[0].raw))
    assert refused(with_signature(BATCH[1], keyid=BOB.public.did)) is Reason.FORGED


def test_who_stands_beside_a_message_of_another_signature_is_not_signed_by_it() -> None:
    verify(read(BATCH[0].raw))
    assert refused(with_signature(BATCH[1], sig=base64.b64encode(bytes(64)).decode())) is Reason.FORGED


def test_what_is_remembered_is_bounded() -> None:
    assert module._check_batch.cache_info().maxsize == module.REMEMBERED_BATCHES
    assert module.PublicKey.from_did(ALICE.public.did) == ALICE.public


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(200), deadline=None)
def test_moving_parts_between_batches_makes_no_new_message(seed: int) -> None:
    random = Random(seed)
    stock = [*BATCH, *OTHER, sealed(ALICE, kind=KINDS[0], seq=0)]
    wholes = [json.loads(one.raw) for one in stock]
    whole, other = random.choice(wholes), random.choice(wholes)
    entry = {**whole["signatures"][0], **random.choice([{}, {"sig": other["signatures"][0]["sig"]}])}
    place = other["signatures"][0].get("batch")
    if place and random.random() < 0.7:
        entry["batch"] = {**place, **random.choice([{}, entry.get("batch", {})])}
    payload = base64.b64decode(random.choice([whole, other])["payload"])
    raw = envelope(payload, random.choice([[entry], [entry, other["signatures"][0]]]))
    try:
        message = verify(read(raw))
    except Refused:
        return
    assert message.id in {one.id for one in stock}
    assert {one.did for one in message.signers} == {message.author}


def _base58(data: bytes) -> str:
    from tests.attacks.forgeries import base58

    return base58(data)
