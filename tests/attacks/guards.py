"""Do the tests bite? Each guard of the source is taken out once, in a copy; the tests named for it must go red.

A row says which text of which file is a guard, what stands there when it is gone, and which tests (pytest node ids,
without parameters) must notice. `BACKED` are the guards that another one stands behind: without them alone nothing
bad comes in, so no test can go red; they are listed so that nobody takes one for the only one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = Path("src/hansa")


@dataclass(frozen=True)
class Guard:
    """A guard and the tests that watch it.

    Attributes:
        file: path below src/hansa.
        line: the text to take out; it occurs exactly once in the file.
        gone: what stands there instead, so that the guard does nothing.
        tests: node ids; each of them must fail, in one of its cases at least, when the guard is gone.
    """

    file: str
    line: str
    gone: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """One line for reports."""
        return f"{self.file}: {' '.join(self.line.split())[:90]}"

    def removed_from(self, text: str) -> str:
        """Returns the file's text without the guard."""
        if text.count(self.line) != 1:
            raise ValueError(f"{self.name}: found {text.count(self.line)} times, expected once")
        return text.replace(self.line, self.gone)


def rows_by(files: Mapping[str, str], folder: str = "") -> Callable[..., list[Guard]]:
    """Returns a function that makes the guards of one file from lines of (text, what stands there instead, tests).

    Args:
        files: test files below tests/ by a short name, without their ending.
        folder: what stands before the name of each file of the source.

    The tests are "file:test" pairs with blanks between them, the file by its short name, the test without "test_".
    """

    def node(pair: str) -> str:
        file, test = pair.split(":")
        return f"tests/{files[file]}.py::test_{test}"

    def rows(file: str, *guards: tuple[str, str, str]) -> list[Guard]:
        return [Guard(folder + file, line, gone, tuple(map(node, names.split()))) for line, gone, names in guards]

    return rows


def _in(folder: str, **names: str) -> dict[str, str]:
    return {short: f"tests/{folder}/{name}.py::" for short, name in names.items()}


_T = {
    **_in("attacks", t1="test_001_keyless_signature", t2="test_002_identity_claim", t3="test_003_weak_keys"),
    **_in("attacks", t4="test_004_canonicalisation", t5="test_005_signature_wrapping", t6="test_006_cross_replay"),
    **_in("attacks", t7="test_007_threshold_counting", t9="test_009_rollback_freeze"),
    **_in("attacks", t10="test_010_clock_and_freshness", t11="test_011_equivocation", t12="test_012_parser_bombs"),
    **_in("attacks", t24="test_024_terminal_and_log_injection"),
    **_in("kernel", plain="test_plain", wire="test_wire", instant="test_instant"),
    **_in("identity", keys="test_keys", envelope="test_envelope", roots="test_roots"),
    **_in("admission", order="test_order_of_checks", rate="test_rate", versions="test_versions"),
}


def tests(*names: str) -> tuple[str, ...]:
    """Returns node ids of "file: test" pairs, the files by their short names above."""
    return tuple(_T[file] + test for file, test in (name.split(": ") for name in names))


