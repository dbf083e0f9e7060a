"""Matching models: what another one would change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from rcu.api.bodies import BoundedRoute
from rcu.api.deps import Steward, StoreDep
from rcu.api.errors import responses
from rcu.api.schemas import CustomerBecoming, CustomerCounts, ModelComparison, ModelName
from rcu.services import models
from rcu.services.foreseeing import foresee

router = APIRouter(prefix="/v1", tags=["models"], route_class=BoundedRoute)


@router.post(
    "/models/{model_id}/comparison",
    operation_id="compareModel",
    responses=responses(404),
    summary="What a rebuild with a model would change",
)
def compare_model(
    model_id: Annotated[str, Path(max_length=60, description="an id of the registry, or a shipped model")],
    store: StoreDep,
    _key: Steward,
    limit: Annotated[int, Query(ge=0, le=1000, description="customers that are listed")] = 100,
) -> ModelComparison:
    """Match all records on the side and compare with the customers there are; nothing is written. It takes a while."""
    found = foresee(store, models.get_kept(store, model_id))
    counts = {name: value for name, value in asdict(found.counts).items() if name in CustomerCounts.model_fields}
    model = ModelName(id=found.model.fingerprint(), name=found.model.name, version=found.model.version)
    return ModelComparison(
        model=model,
        waiting=found.waiting,
        counts=CustomerCounts.model_validate(counts),
        customers=[CustomerBecoming.model_validate(asdict(one)) for one in found.customers[:limit]],
        more=len(found.customers) > limit,
    )
