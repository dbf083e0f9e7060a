"""Whatever bytes come, no answer is a server error, and memory stays bounded."""

from __future__ import annotations

import gzip
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import psutil
import pytest
from fastapi.routing import APIRoute

from rcu.api.app import ROUTERS
from tests.api.conftest import Api
from tests.api.test_contract import key_that_stays
from tests.api.test_scopes import PLACES
from tests.serving import served

MOST_MEGABYTES = 150
"""By so much the process may grow while it is sent a gigabyte."""

BODIES = {
    "nothing": b"",
    "no JSON": b"\x00\xff\xfe{]",
    "half a document": b'{"records": [{"source": "till"',
    "no UTF-8": '{"reason": "élève"}'.encode("latin-1"),
    "UTF-16": '{"reason": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number of 100,000 digits": b'{"limit": ' + b"9" * 100_000 + b"}",
    "an endless number": b'{"limit": 1e999999999, "decision_id": -1e999999999}',
    "numbers that are none": b'{"limit": NaN, "after": Infinity}',
    "half a character": b'{"reason": "\\ud800", "name": "\\udfff", "actor": "\\u0000"}',
    "a member twice": b'{"reason": "a", "reason": "b"}',
    "many members": b"{" + b",".join(b'"%d":0' % one for one in range(40_000)) + b"}",
    "long names": b"{" + b",".join(b'"%s%d":0' % (b"a" * 10_000, one) for one in range(60)) + b"}",
    "compressed": gzip.compress(b'{"reason": "' + b"a" * 900_000 + b'"}'),
    "text": b'"' + b"a" * 500_000 + b'"',
}

MUCH = 50_000
SENSIBLE = {"UTF-16", "a byte order mark", "a member twice", "no UTF-8"}
"""What some route may understand; where nothing is asked for, nothing of it is wrong."""


def routes() -> Iterator[tuple[str, str]]:
    """What takes a body."""
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            path = route.path
            for place, value in PLACES.items():
                path = path.replace(place, value)
            yield from ((method, path) for method in sorted(route.methods or ()) if method != "GET")


def test_no_body_is_answered_with_a_server_error(api: Api) -> None:
    client = api.caller(key_that_stays(api))
    kinds = ("application/json", "text/plain", "application/x-www-form-urlencoded")
    for method, path in routes():
        for name, body in BODIES.items():
            if len(body) > MUCH and not path.endswith((":batch", "/lookup", "/decisions")):
                continue  # all are read by one function
            for kind in kinds if name == "no JSON" else kinds[:1]:
                headers = {"Content-Type": kind, "Content-Encoding": "gzip" if name == "compressed" else "identity"}
                answer = client.request(method, path, content=body, headers=headers)
                status = answer.status_code
                assert len(answer.content) < 20_000, (method, path, name)
                assert status < 500, (method, path, name)
                assert status >= 400 or name in SENSIBLE, (method, path, name)


@pytest.fixture
def address(api: Api) -> Iterator[tuple[str, int, str]]:
    """A real server: its host, its port, and a key."""
    with served(api.app) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0), key_that_stays(api)


def sent(address: tuple[str, int, str], *parts: bytes, patience: float = 20.0) -> bytes:
    """What comes back, if anything, for bytes as they are; the server may hang up before it has all of them."""
    with socket.create_connection(address[:2], timeout=patience) as connection:
        with suppress(OSError):
            for part in parts:
                connection.sendall(part)
        with suppress(OSError):
            return connection.recv(65_536)
    return b""


def test_bytes_that_are_no_requests_leave_the_server_as_it_was(api: Api, address: tuple[str, int, str]) -> None:
    chance = random.Random(7)
    good = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _ in range(100):
        noise = bytearray(good * 2)
        for _ in range(chance.randint(1, 40)):
            noise[chance.randrange(len(noise))] = chance.randrange(256)
        answer = sent(address, bytes(noise), patience=0.05)
        assert not answer.startswith(b"HTTP/1.1 5"), noise
    assert b"200" in sent(address, good)[:20]


@pytest.mark.parametrize("told", [True, False], ids=["a length", "chunks"])
def test_a_body_without_end_is_cut_off_and_held_nowhere(api: Api, address: tuple[str, int, str], *, told: bool) -> None:
    """Ten bodies of a hundred megabytes; none is held in memory."""
    process = psutil.Process()
    before = process.memory_info().rss
    head = f"POST /v1/records:batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {address[2]}\r\n".encode()
    head += b"Content-Type: application/json\r\n"
    megabyte = b"a" * 2**20
    size = b"Content-Length: 104857600\r\n\r\n" if told else b"Transfer-Encoding: chunked\r\n\r\n"
    piece = megabyte if told else b"100000\r\n" + megabyte + b"\r\n"
    answers = [sent(address, head + size, *([piece] * 100))[:13] for _ in range(10)]
    assert set(answers) <= {b"", b"HTTP/1.1 413 "}
    assert answers != [b""] * 10
    assert process.memory_info().rss - before < MOST_MEGABYTES * 2**20


def test_a_nul_character_is_no_text_wherever_it_stands(api: Api) -> None:
    client = api.client()
    for path in ("cases?text=a%00", "access-log?key=%00", "decisions?about=a:%00", "records/till/%00/customer"):
        assert client.get(f"/v1/{path}").status_code == 400, path
    about = ["till:1", "till:2"]
    bodies = {
        "decisions": {"kind": "merge", "about": about, "reason": "a\0"},
        "customers/lookup": {"identifiers": [{"type": "email", "value": "a\0@mail.example.fr"}]},
        "customers/search": {"text": "du\0rand"},
        "keys": {"name": "a\0", "scopes": ["identity"]},
        "webhooks": {"url": "https://shop.example/\0"},
        "events:batch": {"events": [{"source": "shop", "native_id": "\0", "kind": "visit"}]},
    }
    for path, body in bodies.items():
        assert client.post(f"/v1/{path}", json=body).status_code == 422, path
    split = {"kind": "split", "about": about, "reason": "x", "groups": [["till:\0"]]}
    assert client.post("/v1/decisions", json=split).status_code == 422
