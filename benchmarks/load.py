"""Requests over HTTP, as tills and shops send them: at a steady pace, or as fast as answers come.

Run alone in its process: `python -m benchmarks.load HOST PORT KEY REQUESTS --pace 50`; prints JSON. The requests are
a file of one JSON object a line: a record with its source and native id, or `method`, `path` and, of a POST, `body`. It
speaks HTTP by hand: a client library takes more of a core than the rest of this.
"""

from __future__ import annotations

import argparse
import gc
import json
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

PERCENTILES = (0.5, 0.9, 0.99, 1.0)
_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_MOST = 1 << 18


class Sender:
    """Connections to a server, each with one request under way, that take turns as many senders do.

    It waits by `select`, whose timer knows microseconds; that of an event loop knows milliseconds, and lets requests go
    in bunches.
    """

    def __init__(self, host: str, port: int, key: str) -> None:
        self._host, self._port, self._key = host, port, key
        self._free: deque[_Connection] = deque()
        self._open: dict[int, _Connection] = {}
        self.under_way = 0
        self.statuses: dict[int, int] = {}
        self.latencies: list[float] = []

    def connect(self, connections: int) -> None:
        """Open some connections before they are needed."""
        for _ in range(connections):
            self._free.append(self._opened())

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

    def send(self, message: bytes, due: float) -> None:
        """Send a request that was due at an instant, by a connection that is free."""
        self._free.popleft().ask(message, due)
        self.under_way += 1

    @property
    def free(self) -> bool:
        """Whether another request can go; while all connections are taken it waits, as a pool of them has it wait."""
        return bool(self._free)

    def wait(self, seconds: float) -> None:
        """Take the answers that come within so many seconds, at most until some have come."""
        ready, _, _ = select.select(self._open, (), (), seconds)
        for number in ready:
            connection = self._open[number]
            status = connection.read()
            if status is None:
                if connection.ended:
                    del self._open[number]
                    self._free.remove(connection)  # the server ends connections that nobody uses
                    self._free.append(self._opened())
                continue
            self.latencies.append(time.perf_counter() - connection.due)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.under_way -= 1
            self._free.append(connection)

    def _opened(self) -> _Connection:
        connection = _Connection(socket.create_connection((self._host, self._port)))
        self._open[connection.socket.fileno()] = connection
        return connection


class _Connection:
    """One request after the other; of an answer only its status is kept."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._come, self._whole = b"", 0
        self._asked = self.ended = False
        self.due = 0.0

    def ask(self, message: bytes, due: float) -> None:
        self._come, self._whole, self._asked, self.due = b"", 0, True, due
        self.socket.sendall(message)

    def read(self) -> int | None:
        """The status, once all of the answer has come.

        Raises:
            ConnectionResetError: the server ended the connection before.
        """
        data = self.socket.recv(_MOST)
        if not data:
            if self._asked:
                raise ConnectionResetError("the server ended the connection")
            self.ended = True
            self.socket.close()
            return None
        self._come = self._come + data if self._come else data
        if not self._whole and (end := self._come.find(_END)) >= 0:
            self._whole = end + len(_END) + _length(self._come[: end + 2])
        if not self._whole or len(self._come) < self._whole:
            return None
        self._asked = False
        return int(self._come[9:12])


def _length(head: bytes) -> int:
    head = head.lower()
    place = head.index(_LENGTH) + len(_LENGTH)
    return int(head[place : head.index(b"\r\n", place)])


def paced(sender: Sender, messages: Iterator[bytes], *, pace: float, seconds: float) -> None:
    """Send so many a second, whether answers come or not; latencies are from when each was due."""
    began = time.perf_counter()
    count, sent = int(pace * seconds), 0
    while sent < count or sender.under_way:
        now = time.perf_counter()
        while sent < count and sender.free and (due := began + sent / pace) <= now:
            sender.send(next(messages), due)
            sent += 1
        early = began + sent / pace - time.perf_counter()
        sender.wait(max(0.0, early) if sent < count and sender.free else 1.0)


def flat_out(sender: Sender, messages: Iterator[bytes], *, seconds: float) -> None:
    """Keep a request under way on each connection; latencies are from when each was sent."""
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end or sender.under_way:
        while now < end and sender.free:
            sender.send(next(messages), now)
            now = time.perf_counter()
        sender.wait(1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("host", str), ("port", int), ("key", str), ("requests", Path)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--skip", type=int, default=0, help="requests not to send")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pace", type=float, help="requests a second; without it, as fast as answers come")
    parser.add_argument("--connections", type=int, default=64, help="kept open, each with one request under way")
    parser.add_argument("--again", action="store_true", help="begin again when all were sent")
    chosen = parser.parse_args()
    sender = Sender(chosen.host, chosen.port, chosen.key)
    lines = chosen.requests.read_text(encoding="utf-8").splitlines()[chosen.skip :]
    every = [sender.message(line) for line in lines]
    messages = cycle(every) if chosen.again else iter(every)
    sender.connect(chosen.connections)
    gc.disable()  # its rests would be taken for the server's
    began, cpu = time.perf_counter(), time.process_time()
    if chosen.pace:
        paced(sender, messages, pace=chosen.pace, seconds=chosen.seconds)
    else:
        flat_out(sender, messages, seconds=chosen.seconds)
    latencies = sorted(sender.latencies)
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
