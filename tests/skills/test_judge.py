"""A check passes or fails in one place, by a numbered list; each rule is met here alone and against the others."""

from __future__ import annotations

import ast
import math
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import content_id
from hansa.kernel.jobs import SandboxLimits, SandboxReport, StepReport, StepStatus, TrialEnd, TrialReport
from hansa.kernel.verdict import Reason
from hansa.skills.judge import accepts, job_for, judge
from hansa.skills.model import PYTHON, Case, Cases, Outcome, Result, Script, Skill
from tests.skills.specimens import SHOUT, changed, report, trial
from tests.skills.strategies import sandbox_reports

OK, FAILED, RAISED = StepStatus.OK, StepStatus.FAILED, StepStatus.RAISED
MISSING, NOT_RUN = StepStatus.MISSING_MODULE, StepStatus.NOT_RUN
COMPLETED, EXITED = TrialEnd.COMPLETED, TrialEnd.EXITED

CASES_ONLY = changed(SHOUT, checks=SHOUT.checks[:1])
SCRIPT_ONLY = changed(SHOUT, checks=SHOUT.checks[1:])
UNCHECKED = changed(SHOUT, checks=())
WRONG = ("'a'", "''")

GOOD, BAD = trial(), trial(WRONG, [FAILED])
LACKING = trial([NOT_RUN, NOT_RUN], [NOT_RUN], load=MISSING)
SLOW = trial([NOT_RUN, NOT_RUN], [NOT_RUN], TrialEnd.TIMEOUT, load=NOT_RUN)
REACHING = trial(("'A!'", "'!'"), (OK,), COMPLETED, "file")
BLANK_FAILS = trial((), [FAILED])
BLANK_PASSES = trial((), [OK])


def verdict(skill: Skill, *trials: TrialReport, control: TrialReport | None = BLANK_FAILS) -> Reason | None:
    return judge(skill, report(*trials, control=control)).reason


# ---- the list, rule by rule

RULES = [
    (1, Reason.NO_CHECKS, Outcome.INCONCLUSIVE, UNCHECKED, [trial((), ())], None),
    (2, Reason.SANDBOX_FILE, Outcome.FAIL, SHOUT, [REACHING], BLANK_FAILS),
    (3, Reason.VACUOUS, Outcome.FAIL, SCRIPT_ONLY, [trial((), [OK])], BLANK_PASSES),
    (4, Reason.NO_HARNESS, Outcome.INCONCLUSIVE, SHOUT, [LACKING], BLANK_FAILS),
    (4, Reason.NO_HARNESS, Outcome.INCONCLUSIVE, SHOUT, [], BLANK_FAILS),
    (5, Reason.OVER_LIMIT, Outcome.FAIL, SHOUT, [SLOW, SLOW], BLANK_FAILS),
    (6, Reason.REFUTED, Outcome.FAIL, SHOUT, [BAD, BAD, BAD], BLANK_FAILS),
    (7, Reason.FLAKY, Outcome.FAIL, SHOUT, [GOOD, BAD], BLANK_FAILS),
    (8, None, Outcome.PASS, SHOUT, [GOOD, GOOD], BLANK_FAILS),
]


@pytest.mark.parametrize(("number", "reason", "outcome", "skill", "trials", "control"), RULES)
def test_each_rule_of_the_list_is_met_alone(
    number: int,
    reason: Reason | None,
    outcome: Outcome,
    skill: Skill,
    trials: list[TrialReport],
    control: TrialReport | None,
) -> None:
    finding = judge(skill, report(*trials, control=control))
    assert (finding.reason, finding.outcome) == (reason, outcome)