KEYS = [
    Guard(
        "identity/keys.py",
        "if len(raw) != KEY_BYTES:",
        "if False:",
        tests("t3: test_a_key_has_32_bytes", "t3: test_other_spellings_of_a_key_are_refused"),
    ),
    Guard(
        "identity/keys.py",
        "if y >= _P:",
        "if False:",
        tests(
            "t3: test_all_non_canonical_encodings_are_refused",
            "t3: test_every_y_beyond_the_field_is_refused_on_the_curve_or_not",
        ),
    ),
    Guard(
        "identity/keys.py",
        "if y in _SMALL_ORDER_Y:",
        "if False:",
        tests(
            "t3: test_all_points_of_small_order_are_refused",
            "t1: test_a_weak_key_is_refused_as_a_key_not_as_a_signature",
        ),
    ),
    *(
        Guard(
            "identity/keys.py",
            "frozenset({0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y})",
            f"frozenset({{0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y}}) - {{{one}}}",
            tests("t3: test_all_points_of_small_order_are_refused"),
        )
        for one in ("0", "1", "_P - 1", "_ORDER_8_Y", "_P - _ORDER_8_Y")
    ),
    Guard(
        "identity/keys.py",
        "if not _on_curve(y):",
        "if False:",
        tests(
            "t3: test_bytes_that_are_no_point_are_refused",
            "t3: test_any_bytes_are_a_key_exactly_when_the_reference_says_so",
        ),
    ),
    Guard(
        "identity/keys.py",
        "if not did.startswith(_DID_PREFIX) or len(did) > 64:",
        "if not did.startswith(_DID_PREFIX):",
        tests("t3: test_a_text_too_long_for_a_key_is_refused_before_it_is_counted_out"),
    ),
    Guard(
        "identity/keys.py",
        "if not data.startswith(_MULTICODEC):",
        "if False:",
        tests("t3: test_another_kind_of_key_is_named"),
    ),
    Guard("identity/keys.py", "if digit < 0:", "if False:", tests("t3: test_a_letter_outside_base58_is_named")),
    Guard(
        "identity/keys.py",
        "except (InvalidSignature, ValueError):\n            return False",
        "except (InvalidSignature, ValueError):\n            return True",
        tests(
            "t1: test_no_single_byte_mutation_is_accepted",
            "t1: test_no_forgery_is_accepted",
            "t3: test_signatures_are_judged_without_cofactor_and_bytes_of_r_compared",
            "t6: test_every_field_is_signed",
        ),
    ),
    Guard(
        "identity/keys.py",
        'raise ValueError(f"a seed has {KEY_BYTES} bytes, not {len(seed)}")',
        "pass",
        tests("keys: test_a_seed_has_32_bytes"),
    ),
    Guard(
        "identity/keys.py",
        'return f"SigningKey({self.public.did})"',
        'return f"SigningKey({self._key.private_bytes_raw().hex()})"',
        tests("keys: test_a_signing_key_never_shows_its_secret"),
    ),
]

