"""Requests over HTTP, as tills and shops send them: at a steady pace, or as fast as answers come.

Run alone in its process: `python -m benchmarks.load HOST PORT KEY REQUESTS --pace 50`; prints JSON. The requests are
a file of one JSON object a line: a record with its source and native id, or `method`, `path` and, of a POST, `body`. It
speaks HTTP by hand: a client library takes more of a core than the rest of this.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import quote

import uvloop

PERCENTILES = (0.5, 0.9, 0.99, 1.0)
_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Sender:
    """Connections to a server, each with one request under way, that take turns as many senders do."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._host, self._port, self._key = host, port, key
        self._free: deque[_Connection] = deque()
        self.statuses: dict[int, int] = {}

    async def connect(self, connections: int) -> None:
        """Open some connections before they are needed."""
        for _ in range(connections):
            self._free.append(await self._opened())

    def message(self, line: str) -> bytes:
        """What is sent for a line of the file."""
        told = json.loads(line)
        if "method" in told:
            method, path, content = told["method"], told["path"], told.get("body")
        else:
            source, native_id = told.pop("source"), told.pop("native_id")
            method, path, content = "PUT", f"/v1/records/{source}/{quote(native_id, safe='')}", told
        body = b"" if content is None else json.dumps(content).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {self._key}\r\n"
        if content is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode() + body

    async def send(self, message: bytes) -> None:
        while self._free and self._free[0].ended:  # the server ends connections that nobody uses
            self._free.popleft()
        connection = self._free.popleft() if self._free else await self._opened()
        status = await connection.ask(message)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._free.append(connection)

    async def _opened(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(loop), self._host, self._port)
        return connection


class _Connection(asyncio.Protocol):
    """One request after the other; of an answer only its status is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._transport = loop, asyncio.Transport()
        self._answer: asyncio.Future[int] | None = None
        self._come, self._whole = b"", 0
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's

    def ask(self, message: bytes) -> asyncio.Future[int]:
        self._answer, self._come, self._whole = self._loop.create_future(), b"", 0
        self._transport.write(message)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._come = self._come + data if self._come else data
        if not self._whole and (end := self._come.find(_END)) >= 0:
            self._whole = end + len(_END) + _length(self._come[: end + 2])
        if self._whole and len(self._come) >= self._whole and self._answer is not None:
            self._answer.set_result(int(self._come[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server ended the connection"))


def _length(head: bytes) -> int:
    head = head.lower()
    place = head.index(_LENGTH) + len(_LENGTH)
    return int(head[place : head.index(b"\r\n", place)])


async def paced(
    sender: Sender, messages: Iterator[bytes], *, pace: float, seconds: float, connections: int
) -> list[float]:
    """Send so many a second, whether answers come or not; the seconds from when each was due to its answer."""
    await sender.connect(connections)
    latencies: list[float] = []

    async def one(message: bytes, due: float) -> None:
        await sender.send(message)
        latencies.append(time.perf_counter() - due)

    tasks: set[asyncio.Task[None]] = set()
    began = time.perf_counter()
    for place in range(int(pace * seconds)):
        due = began + place / pace
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        task = asyncio.create_task(one(next(messages), due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return latencies


async def flat_out(sender: Sender, messages: Iterator[bytes], *, connections: int, seconds: float) -> list[float]:
    """Keep so many requests under way; the seconds each took."""
    await sender.connect(connections)
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def caller() -> None:
        while (began := time.perf_counter()) < end:
            await sender.send(next(messages))
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*(caller() for _ in range(connections)))
    return latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("host", str), ("port", int), ("key", str), ("requests", Path)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--skip", type=int, default=0, help="requests not to send")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pace", type=float, help="requests a second; without it, as fast as answers come")
    parser.add_argument("--connections", type=int, default=64, help="kept open; without a pace, requests under way")
    parser.add_argument("--again", action="store_true", help="begin again when all were sent")
    chosen = parser.parse_args()
    sender = Sender(chosen.host, chosen.port, chosen.key)
    lines = chosen.requests.read_text(encoding="utf-8").splitlines()[chosen.skip :]
    every = [sender.message(line) for line in lines]
    messages = cycle(every) if chosen.again else iter(every)
    began, cpu = time.perf_counter(), time.process_time()
    if chosen.pace:
        work = paced(sender, messages, pace=chosen.pace, seconds=chosen.seconds, connections=chosen.connections)
    else:
        work = flat_out(sender, messages, connections=chosen.connections, seconds=chosen.seconds)
    gc.disable()  # its rests would be taken for the server's
    latencies = sorted(uvloop.run(work))
    seconds = time.perf_counter() - began
    told = {
        f"p{share * 100:.0f}": latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1e3
        for share in PERCENTILES
    }
    print(json.dumps({
        "sent": len(latencies), "a_second": len(latencies) / seconds, "milliseconds": told,
        "client_cpu": (time.process_time() - cpu) / seconds, "statuses": sender.statuses,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
