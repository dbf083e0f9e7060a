"""Operations that will go: the document says so, and the headers of each of their answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from fastapi import Depends, Request

from rcu.api.asked import asked

_LEAST: Final = timedelta(days=365)
_POLICY: Final = "https://github.com/rcu-project/rcu/blob/main/docs/reference/compatibility.md"


def ending(since: datetime, *, gone: datetime) -> dict[str, Any]:
    """What a route that will go takes beside its own: `@router.get("/old", **ending(since, gone=then))`.

    Answers carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), refused ones as well. Both instants are in UTC.

    Raises:
        ValueError: it would go less than a year after that was told.
    """
    if gone - since < _LEAST:
        raise ValueError("an operation stays for a year after it is deprecated")
    told = {
        "deprecation": f"@{int(since.timestamp())}",
        "sunset": format_datetime(gone, usegmt=True),
        "link": f'<{_POLICY}>; rel="deprecation"; type="text/html"',
    }

    async def tell(request: Request) -> None:
        asked(request.scope).headers += [(name.encode(), value.encode()) for name, value in told.items()]

    return {"deprecated": True, "dependencies": [Depends(tell)]}
