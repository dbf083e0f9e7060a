"""The registry of matching models: what was learnt or brought in, and which was in use when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from rcu.store.tables import match_models, model_adoptions, records
from rcu.store.writing import upsert


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model as stored: `content` is the model file, `learnt` what it was learnt from; both are JSON."""

    model_id: str
    name: str
    version: str
    created_at: datetime
    learnt: str | None
    content: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """One entry of the history; `model_id` is None when the model of the settings was taken up again."""

    model_id: str | None
    adopted_at: datetime
    adopted_by: str


def add_model(connection: Connection, row: ModelRow) -> bool:
    """Put a model into the registry; False when one that decides alike is there already, which stays as it is."""
    values = {
        "model_id": row.model_id,
        "name": row.name,
        "version": row.version,
        "created_at": row.created_at,
        "learnt": row.learnt,
        "content": row.content,
    }
    statement = upsert(connection, match_models).values(**values)
    added = statement.on_conflict_do_nothing().returning(match_models.c.model_id)
    return connection.execute(added).one_or_none() is not None


def all_models(connection: Connection) -> list[ModelRow]:
    """Every model of the registry, the oldest first."""
    statement = select(match_models).order_by(match_models.c.created_at, match_models.c.model_id)
    return [ModelRow(*row) for row in connection.execute(statement)]


def models_by_prefix(connection: Connection, prefix: str) -> list[ModelRow]:
    """The models whose id begins so, by id."""
    begins = func.substr(match_models.c.model_id, 1, len(prefix)) == prefix
    statement = select(match_models).where(begins).order_by(match_models.c.model_id)
    return [ModelRow(*row) for row in connection.execute(statement)]


def adopt(connection: Connection, model_id: str | None, *, by: str, now: datetime) -> None:
    """Add to the history that a model is in use from now on."""
    values = {"model_id": model_id, "adopted_at": now, "adopted_by": by}
    connection.execute(insert(model_adoptions).values(**values))


def adoptions(connection: Connection, *, most: int | None = None) -> list[Adoption]:
    """The history, the newest first; with `most` only so many."""
    columns = (model_adoptions.c.model_id, model_adoptions.c.adopted_at, model_adoptions.c.adopted_by)
    rows = connection.execute(select(*columns).order_by(model_adoptions.c.adoption_id.desc()).limit(most))
    return [Adoption(*row) for row in rows]


def adopted(connection: Connection) -> ModelRow | None:
    """The model in use, or None while that is the one of the settings."""
    newest = select(model_adoptions.c.model_id).order_by(model_adoptions.c.adoption_id.desc()).limit(1)
    statement = select(match_models).where(match_models.c.model_id == newest.scalar_subquery())
    row = connection.execute(statement).one_or_none()
    return None if row is None else ModelRow(*row)


def newest_change(connection: Connection) -> datetime | None:
    """When, by what the sources say, a record last changed; None when no source says."""
    return connection.execute(select(func.max(records.c.updated_at))).scalar()
