"""Two nodes prove to each other who they are; what is changed, relayed, repeated or out of date leads to no link."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hansa.identity import handshake
from hansa.identity.handshake import (
    LINK_TYPE,
    MAX_MESSAGE,
    MAX_VERSIONS,
    Answerer,
    Dialler,
    Hello,
    Myself,
    Session,
    refusal,
)
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason
from tests.attacks.metadata import IN_A_YEAR, root, root_body
from tests.attacks.specimens import NOW, key, reason
from tests.identity.parties import fresh, knows, me, play

A, B, M = me(1), me(2), me(3)
SIGNS, NEXT, THIEF = key(11), key(12), key(13)


def metadata(number: int, *signing: SigningKey, expires: int = IN_A_YEAR) -> tuple[bytes, ...]:
    """Returns versions 1, 2 … of a node's root metadata, each naming one of `signing`."""
    own = key(number)
    bodies = [root_body(version, [own], [one]) for version, one in enumerate(signing, 1)]
    return tuple(root(own, body, [own], expires=expires).raw for body in bodies)


def talk(ours: Session, theirs: Session) -> None:
    assert theirs.opener.open(ours.sealer.seal(b"there")) == b"there"
    assert ours.opener.open(theirs.sealer.seal(b"back")) == b"back"


# ---- as intended


@pytest.mark.parametrize("whom", [None, B.node])
def test_both_ends_learn_who_the_other_is_and_can_talk(whom: str | None) -> None:
    ours, theirs = play(A, B, whom, order=7)
    assert (ours.peer, theirs.peer, theirs.order) == (B.node, A.node, 7)
    assert (ours.boot, theirs.boot) == (B.boot, A.boot)
    talk(ours, theirs)


def test_each_handshake_has_keys_of_its_own() -> None:
    first, second = play(A, B), play(me(1), me(2, boot=b"later bootlater "))
    assert first[0].sealer.seal(b"x") != second[0].sealer.seal(b"x")


def test_a_node_links_with_the_key_that_its_metadata_names() -> None:
    shows = me(1, signs=(SIGNS,), roots=metadata(1, SIGNS))
    talk(*play(shows, B))
    talk(*play(B, shows))


def test_a_node_that_shows_older_metadata_links_while_its_key_is_still_named() -> None:
    known = knows(A.node, metadata(1, SIGNS, SIGNS))
    talk(*play(me(1, signs=(SIGNS,), roots=metadata(1, SIGNS)), replace(B, known=known)))


def test_newer_metadata_that_is_shown_counts_before_what_is_known() -> None:
    known = knows(A.node, metadata(1, SIGNS))
    talk(*play(me(1, signs=(NEXT,), roots=metadata(1, SIGNS, NEXT)), replace(B, known=known)))
    stale = me(1, signs=(SIGNS,), roots=metadata(1, SIGNS, NEXT))
    assert reason(play, stale, replace(B, known=known)) is Reason.WRONG_SIGNER


def test_a_node_whose_metadata_asks_for_two_keys_signs_with_two() -> None:
    own = key(1)
    raw = root(own, root_body(1, [own], [SIGNS, NEXT], signing_threshold=2), [own]).raw
    talk(*play(me(1, signs=(SIGNS, NEXT), roots=(raw,)), B))
    for signs in ((SIGNS,), (SIGNS, SIGNS)):
        assert reason(play, me(1, signs=signs, roots=(raw,)), B) is Reason.THRESHOLD


def test_the_other_end_hears_why_there_is_no_link() -> None:
    dialler = Dialler(A, fresh(1))
    told = refusal(Refused(Reason.CROWDED, "full\x1b[31m"))
    with pytest.raises(Refused) as caught:
        dialler.answered(told, NOW)
    assert caught.value.reason is Reason.CROWDED
    assert "\x1b" not in str(caught.value)


def test_a_reason_that_is_not_known_here_is_told_all_the_same() -> None:
    told = msgspec.msgpack.encode(("refused", "of-a-later-version", ""))
    assert reason(Dialler(A, fresh(1)).answered, told, NOW) is Reason.BAD_LINK


# ---- whom it is with


