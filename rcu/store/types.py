"""Column types that mean the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, TypeDecorator

SQLITE_INSTANT: Final = "%Y-%m-%d %H:%M:%S"
"""How Arrow writes microseconds as SQLAlchemy does for SQLite, so both compare as text; %S has the fraction."""


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, always aware: TIMESTAMP WITH TIME ZONE on PostgreSQL, text without zone on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse naive times; SQLite stores them without their zone, so give it UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "an instant needs a time zone"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Give back an aware instant."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
