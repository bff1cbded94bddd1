"""Reasons are a closed list; their codes are on the wire, so they are never renamed, reused or taken away."""

from __future__ import annotations

import re

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import BY_CODE, Box, Reason, Verdict

CODES = """
too_large content_encoding not_json too_deep too_many_keys not_canonical bad_frame bad_link
bad_envelope bad_key unsigned forged wrong_signer threshold revoked wrong_inviter
unsupported_version wrong_network wrong_recipient unknown_kind bad_body from_future stale expired duplicate
old_sequence equivocation unknown_peer barred banned rate_limited over_share bad_invitation crowded
unknown_skill tombstoned bad_lineage not_author no_reasoning_path low_verification_score low_confidence secret_found
no_license no_checks vacuous_checks refuted flaky no_harness over_limit sandbox_file_access sandbox_network_access
sandbox_process not_wanted operator_rejected unconstitutional
not_here_yet not_party enough_said dispute_upheld ancestor_recalled threat_alerted
not_approved
no_offer no_capacity no_show hoarding no_credit no_lease no_slot work_too_large
task_not_served too_many_tasks task_loop
store_full interrupted corrupt restored
rollback fork frozen mix_and_match unreachable
""".split()
"""Append here when a reason is added. A line that has to be changed or taken out is a break of the protocol."""


def test_codes_are_the_ones_that_were_published() -> None:
    assert [reason.code for reason in Reason if reason.code in CODES] == CODES
    assert {reason.code for reason in Reason} == set(CODES)


def test_codes_are_unique_and_found_again() -> None:
    assert len(BY_CODE) == len(Reason) == len(CODES) == len(set(CODES))
    assert all(BY_CODE[reason.code] is reason for reason in Reason)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.code)
def test_a_reason_says_where_how_and_what_to_do(reason: Reason) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
    assert reason.box in Box
    assert reason.verdict in {Verdict.IGNORE, Verdict.REJECT}
    assert 3 <= len(reason.text) <= 100
    assert reason.text.isprintable()
    assert not reason.text.endswith(".")


def test_what_may_be_nobodys_fault_is_not_blamed_on_the_sender() -> None:
    blameless = {Reason.DUPLICATE, Reason.STALE, Reason.EXPIRED, Reason.OLD_SEQUENCE, Reason.RATE, Reason.STORE_FULL}
    blameless.add(Reason.INTERRUPTED)
    assert {reason.verdict for reason in blameless} == {Verdict.IGNORE}


def test_what_no_honest_node_does_is_blamed() -> None:
    blamed = {Reason.FORGED, Reason.WRONG_SIGNER, Reason.EQUIVOCATION, Reason.UNSIGNED, Reason.ROLLBACK, Reason.FORK}
    assert {reason.verdict for reason in blamed} == {Verdict.REJECT}


def test_boxes_come_in_the_order_in_which_a_message_meets_them() -> None:
    order = list(Box)
    places = [order.index(reason.box) for reason in Reason]
    assert places == sorted(places)


def test_a_refusal_carries_its_reason_and_reads_as_a_sentence() -> None:
    refused = Refused(Reason.TOO_DEEP, "at most 32 levels")
    assert (refused.reason, refused.detail) == (Reason.TOO_DEEP, "at most 32 levels")
    assert str(refused) == "too_deep: nested too deeply: flatten it (at most 32 levels)"
    assert str(Refused(Reason.TOO_DEEP)) == "too_deep: nested too deeply: flatten it"