def test_another_node_than_the_one_that_was_asked_for_is_refused() -> None:
    assert reason(play, A, B, M.node) is Reason.BAD_LINK  # B says so itself
    dialler = Dialler(A, fresh(1), M.node)
    with pytest.raises(Refused, match="answers, not"):
        dialler.answered(answer_anyway(B, dialler.hello, A), NOW)


def answer_anyway(by: Myself, hello: bytes, to: Myself) -> bytes:
    """Returns the answer of a node that does not care whom a hello is for; it is right in everything else."""
    own = handshake._hello(by, X25519PrivateKey.generate(), fresh(2), to.node)
    mine = msgspec.msgpack.encode(own)
    statement = handshake._statement("answer", [hello, mine], by.node, to.node)
    return msgspec.msgpack.encode(handshake._Answer(mine, handshake._sign(by, statement)))


def test_a_node_does_not_link_to_itself() -> None:
    assert reason(play, A, A) is Reason.BAD_LINK
    assert reason(play, A, replace(A, boot=b"x" * 16)) is Reason.BAD_LINK


def test_another_network_is_refused_by_either_end() -> None:
    elsewhere = replace(B, network="other")
    assert reason(play, A, elsewhere) is Reason.WRONG_NETWORK
    answer = Answerer(elsewhere, fresh(2)).greeted(Dialler(replace(A, network="other"), fresh(1)).hello)
    assert reason(Dialler(A, fresh(1)).answered, answer, NOW) is Reason.WRONG_NETWORK


def test_a_version_that_is_not_spoken_is_refused_by_name() -> None:
    assert reason(play, replace(A, protocols=("2.0",)), B) is Reason.BAD_VERSION


# ---- what is changed on the way


@pytest.mark.parametrize("which", ["hello", "answer", "proof"])
@pytest.mark.parametrize("whom", [None, B.node])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_no_byte_of_the_handshake_can_be_changed(which: str, whom: str | None, flip: int) -> None:
    sizes: dict[str, int] = {}

    def measured(name: str, data: bytes) -> bytes:
        sizes[name] = len(data)
        return data

    play(A, B, whom, measured)
    for place in range(sizes[which]):

        def change(name: str, data: bytes, at: int = place) -> bytes:
            return data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :] if name == which else data

        with pytest.raises(HansaError):
            talk(*play(A, B, whom, change))


@given(st.binary(max_size=300))
def test_what_is_no_message_of_the_handshake_is_refused(data: bytes) -> None:
    dialler, answerer = Dialler(A, fresh(1)), Answerer(B, fresh(2))
    assert reason(answerer.greeted, data) is Reason.BAD_LINK
    assert reason(dialler.answered, data, NOW) is Reason.BAD_LINK
    answerer.greeted(dialler.hello)
    assert reason(answerer.proved, data, NOW) is Reason.BAD_LINK


@pytest.mark.parametrize("extra", [1, MAX_MESSAGE])
def test_what_is_too_long_is_not_parsed(extra: int) -> None:
    dialler, answerer = Dialler(A, fresh(1)), Answerer(B, fresh(2))
    assert reason(answerer.greeted, bytes(MAX_MESSAGE + extra)) is Reason.TOO_LARGE
    assert reason(dialler.answered, bytes(MAX_MESSAGE + extra), NOW) is Reason.TOO_LARGE


def test_the_steps_come_in_their_order() -> None:
    with pytest.raises(ValueError, match="before"):
        Dialler(A, fresh(1)).prove()
    with pytest.raises(ValueError, match="before"):
        Answerer(B, fresh(2)).proved(b"", NOW)


# ---- who stands between (attacks 2, 6, 47)


def test_who_relays_a_handshake_is_found_out_and_reads_nothing() -> None:
    """M has A dial it, and passes what A says on to B: A wanted M, so what B answers is not taken."""
    dialler = Dialler(A, fresh(1), M.node)
    assert reason(Answerer(B, fresh(2)).greeted, dialler.hello) is Reason.BAD_LINK
    willing = Answerer(replace(B, node=M.node), fresh(2)).greeted(dialler.hello)  # as if B took it for M's
    assert reason(dialler.answered, willing, NOW) is Reason.WRONG_SIGNER


