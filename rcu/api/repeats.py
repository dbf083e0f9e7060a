"""Routes that do something once, however often the request is sent under one `Idempotency-Key`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from rcu.api.bodies import BoundedRoute, Handler
from rcu.api.deps import admit, shown_key
from rcu.api.errors import ApiError
from rcu.services.repeating import Answered, Repeats, name_of, request_digest
from rcu.store.keys import ApiKey

HEADER: Final = "Idempotency-Key"
_GIVEN: Final = re.compile(r'"?([\x21\x23-\x7e]{8,200})"?')
"""A structured field's string, or the same without its quotes, as many send it."""
_TOLD: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": r'^"?[\x21\x23-\x7e]{8,200}"?$'},
    "description": "names the request: sent again within a day, it is answered as the first time and done once",
}


class RepeatableRoute(BoundedRoute):
    """A route whose answers are kept for a day, where a caller names its request.

    What was refused or failed before anything was done is not kept: it may be sent again under the same key.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401
        """Tell of the header where the route takes it: with what does something."""
        self._takes = "POST" in (more.get("methods") or ()) and not path.endswith("/preview")
        if self._takes:
            more["openapi_extra"] = {"parameters": [_TOLD]}
        super().__init__(path, endpoint, **more)

    async def answer(self, request: Request, body: bytes, handle: Handler) -> Response:
        """Have done what is asked for the first time; give the former answer again."""
        chosen = request.headers.get(HEADER) if self._takes else None
        key = None if chosen is None else await _caller(request)
        if chosen is None or key is None:  # without a key the handler says so
            return await handle(request)
        if request.query_params.get("profile", "false").lower() not in ("false", "0", "no", "off"):
            raise ApiError(422, f"{HEADER} is not taken with profile: answers are kept, and what people are is not")
        named = _GIVEN.fullmatch(chosen)
        if named is None:
            raise ApiError(422, f"{HEADER}: 8 to 200 printable characters without blanks and quotes")
        address = f"{request.method} {request.url.path}?{request.url.query}".encode()
        repeats: Repeats = request.app.state.repeats
        name, digest = name_of(key.name, named[1]), request_digest(address, body)
        before = await run_in_threadpool(repeats.begin, name, digest)
        if before is None:
            return await _kept(repeats, name, handle(request))
        admit(request, key)
        headers = {"Idempotency-Replayed": "true", "Cache-Control": "private, no-store"}
        return Response(before.body, before.status, media_type=before.media_type, headers=headers)


async def _caller(request: Request) -> ApiKey | None:
    shown = shown_key(request)
    if shown is None:
        return None
    known = request.app.state.keys
    return known.remembered(shown) or await run_in_threadpool(known.find, shown)


async def _kept(repeats: Repeats, name: str, answering: Awaitable[Response]) -> Response:
    try:
        answer = await answering
    except BaseException:
        await run_in_threadpool(repeats.forget, name)
        raise
    told = Answered(answer.status_code, answer.media_type or "application/json", bytes(answer.body).decode())
    await run_in_threadpool(repeats.finish, name, told)
    return answer