@pytest.mark.parametrize(
    ("earlier", "skill", "trials", "control"),
    [
        (Reason.NO_CHECKS, UNCHECKED, [REACHING], BLANK_PASSES),  # 1 before 2
        (Reason.NO_CHECKS, UNCHECKED, [LACKING], None),  # 1 before 4
        (Reason.SANDBOX_FILE, SCRIPT_ONLY, [REACHING], BLANK_PASSES),  # 2 before 3
        (Reason.SANDBOX_FILE, SHOUT, [LACKING, REACHING], BLANK_FAILS),  # 2 before 4
        (Reason.SANDBOX_FILE, SHOUT, [SLOW, trial((), (), TrialEnd.TIMEOUT, "file")], BLANK_FAILS),  # 2 before 5
        (Reason.SANDBOX_FILE, SHOUT, [trial(WRONG, [FAILED], COMPLETED, "file")], BLANK_FAILS),  # 2 before 6
        (Reason.SANDBOX_FILE, SHOUT, [GOOD, BAD, REACHING], BLANK_FAILS),  # 2 before 7
        (Reason.VACUOUS, SCRIPT_ONLY, [LACKING], BLANK_PASSES),  # 3 before 4
        (Reason.VACUOUS, SCRIPT_ONLY, [SLOW], BLANK_PASSES),  # 3 before 5
        (Reason.VACUOUS, SCRIPT_ONLY, [BAD], BLANK_PASSES),  # 3 before 6
        (Reason.NO_HARNESS, SHOUT, [SLOW, LACKING], BLANK_FAILS),  # 4 before 5 and 6
        (Reason.NO_HARNESS, SHOUT, [GOOD, LACKING], BLANK_FAILS),  # 4 before 7
        (Reason.OVER_LIMIT, SHOUT, [SLOW], BLANK_FAILS),  # 5 before 6
        (Reason.REFUTED, SHOUT, [SLOW, BAD], BLANK_FAILS),  # not every trial met a limit
    ],
)
def test_the_first_rule_that_holds_decides(
    earlier: Reason, skill: Skill, trials: list[TrialReport], control: TrialReport | None
) -> None:
    assert verdict(skill, *trials, control=control) is earlier


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("file", Reason.SANDBOX_FILE),
        ("network", Reason.SANDBOX_NETWORK),
        ("process", Reason.SANDBOX_PROCESS),
        ("native", None),
    ],
)
def test_what_was_tried_decides_whatever_the_checks_say(what: str, reason: Reason | None) -> None:
    finding = judge(SHOUT, report(GOOD, trial(("'A!'", "'!'"), (OK,), COMPLETED, what), control=BLANK_FAILS))
    assert finding.reason is reason
    assert (finding.successes, finding.detail) == (1, f"{what}: /target") if reason else (2, "")


def test_the_first_forbidden_try_is_the_one_that_is_named() -> None:
    tried = trial(("'A!'", "'!'"), (OK,), COMPLETED, "native", "network", "file")
    assert verdict(SHOUT, GOOD, tried, REACHING) is Reason.SANDBOX_NETWORK


@pytest.mark.parametrize("end", [end for end in TrialEnd if end is not COMPLETED])
def test_a_trial_that_did_not_complete_is_never_a_pass(end: TrialEnd) -> None:
    unfinished = trial(("'A!'", "'!'"), (OK,), end)
    finding = judge(SHOUT, report(unfinished, control=BLANK_FAILS))
    assert (finding.outcome, finding.successes, finding.passed) == (Outcome.FAIL, 0, 0)
    assert judge(SHOUT, report(GOOD, unfinished, control=BLANK_FAILS)).reason is Reason.FLAKY


@pytest.mark.parametrize("end", [TrialEnd.TIMEOUT, TrialEnd.MEMORY, TrialEnd.OUTPUT])
def test_limits_of_any_kind_are_limits(end: TrialEnd) -> None:
    assert verdict(SHOUT, SLOW, trial((), (), end)) is Reason.OVER_LIMIT


@pytest.mark.parametrize("end", [TrialEnd.KILLED, EXITED])
def test_leaving_early_is_a_failure_and_no_limit(end: TrialEnd) -> None:
    assert verdict(SHOUT, trial((), (), end)) is Reason.REFUTED


@pytest.mark.parametrize(
    ("calls", "scripts"),
    [
        ([], []),
        (["'A!'"], [OK]),
        (["'A!'", "'!'"], []),
        (["'A!'", NOT_RUN], [OK]),
        (["'A!'", "'!'"], [NOT_RUN]),
        (["'A!'", RAISED], [OK]),
        (["'A!'", "'!'"], [FAILED]),
        (["'!'", "'A!'"], [OK]),
    ],
)
def test_a_check_without_a_good_answer_is_not_passed(calls: list[str | StepStatus], scripts: list[StepStatus]) -> None:
    assert verdict(SHOUT, trial(calls, scripts)) is Reason.REFUTED


