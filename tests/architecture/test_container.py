"""The container image is described by what the project has: paths, settings, a user of its own, a health check."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("words", "has_key", "can_init", "done"),
    [
        (["up"], False, True, ["init", "up"]),
        (["up"], True, True, ["up"]),
        (["up", "--role", "hub"], False, True, ["init", "up --role hub"]),
        (["up"], False, False, ["init"]),  # says why once, and starts nothing without a key
        (["init"], False, True, ["init"]),
        (["store", "restore", "/backup"], False, True, ["store restore /backup"]),
        (["--version"], False, True, ["--version"]),
    ],
)
def test_a_key_is_made_at_the_first_start_and_by_no_other_command(
    tmp_path: Path, words: list[str], has_key: bool, can_init: bool, done: list[str]
) -> None:
    program = tmp_path / "hansa"
    program.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/done\n[ "$1" != init ] || exit {0 if can_init else 4}\n')
    program.chmod(0o755)
    if has_key:
        (tmp_path / "key").touch()
    [entry] = of("ENTRYPOINT")
    ended = subprocess.run(
        [*json.loads(entry), *words],
        check=False,
        env={"HANSA_HOME": str(tmp_path), "PATH": f"{tmp_path}:/bin:/usr/bin"},
    )
    assert ended.returncode == (0 if can_init else 4)
    assert (tmp_path / "done").read_text().splitlines() == done


def test_the_health_check_is_not_lost_on_the_way() -> None:
    """An engine whose own format knows none drops it with a warning, unless it is told to build the other one."""
    guide = (ROOT / "docs" / "how-to" / "run-in-a-container.md").read_text(encoding="utf-8")
    for line in re.findall(r"^.*podman build .*$", TEXT + guide, re.M):
        assert "--format docker" in line, line