ENVELOPE = [
    Guard(
        "identity/envelope.py",
        "if not signed.signatures:  # 2",
        "if False:  # 2",
        tests("t1: test_a_forgery_is_refused_for_what_it_is", "roots: test_metadata_without_a_signature_is_refused"),
    ),
    Guard(
        "identity/envelope.py",
        "if signed.payload_type != PAYLOAD_TYPE:  # 3",
        "if False:  # 3",
        tests("t1: test_a_forgery_is_refused_for_what_it_is", "t5: test_another_protocols_message_is_refused"),
    ),
    Guard(
        "identity/envelope.py",
        "if not _fits(key, sig, place, message):  # 4",
        "if False:  # 4",
        tests(
            "t1: test_no_single_byte_mutation_is_accepted",
            "t1: test_no_forgery_is_accepted",
            "t5: test_a_wrapped_message_is_refused",
            "t6: test_every_field_is_signed",
            "t2: test_a_forged_signature_on_metadata_is_a_forgery",
        ),
    ),
    Guard(
        "identity/envelope.py",
        "if not _fits(key, sig, place, message):  # 4",
        "if not any(_fits(k, s, p, message) for k, (_, s), p in zip(keys, signed.signatures, signed.places)):  # 4",
        tests("t1: test_a_forgery_is_refused_for_what_it_is", "t5: test_a_wrapped_message_is_refused"),
    ),
    Guard(
        "identity/envelope.py",
        "if not signers <= roster.keys:",
        "if False:",
        tests(
            "t2: test_nobody_speaks_for_another",
            "t2: test_a_second_signer_does_not_make_an_author",
            "t1: test_no_forgery_is_accepted",
            "t7: test_keys_that_are_not_on_the_roster_do_not_count",
        ),
    ),
    Guard(
        "identity/envelope.py",
        "if not signers <= roster.keys:",
        "if not signers & roster.keys:",
        tests("t2: test_a_second_signer_does_not_make_an_author"),
    ),
    Guard(
        "identity/envelope.py",
        "if len(signers) < roster.threshold:",
        "if False:",
        tests("t7: test_k_of_n", "t7: test_messages_of_a_node_need_its_signing_threshold"),
    ),
    Guard(
        "identity/envelope.py",
        "if len(signers) < roster.threshold:",
        "if len(keys) < roster.threshold:",
        tests("t7: test_one_key_counts_once_however_often_it_signs"),
    ),
    Guard(
        "identity/envelope.py",
        "if not 1 <= self.threshold <= len(self.keys):",
        "if not self.threshold <= len(self.keys):",
        tests(
            "t7: test_a_threshold_that_nobody_or_everybody_meets_does_not_load",
            "t7: test_metadata_with_such_a_threshold_is_refused",
        ),
    ),
    Guard(
        "identity/envelope.py",
        "if not 1 <= self.threshold <= len(self.keys):",
        "if not 1 <= self.threshold:",
        tests(
            "t7: test_a_threshold_that_nobody_or_everybody_meets_does_not_load",
            "t7: test_metadata_with_such_a_threshold_is_refused",
        ),
    ),
    Guard(
        "identity/dsse.py",
        'return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)',
        "return kind + payload",
        tests("envelope: test_the_example_of_the_dsse_protocol", "envelope: test_no_two_pairs_are_signed_alike"),
    ),
    *(
        Guard(
            file,
            f"canonical.check_bounds(data, {bounds})",
            "pass",
            tests("t12: test_limits_can_be_lowered_for_envelope_and_payload_both"),
        )
        for file, bounds in (("identity/dsse.py", "bounds"), ("identity/envelope.py", "limits or Limits()"))
    ),
    Guard(
        "identity/dsse.py",
        "value = canonical.decode(data, limits)",
        "value = msgspec.json.decode(data)",
        tests(
            "t5: test_a_wrapped_message_is_refused",
            "t12: test_a_bomb_is_refused_for_what_it_is",
        ),
    ),
    Guard(
        "identity/envelope.py",
        "msgspec.convert(canonical.decode(data, limits), _Payload)",
        "msgspec.json.decode(data, type=_Payload)",
        tests(
            "t5: test_a_bad_payload_is_refused_even_when_its_author_signed_it",
            "t12: test_a_bomb_inside_a_signed_payload_is_refused_for_what_it_is",
        ),
    ),
    *(
        Guard(
            file,
            f"canonical.check_bounds(data, {bounds})",
            "pass",
            tests("t12: test_limits_can_be_lowered_for_envelope_and_payload_both"),
        )
        for file, bounds in (("identity/dsse.py", "bounds"), ("identity/envelope.py", "limits or Limits()"))
    ),
    Guard(
        "identity/envelope.py",
        "class _Payload(Header, frozen=True, forbid_unknown_fields=True, kw_only=True):",
        "class _Payload(Header, frozen=True, forbid_unknown_fields=False, kw_only=True):",
        tests("t5: test_a_bad_payload_is_refused_even_when_its_author_signed_it"),
    ),
    Guard(
        "identity/dsse.py",
        "class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):",
        "class _Signature(msgspec.Struct, frozen=True):",
        tests("t5: test_a_wrapped_message_is_refused"),
    ),
    Guard(
        "identity/dsse.py",
        "class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):",
        "class _Envelope(msgspec.Struct, frozen=True):",
        tests("t5: test_a_wrapped_message_is_refused"),
    ),
    Guard(
        "identity/dsse.py",
        "list[_Signature], msgspec.Meta(max_length=MAX_SIGNATURES)",
        "list[_Signature], msgspec.Meta(max_length=1 << 20)",
        tests("t12: test_too_many_signatures_are_refused_before_any_is_checked"),
    ),
    Guard(
        "identity/dsse.py",
        "msgspec.Meta(max_length=88)",
        "msgspec.Meta(max_length=1 << 20)",
        tests(
            "t1: test_a_forgery_is_refused_for_what_it_is", "t12: test_a_long_signature_is_refused_before_it_is_decoded"
        ),
    ),
    Guard(
        "identity/envelope.py",
        "Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]",
        "Count = int",
        tests("t5: test_a_bad_payload_is_refused_even_when_its_author_signed_it"),
    ),
    Guard(
        "identity/dsse.py",
        "DID_LENGTH = msgspec.Meta(min_length=1, max_length=64)",
        "DID_LENGTH = msgspec.Meta()",
        tests("t2: test_an_author_of_no_plausible_length_is_no_header"),
    ),
    *(
        Guard(
            "identity/envelope.py",
            f"{name}: Annotated[str, msgspec.Meta(min_length=1, max_length={longest})]",
            f"{name}: str",
            tests("t5: test_a_bad_payload_is_refused_even_when_its_author_signed_it"),
        )
        for name, longest in (("version", 16), ("network", 64), ("kind", 32))
    ),
    Guard(
        "identity/dsse.py",
        "if base64.b64encode(data).decode() != text:",
        "if False:",
        tests("t5: test_base64_has_one_spelling"),
    ),
    Guard(
        "identity/envelope.py",
        "return Roster(frozenset({PublicKey.from_did(author)}))",
        "return Roster(frozenset({PublicKey.from_did(author)}), 0)",
        tests("envelope: test_without_metadata_an_author_signs_with_its_own_key"),
    ),
]

