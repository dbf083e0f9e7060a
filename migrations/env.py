"""Alembic: brings the database at `sqlalchemy.url` to the tables of `rcu.store.tables`."""

from alembic import context

from rcu.store.dialect import open_dialect
from rcu.store.engine import STAGED_PREFIX
from rcu.store.tables import metadata
from rcu.store.types import Instant


def include_name(name, kind, _parents):
    return not (kind == "table" and name and name.startswith(STAGED_PREFIX))


def render_item(kind, item, autogen_context):
    if kind == "type" and isinstance(item, Instant):
        autogen_context.imports.add("from rcu.store.types import Instant")
        return "Instant()"
    return False


def run() -> None:
    given = context.config.attributes.get("connection")
    engine = None if given is not None else open_dialect(context.config.get_main_option("sqlalchemy.url") or "").engine
    connection = given if given is not None else engine.connect()
    try:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_name=include_name,
            render_item=render_item,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        if engine is not None:
            connection.close()
            engine.dispose()


run()
