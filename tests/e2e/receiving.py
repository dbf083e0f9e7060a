"""A receiver of webhooks that fails, hangs and lies: a real HTTP server, and what it was sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

TAKES: Final = "takes"
FAILS: Final = "fails"
HANGS: Final = "hangs"
LIES: Final = "lies"
CUTS: Final = "cuts"
GONE: Final = "gone"
LEADS_ELSEWHERE: Final = "leads elsewhere"
BUSY: Final = "busy"


ANSWERS: Final[dict[str, tuple[Any, ...]]] = {
    TAKES: (200,),
    FAILS: (500,),
    BUSY: (503, ("Retry-After", "3600")),
    GONE: (410,),
    LEADS_ELSEWHERE: (302, ("Location", "/elsewhere")),
}


@dataclass(frozen=True)
class Received:
    """A request: its headers, its body, and what the receiver did."""

    headers: dict[str, str]
    body: bytes
    did: str

    @property
    def content(self) -> dict[str, Any]:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """Does with each request what `does` says of its place."""

    does: Callable[[int], str]
    url: str = ""
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: dict[str, str], body: bytes) -> str:
        with self.lock:
            did = self.does(len(self.received))
            self.received.append(Received(headers, body, did))
        return did

    @property
    def sequences(self) -> list[int]:
        return [one.content["data"]["sequence"] for one in self.received]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            did = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            if did in ANSWERS:
                self._answer(*ANSWERS[did])
                return
            if did == HANGS:
                receiver.over.wait(60)
            if did == LIES:  # it says that all is well and that more is to come, and goes
                self._answer(200, length=1000)
            self._cut()

        def _answer(self, status: int, *headers: tuple[str, str], length: int = 0) -> None:
            self.send_response(status)
            for one in headers:
                self.send_header(*one)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def _cut(self) -> None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Whoever hung up before the answer is of no interest."""


@contextmanager
def receiver(does: Callable[[int], str] = lambda _: TAKES) -> Iterator[Receiver]:
    made = Receiver(does)
    server = _Server(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}/rcu"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        made.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
