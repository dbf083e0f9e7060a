"""Requests of bounded size: more than a megabyte is refused before it is held in memory."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from rcu.api.errors import ApiError

MOST_BYTES: Final = 1_000_000
_WITH_A_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Headers of requests that have one."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BoundedRoute(APIRoute):
    """A route that reads no more of a body than `MOST_BYTES`.

    FastAPI reads bodies before it asks dependencies, so that none of them could do it.
    """

    async def answer(self, request: Request, body: bytes, handle: Handler) -> Response:  # noqa: ARG002
        """Answer a request whose body was read; FastAPI's handler may read it again."""
        return await handle(request)

    def get_route_handler(self) -> Handler:
        """Give FastAPI's handler a request whose body was read and counted."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            scope = request.scope
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                raise ApiError(400, "no NUL character in an address, which is no text")
            if scope["method"] == "GET" and not any(name in _WITH_A_BODY for name, _ in scope["headers"]):
                return await self.answer(request, b"", handle)
            body = await _read(request)

            async def again() -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            return await self.answer(Request(request.scope, again), body, handle)

        return bounded


async def _read(request: Request) -> bytes:
    """Read a body, as long as it is not too large; its length may be told beforehand, truly or not, or not at all."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MOST_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> ApiError:
    return ApiError(413, f"at most {MOST_BYTES:,} bytes; send fewer records at once")