def test_a_call_that_is_said_to_be_good_but_shows_no_value_is_not_passed() -> None:
    steps = (StepReport("call", 0, OK, None), StepReport("call", 1, OK, "'!'"), StepReport("script", 0, OK))
    assert verdict(SHOUT, TrialReport(COMPLETED, steps)) is Reason.REFUTED


def test_steps_that_nobody_asked_for_count_nothing() -> None:
    more = trial(("'A!'", "'!'", "'A!'", "'!'"), [OK, OK, OK])
    finding = judge(SHOUT, report(more, control=BLANK_FAILS))
    assert (finding.passed, finding.total, finding.outcome) == (3, 3, Outcome.PASS)
    lacking = TrialReport(COMPLETED, (*trial(("'A!'",), [OK]).steps, StepReport("call", 2, OK, "'!'")))
    assert verdict(SHOUT, lacking) is Reason.REFUTED


def test_a_step_counts_once_however_often_it_is_reported() -> None:
    twice = (StepReport("call", 0, OK, "'A!'"), StepReport("call", 0, OK, "'A!'"), StepReport("script", 0, OK))
    assert verdict(SHOUT, TrialReport(COMPLETED, twice)) is Reason.REFUTED


# ---- the control


def test_a_script_that_passes_against_a_blank_is_not_counted() -> None:
    two = changed(SHOUT, checks=(*SHOUT.checks, Script(code="pass")))
    control = trial((), [FAILED, OK])
    finding = judge(two, report(trial(("'A!'", "'!'"), [OK, OK]), control=control))
    assert (finding.passed, finding.total, finding.outcome) == (3, 3, Outcome.PASS)
    assert verdict(two, trial(("'A!'", "'!'"), [OK, FAILED]), control=control) is None
    assert verdict(two, trial(("'A!'", "'!'"), [FAILED, OK]), control=control) is Reason.REFUTED


def test_cases_are_counted_whatever_the_control_says() -> None:
    control = trial(("'A!'", "'!'"), [OK])
    finding = judge(SHOUT, report(trial(WRONG, [OK]), control=control))
    assert (finding.total, finding.reason) == (2, Reason.REFUTED)
    assert verdict(SHOUT, GOOD, control=control) is None


@pytest.mark.parametrize("status", [FAILED, RAISED, MISSING, NOT_RUN])
def test_a_script_that_does_not_pass_against_a_blank_is_counted(status: StepStatus) -> None:
    finding = judge(SCRIPT_ONLY, report(trial((), [OK]), control=trial((), [status])))
    assert (finding.total, finding.outcome) == (1, Outcome.PASS)


@pytest.mark.parametrize("end", list(TrialEnd))
def test_a_script_that_passed_against_a_blank_is_vacuous_however_the_control_ended(end: TrialEnd) -> None:
    assert verdict(SCRIPT_ONLY, trial((), [OK]), control=trial((), [OK], end)) is Reason.VACUOUS


def test_what_the_blank_lacks_or_tries_is_not_held_against_the_skill() -> None:
    assert verdict(SHOUT, GOOD, control=trial((), [MISSING], COMPLETED, "file")) is None


def test_vacuous_checks_prove_nothing() -> None:
    finding = judge(SCRIPT_ONLY, report(trial((), [OK]), control=BLANK_PASSES))
    assert (finding.passed, finding.total) == (0, 0)


@pytest.mark.parametrize(
    ("skill", "control"), [(SCRIPT_ONLY, BLANK_PASSES), (UNCHECKED, None)], ids=["vacuous", "unchecked"]
)
def test_where_nothing_is_counted_no_trial_is_a_success(skill: Skill, control: TrialReport | None) -> None:
    assert judge(skill, report(trial((), [OK]), trial((), (), EXITED), control=control)).successes == 0


# ---- the job


