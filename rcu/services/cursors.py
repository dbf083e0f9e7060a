"""Cursors of pages: opaque to who holds them, a number to go on from to this service."""

from __future__ import annotations

import base64
import binascii

from rcu.errors import InvalidCursor


def write_cursor(kind: str, number: int) -> str:
    """A cursor of one kind of page."""
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str) -> int:
    """The number in a cursor of one kind of page.

    Raises:
        InvalidCursor: when it is not one this service gave out for such a page.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        version, told = text.split(":")
        number = int(told)
    except (ValueError, binascii.Error):
        number, version = -1, ""
    if version != kind or not 0 <= number < 2**63:
        raise InvalidCursor("this is not a cursor of this service", hint="start again without a cursor")
    return number
