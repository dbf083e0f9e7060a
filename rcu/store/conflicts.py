"""What those are told who come while others are at work, or the database is not there."""

from __future__ import annotations

from rcu.errors import Conflict, StoreError


def kept_waiting() -> Conflict:
    """What a transaction says that another one held up for too long."""
    return Conflict("another run or change is at work on the same", hint="try again in a moment")


def delivers() -> Conflict:
    """What a second process that wants to deliver is told."""
    return Conflict("another process delivers", hint="one is enough: rcu serve, or rcu deliver")


def busy() -> Conflict:
    """What a second import or run is told."""
    return Conflict("another import or run is at work", hint="wait until it has ended and try again")


def unreachable() -> StoreError:
    """The database cannot be reached."""
    return StoreError("the database cannot be reached", hint="check RCU_DATABASE_URL and that the server is running")
