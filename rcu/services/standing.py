"""What the last run left: the model its links were weighed with, and what its scores were measured against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from rcu.domain.cases import USUAL_RULES, CaseRules
from rcu.errors import Conflict
from rcu.insight.scores import ScoreBasis
from rcu.matching.model import MatchModel, load_model, shipped_models
from rcu.services.projection import standing_basis
from rcu.store import models as model_rows
from rcu.store import runs as run_rows
from rcu.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class State:
    """What whatever is worked out between two runs must agree with: a model, a score basis, and where cases begin."""

    model: MatchModel
    basis: ScoreBasis
    rules: CaseRules = USUAL_RULES


def standing_state(connection: Transaction, model: MatchModel, rules: CaseRules = USUAL_RULES) -> State:
    """The model and the score basis of the last run; before any, the given model and no basis. The rules are as given.

    Raises:
        Conflict: the last run was that of an earlier version, or its model is not to be found any more.
    """
    return replace(_left_by_the_last_run(connection, model), rules=rules)


def _left_by_the_last_run(connection: Transaction, model: MatchModel) -> State:
    last = run_rows.last_done(connection)
    if last is None:
        return State(model, ScoreBasis())
    basis = standing_basis(last)
    if basis is None:
        raise Conflict("the last run was that of an earlier version", hint="run rcu run first")
    if last.model == _fingerprint(_ById(model)):
        return State(model, basis)
    return State(_model_of(connection, str(last.model)), basis)


def _model_of(connection: Transaction, model_id: str) -> MatchModel:
    found = model_rows.models_by_prefix(connection, model_id)
    if found:
        return _parsed(found[0].content)
    for shipped in map(load_model, shipped_models()):
        if _fingerprint(_ById(shipped)) == model_id:
            return shipped
    raise Conflict("the matching model of the last run is not there any more", hint="run rcu run first")


@dataclass(frozen=True, slots=True, eq=False)
class _ById:
    """A model that equals nothing but itself: comparing models, as comparing their content, takes too long."""

    model: MatchModel

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.model is self.model


@lru_cache(maxsize=8)
def _fingerprint(one: _ById) -> str:
    return one.model.fingerprint()


@lru_cache(maxsize=4)
def _parsed(content: str) -> MatchModel:
    return MatchModel.from_json(content.encode())
