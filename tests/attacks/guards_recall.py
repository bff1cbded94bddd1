"""The guards of recalls and acknowledgements, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import Guard

_RECALL = "tests/node/test_recall.py::test_"
_LIFE = "tests/node/test_recall_machine.py::test_whatever_happens_in_whatever_order_what_is_recalled_is_gone"


def _rows(file: str, *rows: tuple[str, str, str]) -> list[Guard]:
    """Returns guards of one file: the line, what stands there without it, and the tests of `test_recall` that fall."""
    return [Guard(file, line, gone, tuple(f"{_RECALL}{one}" for one in names.split())) for line, gone, names in rows]


SERVICE: list[Guard] = _rows(
    "skills/service.py",
    (
        "return author == known.origin and not known.own",
        "return not known.own",
        "a_recall_by_who_merely_passed_it_on_is_a_taking_back_and_no_more",
    ),
    (
        "return author == known.origin and not known.own",
        "return author == known.origin or known.own",
        "ones_own_copy_stays_and_so_does_what_comes_from_it",
    ),
    (
        "if known.tombstoned or known.recalled or author in known.withdrawn_by:  # 1",
        "if known.tombstoned or author in known.withdrawn_by:  # 1",
        "copies_go_and_nobody_brings_the_content_again what_is_recalled_does_not_come_back_by_any_way",
    ),
    (
        "if author in known.withdrawn_by and not (binds and not known.recalled):",
        "if author in known.withdrawn_by and not binds:",
        "its_author_may_recall_what_it_took_back_before",
    ),
    (
        "if author in known.withdrawn_by and not (binds and not known.recalled):",
        "if author in known.withdrawn_by:",
        "its_author_may_recall_what_it_took_back_before",
    ),
    (
        "return refused_by_operator(state, reason) or is_held(state, reason)",
        "return refused_by_operator(state, reason)",
        "no_proof_lets_a_held_skill_out_and_the_operator_does a_held_skill_that_fails_its_proof_stays_held",
    ),
)

LINEAGE: list[Guard] = [
    *_rows(
        "node/recalls.py",
        (
            "if record.author in binding and",
            "if",
            "a_recall_by_who_merely_passed_it_on_keeps_nobody_from_bringing_it_again",
        ),
        (
            "and record.author != lifted_ and",
            "and",
            "an_operator_may_let_a_recall_not_bind_and_what_stood_by_others_is_proved_anew",
        ),
        (
            "return parse(open_record(record, core.ring).body, TombstoneBody).recall",
            "return True",
            "what_only_was_taken_back_may_still_come_from_another",
        ),
        (
            "return core.lineages.is_being_recalled(skill) or recall_of(core, skill) is not None",
            "return recall_of(core, skill) is not None",
            "a_skill_that_comes_in_while_its_parent_is_recalled_is_held",
        ),
        (
            "service.is_settled(row.state, row.reason)",
            "service.is_held(row.state, row.reason)",
            "what_was_refused_by_a_proof_is_held_too_and_what_a_person_refused_stays_refused",
        ),
        (
            "return 1 + hold_below(core, skill, recalled, effects)",
            "return 1",
            "a_parent_that_comes_late_brings_the_recall_of_its_own_parent_along",
        ),
        (
            "    held = hold_below(core, skill, skill, effects)\n",
            "    held = 0\n",
            "a_recall_reaches_holders_and_what_they_made_and_comes_back_as_acknowledgements"
            " a_chain_as_long_as_any_is_followed_to_its_end",
        ),
    ),
    Guard(
        "node/rooms.py",
        "recalls.hold_new(self._core, id_, lineage.resolved, effects)",
        "pass",
        (f"{_RECALL}what_comes_later_is_held_as_it_comes",),
    ),
    *_rows(
        "node/rooms.py",
        (
            "if held is None or held.state is SkillState.REMOVED:\n            recalls",
            "if held is None:\n            recalls",
            "a_held_skill_that_was_removed_and_comes_back_is_held_again",
        ),
    ),
    *_rows(
        "node/shelf.py",
        (
            "        recalls.hold_new(self._core, id_, lineage.resolved, effects)\n",
            "",
            "what_comes_later_is_held_as_it_comes",
        ),
        (
            "recalls.bind(self._core, row.id, self._core.me, why, effects) if recall else 0",
            "0",
            "an_operator_recalls_a_peers_skill_for_this_node_alone",
        ),
        (
            'origin=row.author if row is not None and row.author != store.mark(recalls.lifted(id_)) else "",',
            'origin=row.author if row is not None else "",',
            "an_operator_may_let_a_recall_not_bind_and_what_stood_by_others_is_proved_anew",
        ),
        (
            "if recall.author == self._core.me:",
            "if False:",
            "an_operator_recalls_a_peers_skill_for_this_node_alone",
        ),
    ),
    *_rows(
        "node/lineages.py",
        (
            "                    waiting.append(one)\n",
            "",
            "a_recall_reaches_holders_and_what_they_made_and_comes_back_as_acknowledgements"
            " a_chain_as_long_as_any_is_followed_to_its_end",
        ),
        (
            "return replace(row, state=change.state, reason=change.reason) if row and change else row",
            "return row",
            "a_proof_that_was_under_way_does_not_put_a_held_skill_to_use",
        ),
        (
            "            for row in self._coming.values():\n                self._enter(row)\n",
            "",
            "a_skill_that_comes_in_while_its_parent_is_recalled_is_held",
        ),
    ),
    *_rows(
        "node/driver.py",
        (
            "                self._lineages.settled(effects.changes, effects.recalls)\n",
            "                pass\n",
            "a_recall_that_was_not_kept_holds_nothing",
        ),
    ),
    *_rows(
        "node/succession.py",
        (
            "    if recall is not None:  # it stays removed, by another's word\n",
            "    if False:\n",
            "a_recall_stands_when_the_taking_back_beside_it_is_void",
        ),
        (
            "    recalls.hold_returned(core, skill.id, effects)\n",
            "",
            "a_skill_that_a_void_tombstone_took_away_comes_back_held",
        ),
    ),
    *_rows(
        "node/publishing.py",
        (
            "if service.is_held(row.state, row.reason):",
            "if False:",
            "no_proof_lets_a_held_skill_out_and_the_operator_does",
        ),
    ),
    *_rows(
        "node/prover.py",
        (
            "if service.is_settled(current.state, current.reason):",
            "if service.refused_by_operator(current.state, current.reason):",
            "no_proof_lets_a_held_skill_out_and_the_operator_does",
        ),
        (
            "current = self._core.lineages.now(row.id) or row",
            "current = self._core.store.skill(row.id) or row",
            "a_proof_that_was_under_way_does_not_put_a_held_skill_to_use",
        ),
    ),
]

ACKNOWLEDGING: list[Guard] = [
    *_rows(
        "node/acknowledging.py",
        (
            'if one.report != "none"',
            "if True",
            "whoever_reports_nothing_acknowledges_nothing",
        ),
        (
            "return [url for url in reported if url in concerned] or reported",
            "return reported",
            "it_goes_to_where_the_skill_came_from_and_not_to_every_source",
        ),
        (
            "    if before is not None and not before.withheld:\n",
            "    if False:\n",
            "one_acknowledgement_of_each_author_and_only_of_a_tombstone_that_is_here",
        ),
        (
            "tombstone is None",
            "False",
            "one_acknowledgement_of_each_author_and_only_of_a_tombstone_that_is_here",
        ),
    ),
    *_rows(
        "node/keeping.py",
        (
            "return one.subject in self._changed or (message.author, one.subject) in self._said",
            "return one.subject in self._changed",
            "two_in_one_bulk_count_once",
        ),
    ),
    *_rows(
        "node/withdrawing.py",
        (
            "acknowledging.acknowledge(core, message, id_, gone, held, source, effects)",
            "pass",
            "a_plain_taking_back_is_acknowledged_too a_node_acknowledges_once_also_across_restarts",
        ),
    ),
]
