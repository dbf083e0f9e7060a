"""Blocks of records, by the keys that are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

import orjson
from sqlalchemy import Connection, text

from rcu.store.sql import driven

_CLASSES: Final = (16, 64, 4096, 2**31 - 1)
"""A block is read up to one of these, the next above what is asked for: the statement stays one."""
_POSTGRESQL_BLOCKS: Final = " UNION ALL ".join(
    f"SELECT k.key, b.record_id FROM unnest(CAST(${at + 1} AS bigint[])) AS k(key), LATERAL"
    f" (SELECT record_id FROM blocking_keys WHERE blocking_keys.key = k.key ORDER BY record_id LIMIT {most}) AS b"
    for at, most in enumerate(_CLASSES)
)
_SQLITE_BLOCKS: Final = text(
    "SELECT b.key, b.record_id FROM json_each(:keys) AS k JOIN blocking_keys AS b ON b.key = k.value"
)


def block_members(connection: Connection, most: Mapping[int, int]) -> dict[int, list[int]]:
    """The oldest members of some blocks (`blocking_keys`), by key: all, or at least as many as asked for."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(_SQLITE_BLOCKS, {"keys": orjson.dumps(list(most)).decode()}).all()
    else:
        keys: list[list[int]] = [[] for _ in _CLASSES]
        for key, count in most.items():
            keys[bisect_left(_CLASSES, count)].append(key)
        rows = driven(connection, _POSTGRESQL_BLOCKS, keys)
    found: dict[int, list[int]] = {}
    for key, record in rows:
        found.setdefault(key, []).append(record)
    return found
