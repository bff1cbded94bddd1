"""What the proxies of a field do to connections."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from tests.cluster.proxy import Proxies, Way, process_of

SHORT_S = 0.3
"""Within this time nothing may come through a connection that is silent."""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it is sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(taken: socket.socket) -> None:
            with closing(taken):
                try:
                    while data := taken.recv(1000):
                        taken.sendall(data)
                except OSError:
                    pass

        def serve() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(taken,), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    made = Proxies(lambda _: 0, Random(1))
    yield made
    made.close()


def said(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return connection.recv(1000)


def test_an_open_way_lets_everything_through(proxies: Proxies, echo: int) -> None:
    with socket.create_connection(("127.0.0.1", proxies.open(1, echo)), 5) as connection:
        assert said(connection, b"one") == b"one"


def test_a_silent_way_keeps_what_is_sent_until_it_is_open_again(proxies: Proxies, echo: int) -> None:
    port = proxies.open(1, echo)
    with socket.create_connection(("127.0.0.1", port), 5) as old:
        assert said(old, b"one") == b"one"
        proxies.let(lambda source, target: Way.SILENT)
        with socket.create_connection(("127.0.0.1", port), 5) as new:
            for connection in (old, new):
                connection.sendall(b"two")
                connection.settimeout(SHORT_S)
                with pytest.raises(TimeoutError):
                    connection.recv(1000)
                connection.settimeout(5)
            proxies.let(lambda source, target: Way.OPEN)
            assert old.recv(1000) == b"two"
            assert new.recv(1000) == b"two"


def test_a_refused_way_tears_what_stands_and_lets_nobody_in(proxies: Proxies, echo: int) -> None:
    port = proxies.open(1, echo)
    with socket.create_connection(("127.0.0.1", port), 5) as old:
        assert said(old, b"one") == b"one"
        proxies.let(lambda source, target: Way.REFUSED)
        assert ends(old)
    with socket.create_connection(("127.0.0.1", port), 5) as new:
        assert ends(new)


def ends(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_a_way_is_closed_to_some_and_open_to_others(echo: int) -> None:
    sources = iter((1, 2))
    made = Proxies(lambda _: next(sources), Random(1))
    with closing(made):
        port = made.open(0, echo)
        made.let(lambda source, target: Way.REFUSED if 1 in (source, target) else Way.OPEN)
        with socket.create_connection(("127.0.0.1", port), 5) as first:
            assert ends(first)
        with socket.create_connection(("127.0.0.1", port), 5) as second:
            assert said(second, b"two") == b"two"


def test_a_lossy_way_is_late_and_tears_but_changes_nothing(proxies: Proxies, echo: int) -> None:
    port = proxies.open(1, echo)
    proxies.let(lambda source, target: Way.LOSSY)
    for number in range(3):
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            try:
                for step in range(4):
                    assert said(connection, b"%d.%d" % (number, step)) in (b"%d.%d" % (number, step), b"")
            except ConnectionResetError:
                assert proxies.torn
    assert proxies.late


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's table of sockets")
def test_a_connection_is_traced_to_the_process_that_made_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as made:
        port = made.getsockname()[1]
        assert process_of(port, {1: 0, os.getpid(): 7}) == 7
        assert process_of(port, {1: 0}) is None
