"""Attack 24 through every way in: text of peers moves no cursor, forges no line and runs no script, wherever shown."""

from __future__ import annotations

import contextlib
import io
import json
import unicodedata
from pathlib import Path

import pytest

from hansa.entrypoints.cli import federation_commands, show, skill_body, skill_commands
from hansa.entrypoints.logs import configure
from tests.attacks.specimens import key
from tests.node.ways import WAYS, Target
from tests.node.world import START, make_skill, skill_message, speak

CONTROLS = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "\x9b31m", "\x07", "\x08\x08\x08",
    "\r\nhansa: all is well", "\u2028", "\u202eevil\u202c", "\u2066x\u2069", "\x00", "\x7f", "\x85", "\u200b\u200d",
    "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1b[?1049h", "\ufeff", "\u061c", "\U000e0041",
]  # fmt: skip
SCRIPTS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "javascript:alert(1)",
    "</td></table><iframe src=//evil>", "&lt;script&gt;", "[bold]x[/bold]", "{{7*7}}", "${jndi:ldap://x}", "%0d%0aX: y",
]  # fmt: skip
CORPUS = [f"count {left}stars{right}" for text in (*CONTROLS, *SCRIPTS) for left, right in ((text, ""), ("", text))]


def controls_in(text: str) -> set[str]:
    """Returns control and format characters of a text, line ends apart."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char != "\n"}


def printed(call, *args) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*args)
    return out.getvalue()


@pytest.mark.parametrize("way", WAYS)
async def test_what_peers_write_is_shown_as_text(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path, role="hub")
    for number, text in enumerate(CORPUS):
        skill = make_skill(
            f"count_{number}", f"def count_{number}(x):\n    return x  # {text!r}\n", {"(1,)": "1"}, text,
            tags=(text[:64],), license=text[:64],
        )  # fmt: skip
        assert await target.push(way, skill_message(target.author.key, skill, true(text)).raw) == "taken", text
        shown = (await target.node.ask("skill.show", id=skill.id)).value
        story = (await target.node.ask("why", id=skill.id)).value
        out = printed(skill_body.show_body, shown) + printed(federation_commands.print_story, story)
        assert controls_in(out) == set(), text
        as_json = printed(show.print_json, shown)
        assert as_json.isascii()
        assert controls_in(as_json) == set()
    listed = (await target.node.ask("skill.list", limit=1000)).value["skills"]
    assert controls_in(printed(skill_commands.skill_table, listed)) == set()


def true(text: str):
    from tests.node.world import true_claim

    return true_claim(harness=text[:64])


@pytest.mark.parametrize("text", CONTROLS)
async def test_reasons_and_the_journal_quote_safely(tmp_path: Path, text: str) -> None:
    target = await Target.fresh(tmp_path)
    wrong = skill_message(target.author.key, make_skill("x", "", {}), network=f"n{text}"[:64])
    async with target.node.http() as http:
        told = (await http.post("/skills", content=wrong.raw)).json()
    assert controls_in(told["message"] + told["detail"]) == set()
    story = (await target.node.ask("why", id=wrong.id)).value
    assert controls_in(printed(federation_commands.print_story, story)) == set()


@pytest.mark.parametrize("as_json", [True, False])
async def test_no_control_byte_reaches_a_log(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    configure("debug", as_json)
    log = structlog.get_logger("hansa")
    for text in CORPUS:
        log.warning("delivery refused", to=text, record=text, nested=[text])
        log.warning(text)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 2 * len(CORPUS)
    assert controls_in(said) == set()


async def test_the_reference_page_and_the_door_run_no_script(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path, role="hub")
    target.node.settings["name"] = "<script>alert(1)</script>"
    target.node = target.world.restart(target.node)
    for script in SCRIPTS:
        hello = speak(key(44), "hello", {"versions": ["1.0"], "name": script[:64]}, created=START)
        await target.push("http", hello.raw)
    async with target.node.http() as http:
        page = await http.get("/docs")
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for path in ("/instances", "/skills", "/feed", "/revocations"):
            answer = await http.get(path)
            assert answer.headers["content-type"] == "application/json"
            assert controls_in(answer.text) == set()
        for script in SCRIPTS:
            answer = await http.get("/skills", params={"intent": script, "after": script})
            assert answer.headers["content-type"] == "application/json"
            json.loads(answer.text)