def test_who_puts_keys_of_its_own_into_the_hellos_is_found_out() -> None:
    """M stands between A and B and exchanges the ephemeral keys, so as to share a secret with each."""
    own = X25519PrivateKey.generate().public_key().public_bytes_raw()

    def swapped(data: bytes) -> bytes:
        return msgspec.msgpack.encode(msgspec.structs.replace(msgspec.msgpack.decode(data, type=Hello), ephemeral=own))

    def of_the_answer(data: bytes) -> bytes:
        tag, hello, signatures = msgspec.msgpack.decode(data)
        return msgspec.msgpack.encode((tag, swapped(hello), signatures))

    for whom in (None, B.node):
        assert reason(play, A, B, whom, lambda name, data: swapped(data) if name == "hello" else data)
        assert reason(play, A, B, whom, lambda name, data: of_the_answer(data) if name == "answer" else data)


def test_what_was_said_once_is_of_no_use_again() -> None:
    heard: dict[str, bytes] = {}

    def note(name: str, data: bytes) -> bytes:
        return heard.setdefault(name, data)

    play(A, B, None, note)
    again = Answerer(B, fresh(3))  # another time: another key, another nonce
    again.greeted(heard["hello"])
    assert reason(again.proved, heard["proof"], NOW) is Reason.BAD_LINK
    assert reason(Dialler(A, fresh(4)).answered, heard["answer"], NOW) is Reason.BAD_LINK


def test_an_answer_is_no_proof_and_a_proof_no_answer() -> None:
    """Thrown back at who said it, or used in the other role, a signature fits nothing."""
    dialler = Dialler(A, fresh(1))
    answer = Answerer(B, fresh(2)).greeted(dialler.hello)
    _, _, signatures = msgspec.msgpack.decode(answer)
    victim = Answerer(M, fresh(3))
    victim.greeted(Dialler(B, fresh(2)).hello)
    assert reason(victim.proved, msgspec.msgpack.encode(("proof", 0, signatures)), NOW) is Reason.BAD_LINK
    assert reason(dialler.answered, dialler.hello, NOW) is Reason.BAD_LINK


def test_an_answer_to_another_node_is_refused() -> None:
    """The answerer's hello names whom it is for, and that is checked before its signature."""
    dialler = Dialler(A, fresh(1))
    answer = Answerer(B, fresh(2)).greeted(Dialler(M, fresh(1)).hello)
    with pytest.raises(Refused, match="for another node"):
        dialler.answered(answer, NOW)


def test_a_name_without_its_key_proves_nothing() -> None:
    assert reason(play, me(1, signs=(THIEF,)), B) is Reason.WRONG_SIGNER
    assert reason(play, A, me(2, signs=(THIEF,)), B.node) is Reason.WRONG_SIGNER


def test_the_signature_is_over_a_type_of_its_own() -> None:
    signed: list[bytes] = []

    class Watched:
        public = key(1).public

        def sign(self, message: bytes) -> bytes:
            signed.append(message)
            return key(1).sign(message)

    play(me(1, signs=(Watched(),)), B)  # type: ignore[arg-type]
    assert len(signed) == 1
    assert signed[0].startswith(b"DSSEv1 %d %b " % (len(LINK_TYPE), LINK_TYPE.encode()))


# ---- whose keys count


def test_a_key_that_was_retired_makes_no_link_even_when_the_old_metadata_is_shown() -> None:
    own = key(1)
    retiring = {**root_body(2, [own], [NEXT]), "retired": [{"key": SIGNS.public.did, "until": 10**6}]}
    whole = (*metadata(1, SIGNS), root(own, retiring, [own]).raw)
    stale = me(1, signs=(SIGNS,), roots=whole[:1])
    talk(*play(stale, B))  # who knows no better
    known = replace(B, known=knows(A.node, whole))
    assert reason(play, stale, known) is Reason.REVOKED
    assert reason(play, me(1, signs=(SIGNS,), roots=whole), B) is Reason.REVOKED
    assert reason(play, me(1), known) is Reason.WRONG_SIGNER  # the root key signs no links any more
    talk(*play(me(1, signs=(NEXT,), roots=whole), known))
    assert reason(play, known, stale) is Reason.REVOKED


