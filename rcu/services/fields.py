"""A choice among the fields of a profile: those somebody asked for, by dotted paths."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import orjson

from rcu.errors import InputError

Tree: TypeAlias = Mapping[str, "Tree"]
"""Members of an object by name, each with its own; empty: it is given whole."""

MOST_FIELDS: Final = 100
_ALWAYS: Final = "customer_id"


@dataclass(frozen=True, slots=True)
class Fields:
    """Some fields of a profile.

    Attributes:
        chosen: the members to give.
        tag: a few characters that stand for the choice, for an ETag.
    """

    chosen: Tree
    tag: str

    def of(self, profile: bytes) -> bytes:
        """The profile with these fields and no other; what is not there is left out. `customer_id` is always there."""
        return orjson.dumps(_only(orjson.loads(profile), self.chosen))


def read_fields(text: str, known: Tree) -> Fields:
    """Read paths with commas between, like `golden.first_name,scores`; in lists they are those of each element.

    Args:
        text: as somebody writes it.
        known: all there are.

    Raises:
        InputError: one is not known, names those that are; or there are too many.
    """
    paths = sorted({path.strip() for path in text.split(",")})
    if len(paths) > MOST_FIELDS:
        msg = f"at most {MOST_FIELDS} fields"
        raise InputError(msg, hint="name a member to have all that is in it")
    chosen: dict[str, Any] = {_ALWAYS: {}}
    for path in paths:
        _add(chosen, _parts(path, known))
    told = orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS)
    return Fields(chosen, hashlib.blake2b(told, digest_size=4).hexdigest())


def _parts(path: str, known: Tree) -> list[str]:
    at, parts = known, path.split(".")
    for place, name in enumerate(parts):
        if name not in at:
            where = f" of {'.'.join(parts[:place])}" if place else ""
            msg = f"fields{where} are {', '.join(at)}" if at else f"{'.'.join(parts[:place])} is given whole"
            raise InputError(msg, hint="write paths with commas between, like golden.first_name,contact_points,scores")
        at = at[name]
    return parts


def _add(chosen: dict[str, Any], parts: list[str]) -> None:
    """Choose one path more, in order: what is chosen whole came before what is in it, and stays so."""
    at = chosen
    for name in parts:
        if name in at and not at[name]:
            return
        at = at.setdefault(name, {})


def _only(value: Any, chosen: Tree) -> Any:  # noqa: ANN401  # any JSON
    if not chosen:
        return value
    if isinstance(value, list):
        return [_only(one, chosen) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {name: _only(inner, chosen[name]) for name, inner in members if name in chosen}
    return value