def test_the_job_asks_for_arguments_and_never_tells_what_is_expected() -> None:
    job = job_for(SHOUT, 5, 3, 7, SandboxLimits(wall_ms=1))
    assert job.calls == ("('a',)", "('',)")
    assert job.scripts == SHOUT.scripts
    assert (job.code, job.entry_point) == (SHOUT.result.text, "shout")
    assert (job.trials, job.stop_after, job.seed, job.limits.wall_ms) == (5, 3, 7, 1)
    secret = changed(SHOUT, checks=(Cases(cases=(Case(args="(1,)", expect="'the answer is 42'"),)),))
    assert "42" not in repr(job_for(secret, 1, 1, 1, SandboxLimits()))


def test_the_blank_has_the_entry_point_and_gives_a_fresh_object_each_time() -> None:
    control = job_for(SHOUT, 1, 1, 1, SandboxLimits()).control
    assert control is not None
    namespace: dict[str, object] = {}
    exec(control, namespace)
    blank = namespace["shout"]
    assert callable(blank)
    assert blank() != blank()
    assert type(blank(1, two=2)) is object


@pytest.mark.parametrize(
    ("skill", "control"),
    [
        (CASES_ONLY, None),
        (UNCHECKED, None),
        (changed(SCRIPT_ONLY, result=Result(media_type=PYTHON, text="x = 1")), ""),
        (changed(SCRIPT_ONLY, result=Result(media_type=PYTHON, text="", entry_point="f(): pass\nimport os #")), ""),
    ],
)
def test_a_control_is_run_for_scripts_only_and_holds_nothing_of_the_sender(skill: Skill, control: str | None) -> None:
    assert job_for(skill, 1, 1, 1, SandboxLimits()).control == control


@pytest.mark.parametrize("text", ["import os", "'''\nimport os", "\\", "é\u2028x", ""], ids=ascii)
def test_text_that_is_not_python_is_data_and_not_run(text: str) -> None:
    note = changed(SHOUT, result=Result(media_type="text/markdown", text=text, entry_point="shout"))
    job = job_for(note, 1, 1, 1, SandboxLimits())
    assert ast.literal_eval(job.code.removeprefix("SKILL = ")) == text
    assert len(ast.parse(job.code).body) == 1
    assert (job.entry_point, job.control) == (None, "SKILL = ''\n")


@pytest.mark.parametrize("entry", ["class", "None", "lambda"])
def test_the_blank_is_python_whatever_the_entry_point_is_called(entry: str) -> None:
    skill = changed(SCRIPT_ONLY, result=Result(media_type=PYTHON, text="", entry_point=entry))
    control = job_for(skill, 1, 1, 1, SandboxLimits()).control
    assert control is not None
    compile(control, "control", "exec")


# ---- details


def test_the_numbers_of_a_finding_are_sums_over_the_trials() -> None:
    one, two = trial(number=1), trial(WRONG, [OK], number=2)
    finding = judge(SHOUT, report(one, two, control=BLANK_FAILS))
    assert (finding.trials, finding.successes, finding.passed, finding.total) == (2, 1, 4, 6)
    assert finding.wall_us == one.wall_us + two.wall_us
    assert finding.digest == content_id(f"{one.digest}\n{two.digest}".encode())


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (trial(("'A!'", "'?'"), [OK]), "call 2: '?' instead of '!'"),
        (trial(("'A!'", RAISED), [OK]), "call 2: Error: raised"),
        (trial(("'A!'", "'!'"), [FAILED]), "script 1: Error: failed"),
        (trial([NOT_RUN, NOT_RUN], [NOT_RUN], load=RAISED), "load 1: Error: raised"),
        (trial((), (), EXITED), "trial ended: exited"),
        (trial((f"'{'x' * 500}'", "'!'"), [OK]), f"call 1: '{'x' * 58}… instead of 'A!'"),
    ],
)
def test_a_failure_says_what_failed_first(bad: TrialReport, detail: str) -> None:
    assert judge(SHOUT, report(GOOD, bad, control=BLANK_FAILS)).detail == detail


def test_a_pass_needs_no_detail() -> None:
    assert judge(SHOUT, report(GOOD, control=BLANK_FAILS)).detail == ""


# ---- arbitrary reports

