"""One call to one endpoint: bounded in time and size, no redirects, no proxies, the key in no message."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import httpx2
import msgspec

from hansa.adapters.llm.answer import BrokenAnswer, Completion, Gathering, problem_in, read_whole
from hansa.adapters.llm.route import Route
from hansa.kernel.plain import plain

MAX_ANSWER = 4 * 1024 * 1024
"""Largest answer that is read, bytes, stream frames included."""

Message = Mapping[str, str]
"""One message of a conversation: role and content."""


class Trouble(Enum):
    """Why a route has no answer, and for how many seconds it is then left alone (0: only this question failed)."""

    ALONE = ("is left alone", 0)
    BUSY = ("asks to wait", 20)
    DOWN = ("fails", 5)
    SLOW = ("does not answer in time", 5)
    GONE = ("can't be reached", 5)
    BROKEN = ("answers with", 5)
    KEY = ("refuses the key", 600)
    NO_KEY = ("has no key", 0)
    ASKED = ("refuses the question", 0)
    SPENT = ("has spent its budget", 0)
    UNFIT = ("gives no usable answer", 0)

    def __init__(self, text: str, pause: int) -> None:
        self.text = text
        self.pause = pause


class NoAnswer(Exception):
    """A route has no answer.

    Attributes:
        trouble: what kind of trouble.
        wait: seconds that the endpoint asked to be left alone; None when it did not say.
    """

    def __init__(self, trouble: Trouble, detail: str = "", wait: int | None = None) -> None:
        self.trouble = trouble
        self.wait = wait
        super().__init__(trouble.text + (f" {detail}" if detail else ""))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with its key and the client that calls it."""

    route: Route
    key: str
    client: httpx2.AsyncClient

    async def ask(self, messages: Sequence[Message]) -> Completion:
        """Returns the model's answer.

        Raises:
            NoAnswer: with the trouble.
        """
        if self.route.key_env and not self.key:
            raise NoAnswer(Trouble.NO_KEY, f"in the environment variable {self.route.key_env}")
        try:
            async with asyncio.timeout(self.route.seconds):
                return await self._call(messages)
        except TimeoutError:
            raise NoAnswer(Trouble.SLOW, f"({self.route.seconds:g} s)") from None
        except httpx2.TimeoutException:
            raise NoAnswer(Trouble.SLOW, f"(silent for {self.route.idle_seconds:g} s)") from None
        except httpx2.RemoteProtocolError:
            raise NoAnswer(Trouble.BROKEN, "an answer that breaks off") from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NoAnswer(Trouble.GONE, f"({type(error).__name__})") from None
        except BrokenAnswer as error:
            raise NoAnswer(Trouble.BROKEN, self._without_key(str(error))) from None

    async def _call(self, messages: Sequence[Message]) -> Completion:
        route = self.route
        question = {"model": route.model, "messages": list(messages), "max_tokens": route.max_tokens, "temperature": 0}
        if route.stream:
            question |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "hansa"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        idle = httpx2.Timeout(route.idle_seconds, read=route.idle_seconds if route.stream else route.seconds)
        async with self.client.stream(
            "POST",
            route.url.rstrip("/") + "/chat/completions",
            content=msgspec.json.encode(question),
            headers=headers,
            timeout=idle,
        ) as response:
            if response.status_code != 200:
                raise self._refusal(response, await _bounded(response, 64 * 1024, strict=False))
            if response.headers.get("content-encoding", "identity") != "identity":
                raise BrokenAnswer("compressed data, which was not asked for")
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                return await self._stream(response)
            return read_whole(route.name, await _bounded(response, MAX_ANSWER))

    async def _stream(self, response: httpx2.Response) -> Completion:
        gathering = Gathering(self.route.name)
        room = MAX_ANSWER
        async for event in httpx2.EventSource(response, max_event_size=MAX_ANSWER):
            room -= len(event.data) + 8
            if room < 0:
                raise BrokenAnswer(f"more than {MAX_ANSWER} bytes")
            if gathering.take(event.data):
                break
        return gathering.whole()

    def _refusal(self, response: httpx2.Response, body: bytes) -> NoAnswer:
        status = response.status_code
        detail = self._without_key(f"({status}) {problem_in(body)}".strip())
        if status == 429:
            return NoAnswer(Trouble.BUSY, detail, _seconds(response.headers.get("retry-after", "")))
        if status in (401, 403):
            return NoAnswer(Trouble.KEY, detail)
        if status >= 500 or status == 408:
            return NoAnswer(Trouble.DOWN, detail, _seconds(response.headers.get("retry-after", "")))
        if status >= 400:
            return NoAnswer(Trouble.ASKED, detail)
        return NoAnswer(Trouble.BROKEN, f"a redirection ({status}), which is not followed: put its target into url")

    def _without_key(self, text: str) -> str:
        """Returns a server's words, fit to be shown: some repeat the key they refuse."""
        return plain(text.replace(self.key, "<key>") if self.key else text, 300)


async def _bounded(response: httpx2.Response, most: int, strict: bool = True) -> bytes:
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > most:
            if strict:
                raise BrokenAnswer(f"more than {most} bytes")
            break
    return bytes(data[:most])


def _seconds(text: str) -> int | None:
    """Returns the seconds of a Retry-After header (RFC 9110, 10.2.3); None for its other form, a date."""
    return min(int(text), 86_400) if text.isascii() and text.isdigit() else None
