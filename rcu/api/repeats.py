"""Routes that do something once, however often the request is sent under one `Idempotency-Key`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from rcu.api.bodies import BoundedRoute, Handler
from rcu.api.errors import ApiError
from rcu.services.repeating import Answered, Repeats, name_of, request_digest
from rcu.store.sources import ApiKey

HEADER: Final = "Idempotency-Key"
_GIVEN: Final = re.compile(r'"?([\x21\x23-\x7e]{8,200})"?')
"""A structured field's string, or the same without its quotes, as many send it."""


class RepeatableRoute(BoundedRoute):
    """A route whose answers are kept for a day, where a caller names its request.

    What was refused or failed before anything was done is not kept: it may be sent again under the same key.
    """

    async def answer(self, request: Request, body: bytes, handle: Handler) -> Response:
        """Have done what is asked for the first time; give the former answer again."""
        chosen = request.headers.get(HEADER)
        if chosen is None or request.method != "POST" or request.url.path.endswith("/preview"):
            return await handle(request)
        key = await _caller(request)
        if key is None:  # the handler says so
            return await handle(request)
        named = _GIVEN.fullmatch(chosen)
        if named is None:
            raise ApiError(422, f"{HEADER}: 8 to 200 printable characters without blanks and quotes")
        name = name_of(key.name, named[1])
        address = f"{request.method} {request.url.path}?{request.url.query}".encode()
        return await _once(request.app.state.repeats, name, request_digest(address, body), lambda: handle(request))


async def _caller(request: Request) -> ApiKey | None:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    known = request.app.state.keys
    return known.remembered(shown) or await run_in_threadpool(known.find, shown)


async def _once(repeats: Repeats, name: str, asked: str, handle: Callable[[], Awaitable[Response]]) -> Response:
    before = await run_in_threadpool(repeats.begin, name, asked)
    if before is not None:
        headers = {"Idempotency-Replayed": "true", "Cache-Control": "private, no-store"}
        return Response(before.body, before.status, media_type=before.media_type, headers=headers)
    try:
        answer = await handle()
    except BaseException:
        await run_in_threadpool(repeats.forget, name)
        raise
    told = Answered(answer.status_code, answer.media_type or "application/json", bytes(answer.body).decode())
    await run_in_threadpool(repeats.finish, name, told)
    return answer