judged = st.sampled_from([SHOUT, CASES_ONLY, SCRIPT_ONLY, UNCHECKED])
nearly_good = st.builds(
    trial,
    st.sampled_from([("'A!'", "'!'"), ("'A!'", "'!'"), ("'A!'", '"!"'), WRONG, ("'A!'",), ()]),
    st.sampled_from([(OK,), (OK,), (OK, OK), (FAILED,), ()]),
    st.sampled_from([COMPLETED, COMPLETED, COMPLETED, *TrialEnd]),
    st.sampled_from(["native", "native", "native", "file", "network", "process"]),
)
seen_reports = st.one_of(
    sandbox_reports,
    st.builds(
        report,
        nearly_good,
        nearly_good,
        control=st.one_of(st.none(), st.just(BLANK_FAILS), st.just(BLANK_PASSES), nearly_good),
    ),
)


@given(judged, seen_reports)
def test_no_report_breaks_the_judge_and_a_pass_is_always_a_whole_one(skill: Skill, seen: SandboxReport) -> None:
    finding = judge(skill, seen)
    assert (finding.outcome is Outcome.PASS) == (finding.reason is None)
    assert 0 <= finding.successes <= finding.trials == len(seen.trials)
    assert 0 <= finding.passed <= finding.total
    if finding.outcome is not Outcome.PASS:
        return
    content = {
        step.index
        for step in (seen.control.steps if seen.control else ())
        if (step.kind, step.status) == ("script", OK)
    }
    assert seen.trials
    assert finding.total == finding.passed > 0
    for one in seen.trials:
        assert one.end is COMPLETED
        assert not {attempt.what for attempt in one.attempts} & {"file", "network", "process"}
        good = {(step.kind, step.index): step for step in one.steps if step.status is OK}
        for number, case in enumerate(skill.cases):
            assert accepts(case, good["call", number].value)
        for number in set(range(len(skill.scripts))) - content:
            assert ("script", number) in good


@given(judged, sandbox_reports)
def test_the_same_report_is_judged_alike_each_time(skill: Skill, seen: SandboxReport) -> None:
    assert judge(skill, seen) == judge(skill, seen)


# ---- accepts


def held(expect: str, value: str | None) -> bool:
    return accepts(Case(args="()", expect=expect), value)


@pytest.mark.parametrize(
    ("expect", "value"),
    [
        ("1", "1"),
        ("1", "0x1"),
        ("-1", "- 1"),
        ("1.0", "1.00"),
        ("0.1", "1e-1"),
        ("0.0", "-0.0"),
        ("'a'", '"a"'),
        ("'é'", "'\\xe9'"),
        ("b'a'", 'b"a"'),
        ("None", "None"),
        ("1", "1 #"),
        ("1+2j", "(1+2j)"),
        ("{1, 2, 3}", "{3, 2, 1}"),
        ("set()", "set()"),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
        ("[[1], (2,), {'x': {3}}]", "[ [1,], (2,), {'x':{3}} ]"),
        ("nan", "nan"),
        ("[nan]", "[nan]"),
        ("inf", "inf"),
        ("datetime.date(2026, 1, 1)", "datetime.date(2026, 1, 1)"),
        ("<object>", "<object>"),
        ("(" * 150 + ")" * 150, "(" * 150 + ")" * 150),
    ],
)
def test_the_same_value_is_accepted_in_any_spelling(expect: str, value: str) -> None:
    assert held(expect, value)


@pytest.mark.parametrize(
    ("expect", "value"),
    [
        ("1", None),
        ("None", None),
        ("1", "2"),
        ("1", "True"),
        ("True", "1"),
        ("0", "False"),
        ("1", "1.0"),
        ("1.0", "1"),
        ("1", "'1'"),
        ("'a'", "b'a'"),
        ("[1]", "(1,)"),
        ("{1}", "[1]"),
        ("{}", "set()"),
        ("''", "None"),
        ("[nan, 1]", "[nan,1]"),
        ("nan", "float('nan')"),
        ("inf", "1e999"),
        ("1", "1 + 0"),
        ("2", "1 + 1"),
        ("2", "len('ab')"),
        ("object()", "object( )"),
        ("...", "Ellipsis"),
        ("1", ""),
        ("1", "1\x00"),
        ("'a'", "'a"),
        ("'\ud800'", "'x'"),
        ("0", "__import__('os')"),
    ],
)
def test_another_value_is_not_accepted(expect: str, value: str | None) -> None:
    assert not held(expect, value)


