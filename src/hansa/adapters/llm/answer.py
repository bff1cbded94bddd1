"""What an endpoint answers: one JSON object, or a stream of events of which each carries a piece.

Read leniently where servers differ (fields that are not needed are skipped), strictly where it matters: without a text
there is no answer, and a stream that ends before its finish is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

END = "[DONE]"


class BrokenAnswer(Exception):
    """It is not an answer; the text says what it is instead."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's text.

    Attributes:
        route: who answered.
        tokens_in, tokens_out: as the endpoint counts them; None when it does not say.
        cut: the text stops at the bound on its length, not at its end.
    """

    route: str
    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None
    cut: bool = False


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Part(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Part | None = None
    delta: _Part | None = None
    finish_reason: str | None = None


class _Body(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: object = None


def read_whole(route: str, data: bytes) -> Completion:
    """Returns the answer in one JSON body.

    Raises:
        BrokenAnswer: it is none.
    """
    body = _decode(data)
    first = body.choices[0] if body.choices else None
    if first is None or first.message is None or first.message.content is None:
        raise BrokenAnswer("an answer without a text")
    usage = body.usage
    return Completion(
        route,
        first.message.content,
        _count(usage.prompt_tokens) if usage else None,
        _count(usage.completion_tokens) if usage else None,
        first.finish_reason == "length",
    )


@dataclass(slots=True)
class Gathering:
    """The pieces of a streamed answer, so far."""

    route: str
    _pieces: list[str] = field(default_factory=list)
    _usage: _Usage | None = None
    _finish: str | None = None
    _ended: bool = False

    def take(self, data: str) -> bool:
        """Takes the data of one event; returns whether that was the last.

        Raises:
            BrokenAnswer: it is no piece of an answer.
        """
        if data.strip() == END:
            self._ended = True
            return True
        body = _decode(data.encode())
        self._usage = body.usage or self._usage
        for choice in body.choices[:1]:
            part = choice.delta or choice.message
            if part is not None and part.content:
                self._pieces.append(part.content)
            self._finish = choice.finish_reason or self._finish
        return False

    def whole(self) -> Completion:
        """Returns the answer.

        Raises:
            BrokenAnswer: the stream stopped before its end, or had no text.
        """
        if not self._ended and self._finish is None:
            raise BrokenAnswer("a stream that broke off")
        if not self._pieces:
            raise BrokenAnswer("an answer without a text")
        usage = self._usage
        return Completion(
            self.route,
            "".join(self._pieces),
            _count(usage.prompt_tokens) if usage else None,
            _count(usage.completion_tokens) if usage else None,
            self._finish == "length",
        )


def _count(number: int) -> int:
    return max(0, number)


def _decode(data: bytes) -> _Body:
    try:
        body = msgspec.json.decode(data, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenAnswer(f"something else than its JSON ({str(error)[:80]})") from None
    if body.error:
        raise BrokenAnswer(f"an error: {problem_in(data)}")
    return body


class _Told(msgspec.Struct):
    error: object = None
    message: object = None
    detail: object = None


def problem_in(data: bytes) -> str:
    """Returns what an error answer says, in at most 200 characters; servers put it in several places."""
    try:
        told = msgspec.json.decode(data, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data[:200].decode(errors="replace").strip()
    for one in (told.error, told.message, told.detail):
        if isinstance(one, dict):
            one = one.get("message")  # noqa: PLW2901 - the text lies one level further in
        if isinstance(one, str) and one.strip():
            return one.strip()[:200]
    return ""