ROOTS = [
    Guard(
        "identity/roots.py",
        "if body.version != expected:  # 2",
        "if False:  # 2",
        tests(
            "t9: test_rollback_to_an_older_version_is_refused",
            "t9: test_the_same_version_again_is_refused",
            "t9: test_another_metadata_of_the_same_version_is_refused",
            "t9: test_fast_forward_is_refused_even_when_well_signed",
            "t9: test_the_first_version_is_one",
        ),
    ),
    Guard(
        "identity/roots.py",
        "if body.version != expected:  # 2",
        "if body.version < expected:  # 2",
        tests("t9: test_fast_forward_is_refused_even_when_well_signed"),
    ),
    Guard(
        "identity/roots.py",
        "for roster in (old, new.roots):",
        "for roster in (new.roots,):",
        tests(
            "t2: test_the_first_metadata_of_an_id_is_signed_by_the_key_in_the_id",
            "t2: test_an_id_cannot_be_bound_to_a_new_key_without_the_old_one",
            "t2: test_a_day_to_day_key_cannot_change_the_keys",
            "t7: test_fewer_old_keys_than_the_threshold_cannot_rotate",
            "t9: test_metadata_is_signed_by_old_and_new_keys_both",
        ),
    ),
    Guard(
        "identity/roots.py",
        "for roster in (old, new.roots):",
        "for roster in (old,):",
        tests("t2: test_a_new_key_must_show_that_it_is_there", "t7: test_the_new_keys_meet_their_own_threshold_too"),
    ),
    Guard(
        "identity/roots.py",
        "old = root_only(node) if trusted is None else trusted.roots  # 1, 3",
        "old = root_only(node)  # 1, 3",
        tests("t9: test_versions_follow_one_another", "roots: test_the_key_in_the_id_may_be_left_behind"),
    ),
    Guard(
        "identity/roots.py",
        "old = root_only(node) if trusted is None else trusted.roots  # 1, 3",
        "old = root_only(node) if trusted is None else trusted.signing  # 1, 3",
        tests("t2: test_a_day_to_day_key_cannot_change_the_keys"),
    ),
    Guard(
        "identity/roots.py",
        "if message.header.kind != KIND or message.author != node:",
        "if message.author != node:",
        tests("t2: test_another_kind_of_message_does_not_change_keys"),
    ),
    Guard(
        "identity/roots.py",
        "if message.header.kind != KIND or message.author != node:",
        "if message.header.kind != KIND:",
        tests("t2: test_metadata_of_one_id_is_not_taken_for_another"),
    ),
    Guard(
        "identity/roots.py",
        "if len(keys) != len(dids):",
        "if False:",
        tests("t7: test_metadata_that_names_a_key_twice_is_refused"),
    ),
    Guard(
        "identity/roots.py",
        "class RootBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):",
        "class RootBody(msgspec.Struct, frozen=True):",
        tests("roots: test_metadata_of_another_shape_is_refused"),
    ),
    Guard(
        "identity/roots.py",
        "Keys = Annotated[list[Did], msgspec.Meta(min_length=1, max_length=16)]",
        "Keys = list[Did]",
        tests("t7: test_metadata_without_a_list_of_keys_is_refused"),
    ),
    Guard(
        "identity/roots.py",
        "if root.expires and now >= root.expires:  # 5",
        "if False:  # 5",
        tests(
            "t9: test_a_node_kept_on_old_metadata_stops_trusting_it",
            "t9: test_nobody_signs_under_metadata_past_its_expiry",
            "t9: test_a_node_that_slept_past_an_expiry_catches_up_over_it",
        ),
    ),
    Guard(
        "identity/roots.py",
        "if root.expires and now >= root.expires:  # 5",
        "if root.expires and now > root.expires:  # 5",
        tests(
            "t9: test_a_node_kept_on_old_metadata_stops_trusting_it",
            "t9: test_nobody_signs_under_metadata_past_its_expiry",
        ),
    ),
    Guard(
        "identity/roots.py",
        "if root.expires and now >= root.expires:  # 5",
        "if now >= root.expires:  # 5",
        tests("t9: test_metadata_whose_expiry_is_nought_never_expires"),
    ),
    Guard(
        "identity/roots.py",
        'raise Refused(Reason.EXPIRED, "root metadata")',
        "return root_only(author)",
        tests("t9: test_expired_metadata_does_not_fall_back_to_the_key_in_the_id"),
    ),
    Guard(
        "identity/roots.py",
        "return root.signing",
        "return root.roots",
        tests("t2: test_once_keys_are_named_the_root_key_no_longer_signs_day_to_day"),
    ),
]