@pytest.mark.parametrize(
    ("expect", "value"), [("[1]", "[True]"), ("(1, 0)", "(1.0, False)"), ("{'a': 1}", "{'a': True}"), ("{1}", "{True}")]
)
def test_true_is_not_one_inside_a_container_either(expect: str, value: str) -> None:
    assert not held(expect, value)


def test_reading_what_others_wrote_warns_nobody() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert held(r"'\d+'", r"'\\d+'")
    assert warned == []


@pytest.mark.parametrize(
    "bomb",
    [
        "(" * 1_000 + ")" * 1_000,
        "[" * 10_000,
        "{1:" * 5_000 + "1" + "}" * 5_000,
        "-" * 10_000 + "1",
        "- " * 10_000 + "1",
        "+-~" * 5_000 + "1",
        "not " * 5_000 + "1",
        "1+" * 10_000 + "1",
        "1**" * 5_000 + "1",
        "1<" * 5_000 + "1",
        "1 if 1 else " * 2_000 + "1",
        "lambda:" * 3_000 + "1",
        "a" + ".a" * 10_000,
        "9" * 20_000,
        "0x" + "f" * 20_000,
        "f'{" * 30,
        "(" * 99 + "a b" + ")" * 99,
        "[x for x in " * 60 + "]" * 60,
        "'" + "\\N{DIGIT ONE}" * 1_000,
        "'" * 20_001,
        "{[]: 1}",
        "\x00" * 1_000,
        "\ud800" * 1_000,
    ],
    ids=lambda bomb: bomb[:12].encode("unicode_escape").decode(),
)
def test_hostile_text_on_either_side_is_just_not_the_value(bomb: str) -> None:
    assert not held("1", bomb)
    assert not held(bomb, "1")
    assert held(bomb, bomb)


def test_text_beyond_any_output_is_not_read() -> None:
    long = f"[{'1,' * 131_072}]"
    assert len(long) > 256 * 1024
    assert not held(f"[{'1,' * 9_000}]", long)
    assert not held(long.replace(",", ", "), long)


def test_depth_up_to_a_hundred_is_read() -> None:
    def nested(depth: int, blank: str) -> str:
        return f"[{blank}" * depth + "]" * depth

    assert held(nested(90, " "), nested(90, ""))
    assert not held(nested(101, " "), nested(101, ""))


@pytest.mark.parametrize("text", ["-" * 120, "(" * 120], ids=["rule", "brackets"])
def test_what_is_in_a_string_is_no_nesting(text: str) -> None:
    assert held(f'"{text}"', f"'{text}'")
    assert held(f"{{1: '{text}', 2: 3}}", f"{{2: 3, 1: '{text}'}}")


plain = st.one_of(st.none(), st.integers(), st.text(), st.binary())
floats = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.sets(st.integers(), max_size=3),
    ),
    max_leaves=8,
)


def alike(one: object, two: object) -> bool:
    """The obvious comparison at the top: the same type, and equal."""
    return type(one) is type(two) and one == two


@given(st.one_of(values, floats, st.booleans(), st.lists(st.one_of(floats, st.booleans()))))
def test_every_value_is_its_own_repr(value: object) -> None:
    assert held(repr(value), repr(value))
    assert held(repr(value), f" {value!r} ".strip() + " ")


@given(st.one_of(values, floats, st.booleans()), st.one_of(values, floats, st.booleans()))
def test_two_values_are_the_same_when_they_are_equal_and_of_one_type(one: object, two: object) -> None:
    assert held(repr(one), repr(two)) == alike(one, two)


@given(st.text(), st.text())
def test_any_two_texts_can_be_compared(expect: str, value: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = held(expect, value)
    assert answer or expect != value


def test_not_a_number_equals_its_own_text_only() -> None:
    assert held("nan", repr(math.nan))
    assert not held("(nan, 0)", "(nan,0)")