def test_metadata_past_its_expiry_makes_no_link() -> None:
    old = me(1, signs=(SIGNS,), roots=metadata(1, SIGNS, expires=NOW + 1))
    talk(*play(old, B))
    dialler, answerer = Dialler(old, fresh(1)), Answerer(B, fresh(2))
    dialler.answered(answerer.greeted(dialler.hello), NOW)
    assert reason(answerer.proved, dialler.prove()[0], Instant(NOW + 1)) is Reason.EXPIRED


def test_metadata_that_contradicts_what_is_known_is_refused() -> None:
    known = replace(B, known=knows(A.node, metadata(1, SIGNS)))
    assert reason(play, me(1, signs=(NEXT,), roots=metadata(1, NEXT)), known) is Reason.FORK
    assert reason(play, me(1, signs=(NEXT,), roots=metadata(1, NEXT, NEXT)), known) is Reason.FORK


def test_metadata_of_another_node_or_with_a_gap_is_refused() -> None:
    assert reason(play, me(1, signs=(SIGNS,), roots=metadata(3, SIGNS)), B) is Reason.BAD_BODY
    assert reason(play, me(1, signs=(NEXT,), roots=metadata(1, SIGNS, NEXT)[1:]), B) is Reason.ROLLBACK
    assert reason(play, me(1, signs=(NEXT,), roots=(b"{}",)), B) is Reason.BAD_ENVELOPE


def test_more_versions_than_a_handshake_shows_are_refused_by_both() -> None:
    many = metadata(1, *[SIGNS] * (MAX_VERSIONS + 1))
    talk(*play(me(1, signs=(SIGNS,), roots=many[:-1]), B))
    assert reason(Dialler, me(1, signs=(SIGNS,), roots=many), fresh(1)) is Reason.TOO_LARGE
    hello = msgspec.msgpack.decode(Dialler(A, fresh(1)).hello, type=Hello)
    longer = msgspec.msgpack.encode(msgspec.structs.replace(hello, roots=many))
    assert reason(Answerer(B, fresh(2)).greeted, longer) is Reason.TOO_LARGE


def test_more_signatures_than_are_checked_are_refused_unchecked() -> None:
    own = key(1)
    others = [key(number) for number in range(40, 55)]
    raws = tuple(root(own, root_body(n, [own], [SIGNS]), [own, *others]).raw for n in range(1, 6))
    assert reason(play, me(1, signs=(SIGNS,), roots=raws), B) is Reason.TOO_LARGE


# ---- keys of small order (RFC 7748, section 6.1)

_P = 2**255 - 19
SMALL = [0, 1, _P - 1, _P, _P + 1,
         325606250916557431795983626356110631294008115727848805560023387167927233504,
         39382357235489614581723060781553021112529911719440698176882885853963445705823]  # fmt: skip


@pytest.mark.parametrize("number", SMALL)
def test_a_key_of_small_order_is_refused_by_both_ends(number: int) -> None:
    """Whoever sends it signs it, so it is the peer itself that wants a secret that everybody knows."""
    small = number.to_bytes(32, "little")

    class Key:
        """Says that it is another key than it is."""

        def public_key(self) -> Key:
            return self

        def public_bytes_raw(self) -> bytes:
            return small

    dialler = Dialler(A, fresh(1))
    cheat = Answerer(B, fresh(2))
    cheat._key = Key()  # type: ignore[assignment]
    dialler.answered(cheat.greeted(dialler.hello), NOW)
    assert reason(dialler.prove) is Reason.BAD_LINK

    answerer, liar = Answerer(B, fresh(2)), Dialler(A, fresh(1))
    hello = msgspec.structs.replace(msgspec.msgpack.decode(liar.hello, type=Hello), ephemeral=small)
    liar.hello = msgspec.msgpack.encode(hello)
    liar._said = [liar.hello]
    liar.answered(answerer.greeted(liar.hello), NOW)
    assert reason(answerer.proved, liar.prove()[0], NOW) is Reason.BAD_LINK
