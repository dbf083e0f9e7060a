"""Filling the tables of matching and publication for the first time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection

from rcu.store.sql import bare
from rcu.store.tables import aggregates, cluster_quality, customers, links, memberships, records, scores

_FILLED: Final = (links, memberships, cluster_quality, customers, aggregates, scores)
"""The large ones: all are empty before the first run."""


def first_filling(connection: Connection) -> AbstractContextManager[None]:
    """Fill them faster for the time of the block. Call it before anything else in the transaction."""
    return bare(connection, _FILLED, named=[records])