ADMISSION = [
    *(
        Guard("admission/service.py", line, gone, tests("order: test_each_check_refuses_what_breaks_it_alone", *more))
        for line, gone, *more in (
            ("if header.version not in SUPPORTED:  # 1", "if False:  # 1", "t6: test_version_by_version"),
            (
                "if header.network != self.network and not anywhere:  # 2",
                "if False:  # 2",
                "t6: test_network_by_network",
            ),
            (
                "if header.recipient not in (EVERYONE, self.me):  # 3",
                "if False:  # 3",
                "t6: test_recipient_by_recipient",
            ),
            (
                "freshness = self.kinds.get(header.kind)",
                "freshness = self.kinds.get(header.kind, Freshness.DURABLE)",
                "t6: test_kind_by_kind",
            ),
            (
                "if header.created > now + self.params.window_ms:  # 5",
                "if False:  # 5",
                "t10: test_a_live_message_an_hour_off_is_never_taken",
                "t10: test_a_durable_record_from_the_future_is_never_taken",
                "t10: test_the_window_ends_exactly_where_it_says",
            ),
            (
                "if header.expires and now >= header.expires and freshness is not Freshness.STANDING:  # 6",
                "if False:  # 6",
                "t10: test_expiry_begins_exactly_when_it_says",
            ),
            (
                "if freshness in _FRESH and header.created < now - self.params.window_ms:",
                "if False:",
                "t10: test_a_live_message_an_hour_off_is_never_taken",
                "t10: test_the_window_ends_exactly_where_it_says",
            ),
            ("if guest.banned:  # 7", "if False:  # 7", "order: test_a_banned_author_has_no_way_in"),
            (
                "if self.memory.holds(message.id):  # 8",
                "if False:  # 8",
                "t10: test_a_live_message_is_taken_once",
                "t11: test_the_same_record_again_is_a_duplicate_and_no_blame",
            ),
            (
                "if header.seq <= self.memory.live_floor(message.author):",
                "if False:",
                "t10: test_sequence_numbers_of_live_messages_only_rise",
            ),
            (
                "if first is not None:",
                "if False:",
                "t11: test_the_second_record_of_a_number_is_refused_with_the_proof",
                "t11: test_both_sides_of_a_split_view_find_it_when_they_exchange_records",
            ),
            (
                "if keeps and not (invited or self.params.open_to_all):  # 10",
                "if False:  # 10",
                "order: test_only_a_push_needs_an_invitation",
                "order: test_a_stranger_may_ask_but_leaves_nothing_to_keep",
            ),
            (
                "if not granted:",
                "if False:",
                "order: test_each_invited_author_has_its_own_rate",
                "order: test_strangers_share_one_rate_however_many_keys_they_make",
            ),
        )
    ),
    *(
        Guard("admission/service.py", line, gone, tests(*which))
        for line, gone, *which in (
            (
                "if header.created > now + self.params.window_ms:  # 5",
                "if header.created >= now + self.params.window_ms:  # 5",
                "t10: test_the_window_ends_exactly_where_it_says",
            ),
            (
                "if header.expires and now >= header.expires and freshness is not Freshness.STANDING:  # 6",
                "if header.expires and now > header.expires:  # 6",
                "t10: test_expiry_begins_exactly_when_it_says",
            ),
            (
                "if header.expires and now >= header.expires and freshness is not Freshness.STANDING:  # 6",
                "if now >= header.expires:  # 6",
                "t10: test_expiry_begins_exactly_when_it_says",
            ),
            (
                "if header.seq <= self.memory.live_floor(message.author):",
                "if header.seq < self.memory.live_floor(message.author):",
                "t10: test_sequence_numbers_of_live_messages_only_rise",
            ),
            (
                "raise Equivocation(first, message.id)",
                "raise Equivocation(message.id, first)",
                "t11: test_the_second_record_of_a_number_is_refused_with_the_proof",
            ),
            (
                "self._buckets[payer] = bucket",
                "pass",
                "order: test_each_invited_author_has_its_own_rate",
                "order: test_strangers_share_one_rate_however_many_keys_they_make",
            ),
            (
                "payer = message.author if invited or own is not None else STRANGERS",
                "payer = message.author",
                "order: test_strangers_share_one_rate_however_many_keys_they_make",
                "order: test_asking_and_pushing_strangers_draw_on_the_same_rate",
            ),
            (
                "payer = message.author if invited or own is not None else STRANGERS",
                "payer = STRANGERS",
                "order: test_each_invited_author_has_its_own_rate",
                "order: test_strangers_take_nothing_from_guests_nor_guests_from_them",
            ),
            (
                "per_minute = self.params.records_per_minute if own is None else own",
                "per_minute = own or self.params.records_per_minute",
                "order: test_a_guest_whose_rate_is_nought_may_push_nothing",
            ),
            (
                "keeps = freshness is Freshness.DURABLE",
                "keeps = True",
                "order: test_a_stranger_may_ask_but_leaves_nothing_to_keep",
            ),
            ("open_to_all: bool = False", "open_to_all: bool = True", "order: test_a_node_is_closed_by_default"),
            *(
                ("if not SECOND <= self.window_ms <= MAX_WINDOW_MS:", gone, f"order: {test}")
                for gone, test in (
                    ("if not SECOND <= self.window_ms:", "test_parameters_that_make_no_sense_are_refused"),
                    ("if not self.window_ms <= MAX_WINDOW_MS:", "test_parameters_that_make_no_sense_are_refused"),
                    ("if not SECOND < self.window_ms < MAX_WINDOW_MS:", "test_parameters_at_their_bounds_are_taken"),
                )
            ),
            (
                "if self.records_per_minute < 1:",
                "if False:",
                "order: test_parameters_that_make_no_sense_are_refused",
            ),
        )
    ),
]

