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


def models(store: Store, default: str) -> list[Listed]:
    """The models shipped with RCU and the default one, then the others of the registry, the oldest first.

    `default` is what the settings name: it is in use as long as none was adopted.
    """
    active, at_hand = in_use(store, default), _at_hand(default)
    with store.read() as connection:
        stored = {row.model_id: row for row in rows.all_models(connection)}
    listed = [
        Listed(key, one.name, one.version, one.learnt, _created(stored.get(key)), key == active)
        for key, one in at_hand.items()
    ]
    return listed + [_listed(row, active) for key, row in stored.items() if key not in at_hand]


def in_use(store: Store, default: str) -> str:
    """The id of the model in use, whether this version of RCU can read it or not."""
    with store.read() as connection:
        row = rows.adopted(connection)
    return load_model(default).fingerprint() if row is None else row.model_id


def _at_hand(default: str) -> dict[str, MatchModel]:
    """The models that are there without the registry, by id."""
    return {model.fingerprint(): model for model in map(load_model, dict.fromkeys([*shipped_models(), default]))}


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
        _one_at_most(which, [row.model_id for row in found])
        if found:
            return _read(found[0])
    if not shipped and not Path(which).is_file():
        raise NotFound("matching model", which)
    return load_model(which)


def get_listed(store: Store, which: str, default: str) -> MatchModel:
    """One of those that `models` lists, by its id, the beginning of that, or the name of a shipped one.

    Never one of a file that is named here: for those who may not say which files are read.

    Raises:
        NotFound, InputError, ConfigurationError: as `get`.
    """
    if which in shipped_models():
        return load_model(which)
    if not _ID.fullmatch(which):
        raise NotFound("matching model", "with this id")
    with store.read() as connection:
        kept = {row.model_id: row for row in rows.models_by_prefix(connection, which)}
    at_hand = {key: model for key, model in _at_hand(default).items() if key.startswith(which)}
    ids = sorted(kept.keys() | at_hand.keys())
    _one_at_most(which, ids)
    if not ids:
        raise NotFound("matching model", "with this id")
    return at_hand.get(ids[0]) or _read(kept[ids[0]])


def _one_at_most(which: str, ids: list[str]) -> None:
    if len(ids) > 1:
        raise InputError(f"the ids of several models begin with {which}", hint=f"say more of it: {', '.join(ids)}")


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
    adopt(store, model, by=by, clock=clock)
    return model


def adopt(store: Store, model: MatchModel, *, by: str, clock: Clock) -> None:
    """Adopt a model that is at hand; see `use`.

    Raises:
        ConfigurationError: it compares columns that records do not have.
    """
    require_known_columns(model)
    now = clock()
    with store.begin() as connection:
        rows.add_model(connection, _row(model, now))
        rows.adopt(connection, model.fingerprint(), by=by, now=now)


def use_settings(store: Store, *, by: str, clock: Clock) -> None:
    """Go back to the model the settings name, whichever that is from now on."""
    with store.begin() as connection:
        rows.adopt(connection, None, by=by, now=clock())


def last_run_used(store: Store, model: MatchModel) -> bool:
    """Whether the customers there are were worked out with this model, or one that decides alike."""
    with store.read() as connection:
        last = run_rows.last_done(connection)
    return last is not None and last.model == model.fingerprint()


def history(store: Store, *, most: int | None = None) -> list[Adoption]:
    """Who adopted what and when, the newest first; with `most` only so many."""
    with store.read() as connection:
        return rows.adoptions(connection, most=most)
