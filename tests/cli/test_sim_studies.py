"""`hansa sim growth` and `hansa sim stress`: tables, JSON, pictures, and what is refused."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from hansa.entrypoints import studies
from tests.cli.conftest import Hansa

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="pip install 'hansa[plots]'")
SMALL = ("sim", "growth", "--initial", "20", "--steps", "2", "--per-step", "5")


def test_growth_shows_a_line_for_each_step(hansa: Hansa) -> None:
    said = hansa(*SMALL)
    assert said.code == 0 and not said.err
    for word in ("clustering", "path length", "global efficiency", "flow", "units asked for", "took"):
        assert word in said.out
    found = hansa(*SMALL, "--json").json
    assert [one["nodes"] for one in found["steps"]] == [20, 25, 30]
    assert set(found["steps"][0]) >= {
        "nodes", "edges", "clustering", "path_length", "global_efficiency", "degrees", "flow_efficiency", "sharing"
    }  # fmt: skip


def test_growth_under_preferential_attachment_has_a_power_law(hansa: Hansa) -> None:
    words = ("sim", "growth", "--initial", "300", "--steps", "0", "--policy", "preferential")
    assert "power law of links" in hansa(*words).out
    assert hansa(*words, "--json").json["steps"][0]["power_law"]["exponent"] > 2


def test_stress_says_the_four_that_were_asked_for(hansa: Hansa) -> None:
    words = ("sim", "stress", "--nodes", "30", "--seed", "3")
    said = hansa(*words)
    assert said.code == 0 and not said.err
    for word in ("performance degradation", "recovery time", "alternative path use", "request fulfilment rate"):
        assert word in said.out and word in hansa("sim", "stress", "--help").out.replace("\n  ", " ")
    found = hansa(*words, "--json").json
    for name in ("performance_degradation", "recovery_time_s", "alternative_path_use", "request_fulfilment_rate"):
        assert name in found
    assert found["params"]["seed"] == 3 and found["repair"]["dead"] == 3


def never(*_: object) -> None:
    raise AssertionError("the study began")


@needs_matplotlib
def test_pictures_are_written_beside_tables_and_beside_json(hansa: Hansa, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    said = hansa(*SMALL, "--plots", folder)
    names = sorted(path.name for path in folder.iterdir())
    charts = ("degrees", "paths", "shares", "size")
    assert names == sorted([*(f"growth-{one}.{kind}" for one in charts for kind in ("svg", "png")), "growth.html"])
    assert said.code == 0 and all(name in said.out.replace("\n", "") for name in names)
    said = hansa("sim", "stress", "--nodes", "10", "--plots", folder, "--json")
    assert said.json["study"] == "stress" and (folder / "stress.html").read_text().count("<script") == 2
    assert {path.name for path in folder.iterdir()} > {"stress-performance.svg", "stress-units.png"}


@needs_matplotlib
def test_pictures_of_the_same_seed_are_the_same(hansa: Hansa, tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert hansa(*SMALL, "--policy", "preferential", "--plots", tmp_path / name).code == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


def test_without_the_extra_plots_are_refused_before_anything_runs_and_all_else_works(
    hansa: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with monkeypatch.context() as patched:
        patched.setattr(studies, "grown", never)
        said = hansa(*SMALL, "--plots", tmp_path / "pictures")
    assert said.code == 2 and "pip install 'hansa[plots]'" in said.sentence
    assert not (tmp_path / "pictures").exists()
    assert hansa(*SMALL).code == 0


@needs_matplotlib
def test_a_folder_that_can_t_be_made_is_refused_before_anything_runs(
    hansa: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(studies, "grown", never)
    said = hansa(*SMALL, "--plots", tmp_path / "file")
    assert said.code == 2 and "name a folder" in said.sentence and (tmp_path / "file").read_text() == "mine"


@needs_matplotlib
def test_a_picture_that_can_t_be_written_is_said(hansa: Hansa, tmp_path: Path) -> None:
    (tmp_path / "growth.html").mkdir()
    said = hansa(*SMALL, "--plots", tmp_path)
    assert said.code == 2 and "growth.html" in said.sentence


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("growth", "--initial", "3"), "initial nodes must be at least 9"),
        (("growth", "--steps", "9000"), "let more nodes join in each"),
        (("growth", "--per-step", "0"), "nodes per step must be at least 1"),
        (("growth", "--per-step", "1000000"), "take fewer steps"),
        (("growth", "--policy", "none"), "choose one of bounded, preferential"),
        (("stress", "--nodes", "3"), "nodes must be between 10 and 20,000"),
        (("stress", "--failures", "10"), "such as 0.1"),
        (("stress", "--load", "0"), "load must be above 0"),
        (("stress", "--usual", "2"), "usual load must be a share"),
        (("stress", "--policy", "none"), "choose one of bounded, preferential"),
    ],
)
def test_what_makes_no_sense_is_refused_and_said_how_to_mend(hansa: Hansa, words: tuple[str, ...], what: str) -> None:
    said = hansa("sim", *words)
    assert said.code == 2 and what in said.sentence