RATE = [
    *(
        Guard("admission/rate.py", line, gone, tests("rate: test_it_grants_what_the_model_grants", *more))
        for line, gone, *more in (
            (
                "at = max(bucket.at, now)",
                "at = now",
                "rate: test_a_clock_that_goes_back_refills_nothing_and_takes_nothing_away",
            ),
            (
                "at = max(bucket.at, now)\n        level = min(full, bucket.units + (at - bucket.at) * rate)",
                "at = now\n        level = min(full, bucket.units + max(0, at - bucket.at) * rate)",
                "rate: test_a_clock_that_swings_refills_no_more_than_one_that_does_not",
            ),
            (
                "level = min(full, bucket.units + (at - bucket.at) * rate)",
                "level = bucket.units + (at - bucket.at) * rate",
                "rate: test_a_new_author_starts_full_and_a_pause_fills_no_more_than_that",
                "rate: test_a_rate_that_was_lowered_empties_the_bucket_to_the_new_brim",
            ),
            ("if level < period:", "if False:", "rate: test_a_rate_of_nought_grants_nothing"),
        )
    ),
    Guard(
        "admission/rate.py",
        "level = min(full, bucket.units + (at - bucket.at) * rate)",
        "level = min(full, bucket.units + (at - bucket.at) * rate // 60 * 60)",
        tests("rate: test_whoever_asks_too_often_still_gets_the_rate"),
    ),
]

CANONICAL = [
    Guard(
        "kernel/canonical.py",
        "check_bounds(data, limits)  # 1, 2",
        "pass",
        tests("t12: test_a_bomb_is_refused_for_what_it_is", "t12: test_size_is_asked_before_anything_else"),
    ),
    Guard(
        "kernel/canonical.py",
        "if not same:",
        "if False:",
        tests("t4: test_a_flawed_spelling_is_refused", "t5: test_a_wrapped_message_is_refused"),
    ),
    Guard(
        "kernel/canonical.py",
        "if len(data) > limits.max_bytes:",
        "if False:",
        tests("t12: test_a_bomb_is_refused_for_what_it_is", "t12: test_size_is_asked_before_anything_else"),
    ),
    Guard(
        "kernel/canonical.py",
        "if depth > limits.max_depth:",
        "if False:",
        tests("t12: test_a_bomb_is_refused_for_what_it_is", "t4: test_the_scan_finds_the_depth_that_the_parser_finds"),
    ),
    Guard(
        "kernel/canonical.py",
        'plain = data.replace(b"\\\\\\\\", b"").replace(b\'\\\\"\', b"")',
        'plain = data.replace(b\'\\\\"\', b"")',
        tests("t4: test_the_scan_is_not_led_astray_by_backslashes"),
    ),
    *(
        Guard("kernel/canonical.py", line, gone, tests(*which))
        for line, gone, *which in (
            (
                "if keys > limits.max_keys or items > limits.max_items:",
                "if items > limits.max_items:",
                "t4: test_the_scan_counts_the_keys_that_the_parser_counts",
                "t12: test_a_bomb_is_refused_for_what_it_is",
            ),
            (
                "if keys > limits.max_keys or items > limits.max_items:",
                "if keys > limits.max_keys:",
                "t4: test_the_scan_refuses_more_items_than_allowed",
                "t4: test_the_scan_counts_the_items_that_the_parser_counts",
                "t12: test_a_bomb_is_refused_for_what_it_is",
            ),
            (
                'outside.count(b",") + outside.count(b"[") + outside.count(b"{") - keys',
                'outside.count(b",") - keys',
                "t4: test_the_scan_refuses_more_items_than_allowed",
                "t4: test_the_scan_counts_the_items_that_the_parser_counts",
                "t12: test_a_bomb_is_refused_for_what_it_is",
            ),
            (
                'outside.count(b",") + outside.count(b"[") + outside.count(b"{") - keys',
                'outside.count(b",") + outside.count(b"[") + outside.count(b"{")',
                "t4: test_the_scan_never_refuses_what_is_within_the_bounds",
            ),
        )
    ),
    Guard(
        "kernel/canonical.py",
        "if isinstance(item, float):",
        "if False:",
        tests("t4: test_what_has_no_one_spelling_is_not_written", "t4: test_a_flawed_spelling_is_refused"),
    ),
]

