"""Matching models: the registry of what was learnt or brought in, and the one in use.

The model in use is the one adopted last; before anything was adopted, the one the settings name. Every command asks
`load_active`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from rcu.config import Settings
from rcu.errors import ConfigurationError, InputError, NotFound
from rcu.matching.model import Learnt, MatchModel, load_model, shipped_models
from rcu.services.identity import require_known_columns
from rcu.store import models as rows
from rcu.store import runs as run_rows
from rcu.store.engine import Store
from rcu.store.models import Adoption, ModelRow

Clock = Callable[[], datetime]

_ID: Final = re.compile(r"[0-9a-f]{4,16}")
"""An id, or enough of its beginning."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that can be named; `created_at` is None for one that is not in the registry (yet)."""

    model_id: str
    name: str
    version: str
    learnt: Learnt | None
    created_at: datetime | None
    in_use: bool


def models(store: Store, settings: Settings) -> list[Listed]:
    """The models shipped with RCU and the one the settings name, then the others of the registry, the oldest first."""
    active = load_active(store, settings).fingerprint()
    at_hand = {
        model.fingerprint(): model for model in map(load_model, dict.fromkeys([*shipped_models(), settings.model]))
    }
    with store.read() as connection:
        stored = {row.model_id: row for row in rows.all_models(connection)}
    listed = [
        Listed(key, one.name, one.version, one.learnt, _created(stored.get(key)), key == active)
        for key, one in at_hand.items()
    ]
    return listed + [_listed(row, active) for key, row in stored.items() if key not in at_hand]


def _created(row: ModelRow | None) -> datetime | None:
    return None if row is None else row.created_at


def _listed(row: ModelRow, active: str) -> Listed:
    learnt = None if row.learnt is None else Learnt.model_validate_json(row.learnt)
    return Listed(row.model_id, row.name, row.version, learnt, row.created_at, row.model_id == active)


def get(store: Store, which: str) -> MatchModel:
    """The model with a name shipped with RCU, an id of the registry or the beginning of one, or in a file.

    Raises:
        NotFound: there is none.
        InputError: several ids begin so.
        ConfigurationError: the file is not a model.
    """
    shipped = which in shipped_models()
    if not shipped and _ID.fullmatch(which):
        with store.read() as connection:
            found = rows.models_by_prefix(connection, which)
        if len(found) > 1:
            ids = ", ".join(row.model_id for row in found)
            raise InputError(f"the ids of several models begin with {which}", hint=f"say more of it: {ids}")
        if found:
            return _read(found[0])
    if not shipped and not Path(which).is_file():
        raise NotFound("matching model", which)
    return load_model(which)


def get_kept(store: Store, which: str) -> MatchModel:
    """As `get`, but never from a file: for those who may not say which files are read.

    Raises:
        NotFound, InputError: as `get`.
    """
    if which not in shipped_models() and not _ID.fullmatch(which):
        raise NotFound("matching model", "with this id")
    with store.read() as connection:
        known = which in shipped_models() or rows.models_by_prefix(connection, which)
    if not known:
        raise NotFound("matching model", "with this id")
    return get(store, which)


def _read(row: ModelRow) -> MatchModel:
    try:
        return MatchModel.from_json(row.content.encode(), where=f"{row.name} {row.version} of the registry")
    except ConfigurationError as error:
        hint = "this version of RCU cannot use it: adopt another with rcu model use, and train again"
        raise ConfigurationError(error.message, hint=hint) from None


def load_active(store: Store, settings: Settings) -> MatchModel:
    """The model in use: the one adopted last, else the one the settings name.

    Raises:
        ConfigurationError: when it is not there or cannot be read.
    """
    with store.read() as connection:
        row = rows.adopted(connection)
    return load_model(settings.model) if row is None else _read(row)


def keep(store: Store, model: MatchModel, *, clock: Clock) -> bool:
    """Put a model into the registry; False when one that decides alike is there already, which stays as it is."""
    with store.begin() as connection:
        return rows.add_model(connection, _row(model, clock()))


def _row(model: MatchModel, now: datetime) -> ModelRow:
    return ModelRow(
        model_id=model.fingerprint(),
        name=model.name,
        version=model.version,
        created_at=now,
        learnt=None if model.learnt is None else orjson.dumps(model.learnt.model_dump(exclude_none=True)).decode(),
        content=model.to_json().decode(),
    )


def use(store: Store, which: str, *, by: str, clock: Clock) -> MatchModel:
    """Adopt a model; the next run weighs everything anew with it. `by` is who decided so.

    Raises:
        NotFound, InputError: as `get`.
        ConfigurationError: as `get`, or when it compares columns that records do not have.
    """
    model = get(store, which)
    require_known_columns(model)
    now = clock()
    with store.begin() as connection:
        rows.add_model(connection, _row(model, now))
        rows.adopt(connection, model.fingerprint(), by=by, now=now)
    return model


def use_settings(store: Store, *, by: str, clock: Clock) -> None:
    """Go back to the model the settings name, whichever that is from now on."""
    with store.begin() as connection:
        rows.adopt(connection, None, by=by, now=clock())


def last_run_used(store: Store, model: MatchModel) -> bool:
    """Whether the customers there are were worked out with this model, or one that decides alike."""
    with store.read() as connection:
        last = run_rows.last_done(connection)
    return last is not None and last.model == model.fingerprint()


def history(store: Store) -> list[Adoption]:
    """Who adopted what and when, the newest first."""
    with store.read() as connection:
        return rows.adoptions(connection)
