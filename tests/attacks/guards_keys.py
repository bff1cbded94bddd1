"""The guards of changing keys, and which tests miss each one when it is gone; see `guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard, rows_by

rows = rows_by(
    {
        "t8": "attacks/test_008_key_theft",
        "t9": "attacks/test_009_roots_ways_in",
        "t11": "attacks/test_011_two_roots",
        "heads": "attacks/test_011_heads",
        "trail": "overlay/test_heads",
        "order": "admission/test_order_of_checks",
        "changing": "node/test_changing_keys",
        "cli": "cli/test_keys",
        "keys": "adapters/test_keys",
        "store": "store/test_store_contract",
    }
)

_NOTHING = "t8:after_the_revocation_nothing_above_its_number_is_taken"
_WITHHELD = "t8:what_came_in_before_the_revocation_is_withheld_by_it"

_VOID = "changing:what_only_void_findings_proved_is_not_used_until_it_is_proved_again"
_IN_USE = "changing:what_a_finding_that_stands_proves_too_or_the_operator_approved_stays_in_use"

GUARDS_KEYS: list[Guard] = [
    *rows(
        "identity/envelope.py",
        ("if any(seq > one.until for one in then):", "if False:", f"{_NOTHING} {_WITHHELD}"),
        (
            "if not self.retired or signers <= self.keys:",
            "if True:",
            "t8:what_the_key_signed_up_to_its_number_is_still_taken_however_late",
        ),
    ),
    *rows(
        "identity/roots.py",
        (
            "if before is not None and one.until > before.until:",
            "if False:",
            "t8:an_older_version_again_does_not_bring_the_key_back",
        ),
        (
            "if not signing.keys.isdisjoint(retired):",
            "if False:",
            "t8:an_older_version_again_does_not_bring_the_key_back",
        ),
        (
            "if version_of(message) != message.header.seq:",
            "if False:",
            "t9:a_number_that_is_not_its_version_is_refused",
        ),
    ),
    *rows(
        "admission/service.py",
        (
            "anywhere = freshness is Freshness.STANDING and header.network == EVERYONE",
            "anywhere = header.network == EVERYONE",
            "order:what_says_who_somebody_is_holds_in_every_network_when_it_says_so",
        ),
        (
            "and freshness is not Freshness.STANDING:  # 6",
            ":  # 6",
            "order:what_says_who_somebody_is_may_be_past_its_expiry_and_from_a_stranger"
            " t9:an_expired_version_is_a_step_to_the_next",
        ),
    ),
    *rows(
        "node/ring.py",
        (
            "return Roster(roster.keys, roster.threshold) if roster.retired else roster",
            "return roster",
            "t8:the_thief_greets_nobody_not_even_under_an_old_number",
        ),
        (
            "if message.header.seq <= MAX_VERSIONS and self.chain(message.author):",
            "if False:",
            "t8:the_thief_cannot_take_the_numbers_that_the_next_versions_need",
        ),
        (
            "advance(trusted, signed, metadata.author)\n        return metadata",
            "return metadata",
            "t8:the_thief_cannot_change_keys t11:whoever_has_no_root_key_cannot_make_it_look_so",
        ),
        (
            "raise Refused(Reason.CORRUPT, about) from None",
            "break",
            "t8:stored_metadata_that_is_damaged_makes_nothing_good_again",
        ),
    ),
    *rows(
        "node/inbox.py",
        (
            "envelope.check_signers(one.ring(one.read.author), header.seq, one.read.signers)",
            "pass",
            "t8:what_waits_for_its_turn_while_the_revocation_comes_in_is_refused",
        ),
        (
            "                self._core.ring.forget(fate.message.author)\n",
            "                pass\n",
            _NOTHING,
        ),
    ),
    *rows(
        "node/rooms.py",
        (
            "return author == self._core.me or (welcome and self._passes_on(admitted))",
            "return True",
            "changing:a_stranger_may_say_who_signs_for_it_and_nothing_more",
        ),
    ),
    *rows(
        "node/succession.py",
        (
            "if is_spent(core, author):",
            "if False:",
            "t11:no_further_version_of_a_spent_id_is_taken_after_a_restart_neither",
        ),
        (
            "effects.changes.append(WithholdRecord(row.id))",
            "pass",
            f"{_WITHHELD} t8:a_number_that_the_thief_used_is_free_for_the_owner_and_no_proof_against_her",
        ),
        (
            "return skill.origin is Origin.OWN or any(one.id not in gone for one in words)",
            "return False",
            "t8:a_skill_that_somebody_else_stands_behind_stays t8:a_tombstone_by_the_thief_is_undone",
        ),
        (
            "effects.changes.append(SetSkillState(skill.id, after, Reason.REVOKED.code))",
            "pass",
            f"{_WITHHELD} changing:a_revocation_travels_with_the_feed_and_the_feed_stays_whole",
        ),
        (
            "elif row.kind == messages.EVIDENCE and row.author == core.me:",
            "elif False:",
            _VOID,
        ),
        (
            "or not _was_proved(core, skill) or",
            "or",
            _IN_USE,
        ),
        (
            "or _is_proved(core, skill, gone):",
            "or False:",
            _IN_USE,
        ),
    ),
    *rows(
        "entrypoints/operations/skills.py",
        (
            "rows = node.unproved(origin) if again else node.waiting(origin)",
            "rows = [row for row in node.unproved(origin) if again or not node.core.store.evidence(row.id)]",
            _VOID,
        ),
    ),
    *rows(
        "node/keyfetcher.py",
        ("if len(asked) >= MAX_ASKED:", "if False:", "changing:a_source_cannot_have_a_reader_ask_for_ever"),
    ),
    *rows(
        "node/delivering.py",
        (
            "while rows and ready:",
            "while rows:",
            "changing:nothing_is_sent_before_the_keys_have_arrived",
        ),
    ),
    *rows(
        "node/keyholder.py",
        (
            "if not any(one.public in roots.keys for one in by):",
            "if False:",
            "changing:only_the_root_key_changes_keys",
        ),
        (
            "            core.keys.discard()\n            raise",
            "            raise",
            "changing:a_full_disk_leaves_the_old_key_in_force",
        ),
    ),
    *rows(
        "adapters/keys.py",
        (
            "if seed is None or kind not in (ROOT, FORMAT):",
            "if seed is None:",
            "keys:what_is_no_root_key_is_refused_for_what_it_is cli:the_day_to_day_key_alone_cannot_change_keys",
        ),
        (
            "if seed is None or kind not in (FORMAT, SIGNING):",
            "if seed is None:",
            "keys:a_root_key_does_not_sign_day_to_day",
        ),
        (
            "self._prepared = SigningKey(seed) if seed is not None and owner == self.node_id else None",
            "self._prepared = SigningKey(seed) if seed is not None else None",
            "keys:what_a_crash_left_half_written_is_no_key",
        ),
    ),
    *rows(
        "entrypoints/operations/keys.py",
        (
            "if node_id != app.node.core.me:",
            "if False:",
            "cli:a_root_key_of_another_node_is_not_this_ones",
        ),
    ),
    *rows(
        "adapters/store/memory.py",
        (
            "return [row for row in about if not row.withheld and (not kind or row.kind == kind)]",
            "return [row for row in about if not kind or row.kind == kind]",
            "store:a_record_that_is_withheld_keeps_its_place_in_the_feed_and_frees_its_number",
        ),
    ),
    *rows(
        "adapters/store/writes.py",
        (
            "for statement in (_WITHHOLD, _DROP_EVIDENCE, _DROP_TOMBSTONE):",
            "for statement in (_WITHHOLD,):",
            "store:what_a_withheld_record_carried_goes_with_it",
        ),
    ),
    *rows(
        "overlay/heads.py",
        (
            "return leads_there and link != other.head",
            "return link != other.head",
            "trail:a_proof_that_does_not_lead_to_the_signed_head_proves_nothing",
        ),
    ),
    *rows(
        "node/witness.py",
        ("if len(source.claims) < MAX_CLAIMS:", "if True:", "heads:what_waits_to_be_judged_is_bounded"),
        (
            "return message if (header.kind, header.network) == (overlay.INDEX, self._core.settings.network) else None",
            "return message",
            "heads:a_peer_cannot_have_an_honest_source_accused",
        ),
        (
            "            await self._judge(claim, source)\n\n    async def compare",
            "            pass\n\n    async def compare",
            "heads:a_reader_who_is_behind_finds_out_when_it_gets_there",
        ),
    ),
]
