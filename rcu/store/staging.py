"""Staged rows in PostgreSQL: how they are put there and looked at."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

STAGING: Final = "staging"
"""The schema of staged tables, on both databases."""

_WORTH_NO_LOG: Final = 2**20
"""Bytes from which on it gains to keep them out of the log: after a crash nobody asks for them."""

_JOINED: Final = ("_id", "fingerprint")
"""How columns end by which they are joined to others."""


def put(cursor: Any, name: str, content: pa.Table) -> None:  # noqa: ANN401  # ADBC's, generic only in its stubs
    """Put rows into a new table."""
    if content.nbytes < _WORTH_NO_LOG:
        cursor.adbc_ingest(name, content, mode="create", db_schema_name=STAGING)
        return
    cursor.adbc_ingest(name, content.slice(0, 0), mode="create", db_schema_name=STAGING)
    cursor.execute(f"ALTER TABLE {STAGING}.{name} SET UNLOGGED")
    cursor.adbc_ingest(name, content, mode="append", db_schema_name=STAGING)


def analyse(name: str, content: pa.Table) -> str:
    """The statement that has the planner look at them: only at what others are joined by, one column of sixty or so."""
    joined = ", ".join(column for column in content.column_names if column.endswith(_JOINED))
    return f"ANALYZE {STAGING}.{name}" + (f" ({joined})" if joined else "")
