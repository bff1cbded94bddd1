"""The container image is described by what the project has: paths, settings, a user of its own, a health check."""

from __future__ import annotations

import re
from pathlib import Path

from hansa.entrypoints.config import Config

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
STEPS = [
    (word, rest.strip())
    for word, rest in re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.sub(r"^#.*\n", "", TEXT, flags=re.M), re.M)
]


def of(word: str) -> list[str]:
    return [rest for name, rest in STEPS if name == word]


def test_bases_are_named_by_version_in_two_stages() -> None:
    assert len(of("FROM")) == 2
    for base in of("FROM"):
        name = base.split()[0]
        assert name.startswith("docker.io/library/python:${PYTHON}-slim-")
        assert "latest" not in name
    [version] = of("ARG")
    assert re.fullmatch(r"PYTHON=3\.1[1-4]", version)


def test_what_is_copied_is_there_and_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for step in of("COPY"):
        if step.startswith("--from="):
            continue
        for source in step.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in sent, source


def test_every_variable_is_a_setting() -> None:
    [environment] = of("ENV")
    names = re.findall(r"HANSA_([A-Z_]+)=", environment)
    assert {name.lower() for name in names} - {"home"} <= Config.model_fields.keys()
    Config(
        **{name.lower(): value for name, value in re.findall(r"HANSA_([A-Z_]+)=(\S+)", environment) if name != "HOME"}
    )


def test_it_runs_as_nobody_special_with_a_health_check_and_locked_packages_only() -> None:
    [user] = of("USER")
    assert int(user.split(":")[0]) > 1_000
    assert [name for name, _ in STEPS].index("USER") < [name for name, _ in STEPS].index("ENTRYPOINT")
    [health] = of("HEALTHCHECK")
    assert "/readyz" in health
    for line in re.findall(r"pip install [^\n&]*", TEXT):
        assert "--require-hashes" in line or "--no-deps /wheels" in line, line
    assert "privileged" not in TEXT
