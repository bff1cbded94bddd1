"""Several models in order: who is asked, who is passed over and why, what it costs, and what is never said."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from hansa.adapters.clock import ManualClock
from hansa.adapters.llm.budget import Budget
from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.endpoint import Endpoint
from hansa.adapters.llm.route import Route
from hansa.kernel.errors import Fault, Unavailable
from hansa.kernel.instant import DAY, MINUTE, SECOND
from tests.llm.fake import Fake, Reply, http, pieces, raw, serving, silence, stall, stream, whole

START = 20_000 * DAY
ASK = [{"role": "user", "content": "say ok"}]


@contextlib.asynccontextmanager
async def chain_of(
    *fakes: Fake, clock: ManualClock | None = None, book: Path | None = None, key: str = "", **fields: object
) -> AsyncIterator[Chain]:
    clock = clock or ManualClock(START)
    async with httpx2.AsyncClient(trust_env=False) as client:
        endpoints = [
            Endpoint(Route(f"r{number}", fake.url, "m", **{"seconds": 5.0, **fields}), key, client)  # type: ignore[arg-type]
            for number, fake in enumerate(fakes, 1)
        ]
        yield Chain(endpoints, Budget(book, clock), clock)


async def said(chain: Chain, read: Callable[[str], str | None] = lambda text: text) -> tuple[str, tuple[str, ...]]:
    answered = await chain.ask(ASK, read)
    return answered.value, answered.passed_over


@pytest.mark.parametrize(
    "reply", [whole("ok"), pieces("o", "k"), pieces("ok", tokens=None)], ids=["whole", "pieces", "uncounted"]
)
async def test_an_answer_is_read_whole_or_in_pieces(reply: Reply) -> None:
    async with serving(reply) as fake, chain_of(fake) as chain:
        assert await said(chain) == ("ok", ())
    assert fake.asked[0]["messages"] == ASK
    assert fake.asked[0]["stream"] is True


async def test_without_streaming_it_is_not_asked_for() -> None:
    async with serving(whole("ok")) as fake, chain_of(fake, stream=False) as chain:
        assert await said(chain) == ("ok", ())
    assert "stream" not in fake.asked[0]


BAD: dict[str, tuple[Reply, str]] = {
    "429": (http(429, {"error": {"message": "slow down"}}), r"asks to wait \(429\) slow down"),
    "500": (http(500, b"oops"), r"fails \(500\) oops"),
    "503": (http(503, b"", "text/plain"), r"fails \(503\)"),
    "401": (http(401, {"error": "who are you"}), r"refuses the key \(401\) who are you"),
    "404": (http(404, {"message": "no such model"}), r"refuses the question \(404\) no such model"),
    "redirection": (http(302, b"", Location="http://127.0.0.1:1/"), r"answers with a redirection \(302\)"),
    "silence": (silence(), r"does not answer in time \(0\.2 s\)"),
    "stall": (stall("o"), r"does not answer in time \(silent for 0\.1 s\)"),
    "half a stream": (stream({"choices": [{"delta": {"content": "o"}}]}), "a stream that broke off"),
    "an empty stream": (stream("[DONE]"), "an answer without a text"),
    "an error in the stream": (stream({"error": {"message": "overloaded"}}), "an error: overloaded"),
    "no JSON": (http(200, b"<html>"), "something else than its JSON"),
    "no choices": (http(200, {"choices": []}), "an answer without a text"),
    "half a body": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"),
        "breaks off",
    ),
    "hangs up": (raw(b""), "breaks off"),
    "no HTTP": (raw(b"SSH-2.0-x\r\n"), "breaks off"),
    "compressed": (http(200, b"x", Content_Encoding="gzip"), "compressed data"),
    "too long": (http(200, b" " * (4 * 1024 * 1024 + 1)), "more than 4194304 bytes"),
    "cut off": (whole("o", finish="length"), r"gives no usable answer \(cut off\)"),
    "cut off in pieces": (pieces("o", finish="length"), r"gives no usable answer \(cut off\)"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_route_without_an_answer_is_passed_over(name: str) -> None:
    reply, told = BAD[name]
    slow = name in ("silence", "stall")
    seconds = {"seconds": 0.2 if name == "silence" else 5.0, "idle_seconds": 0.1 if name == "stall" else 5.0}
    fields = seconds if slow else {}
    async with serving(reply) as bad, serving(whole("ok")) as good, chain_of(bad, good, **fields) as chain:
        answered = await chain.ask(ASK, lambda text: text)
    assert answered.value == "ok"
    assert answered.completion.route == "r2"
    assert len(answered.passed_over) == 1
    with pytest.raises(Unavailable, match=f"^no model answers: r1 .*{told}"):
        raise Unavailable("no model answers: " + answered.passed_over[0])


async def test_a_closed_port_is_passed_over() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = Fake([], url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    async with serving(whole("ok")) as good, chain_of(gone, good) as chain:
        assert await said(chain) == ("ok", ("r1 can't be reached (ConnectError)",))


async def test_an_answer_that_is_not_what_was_asked_for_is_passed_over() -> None:
    async with serving(whole("no")) as first, serving(whole("yes")) as second, chain_of(first, second) as chain:
        found = await said(chain, lambda text: text if text == "yes" else None)
    assert found == ("yes", ("r1 gives no usable answer",))


async def test_when_nobody_answers_each_is_named_with_its_trouble() -> None:
    async with serving(http(500, b"")) as first, serving(http(429, b"")) as second, chain_of(first, second) as chain:
        with pytest.raises(Unavailable, match=r"r1 fails \(500\); r2 asks to wait \(429\)"):
            await said(chain)


async def test_a_route_that_fails_is_left_alone_for_longer_each_time() -> None:
    clock = ManualClock(START)
    async with serving(http(500, b"")) as fake, chain_of(fake, clock=clock) as chain:
        for pause in (5, 10, 20):
            with pytest.raises(Unavailable, match=r"fails \(500\)"):
                await said(chain)
            clock.advance(pause * SECOND - 1)
            with pytest.raises(Unavailable, match=r"is left alone for 1 s more \(fails \(500\)\)"):
                await said(chain)
            clock.advance(1)
    assert len(fake.asked) == 3


async def test_a_route_that_asks_to_wait_is_left_alone_as_long_and_then_asked_again() -> None:
    clock = ManualClock(START)
    async with serving(http(429, b"", Retry_After="90"), whole("ok")) as fake, chain_of(fake, clock=clock) as chain:
        with pytest.raises(Unavailable, match="asks to wait"):
            await said(chain)
        clock.advance(89 * SECOND)
        with pytest.raises(Unavailable, match="for 1 s more"):
            await said(chain)
        clock.advance(SECOND)
        assert (await said(chain))[0] == "ok"
        assert chain.standings()[0].last == ""


async def test_what_one_question_is_refused_for_keeps_no_other_from_being_asked() -> None:
    async with serving(http(400, b""), whole("ok")) as fake, chain_of(fake) as chain:
        with pytest.raises(Unavailable, match="refuses the question"):
            await said(chain)
        assert (await said(chain))[0] == "ok"


async def test_a_budget_of_tokens_holds_and_a_new_day_opens_it_again() -> None:
    clock = ManualClock(START)
    async with (
        serving(whole("ok", (400, 100))) as fake,
        chain_of(fake, clock=clock, tokens_per_day=1_300, max_tokens=300) as chain,
    ):
        assert (await said(chain))[0] == "ok"
        assert chain.standings()[0].spent.tokens == 500
        assert (await said(chain))[0] == "ok"
        with pytest.raises(Unavailable, match="r1 has spent its budget for today"):
            await said(chain)
        clock.advance(DAY)
        assert (await said(chain))[0] == "ok"
    assert len(fake.asked) == 3


async def test_a_budget_of_money_holds() -> None:
    async with (
        serving(whole("ok", (1_000, 1_000))) as fake,
        chain_of(fake, micros_per_day=5_000, micros_in=1_000, micros_out=2_000, max_tokens=1_000) as chain,
    ):
        assert (await said(chain))[0] == "ok"
        assert chain.standings()[0].spent.micros == 3_000
        with pytest.raises(Unavailable, match="spent its budget"):
            await said(chain)
    assert len(fake.asked) == 1


async def test_what_was_spent_outlives_the_process(tmp_path: Path) -> None:
    book = tmp_path / "spent.json"
    async with serving(whole("ok", (400, 100))) as fake:
        async with chain_of(fake, book=book) as chain:
            await said(chain)
        async with chain_of(fake, book=book) as again:
            spent = again.standings()[0].spent
    assert (spent.tokens, spent.calls) == (500, 1)
    assert book.stat().st_mode & 0o777 == 0o600


async def test_a_call_that_never_came_back_counts_with_its_worst_case(tmp_path: Path) -> None:
    """The book is written before the call: a process that is killed meanwhile has spent what it may have spent."""
    book = tmp_path / "spent.json"
    async with serving(silence()) as fake, chain_of(fake, book=book, max_tokens=300) as chain:
        asking = asyncio.create_task(said(chain))
        while not fake.asked:
            await asyncio.sleep(0)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    spent = Budget(book, ManualClock(START)).spent(Route("r1", "http://x/v1", "m"))
    assert spent.tokens > 300


async def test_a_clock_that_is_set_back_opens_no_new_budget() -> None:
    clock = ManualClock(START)
    async with (
        serving(whole("ok", (400, 100))) as fake,
        chain_of(fake, clock=clock, tokens_per_day=900, max_tokens=300) as chain,
    ):
        await said(chain)
        await asyncio.sleep(0)
        clock.advance(-3 * DAY)
        assert chain.standings()[0].spent.tokens == 500


async def test_a_refused_connection_costs_nothing_and_a_broken_answer_its_question() -> None:
    clock = ManualClock(START)
    async with serving(http(401, b""), http(500, b"")) as fake, chain_of(fake, clock=clock) as chain:
        with pytest.raises(Unavailable):
            await said(chain)
        assert chain.standings()[0].spent.tokens == 0
        clock.advance(11 * MINUTE)
        with pytest.raises(Unavailable):
            await said(chain)
        assert 0 < chain.standings()[0].spent.tokens < 100


def test_a_damaged_book_is_no_empty_one(tmp_path: Path) -> None:
    book = tmp_path / "spent.json"
    book.write_bytes(b"{")
    with pytest.raises(Fault, match="is damaged: remove it"):
        Budget(book, ManualClock(START))


async def test_the_key_is_sent_and_never_told() -> None:
    key = "sk-very-secret-key"
    echo = http(401, {"error": {"message": f"Incorrect API key provided: {key}"}})
    async with serving(echo) as fake, chain_of(fake, key=key, key_env="K") as chain:
        with pytest.raises(Unavailable) as told:
            await said(chain)
        assert key not in str(told.value) + repr(chain.standings()[0].last)
        assert "<key>" in str(told.value)
    assert fake.keys == [f"Bearer {key}"]


async def test_without_its_key_a_route_is_not_called() -> None:
    async with serving(whole("ok")) as fake, chain_of(fake, key="", key_env="HANSA_TEST_KEY") as chain:
        with pytest.raises(Unavailable, match="no key in the environment variable HANSA_TEST_KEY"):
            await said(chain)
    assert not fake.asked


async def test_control_characters_of_a_server_do_not_get_through() -> None:
    async with serving(http(500, b"\x1b[31mred")) as fake, chain_of(fake) as chain:
        with pytest.raises(Unavailable) as told:
            await said(chain)
    assert "\x1b" not in str(told.value)
