"""The operator's door: the token, this machine, no page. And what it streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.world import SLUG, Resident, World

PATH = "/admin/operations/status"
GOOD = {"Authorization": "Bearer the-token", "Host": "127.0.0.1:8470"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Resident]:
    world = World(tmp_path, "memory")
    world.table.teach(SLUG)
    yield world.settle("node")
    world.close()


async def post(node: Resident, headers: dict[str, str], path: str = PATH, body: bytes = b"{}"):
    async with node.http() as http:
        return await http.post(path, content=body, headers=headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8470", "localhost:1", "LOCALHOST:8470", "127.0.0.1", "[::1]:8470"])
async def test_the_token_opens_it_on_this_machine(node: Resident, host: str) -> None:
    answer = await post(node, GOOD | {"Host": host})
    assert answer.status_code == 200
    assert json.loads(answer.text)["result"]["instance_id"] == node.id


@pytest.mark.parametrize(
    "token", ["", "Bearer ", "Bearer the-toke", "Bearer the-token ", "Bearer the-tokenn", "bearer the-token x",
              "Basic the-token", "Bearer THE-TOKEN", "Bearer the-token,", "Bearer null"],
)  # fmt: skip
async def test_no_other_token_does(node: Resident, token: str) -> None:
    answer = await post(node, GOOD | {"Authorization": token})
    assert answer.status_code == 401
    assert "the-token" not in answer.text


async def test_without_a_token_it_is_shut(node: Resident) -> None:
    assert (await post(node, {"Host": "127.0.0.1"})).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8470", "127.0.0.1.evil.example", "localhost.evil.example:80",
             "10.0.0.1:8470",
             "0.0.0.0:8470", "", "127.0.0.2:8470", "node.local", "2130706433", "[::]:1", "127.0.0.1@evil.example"],
)  # fmt: skip
async def test_a_request_for_another_host_is_refused_whatever_its_token(node: Resident, host: str) -> None:
    """DNS rebinding: the browser was told that evil.example is this machine."""
    assert (await post(node, GOOD | {"Host": host})).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8470", "", "chrome-extension://x"])
async def test_a_page_is_refused_whatever_its_token(node: Resident, origin: str) -> None:
    assert (await post(node, GOOD | {"Origin": origin})).status_code == 403


async def test_it_is_not_described_to_peers(node: Resident) -> None:
    async with node.http() as http:
        assert "admin" not in (await http.get("/openapi.json")).text
        assert "admin" not in (await http.get("/docs")).text


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b"\xff", b'"x"', b"null"])
async def test_arguments_that_are_no_object_are_400(node: Resident, body: bytes) -> None:
    answer = await post(node, GOOD, body=body)
    assert (answer.status_code, answer.json()["reason"]) == (400, "usageerror")


async def test_arguments_that_are_too_large_are_413(node: Resident) -> None:
    assert (await post(node, GOOD, body=b" " * (1024 * 1024 + 1))).status_code == 413


async def test_an_unknown_operation_is_named(node: Resident) -> None:
    told = json.loads((await post(node, GOOD, "/admin/operations/explode")).text)
    assert told["exit_code"] == 2
    assert "explode" in told["error"]["message"]


async def test_progress_comes_line_by_line_and_the_result_last(node: Resident) -> None:
    await node.add(SLUG)
    lines = [json.loads(line) for line in (await post(node, GOOD, "/admin/operations/prove")).text.splitlines()]
    assert [set(line) for line in lines] == [{"progress"}, {"result", "ok"}]
    assert lines[-1]["result"]["counts"] == {"proved": 1}


async def test_an_error_is_told_with_its_exit_code(node: Resident) -> None:
    body = b'{"id":"0000000000"}'
    told = json.loads((await post(node, GOOD, "/admin/operations/skill.show", body)).text)
    assert (told["exit_code"], told["error"]["reason"]) == (3, "notfound")


async def test_a_missing_argument_is_named(node: Resident) -> None:
    told = json.loads((await post(node, GOOD, "/admin/operations/skill.show")).text)
    assert told["exit_code"] == 2


def test_a_token_file_that_was_left_empty_opens_nothing(tmp_path: Path) -> None:
    from hansa.entrypoints.home import TOKEN, admin_token

    (tmp_path / TOKEN).touch(0o600)
    assert admin_token(tmp_path) != ""
