"""Attack 24: text from a peer that reaches a terminal, a log or a page, and does something there.

Every way out is tried with every text of the corpus: none lets a control character through, none forges a line, and
none turns text into markup.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from hansa.admission.service import Via
from hansa.entrypoints import logs
from hansa.entrypoints.cli import main, show
from hansa.entrypoints.errors import exit_code, http_status, problem
from hansa.entrypoints.http import door
from hansa.kernel.errors import Busy, Fault, NotFound, Refused, Unavailable, UsageError
from hansa.kernel.plain import plain, plain_lines
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Wire, parse
from tests.admission.memory import gate
from tests.attacks.hostile_text import MARKUP, SEQUENCES, TERMINAL, dangerous
from tests.attacks.specimens import key, proved, refusal

ALICE = key(1)
TEXTS = [*TERMINAL.values(), *MARKUP]
WRITABLE = [text for text in TEXTS if not re.search("[\ud800-\udfff]", text)]  # as a signed message holds no surrogates


def test_there_are_payloads_enough() -> None:
    assert len(set(SEQUENCES.values())) >= 90
    assert len(set(TERMINAL.values())) >= 180
    assert len(set(MARKUP)) == len(MARKUP) >= 100
    assert all(map(dangerous, TERMINAL.values()))


# Refusals, which quote what was sent.


@pytest.mark.parametrize("reason", [Reason.BAD_BODY, Reason.UNKNOWN_KIND, Reason.UNREACHABLE], ids=lambda r: r.code)
def test_a_refusal_quotes_text_only(reason: Reason) -> None:
    for text in TEXTS:
        refused = Refused(reason, text)
        answer = problem(refused)
        assert refused.detail == answer["detail"] == plain(text, 300)
        assert answer["message"] == str(refused)
        assert not dangerous("".join(answer.values()))


class Specimen(Wire, frozen=True):
    count: int = 0


@pytest.mark.parametrize(("field", "longest"), [("kind", 32), ("network", 64), ("version", 16)])
def test_what_a_peer_signed_reaches_refusals_as_text_only(field: str, longest: int) -> None:
    """The kind, the network and the version are free text up to a length, and are quoted."""
    here = gate()
    for text in WRITABLE:
        refused = refusal(here.take, proved(ALICE, {}, **{field: text[:longest]}), Via.FEED)
        assert refused.detail.startswith(plain(text[:longest])[:250])
        assert not dangerous(str(refused))


def test_names_in_a_body_reach_refusals_as_text_only() -> None:
    for text in WRITABLE:
        assert not dangerous(str(refusal(parse, {text: 1}, Specimen)))
        assert not dangerous(str(refusal(parse, {"count": text}, Specimen)))


# Logs.


@contextmanager
def logging_to_stderr(as_json: bool) -> Iterator[None]:
    """Configures logs onto what is standard error now; puts everything back afterwards."""
    uvicorn = logging.getLogger("uvicorn")
    level = uvicorn.level
    logs.configure("debug", as_json)
    try:
        yield
    finally:
        structlog.reset_defaults()
        uvicorn.setLevel(level)


both = pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])


class Odd:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Odd({self.text!r})"


@both
def test_a_log_line_is_one_line_of_text(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json):
        for text in TEXTS:
            log = structlog.get_logger("hansa")
            log.info(text)
            log.warning("record refused", record=text, reason=Refused(Reason.BAD_BODY, text).detail)
            log.error("pull failed", source=text, error=str(Refused(Reason.UNREACHABLE, text)))
            log.bind(peer=text).info("bound")
            out, err = capsys.readouterr()
            assert not out
            assert set(dangerous(err)) == {"\n"}
            assert err.count("\n") == len(err.splitlines()) == 4
            if as_json:
                lines = [json.loads(line) for line in err.splitlines()]
                assert [line["level"] for line in lines] == ["info", "warning", "error", "info"]
                assert (lines[0]["event"], lines[1]["record"], lines[3]["peer"]) == (plain(text),) * 3
                assert set(lines[1]) == {"event", "level", "timestamp", "record", "reason"}


@both
def test_text_inside_other_values_is_logged_as_text_too(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json):
        for text in TEXTS:
            quoted = text.encode("utf-8", "replace")
            values: list[Any] = [[text], {"a": {text: [text]}}, (text,), ValueError(text), Odd(text), quoted]
            for value in values:
                structlog.get_logger("hansa").info("event", value=value)
            err = capsys.readouterr().err
            assert set(dangerous(err)) == {"\n"}
            assert err.count("\n") == len(err.splitlines()) == len(values)


def traceback_in_the_log(capsys: pytest.CaptureFixture[str]) -> str:
    seed = "".join(["a secret", " of ours"])
    with logging_to_stderr(as_json=False):
        try:
            raise ValueError("\x1b]0;root@bank\x07" if seed else "")
        except ValueError:
            structlog.get_logger("hansa").exception("failed")
    return capsys.readouterr().err


def test_the_words_of_an_exception_are_logged_as_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(dangerous(traceback_in_the_log(capsys))) <= {"\n"}


def test_a_traceback_in_the_log_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a secret of ours" not in traceback_in_the_log(capsys)


# The command line.


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room enough for every text, so that none is folded."""
    monkeypatch.setattr(show, "WIDE", 9999)
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("wide")
def test_lines_are_printed_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS:
        show.say(text)
        assert capsys.readouterr().out == plain(text) + "\n"
        show.say_all(text)
        assert capsys.readouterr().out == plain_lines(text) + "\n"


