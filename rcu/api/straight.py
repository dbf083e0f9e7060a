"""Profiles and lookups that are asked for as nearly all are, answered on a short way, with others that come meanwhile.

A key that was seen a moment ago and is held to no stores, and a request that is right: it is read here, by the same
forms, and answered in the same words. What is otherwise, or wrong in any way, or leads elsewhere, goes to the routes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, cast, get_args

import orjson
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rcu.api.asked import asked
from rcu.api.deps import READING, Reads, admit, reads_as
from rcu.api.errors import ApiError
from rcu.api.schemas.reading import Identifier
from rcu.api.showing import given_out, lookup_answer, profile_answer
from rcu.services.keys import WORD
from rcu.services.lookups import Asked
from rcu.store.keys import ApiKey

_CUSTOMERS: Final = "/v1/customers/"
_LOOKUP: Final = "/v1/customers/lookup"
_ID: Final = re.compile("/v1/customers/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")
_WORD: Final = re.compile(WORD)
_SAID: Final = (b"x-purpose", b"x-on-behalf-of")
_FEW: Final = 10
"""Who looks more identifiers up at once does not wait with others, nor they with them."""
_TYPES: Final = frozenset(get_args(Identifier.model_fields["type"].annotation))
_LONGEST: Final = max(getattr(one, "max_length", 0) for one in Identifier.model_fields["value"].metadata)
_SHORT: Final = 4_000
"""Bytes of such a lookup; a longer body is read where it is counted."""


class StraightAnswers:
    """Answers such requests, and lets all others through as they came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        answer: Response | None = None
        if scope["type"] == "http" and scope["path"].startswith(_CUSTOMERS) and not scope["query_string"]:
            headers = dict(scope["headers"])  # of what is said twice the last
            if scope["method"] == "GET" and (named := _ID.fullmatch(scope["path"])):
                answer = await _profile(scope, headers, named[1])
            elif scope["method"] == "POST" and scope["path"] == _LOOKUP and _is_short(headers):
                message = await receive()
                receive = _again(message, receive)
                answer = None if message.get("more_body") else await _lookup(scope, headers, message.get("body", b""))
        await (self._app if answer is None else answer)(scope, receive, send)


def _is_short(headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    plain = headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers
    return plain and length.isdigit() and int(length) <= _SHORT


def _again(first: Message, receive: Receive) -> Receive:
    """What is received, from its beginning once more."""
    told = [first]

    async def again() -> MutableMapping[str, Any]:
        return told.pop() if told else await receive()

    return again


async def _profile(scope: Scope, headers: Mapping[bytes, bytes], name: str) -> Response | None:
    """A customer by its present id."""
    reads = _reads(scope, headers, "getCustomer")
    if reads is None:
        return None
    try:
        found = await _state(scope).frequent.profile(name)
    except Exception:  # noqa: BLE001  # the route meets it again, and says so
        return None
    if found is None or found.customer_id != name or not reads.written([name]):
        return None
    return profile_answer(found, reads.key, headers.get(b"if-none-match", b"").decode("latin-1"))


async def _lookup(scope: Scope, headers: Mapping[bytes, bytes], body: bytes) -> Response | None:
    """What a few identifiers find."""
    asked = _identifiers(body)
    reads = None if asked is None else _reads(scope, headers, "lookupCustomers")
    if reads is None:
        return None
    try:
        answers = await _state(scope).frequent.lookup(asked)
    except Exception:  # noqa: BLE001  # the route meets it again, and says so
        return None
    return lookup_answer(answers, reads.key) if answers and reads.written(*given_out(answers)) else None


def _identifiers(body: bytes) -> list[Asked] | None:
    """A few identifiers as LookupRequest takes them; None where it has to say what it takes."""
    try:
        form = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    match form:
        case {"identifiers": [_, *_] as given} if len(form) == 1 and len(given) <= _FEW:
            found = [_identifier(one) for one in given]
            return None if None in found else cast("list[Asked]", found)
        case _:
            return None


def _identifier(given: Any) -> Asked | None:  # noqa: ANN401  # whatever JSON may be
    match given:
        case {"type": str() as kind, "value": str() as value} if len(given) == 2 and kind in _TYPES:
            return Asked(kind, value) if 0 < len(value) <= _LONGEST and "\0" not in value else None
        case _:
            return None


def _reads(scope: Scope, headers: Mapping[bytes, bytes], operation: str) -> Reads | None:
    """Who reads, what for, and that its key may; None where the route has to look closer."""
    shown = headers.get(b"authorization", b"")
    state = _state(scope)
    key = state.keys.remembered(shown[7:].decode("latin-1")) if shown.startswith(b"Bearer ") else None
    if key is None or not key.scopes & READING or key.terms.stores is not None:
        return None
    said = [headers[name].decode("latin-1") if name in headers else None for name in _SAID]
    if any(one is not None and not _WORD.fullmatch(one) for one in said):
        return None
    if key.terms.rate is not None and not _admitted(scope, key):
        return None
    return reads_as(state, key, said, operation=operation, request_id=asked(scope).request_id)


def _admitted(scope: Scope, key: ApiKey) -> bool:
    mine = asked(scope)
    try:
        admit(Request(scope), key)
    except ApiError:  # the route says so
        mine.admitted = False
        mine.headers.clear()
        return False
    return True


def _state(scope: Scope) -> Any:  # noqa: ANN401  # what the application keeps
    app: FastAPI = scope["app"]
    return app.state
