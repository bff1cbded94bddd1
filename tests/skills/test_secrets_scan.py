"""Secrets are found before anything leaves the machine, and never repeated in saying so."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.skills.model import Case, Cases, Script, Step
from hansa.skills.secrets_scan import find_secrets, secrets_in
from tests.growth import growth
from tests.skills.specimens import SHOUT, changed, with_files

A16, A36 = "ABCDEFGHIJ234567", "aB3" * 12
SECRETS = [
    ("private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ("AWS access key", "AKIA" + A16),
    ("AWS access key", "ASIA" + A16),
    ("GitHub token", "ghp_" + A36),
    ("GitHub token", "ghs_" + A36),
    ("GitHub token", "github_pat_" + A36 + A36),
    ("GitLab token", "glpat-" + A36[:20]),
    ("Slack token", "xoxb-" + "1234567890-abcdef"),
    ("Google API key", "AIza" + A36[:35]),
    ("OpenAI or Anthropic key", "sk-" + A36),
    ("OpenAI or Anthropic key", "sk-ant-" + A36),
    ("OpenAI or Anthropic key", "sk-proj-" + A36),
    ("Stripe key", "sk_live_" + A36),
    ("Stripe key", "rk_live_" + A36),
    ("JSON web token", "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0" + ".SflKxwRJSMeKKF2QT4"),
    ("password in a URL", "postgres://admin:hunter22@db.internal/app"),
    ("password in a URL", "https://me:pa55word@host"),
    ("assigned secret", 'password = "correcthorse"'),
    ("assigned secret", "PASSWORD: 'correcthorse'"),
    ("assigned secret", '"api_key": "0123456789abcdef"'),
    ("assigned secret", "apikey='0123456789abcdef'"),
    ("assigned secret", 'access_token="0123456789abcdef"'),
    ("assigned secret", 'secret  =  "0123456789abcdef"'),
]

HARMLESS = [
    "",
    "def shout(s): return s.upper()",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "AKIA is how their keys begin",
    "AKIAshort",
    "xAKIA" + A16,
    "ghp_short",
    "a task-force-of-many-people-and-more",
    "risk-adjusted-returns-over-many-years",
    "skip_live_updates_until_the_next_day",
    "eyJhbGciOiJIUzI1",
    "https://example.com:8080/path",
    "https://user@example.com",
    "https://example.com/a:b@c",
    "http://{user}:{password}@host",
    "postgres://user:${PASSWORD}@db",
    "postgres://user:****@db",
    "mailto:someone@example.com",
    'password = "changeme"',
    "password = 'your-password-here'",
    'api_key = "<your key>"',
    'api_key = "xxxxxxxxxxxx"',
    'token = "${TOKEN}"',
    'password = "short"',
    'password = os.environ["PASSWORD"]',
    "password = getpass()",
    'password = "two words here"',
    "def check(password: str, secret: bytes) -> bool:",
    "the secret: be kind to strangers",
    "sha256:" + "0123456789abcdef" * 4,
    "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
    "0.1.2.3 and 10.20.30.40",
]


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
@pytest.mark.parametrize("around", ["{}", "x = {} # ours", "a\n{}\nb", "({})"])
def test_a_secret_is_found_and_named_by_kind(kind: str, secret: str, around: str) -> None:
    assert kind in secrets_in(around.format(secret))


@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert secrets_in(text) == ()


@pytest.mark.parametrize("name", ["DB_PASSWORD", "client_secret", "MY_API_KEY", "github_access_token"])
def test_a_secret_is_found_under_a_longer_name(name: str) -> None:
    assert secrets_in(f'{name} = "c0rrecth0rse"') == ("assigned secret",)


@pytest.mark.parametrize("text", ["sk-learn-compatible-estimators", "class='sk-folding-cube-animation'"])
def test_words_with_dashes_are_no_key(text: str) -> None:
    assert secrets_in(text) == ()


KIND, SECRET = "AWS access key", "AKIA" + A16


@pytest.mark.parametrize(
    ("skill", "place"),
    [
        (changed(SHOUT, intent=f"use {SECRET}"), "intent"),
        (changed(SHOUT, reasoning_path=(*SHOUT.reasoning_path, Step(step=3, action=SECRET))), "reasoning path"),
        (changed(SHOUT, result=msgspec.structs.replace(SHOUT.result, text=f"k = '{SECRET}'")), "result"),
        (changed(SHOUT, checks=(*SHOUT.checks, Script(code=f"# {SECRET}"))), "checks"),
        (changed(SHOUT, checks=(Cases(cases=(Case(args=f"('{SECRET}',)", expect="1"),)),)), "checks"),
        (changed(SHOUT, checks=(Cases(cases=(Case(args="()", expect=f"'{SECRET}'"),)),)), "checks"),
    ],
)
def test_every_place_of_a_skill_is_searched_and_named(skill: object, place: str) -> None:
    assert find_secrets(skill) == (f"{KIND} in {place}",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "skill",
    [
        changed(SHOUT, tags=(SECRET,)),
        changed(SHOUT, license=SECRET),
        with_files(f"{SECRET}.txt"),
        changed(SHOUT, result=msgspec.structs.replace(SHOUT.result, entry_point=SECRET)),
    ],
    ids=["tag", "licence", "path", "entry point"],
)
def test_the_small_fields_of_a_skill_are_searched_too(skill: object) -> None:
    assert find_secrets(skill)  # type: ignore[arg-type]


def test_a_clean_skill_holds_none() -> None:
    assert find_secrets(SHOUT) == ()


def test_each_kind_is_named_once_for_each_place() -> None:
    many = changed(SHOUT, intent=f"{SECRET} {SECRET} ghp_{A36}")
    assert find_secrets(many) == (f"{KIND} in intent", "GitHub token in intent")


@given(st.sampled_from(SECRETS), st.text(max_size=20), st.text(max_size=20))
def test_what_is_said_never_holds_the_secret(secret: tuple[str, str], before: str, after: str) -> None:
    skill = changed(SHOUT, intent=f"{before} {secret[1]} {after}")
    told = " ".join(find_secrets(skill))
    assert told
    assert secret[1] not in told
    assert set(find_secrets(skill)) <= {f"{kind} in intent" for kind, _ in SECRETS}


@given(st.text())
def test_any_text_is_searched(text: str) -> None:
    assert set(secrets_in(text)) <= {kind for kind, _ in SECRETS}


@pytest.mark.parametrize("piece", ["a.", "a-"])
def test_the_time_to_search_grows_with_the_text_and_no_faster(piece: str) -> None:
    assert growth(secrets_in, piece, 2_000) < 8