@pytest.mark.usefixtures("wide")
def test_cells_are_printed_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS:
        show.table(["skill", "name", "n"], [["0123", text, 7], ["4567", "b", text]], right=["n"])
        out = capsys.readouterr().out
        assert set(dangerous(out)) <= {"\n"}
        _, _, *rows = out.splitlines()
        assert len(rows) == 2
        assert [plain(text).strip() in row for row in rows] == [True, True]


@pytest.mark.usefixtures("wide")
def test_on_a_terminal_with_colours_text_has_none_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    def printed(cell: str) -> str:
        show.table(["skill", "name"], [["0123", cell]])
        show.say(cell)
        return dangerous(capsys.readouterr().out)

    ours = printed("harmless")
    assert "\x1b" in ours
    for text in TEXTS:
        assert printed(text) == ours


def test_json_is_printed_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    for text in TEXTS:
        value = {"name": text, text: [text, {"deep": text}]}
        show.print_json(value)
        out = capsys.readouterr().out
        assert out.isascii()
        assert set(dangerous(out)) == {"\n"}
        assert text in json.loads(out) or re.search("[\ud800-\udfff]", text)
        assert out.count("\n") == 9


@pytest.mark.parametrize("kind", [UsageError, NotFound, Unavailable, Busy, Fault])
def test_an_error_is_one_line_of_text(
    kind: type[UsageError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise kind(text)

    monkeypatch.setattr(main, "cli", fail)
    for text in TEXTS:
        with pytest.raises(SystemExit) as ended:
            main.run()
        assert ended.value.code == exit_code(kind(text))
        assert capsys.readouterr() == ("", f"hansa: {plain(text)}\n")


# Pages.


class Outline(HTMLParser):
    """What a page is made of: its tags with their attributes, its words, and anything else that is in it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, Any]] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(("/" + tag, None))

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!--", data))

    def handle_decl(self, decl: str) -> None:
        self.tags.append(("!", decl))

    def handle_pi(self, data: str) -> None:
        self.tags.append(("?", data))

    def unknown_decl(self, data: str) -> None:
        self.tags.append(("![", data))


def entry(text: str) -> dict[str, Any]:
    """A route of a door, described by `text` wherever it may be."""
    parameters = [
        {"name": text, "description": text, "schema": {}},
        {"name": "b", "schema": {"description": text}},
        {"name": text, "schema": {}},
    ]
    return {"summary": text, "parameters": parameters}


async def page(text: str) -> str:
    """Returns the reference page of a node that is called `text` everywhere."""
    status = dict.fromkeys(("role", "name", "instance_id", "network"), text)
    views = SimpleNamespace(status=lambda: status)
    state = SimpleNamespace(node=SimpleNamespace(views=views))
    app = SimpleNamespace(openapi=lambda: {"paths": {f"/{text}": {"get": entry(text)}}}, state=state)
    answer = await door._docs(SimpleNamespace(app=app))  # type: ignore[arg-type]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return bytes(answer.body).decode()


async def test_markup_in_a_page_is_text() -> None:
    ours = Outline(await page("harmless"))
    assert ours.words.count("harmless") == 10
    for text in MARKUP:
        theirs = Outline(await page(text))
        assert theirs.tags == ours.tags
        assert plain(theirs.words) == plain(ours.words.replace("harmless", text))


def test_markup_in_a_row_is_text() -> None:
    """Without a parser: what is not one of our tags holds no character that could begin or end one."""
    ours = door._route("get", "/harmless", entry("harmless"))
    for text in MARKUP:
        theirs = door._route("get", f"/{text}", entry(text))
        assert re.findall("<[^>]*>", theirs) == re.findall("<[^>]*>", ours)
        words = re.sub("<[^>]*>", "", theirs)
        assert not re.search("[<>\"']", words)
        assert unescape(words).count(text) >= 6


@pytest.mark.parametrize("name", ["colour", "C1 0x9b", "right to left override", "high surrogate"])
async def test_a_page_has_no_control_characters(name: str) -> None:
    text = TERMINAL[name]
    status = {"role": "node", "name": text, "instance_id": "did:key:z6Mk", "network": text}
    views = SimpleNamespace(status=lambda: status)
    state = SimpleNamespace(node=SimpleNamespace(views=views))
    app = SimpleNamespace(openapi=lambda: {"paths": {}}, state=state)
    answer = await door._docs(SimpleNamespace(app=app))  # type: ignore[arg-type]
    assert not dangerous(bytes(answer.body).decode())


async def test_a_refusal_is_answered_as_json_and_text() -> None:
    for text in TEXTS:
        refused = Refused(Reason.BAD_BODY, text)
        answer = await door._refused(None, refused)  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["content-type"]) == (http_status(refused), "application/json")
        assert not dangerous(bytes(answer.body).decode())
        assert json.loads(answer.body) == problem(refused)
