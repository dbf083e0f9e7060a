"""Cursors of pages: opaque to who holds them; the number to go on from, and its rank where pages have one."""

from __future__ import annotations

import base64
import binascii
from math import isfinite

from rcu.errors import InvalidCursor


def write_cursor(kind: str, number: int, *rank: float) -> str:
    """A cursor of one kind of page; `rank` where the page is in the order of that."""
    told = ":".join([kind, str(number), *map(repr, rank)])
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str) -> int:
    """The number in a cursor of one kind of page.

    Raises:
        InvalidCursor: when it is not one this service gave out for such a page.
    """
    number, rank = _read(kind, cursor)
    if rank:
        raise _invalid()
    return number


def read_ranked_cursor(kind: str, cursor: str) -> tuple[float, int]:
    """The rank and the number in a cursor of one kind of page.

    Raises:
        InvalidCursor: when it is not one this service gave out for such a page.
    """
    number, rank = _read(kind, cursor)
    if len(rank) != 1:
        raise _invalid()
    return rank[0], number


def _read(kind: str, cursor: str) -> tuple[int, list[float]]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        version, told, *rest = text.split(":")
        number, rank = int(told), [float(one) for one in rest]
    except (ValueError, binascii.Error):
        raise _invalid() from None
    if version != kind or not 0 <= number < 2**63 or not all(map(isfinite, rank)):
        raise _invalid()
    return number, rank


def _invalid() -> InvalidCursor:
    return InvalidCursor("this is not a cursor of this service", hint="start again without a cursor")
