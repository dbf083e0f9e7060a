"""`fields=` of routes that answer with profiles: which paths there are is what the profile's schema says."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin

from fastapi import Query
from pydantic import BaseModel

from rcu.api.schemas.profile import Profile
from rcu.golden.record import SHOWN_OF_GROUP
from rcu.services.fields import Fields, Tree, read_fields

Picked: TypeAlias = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=2000,
        description="only these fields of a profile: dotted paths with commas between; customer_id is always there",
        examples=["golden.first_name,contact_points,scores"],
    ),
]


def _tree(kind: Any) -> Tree:  # noqa: ANN401  # any annotation
    """The members of a schema, those of the objects in them included; of a dictionary its values' are not asked for."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: _tree(field.annotation) for name, field in kind.model_fields.items()}
    if get_origin(kind) is dict:
        return {}
    return next((tree for one in get_args(kind) if (tree := _tree(one))), {})


KNOWN: Final[Tree] = {**_tree(Profile), "provenance": {group: {} for group in SHOWN_OF_GROUP}}
"""Every path there is."""


@lru_cache(maxsize=256)
def picked(text: str | None) -> Fields | None:
    """The fields that are asked for; None: all.

    Raises:
        InputError: one of them is none; names those that are.
    """
    return None if text is None else read_fields(text, KNOWN)
