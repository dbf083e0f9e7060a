"""The errors RCU raises on purpose; anything else is a bug.

    RcuError
    ├── ConfigurationError      a setting, contract or model that cannot be used
    ├── InputError              what was handed in cannot be read or makes no sense
    │   ├── UnreadableFile      a file that is not what its contract says
    │   └── InvalidCursor       a page cursor this service did not give out
    ├── NotFound                nothing has that key
    ├── Conflict                the state of things forbids it
    └── StoreError              the database is missing, locked or not migrated

No error carries personal data in its message: keys of records and places in files only. HTTP statuses and exit
codes are given by the outermost layers (`rcu.api.errors`, `rcu.cli`).
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "Conflict",
    "InputError",
    "InvalidCursor",
    "NotFound",
    "RcuError",
    "StoreError",
    "UnreadableFile",
]


class RcuError(Exception):
    """Base of every error raised on purpose; `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(RcuError):
    """A setting, a file contract or a model cannot be used."""


class InputError(RcuError):
    """What the caller handed in cannot be read or makes no sense."""


class UnreadableFile(InputError):
    """A file is not what its contract says; nothing of it was taken."""

    def __init__(self, file: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{file}: {reason}", hint=hint)
        self.file = file
        self.reason = reason


class InvalidCursor(InputError):
    """A page cursor that this service did not give out."""


class NotFound(RcuError):
    """Nothing has that key; `what` is the kind of thing, `key` how it was asked for."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"no {what} {key}")
        self.what = what
        self.key = key


class Conflict(RcuError):
    """The present state forbids the request."""


class StoreError(RcuError):
    """The database is missing, locked or not at the schema this version needs."""
