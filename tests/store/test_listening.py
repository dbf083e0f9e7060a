"""An event loop listens to a socket that others read and close."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rcu.store.listening import Ear

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its loop is never asked to listen, see can_be_awaited")


class Counting(Ear):
    """Counts how often the loop woke it."""

    woken = 0

    def _hear(self) -> None:
        self.woken += 1
        super()._hear()


def between(do: Callable[[Counting, socket.socket, socket.socket], Awaitable[Any]]) -> Any:
    """What is done with an ear and the two ends of a line."""

    async def all_of_it() -> Any:
        near, far = socket.socketpair()
        near.setblocking(False)
        ear = Counting(near.fileno())
        try:
            return await asyncio.wait_for(do(ear, near, far), 30)
        finally:
            ear.close()
            near.close()
            far.close()

    return asyncio.run(all_of_it())


def test_each_wait_ends_with_what_is_said_after_it_began() -> None:
    async def talk(ear: Counting, near: socket.socket, far: socket.socket) -> list[bytes]:
        heard: list[bytes] = []
        for word in (b"one", b"two", b"three"):
            asyncio.get_running_loop().call_later(0.01, far.sendall, word)
            waits, word_heard = 0, b""
            while not word_heard:
                await ear.said(unsent=False)
                waits += 1
                with suppress(BlockingIOError):
                    word_heard = near.recv(100)
            assert waits <= 2
            heard.append(word_heard)
        return heard

    assert between(talk) == [b"one", b"two", b"three"]


def test_what_nobody_waits_for_does_not_keep_the_loop_awake() -> None:
    async def end(ear: Counting, near: socket.socket, far: socket.socket) -> int:
        far.sendall(b"one")
        await ear.said(unsent=False)
        near.recv(100)
        before = ear.woken
        far.close()
        for _ in range(50):
            await asyncio.sleep(0.001)
        woken = ear.woken - before
        await ear.said(unsent=False)  # the end is there still
        assert near.recv(1) == b""
        return woken

    assert between(end) == 1


def filled(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            end.send(b"x" * 65_536)


def emptied(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            end.recv(1 << 20)


def test_where_not_all_was_sent_it_waits_for_room() -> None:
    async def fill(ear: Counting, near: socket.socket, far: socket.socket) -> int:
        filled(near)
        far.setblocking(False)
        asyncio.get_running_loop().call_later(0.01, emptied, far)
        await ear.said(unsent=True)
        return near.send(b"x")

    assert between(fill) == 1


def test_the_number_of_a_socket_that_was_closed_may_be_anothers() -> None:
    async def closed(ear: Counting, near: socket.socket, far: socket.socket) -> bytes:
        far.sendall(b"one")
        await ear.said(unsent=False)
        number = near.fileno()
        one, other = socket.socketpair()
        await asyncio.to_thread(near.close)
        os.dup2(one.fileno(), number)
        await asyncio.to_thread(ear.close)
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=number))
        other.sendall(b"not for the ear")
        heard = await reader.read(100)
        writer.close()
        await writer.wait_closed()
        one.close()
        other.close()
        return heard

    assert between(closed) == b"not for the ear"


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_it_ends_where_its_loop_has_ended() -> None:
    async def made() -> tuple[Ear, int]:
        near, far = socket.socketpair()
        ear = Ear(near.fileno())
        far.sendall(b"one")
        await ear.said(unsent=False)
        near.close()
        far.close()
        return ear, open_files()

    ear, before = asyncio.run(made())
    ear.close()
    ear.close()
    gc.collect()
    assert open_files() < before
