"""What is agreed about a source beyond how it is read."""

from __future__ import annotations

from enum import StrEnum


class EventsOfDeleted(StrEnum):
    """What becomes of the orders, returns and clicks of a record that its source deleted.

    KEEP: they count, as before. DROP: they stay stored and count for nobody, until the record is back.
    """

    KEEP = "keep"
    DROP = "drop"
