"""A local server that answers like an OpenAI-compatible endpoint, or misbehaves in one of the ways real ones do."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

Reply = Callable[[asyncio.StreamWriter], "asyncio.Future[None] | Any"]


@dataclass
class Fake:
    """What was asked so far, and what is answered: the replies in turn, the last one for ever."""

    replies: list[Reply]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


@contextlib.asynccontextmanager
async def serving(*replies: Reply) -> AsyncIterator[Fake]:
    """Runs a server on a free port of this machine for as long as the block runs."""
    fake = Fake(list(replies))
    talking: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(talk(reader, writer))
        talking.add(task)
        task.add_done_callback(talking.discard)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            fake.asked.append(json.loads(await reader.readexactly(int(headers["content-length"]))))
            fake.keys.append(headers.get("authorization", ""))
            reply = fake.replies.pop(0) if len(fake.replies) > 1 else fake.replies[0]
            await reply(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fake
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def raw(data: bytes) -> Reply:
    """Sends bytes as they are and hangs up."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return reply


def http(status: int, body: bytes | dict[str, Any], kind: str = "application/json", **headers: str) -> Reply:
    """Sends one whole answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} x", f"Content-Type: {kind}", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def whole(text: str, tokens: tuple[int, int] | None = (10, 5), finish: str = "stop") -> Reply:
    """Answers with one JSON object."""
    body: dict[str, Any] = {"choices": [{"message": {"content": text}, "finish_reason": finish}]}
    if tokens:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return http(200, body)


def stream(*events: str | dict[str, Any]) -> Reply:
    """Answers with a stream of events and hangs up."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in events]
    data = "".join(f"data: {text}\n\n" for text in texts).encode()
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + data)


def pieces(*texts: str, tokens: tuple[int, int] | None = (10, 5), finish: str = "stop") -> Reply:
    """Answers with a text in pieces, as endpoints do."""
    events: list[str | dict[str, Any]] = [{"choices": [{"delta": {"role": "assistant"}}]}]
    events += [{"choices": [{"delta": {"content": text}}]} for text in texts]
    events.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    if tokens:
        events.append({"choices": [], "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}})
    return stream(*events, "[DONE]")


def silence() -> Reply:
    """Never answers."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return reply


def stall(text: str) -> Reply:
    """Begins to answer, and then keeps silent."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        event = json.dumps({"choices": [{"delta": {"content": text}}]})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(f"data: {event}\n\n".encode())
        await writer.drain()
        await asyncio.Event().wait()

    return reply
