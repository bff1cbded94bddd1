"""Attack 31: decisions by a language's own hash: another in each process; or by a public one, which can be ground."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct import AllianceTracker, InteractionType, classic
from tests.attacks.specimens import scaled

SOURCE = Path(__file__).parents[2] / "src"
DECIDE = """
import hashlib, sys, types
sys.path.insert(0, sys.argv[1])
package = types.ModuleType("hansa.conduct"); package.__path__ = [sys.argv[1] + "/hansa/conduct"]
import hansa; sys.modules["hansa.conduct"] = package
from hansa.conduct.account import Account, Deed
from hansa.conduct.dealings import Dealing
from hansa.conduct.standing import Case, Params, decide
found, state = [], 7
for history in range(60):
    account = Account(with_history=True)
    for number in range(history):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        kind = list(Dealing)[state >> 8 & 7]
        reason = ("", "refuted", "sandbox_file_access")[state >> 16 & 1]
        account.add(Deed(1_790_000_000_000 + number * 3_600_000, kind, reason, ("a", "b", "c")[state % 3]))
    for policy in ("steadfast", "classic"):
        for domain in ("", "a", "z"):
            case = Case("us", "them", bool(history % 2), False, domain, "0" * 64)
            found.append(repr(decide(account, case, 1_790_400_000_000, Params(policy))))
print(hashlib.sha256("\\n".join(found).encode()).hexdigest())
"""


def decided(python: str, seed: int) -> str:
    """Returns a digest of some hundred decisions, made in a process of its own."""
    environment = {"PYTHONHASHSEED": str(seed), "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = [python, "-c", DECIDE, str(SOURCE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-400:]
    return done.stdout.strip()


def test_every_process_decides_alike_whatever_its_hash_seed() -> None:
    seeds = range(0, 100, max(1, 100 // scaled(4)))
    assert len({decided(sys.executable, seed) for seed in seeds}) == 1


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_version_of_python_decides_alike(version: str) -> None:
    python = shutil.which(f"python{version}")
    has = [python, "-c", "import msgspec, rfc8785"]
    if python is None or subprocess.run(has, capture_output=True, check=False, timeout=60).returncode:
        pytest.skip(f"there is no Python {version} with this project's libraries here")
    assert decided(python, 0) == decided(sys.executable, 0)


# ---- the coin


def neutral(salt: str) -> AllianceTracker:
    tracker = AllianceTracker(now=lambda: 1_790_000_000_000, me="us", salt=salt)
    tracker.record_interaction("them", InteractionType.REPLY_NEUTRAL)
    return tracker


def best_of(tracker: AllianceTracker, number: int) -> str:
    """Returns a subject for which the coin falls well, as whoever may choose it would look for one."""
    tries = (f"post {number} {n}" for n in range(64))
    return next(one for one in tries if tracker.should_engage("them", {"post_id": one})[0])


def test_whoever_chooses_the_subject_wins_each_toss_of_a_public_coin_and_none_of_a_salted_one() -> None:
    public, salted = neutral(""), neutral("kept by us")
    chosen = [best_of(public, number) for number in range(scaled(400))]
    assert all(public.should_engage("them", {"post_id": one})[0] for one in chosen), "that is the attack"
    free = [f"anything {number}" for number in range(20_000)]
    odds = sum(salted.should_engage("them", {"post_id": one})[0] for one in free) / len(free)
    ground = [best_of(public, number) for number in range(20_000)]
    won = sum(salted.should_engage("them", {"post_id": one})[0] for one in ground) / len(ground)
    assert abs(won - odds) < 0.01
    assert abs(odds - 0.5) < 0.01


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_coin_of_the_nodes_own_policy_is_not_moved_by_what_is_sent(subject: str, domain: str) -> None:
    from dataclasses import replace

    from hansa.conduct.standing import Params, PolicyName
    from tests.conduct.test_standing import GOOD, GUEST, stand

    params = Params(PolicyName.CLASSIC)
    one = stand([replace(GOOD, domain=domain[:64])], replace(GUEST, domain=subject), params=params)
    assert one.engage is stand([GOOD], GUEST, params=params).engage


def test_the_coin_is_the_first_bit_of_a_sha256_that_anybody_can_work_out() -> None:
    data = b'["hansa-coin-v1","p","us","them","x"]'
    assert classic.toss("p", "us", "them", "x") is (hashlib.sha256(data).digest()[0] < 128)
