"""Bringing a database to the schema this version needs, and knowing whether it is there."""

from __future__ import annotations

import warnings
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rcu.errors import StoreError
from rcu.store import dialect
from rcu.store.engine import STAGED_PREFIX, Store
from rcu.store.tables import metadata


def _migrations() -> Path:
    """Where the migrations are: inside the installed package, or beside it in a checkout."""
    package = Path(str(resources.files("rcu")))
    return next(path for path in (package / "migrations", package.parent / "migrations") if path.is_dir())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    return config


def upgrade(store: Store) -> None:
    """Migrate to the newest schema; nothing happens when it is there already."""
    with store.begin() as connection:
        dialect.prepare_staging(connection)
        command.upgrade(_with(connection), "head")


def downgrade(store: Store, revision: str = "base") -> None:
    """Migrate back to a revision; the data of dropped tables are lost."""
    with store.begin() as connection:
        command.downgrade(_with(connection), revision)


def _with(connection: Connection) -> Config:
    config = _config()
    config.attributes["connection"] = connection
    return config


def require_current(store: Store) -> None:
    """Check that the schema is the one this version needs.

    Raises:
        StoreError: when it is not; says which is there.
    """
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with store.read() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != newest:
        msg = f"the database is at schema {present or 'none'}, this version needs {newest}"
        raise StoreError(msg, hint="run: rcu db upgrade")


def differences(store: Store) -> list[object]:
    """What separates the database from the tables this version declares; empty when the migrations are complete."""
    with store.read() as connection, warnings.catch_warnings():
        # SQLite does not tell of indexes on expressions: they are left out, on both sides
        warnings.filterwarnings("ignore", message=".*expression-based index")
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: not (kind == "table" and str(name).startswith(STAGED_PREFIX)),
            },
        )
        return list(compare_metadata(context, metadata))
