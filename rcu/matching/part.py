"""What the parts of a model have in common: they are frozen, and copied without what they keep beside their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a model; a `cached_property` may keep what follows from its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed, which works out anew what follows from them."""
        made = super().model_copy(update=update, deep=deep)
        for name in made.__dict__.keys() - type(made).model_fields.keys():
            vars(made).pop(name)
        return made
