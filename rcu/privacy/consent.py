"""What a customer permits, given everything ever said about one contact point, channel and purpose.

On a merge the most restrictive word wins: a refusal stands unless a grant for the same contact point is dated after
it (DESIGN 5.8). Two words of the same instant, or a word without a date, count for the refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

Entry: TypeAlias = Mapping[str, Any]

POINT: Final = ("contact_kind", "contact_key", "channel", "purpose")
"""What a consent is about."""

_UNKNOWN: Final = datetime(1970, 1, 1, tzinfo=UTC)


def effective_consents(entries: Iterable[Entry]) -> list[Entry]:
    """Reduce the ledger entries of one customer to those in force.

    Args:
        entries: in any order: POINT, state (granted, denied), occurred_at, source, native_id and whatever else
            describes an entry; `contact_key` and `occurred_at` may be None. Of entries alike in all that is named
            here the last one counts.

    Returns:
        One entry for each POINT, the one in force, sorted by POINT.
    """
    found: dict[tuple[str, ...], tuple[tuple[Any, ...], Entry]] = {}
    for entry in entries:
        point = (entry["contact_kind"], entry["contact_key"] or "", entry["channel"], entry["purpose"])
        weight = _weight(entry)
        standing = found.get(point)
        if standing is None or weight >= standing[0]:
            found[point] = weight, entry
    return [found[point][1] for point in sorted(found)]


def _weight(entry: Entry) -> tuple[Any, ...]:
    """The heavier word counts; an undated refusal cannot be known to be older than any grant."""
    denied = entry["state"] == "denied"
    at: datetime | None = entry["occurred_at"]
    dated = 1 if at is not None else 2 if denied else 0
    return dated, at or _UNKNOWN, denied, entry["source"], entry["native_id"]