TEXT = [
    Guard(
        "kernel/plain.py",
        'in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _SHOWN_AS_IS:',
        'in ("Cc", "Cf", "Cs") and char not in _SHOWN_AS_IS:',
        tests(
            "plain: test_of_all_characters_exactly_the_dangerous_ones_are_escaped",
            "plain: test_no_payload_keeps_its_power",
            "t24: test_a_refusal_quotes_text_only",
        ),
    ),
    Guard(
        "kernel/plain.py",
        'in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _SHOWN_AS_IS:',
        'in ("Cc", "Zl", "Zp") and char not in _SHOWN_AS_IS:',
        tests(
            "plain: test_of_all_characters_exactly_the_dangerous_ones_are_escaped",
            "plain: test_no_payload_keeps_its_power",
            "t24: test_a_refusal_quotes_text_only",
        ),
    ),
    Guard(
        "kernel/errors.py",
        "plain(detail, MAX_DETAIL)",
        "detail[:MAX_DETAIL]",
        tests(
            "plain: test_a_refusal_may_quote_anything",
            "t24: test_a_refusal_quotes_text_only",
            "t24: test_what_a_peer_signed_reaches_refusals_as_text_only",
            "t24: test_names_in_a_body_reach_refusals_as_text_only",
        ),
    ),
    Guard(
        "kernel/errors.py",
        "plain(detail, MAX_DETAIL)",
        "plain(detail)",
        tests("plain: test_a_refusal_quotes_no_more_than_so_much"),
    ),
    Guard(
        "kernel/wire.py",
        r"^[0-9a-f]{64}\Z",
        "^[0-9a-f]{64}$",
        tests("wire: test_an_id_with_a_line_end_is_no_second_spelling", "t4: test_an_id_in_a_body_has_one_spelling"),
    ),
    Guard(
        "overlay/messages.py",
        r"^([0-9a-f]{64})?\Z",
        "^([0-9a-f]{64})?$",
        tests(
            "t4: test_an_id_in_a_body_has_one_spelling",
            "t4: test_the_head_of_an_empty_feed_has_one_spelling",
        ),
    ),
    Guard(
        "kernel/instant.py",
        "min(max(at, 0), _LAST)",
        "max(at, 0)",
        tests("instant: test_what_lies_beyond_the_year_9999_is_written_as_its_end"),
    ),
    Guard(
        "kernel/instant.py",
        "min(max(at, 0), _LAST)",
        "min(at, _LAST)",
        tests("instant: test_what_lies_before_the_epoch_is_written_as_the_epoch"),
    ),
    *(
        Guard("entrypoints/" + file, line, gone, tests(*(f"t24: {test}" for test in which)))
        for file, line, gone, *which in (
            (
                "logs.py",
                "            _printable,\n",
                "",
                "test_a_log_line_is_one_line_of_text",
            ),
            ("cli/show.py", "Text(plain(text))", "Text(text)", "test_lines_are_printed_as_text"),
            ("cli/show.py", "Text(plain(text))", "plain(text)", "test_lines_are_printed_as_text"),
            ("cli/show.py", "Text(plain_lines(text))", "Text(text)", "test_lines_are_printed_as_text"),
            (
                "cli/show.py",
                "[plain(str(cell)) for cell in row]",
                "[str(cell) for cell in row]",
                "test_cells_are_printed_as_text",
                "test_on_a_terminal_with_colours_text_has_none_of_its_own",
            ),
            (
                "cli/show.py",
                "Text(row[at])",
                "row[at]",
                "test_cells_are_printed_as_text",
                "test_on_a_terminal_with_colours_text_has_none_of_its_own",
            ),
            ("cli/show.py", "ensure_ascii=True", "ensure_ascii=False", "test_json_is_printed_in_ascii"),
            ("cli/show.py", "lines = [plain(text)]", "lines = [text]", "test_an_error_is_one_line_of_text"),
            ("http/door.py", "{escape(plain(facts))}", "{facts}", "test_markup_in_a_page_is_text"),
            *(
                ("http/door.py", line, gone, "test_markup_in_a_page_is_text", "test_markup_in_a_row_is_text")
                for line, gone in (
                    ("escape(one['name'])", "one['name']"),
                    (
                        "escape(one.get('description') or one['schema'].get('description') or '')",
                        "(one.get('description') or one['schema'].get('description') or '')",
                    ),
                    ("{escape(path)}", "{path}"),
                    ("escape(entry.get('summary', ''))", "entry.get('summary', '')"),
                )
            ),
        )
    ),
]

