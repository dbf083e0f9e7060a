"""Matching models: those there are, how one weighs, what another would change; and taking one into use."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Query

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Admin, DefaultModelDep, ReadsDep, Steward, StewardOfAll, StoreDep
from rcu.api.errors import responses
from rcu.api.repeats import RepeatableRoute
from rcu.api.routes.decisions import actor_of
from rcu.api.schemas import CustomerBecoming, CustomerCounts, ModelComparison, ModelName
from rcu.api.schemas.models import (
    ModelAdopted,
    ModelAdoption,
    ModelAdoptionEntry,
    ModelComparisonShown,
    ModelDetail,
    ModelEntry,
    ModelList,
)
from rcu.matching.model import MatchModel
from rcu.services import models
from rcu.services.foreseeing import foresee
from rcu.services.models_shown import shown_weights

router = APIRouter(prefix="/v1", tags=["models"], route_class=BoundedRoute)
adopting = APIRouter(prefix="/v1", tags=["models"], route_class=RepeatableRoute)

_MOST_ADOPTIONS: Final = 100
_ModelId: TypeAlias = Annotated[str, Path(max_length=60, description="an id of the list, or a shipped model")]


def _now() -> datetime:
    return datetime.now(UTC)


def _name(model: MatchModel) -> dict[str, str]:
    return {"id": model.fingerprint(), "name": model.name, "version": model.version}


@router.get("/models", operation_id="listModels", responses=responses(), summary="The models there are")
def list_models(store: StoreDep, default: DefaultModelDep, _key: Steward) -> ModelList:
    """List the models, which of them is in use, and who adopted what when."""
    found = [
        ModelEntry(
            id=one.model_id,
            name=one.name,
            version=one.version,
            learnt=one.learnt,
            created_at=one.created_at,
            in_use=one.in_use,
        )
        for one in models.models(store, default)
    ]
    adoptions = models.history(store, most=_MOST_ADOPTIONS)
    return ModelList(models=found, adoptions=[ModelAdoptionEntry.model_validate(asdict(one)) for one in adoptions])


@router.get("/models/{model_id}", operation_id="getModel", responses=responses(404), summary="How a model weighs")
def get_model(model_id: _ModelId, store: StoreDep, default: DefaultModelDep, _key: Steward) -> ModelDetail:
    """Give a model: its rules, and what each level of each comparison adds."""
    model = models.get_listed(store, model_id, default)
    return ModelDetail(
        **_name(model),
        learnt=model.learnt,
        in_use=model.fingerprint() == models.in_use(store, default),
        prior_against_strangers=model.prior_against_strangers,
        prior_against_household=model.prior_against_household,
        match_probability=model.match_probability,
        review_probability=model.review_probability,
        blocking=[rule.name for rule in model.blocking],
        contradictions=[one.says for one in model.contradictions],
        comparisons=[
            ModelComparisonShown.model_validate(asdict(one) | {"levels": [asdict(level) for level in one.levels]})
            for one in shown_weights(model)
        ],
    )


@adopting.post(
    "/models/{model_id}/adopt", operation_id="adoptModel", responses=responses(404), summary="Take a model into use"
)
def adopt_model(
    model_id: _ModelId, store: StoreDep, default: DefaultModelDep, key: Admin, request: ModelAdoption | None = None
) -> ModelAdopted:
    """Adopt a model: the next run weighs everything anew with it, and until then the former one is used."""
    model = models.get_listed(store, model_id, default)
    actor = actor_of(key, None if request is None else request.on_behalf_of)
    models.adopt(store, model, by=actor, clock=_now)
    return ModelAdopted(**_name(model), adopted_by=actor, last_run_used=models.last_run_used(store, model))


@router.post(
    "/models/{model_id}/comparison",
    operation_id="compareModel",
    responses=responses(404),
    summary="What a rebuild with a model would change",
)
def compare_model(
    model_id: _ModelId,
    store: StoreDep,
    default: DefaultModelDep,
    _key: StewardOfAll,
    reads: ReadsDep,
    limit: Annotated[int, Query(ge=0, le=1000, description="customers that are listed")] = 100,
) -> ModelComparison:
    """Match all records on the side and compare with the customers there are; nothing is written. It takes a while."""
    found = foresee(store, models.get_listed(store, model_id, default))
    shown = found.customers[:limit]
    reads.named({name for one in shown for name in (one.customer_id, *one.becomes)})
    counts = {name: value for name, value in asdict(found.counts).items() if name in CustomerCounts.model_fields}
    return ModelComparison(
        model=ModelName(**_name(found.model)),
        waiting=found.waiting,
        counts=CustomerCounts.model_validate(counts),
        customers=[CustomerBecoming.model_validate(asdict(one)) for one in shown],
        more=len(found.customers) > limit,
    )
