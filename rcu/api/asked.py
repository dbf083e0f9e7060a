"""What is known of a request from its first byte to its last: its id, and what the rate of its key leaves.

A plain ASGI middleware: Starlette's own would put a task and a queue around every answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import uuid_utils
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=-]{0,99}")
_HEADER: Final = b"x-request-id"
_SCOPE: Final = "rcu.asked"


@dataclass(slots=True)
class Asked:
    """One request: its id, headers every answer to it gets, and whether it was counted for its key's rate."""

    request_id: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    admitted: bool = False


def asked(scope: Scope) -> Asked:
    """What is known of a request."""
    return scope[_SCOPE]


class TaggedAnswers:
    """Gives each request an id, its own where it brings a sensible one, and each answer `X-Request-Id`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything else goes through as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        mine = scope[_SCOPE] = Asked(_id_of(scope))

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = (_HEADER, mine.request_id.encode())
                message["headers"] = [*message.get("headers", ()), named, *mine.headers]
            await send(message)

        await self._app(scope, receive, tagged)


def _id_of(scope: Scope) -> str:
    given: Any = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return given.decode("ascii") if _ID.fullmatch(given) else str(uuid_utils.uuid7())
