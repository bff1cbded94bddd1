"""The guards of studies: what bounds them, and what keeps their counts true, in the form of `tests.attacks.guards`."""

from __future__ import annotations

from tests.attacks.guards import rows_by

rows = rows_by(
    {
        "growth": "sim/test_study_growth",
        "stress": "sim/test_study_stress",
        "ways": "sim/test_study_ways",
        "trading": "sim/test_study_trading",
        "measures": "sim/test_study_measures",
        "detecting": "sim/test_study_detecting",
        "plots": "adapters/test_plots",
        "cli": "cli/test_sim_studies",
    }
)

BAD = "numbers_that_make_no_sense_are_refused"
FIRST = "a_study_looks_at_its_numbers_first"
WHOLE = "stress:units_are_neither_made_nor_lost_and_no_dead_node_serves"

STUDIES = [
    *rows(
        "sim/studies/growth.py",
        ("        if self.initial < least:\n", "        if False:\n", f"growth:{BAD}"),
        ("        if not 0 <= self.steps <= MOST_STEPS:\n", "        if False:\n", f"growth:{BAD}"),
        ("        if self.per_step < 1:\n", "        if False:\n", f"growth:{BAD}"),
        ("        if self.nodes > MOST_NODES:\n", "        if False:\n", f"growth:{BAD}"),
        ("    params.validate()\n    rng, found", "    rng, found", f"growth:{FIRST}"),
        (
            "            if ways.take(way, units):\n",
            "            if True:\n",
            "growth:no_more_is_delivered_than_links_carry",
        ),
    ),
    *rows(
        "sim/studies/stress.py",
        ("        if not least < self.nodes <= MOST_NODES:\n", "        if False:\n", f"stress:{BAD}"),
        ("        if not 0 <= self.failures <= 0.9:\n", "        if False:\n", f"stress:{BAD}"),
        ("        if not 0 < self.load <= 10:\n", "        if False:\n", f"stress:{BAD}"),
        ("        if not 0 < self.usual <= 1:\n", "        if False:\n", f"stress:{BAD}"),
        ("    params.validate()\n    rng = ", "    rng = ", f"stress:{FIRST}"),
        (
            "and undecided and bool(run.alive[asked.borrower])",
            "and undecided",
            "stress:requests_of_dead_borrowers_do_not_count",
        ),
    ),
    *rows(
        "sim/studies/stress_run.py",
        ("            elif not self.alive[list(work.way.nodes)].all():\n", "            elif False:\n", WHOLE),
        ("        if not self._off[work.lender]:\n", "        if True:\n", WHOLE),
        ("            self._free[gone] = 0\n", "            pass\n", WHOLE),
        ("                work.phase, work.due = Phase.LEFT, -1\n", "                pass\n", WHOLE),
        (
            "        asked.shunned.append(work.lender)\n",
            "",
            "stress:whoever_asks_a_dead_lender_asks_another_one_next",
        ),
        (
            "            if self.ways.take(way, units):\n",
            "            if self.ways.take(way, units) or True:\n",
            WHOLE,
        ),
        (
            "self._decide(asked, self.now <= asked.deadline)",
            "self._decide(asked, True)",
            "stress:late_is_not_fulfilled",
        ),
    ),
    *rows(
        "sim/studies/ways.py",
        (
            "        if _free(self._rows, out) < units:\n",
            "        if False:\n",
            "ways:no_link_carries_more_than_it_can_and_all_is_given_back",
        ),
        (
            "            if off[other] or barred[other] == bar:\n",
            "            if barred[other] == bar:\n",
            "ways:ways_share_no_relay_pass_nobody_who_is_off_and_there_are_as_many_as_can_be",
        ),
        (
            "            barred[one] = self._searches\n",
            "            pass\n",
            "ways:relays_that_failed_are_not_passed_again",
        ),
    ),
    *rows(
        "sim/studies/trading.py",
        (
            "        fit[row[here & there], column[here & there]] = False\n",
            "        pass\n",
            "trading:pairs_that_are_barred_do_not_come_together",
        ),
        (
            "    fit = requests.borrower[asked, None] != offers.lender[None, given]\n",
            "    fit = requests.borrower[asked, None] == requests.borrower[asked, None] + 0 * given\n",
            "trading:arrays_match_as_the_node_does",
        ),
        (
            "    worth[~fit] = -1\n",
            "",
            "trading:arrays_match_as_the_node_does",
        ),
    ),
    *rows(
        "sim/studies/measures.py",
        (
            "        if tail.size < _TAIL or tail[0] == tail[-1]:\n",
            "        if False:\n",
            "measures:there_is_no_power_law_of_a_few_nodes_or_of_one_degree",
        ),
        (
            "    if found.size >= of or found.size < 2:\n",
            "    if found.size < 2:\n",
            "measures:clustering_is_that_of_networkx",
        ),
    ),
    *rows(
        "sim/models/bounded.py",
        (
            "    if any(after <= before for before, after in pairwise(sizes)):\n",
            "    if False:\n",
            "growth:stages_that_do_not_rise_are_refused",
        ),
    ),
    *rows(
        "adapters/plots/page.py",
        (
            '.replace("<", "\\\\u003c")',
            "",
            "plots:a_page_holds_all_values_and_text_stays_text",
        ),
        ("html.escape(value)", "value", "plots:a_page_holds_all_values_and_text_stays_text"),
        ('"@title@": html.escape(title)', '"@title@": title', "plots:a_page_holds_all_values_and_text_stays_text"),
    ),
    *rows(
        "entrypoints/studies.py",
        (
            "    images.check()\n",
            "",
            "cli:without_the_extra_plots_are_refused_before_anything_runs_and_all_else_works",
        ),
    ),
    *rows(
        "entrypoints/cli/study_commands.py",
        (
            "    if name not in POLICIES:\n",
            "    if False:\n",
            "cli:what_makes_no_sense_is_refused_and_said_how_to_mend",
        ),
        (
            "        check_plots(plots)\n",
            "        pass\n",
            "cli:a_folder_that_can_t_be_made_is_refused_before_anything_runs",
        ),
    ),
]
