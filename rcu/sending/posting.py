"""Posting a message over HTTP: one attempt, bounded in time and in what is read of the answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final, Self

import httpx2

from rcu.sending.addresses import public

_SECONDS: Final = 10.0
_MOST_READ: Final = 65_536
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        status: what the receiver answered.
        error: why it does not count: `status`, `timeout`, `connection`, `tls`, `incomplete`, `refused_address`,
            `unknown_host`; None where it was taken.
        seconds: what it took.
        retry_after: what the receiver asked to wait for.
    """

    status: int | None
    error: str | None
    seconds: float
    retry_after: timedelta | None = None

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants no more."""
        return self.status == _GONE


class _Refused(httpx2.TransportError):
    """The name of a receiver leads to no address that may be sent to."""


class _UnknownHost(httpx2.TransportError):
    """The name of a receiver leads nowhere."""


class _Guarded(httpx2.AsyncBaseTransport):
    """Looks a name up, checks the address, and connects to that very one: a name may lead elsewhere a moment later.

    Connections are kept by name: one that was verified for a name is not used for another at the same address.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._by_name: dict[str, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.raw_host.decode("ascii")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        address = await self._address(name, port)
        request.extensions = {**request.extensions, "sni_hostname": name}
        request.url = request.url.copy_with(host=address)
        transport = self._by_name.get(name)
        if transport is None:
            transport = self._by_name[name] = httpx2.AsyncHTTPTransport(trust_env=False)
        return await transport.handle_async_request(request)

    async def _address(self, name: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _UnknownHost("the name leads nowhere") from None
        for _family, _type, _protocol, _name, place in found:
            if self._private or public(str(place[0])):
                return str(place[0])
        raise _Refused("the name leads into a private net")

    async def aclose(self) -> None:
        for transport in self._by_name.values():
            await transport.aclose()


class Posting:
    """Posts messages; connections are kept between them."""

    def __init__(self, *, private: bool = False, seconds: float = _SECONDS) -> None:
        """`private` permits addresses of one's own net; an attempt takes `seconds` at most, looking up included."""
        self._seconds = seconds
        transport = _Guarded(private=private)
        self._client = httpx2.AsyncClient(transport=transport, timeout=seconds, follow_redirects=False, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Post a message once. It is taken when the whole answer came, with a status from 200 to 299."""
        began = monotonic()
        status, error, wait = None, None, None
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", url, headers=dict(headers), content=body) as answer,
            ):
                status, wait = answer.status_code, _asked(answer.headers)
                await _read(answer)
                error = None if answer.is_success else "status"
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as failed:
            error = _kind(failed)
        return Outcome(status, error, monotonic() - began, wait)


async def _read(answer: httpx2.Response) -> None:
    """Read an answer to its end; of a long one only the beginning."""
    size = 0
    async for piece in answer.aiter_raw():
        size += len(piece)
        if size > _MOST_READ:
            return


def _asked(headers: httpx2.Headers) -> timedelta | None:
    told = headers.get("retry-after", "")
    return timedelta(seconds=int(told)) if told.isascii() and told.isdigit() and len(told) < 8 else None


def _kind(error: BaseException) -> str:
    match error:
        case TimeoutError() | httpx2.TimeoutException():
            return "timeout"
        case _Refused():
            return "refused_address"
        case _UnknownHost():
            return "unknown_host"
        case httpx2.ProtocolError() | httpx2.ReadError():
            return "incomplete"
        case _:
            return "tls" if _is_tls(error) else "connection"


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
