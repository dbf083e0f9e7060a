"""What the change feed tells of a customer."""

from __future__ import annotations

from enum import StrEnum


class ChangeKind(StrEnum):
    """What happened to a customer; kinds are added, never taken away."""

    CREATED = "created"
    UPDATED = "updated"
    MERGED = "merged"
    SPLIT = "split"
    CONSENT_CHANGED = "consent_changed"