GUARDS: list[Guard] = [*KEYS, *ENVELOPE, *ROOTS, *ADMISSION, *RATE, *CANONICAL, *TEXT]
"""Add the rows of another room here."""

BACKED: list[tuple[str, str, str]] = [
    ("identity/keys.py", "len(signature) != SIGNATURE_BYTES", "OpenSSL refuses other lengths too"),
    ("identity/keys.py", 'int.from_bytes(signature[KEY_BYTES:], "little") >= _L', "OpenSSL refuses S >= L too"),
    ("identity/keys.py", "if not did.startswith(_DID_PREFIX)", "the spelling is compared at the end"),
    ("identity/keys.py", "if key.did != did:", "base58 of bytes that begin with the multicodec is one to one"),
    ("identity/dsse.py", "validate=True", "base64 is written again and compared"),
    ("identity/envelope.py", 'forbid_unknown_fields=True, kw_only=True):\n    """What every', "_Payload forbids too"),
]
"""(file, guard, what stands behind it)."""


def check_guards(guards: Sequence[Guard] = GUARDS, workers: int | None = None) -> list[str]:
    """Takes out one guard at a time; returns a line for each whose tests did not go red, or not properly."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        whole = _copy(base / "whole")
        watching = sorted({test for guard in guards for test in guard.tests})
        failed, ended = _run(whole, watching)
        if ended != 0:
            return [f"red before any guard is taken out: {test}" for test in sorted(failed)] or [
                f"pytest ended: {ended}"
            ]
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            jobs = [pool.submit(_check, guard, base / str(place)) for place, guard in enumerate(guards)]
            return [line for job in jobs for line in job.result()]


def _check(guard: Guard, folder: Path) -> list[str]:
    copy = _copy(folder)
    path = copy / "hansa" / guard.file
    try:
        path.write_text(guard.removed_from(path.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        return [str(error)]
    failed, ended = _run(copy, guard.tests)
    shutil.rmtree(folder)
    if ended not in (0, 1):
        return [f"{guard.name}: pytest ended with {ended}, so the copy is broken rather than unguarded"]
    return [f"{guard.name}: still green: {test}" for test in guard.tests if test not in failed]


def _copy(folder: Path) -> Path:
    shutil.copytree(ROOT / PACKAGE, folder / "hansa", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _run(source: Path, nodes: Iterable[str]) -> tuple[set[str], int]:
    """Runs the tests against the package in `source`; returns which failed, without parameters, and the exit code."""
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "4000"}
    where = "import hansa; print(hansa.__file__)"
    used = subprocess.run([sys.executable, "-c", where], cwd=source, env=environment, capture_output=True, text=True)
    if not used.stdout.startswith(str(source)):
        raise RuntimeError(f"the tests would not see the copy: {used.stdout}{used.stderr}")
    options = ["-q", "-rf", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", *options, *nodes]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return set(re.findall(r"^FAILED ([^\[\s]+)", result.stdout, re.MULTILINE)), result.returncode
