"""Connections to a server that rested in the pool: seen to be alive before they are used again."""

from __future__ import annotations

import math
import time
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

_LAST_USED: Final = "rcu_last_used"
_REST_SECONDS: Final = 1.0
"""To ask before every transaction takes as long as one of its statements."""


def watched(engine: Engine) -> Engine:
    """The engine, whose connections are asked whether they are alive once they rested; a dead one is replaced."""
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _see_whether_alive)
    return engine


def _note_use(_connection: object, record: Any) -> None:  # noqa: ANN401
    record.info[_LAST_USED] = time.monotonic()


def _see_whether_alive(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401
    if time.monotonic() - record.info.get(_LAST_USED, math.inf) > _REST_SECONDS:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.OperationalError:
            raise DisconnectionError from None
