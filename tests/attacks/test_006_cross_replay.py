"""Attack 6: a good message is shown where it was not meant to be: another kind, network, recipient or version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.admission.service import Freshness, Via
from hansa.identity.envelope import read, verify
from hansa.kernel.ids import EVERYONE, NodeId
from hansa.kernel.verdict import Reason
from tests.admission.memory import KINDS, ME, gate
from tests.attacks.forgeries import envelope, with_fields
from tests.attacks.specimens import BODIES, NOW, key, proved, reason, sealed

ALICE = key(1)
NETWORKS = ["hansa", "hansa-test", "Hansa", "hansa ", "hansa.", "hans\u0430", "h"]
NODES = [NodeId(key(number).public.did) for number in range(10, 15)]
VERSIONS = ["1.0", "0.9", "1.00", "1", "1.0.0", "01.0", "1.0 ", "v1.0", "1.1", "2.0", "*"]


@pytest.mark.parametrize("known", KINDS)
@pytest.mark.parametrize("sent", [*KINDS, "SKILL", "skill ", "skil", "skills", "*"])
def test_kind_by_kind(sent: str, known: str) -> None:
    door = gate(kinds={known: KINDS[known]})
    message = proved(ALICE, BODIES[known], kind=sent)
    if sent == known:
        assert door.take(message).message is message
    else:
        assert reason(door.take, message) is Reason.UNKNOWN_KIND


@pytest.mark.parametrize("mine", NETWORKS)
@pytest.mark.parametrize("sent", NETWORKS)
def test_network_by_network(sent: str, mine: str) -> None:
    door, message = gate(network=mine), proved(ALICE, network=sent)
    if sent == mine:
        assert door.take(message).message is message
    else:
        assert reason(door.take, message) is Reason.WRONG_NETWORK


@pytest.mark.parametrize("me", NODES)
@pytest.mark.parametrize("sent", [*NODES, EVERYONE, "**", "did:key:*", "localhost"])
def test_recipient_by_recipient(sent: str, me: NodeId) -> None:
    door, message = gate(me=me), proved(ALICE, recipient=sent)
    if sent in (me, EVERYONE):
        assert door.take(message).message is message
    else:
        assert reason(door.take, message) is Reason.WRONG_RECIPIENT


@pytest.mark.parametrize("sent", VERSIONS)
def test_version_by_version(sent: str) -> None:
    door, message = gate(), proved(ALICE, version=sent)
    if sent == "1.0":
        assert door.take(message).message is message
    else:
        assert reason(door.take, message) is Reason.BAD_VERSION


@pytest.mark.parametrize("via", Via)
def test_no_way_in_is_less_strict_about_whom_a_message_is_for(via: Via) -> None:
    for wrong, expected in [
        ({"version": "9.9"}, Reason.BAD_VERSION),
        ({"network": "elsewhere"}, Reason.WRONG_NETWORK),
        ({"recipient": NODES[0]}, Reason.WRONG_RECIPIENT),
        ({"kind": "gossip"}, Reason.UNKNOWN_KIND),
    ]:
        assert reason(gate().take, proved(ALICE, **wrong), via) is expected


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "1.1"),
        ("network", "hansa"),
        ("kind", "another"),
        ("author", key(2).public.did),
        ("recipient", ME),
        ("seq", 2),
        ("created", NOW + 1),
        ("expires", NOW + 1),
        ("body", {"another": "body"}),
    ],
)
def test_every_field_is_signed(kind: str, field: str, value: Any) -> None:
    message = sealed(ALICE, kind=kind)
    signatures = json.loads(message.raw)["signatures"]
    assert json.loads(message.payload)[field] != value
    assert reason(verify, read(envelope(with_fields(message, **{field: value}), signatures))) is Reason.FORGED


def test_a_live_message_is_not_replayed_as_a_durable_one() -> None:
    """A kind is one or the other on a node, and its name is signed."""
    door = gate(kinds={"hello": Freshness.LIVE})
    assert reason(door.take, proved(ALICE, kind="hello", created=NOW - 3_600_000)) is Reason.STALE
