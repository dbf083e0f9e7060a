"""Write which scopes open which operation and which fields into docs/reference/scopes.md, from the code itself.

`python -m tools.scopes` writes the page; `--check` fails where it is not what the code says.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import orjson
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from rcu.api.app import ROUTERS
from rcu.api.deps import READING, needed
from rcu.api.schemas import Profile
from rcu.golden.record import SHOWN_OF_GROUP
from rcu.services.keys import READS, SCOPES
from rcu.services.reading import visible

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "scopes.md"
ORDER = (*sorted(READING), *sorted(READS - READING), *sorted(SCOPES - READS))
Groups = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its id, method and path, the groups of scopes of which a key needs one each, what it shows."""

    name: str
    method: str
    path: str
    groups: Groups
    profiles: bool

    def allowed(self, scopes: frozenset[str]) -> bool:
        """Whether a key with these scopes may."""
        return all(scopes & group for group in self.groups)


def operations() -> list[Operation]:
    """Every operation that needs a key, as the application has them."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [
        Operation(route.operation_id or route.name, method, route.path, groups, _shows_profiles(route.response_model))
        for route in routes
        if (groups := _groups(route.dependant))
        for method in sorted(route.methods or ())
    ]


def _groups(dependant: Dependant) -> Groups:
    mine = needed(dependant.call) or ()
    return (*mine, *(group for one in dependant.dependencies for group in _groups(one)))


def _shows_profiles(model: object) -> bool:
    if inspect.isclass(model) and issubclass(model, BaseModel):
        return model is Profile or any(_shows_profiles(one.annotation) for one in model.model_fields.values())
    return any(map(_shows_profiles, get_args(model)))


FIELDS: Mapping[str, Any] = {
    "customer_id": "c",
    "golden": {
        **dict.fromkeys(("record_kind", "civility", "gender", "first_name", "last_name", "birth_name"), "x"),
        **dict.fromkeys(("company", "birth_date", "loyalty_number"), "x"),
        **dict.fromkeys(("email", "mobile", "landline"), "x"),
        "address": {"city": "x"},
    },
    "provenance": {name: {"record": "a:1"} for name in SHOWN_OF_GROUP},
    "contact_points": [{"kind": "email", "value": "x", "quality": "x", "records": ["a:1"], "consents": []}],
    "aggregates": {"orders": [], "last_email_click_at": None},
    "scores": {"rfm": None, "data_quality": {}},
    "household": {"household_id": "c", "members": []},
    "records": [
        {
            **dict.fromkeys(("source", "native_id", "record_id", "store", "record_kind", "civility"), "x"),
            **dict.fromkeys(("first_name", "last_name", "birth_name", "company", "birth_date"), "x"),
            **dict.fromkeys(("email", "mobile", "landline", "loyalty_number"), "x"),
            "address": {"city": "x"},
            **dict.fromkeys(("is_guest", "deleted"), False),
            **dict.fromkeys(("created_at", "updated_at"), "x"),
        }
    ],
}
"""A profile that has every field once: what is left of it for a key is what the key sees."""
_DEEP = {"golden", "provenance", "contact_points", "records"}


def fields(document: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a profile, two levels deep where a scope opens parts of a member."""
    for name, value in document.items():
        yield name
        inner = value[0] if isinstance(value, list) and value else value
        if name in _DEEP and isinstance(inner, Mapping):
            yield from (f"{name}.{one}" for one in inner)


def seen(scopes: frozenset[str]) -> frozenset[str]:
    """The fields of a profile that a key with these scopes sees."""
    return frozenset(fields(orjson.loads(visible(orjson.dumps(FIELDS).decode(), scopes))))


def openers() -> dict[str, list[frozenset[str]]]:
    """For each field the smallest sets of scopes that show it."""
    some = [frozenset(one) for size in range(len(READING) + 1) for one in combinations(sorted(READING), size)]
    shown = {scopes: seen(scopes) for scopes in some}
    found: dict[str, list[frozenset[str]]] = {}
    for field in fields(FIELDS):
        for scopes in some:
            smaller = found.setdefault(field, [])
            if field in shown[scopes] and not any(one <= scopes for one in smaller):
                smaller.append(scopes)
    return found


def cell(operation: Operation, scope: str) -> str:
    """What a scope means to an operation: alone it opens it, it is one of those needed, it adds fields, nothing."""
    if operation.allowed(frozenset({scope})):
        return "opens"
    if any(scope in group for group in operation.groups):
        return "with"
    return "fields" if operation.profiles and scope in READING else ""


def page() -> str:
    """The page as it should be."""
    shown = operations()
    lines = [_HEAD, f"| Operation | Route | {' | '.join(f'`{one}`' for one in ORDER)} |"]
    lines.append(f"|---|---|{'---|' * len(ORDER)}")
    for one in sorted(shown, key=lambda one: (one.path, one.method)):
        cells = " | ".join(cell(one, scope) for scope in ORDER)
        lines.append(f"| `{one.name}` | {one.method} `{one.path}` | {cells} |".replace("|  |", "| |"))
    lines += [_PROFILES.format(", ".join(f"`{one.name}`" for one in shown if one.profiles))]
    lines += ["| Field | Shown to keys with |", "|---|---|"]
    for field, several in openers().items():
        told = " or ".join(" and ".join(f"`{one}`" for one in sorted(scopes)) for scopes in several)
        lines.append(f"| `{field}` | {told or 'any of them'} |")
    return "\n".join(lines).replace("|  |", "| |") + "\n"


_HEAD = """# Scopes, operations and fields

Generated from the code by `python -m tools.scopes`; a test walks every cell. What scopes are for is in the
[HTTP reference](api.md#keys-and-scopes).

`opens`: a key with this scope alone may. `with`: it is one of several that are needed, one of each kind. `fields`: it
opens nothing by itself, and shows more. An empty cell: it makes no difference. Without a key every operation here
answers `401`, and with scopes that do not open it `403`. `as_of` needs `history`, too.
"""
_PROFILES = """
## Fields of a profile

{} answer with profiles. A field that a key's scopes do not show is absent, not null.
"""


def main() -> None:
    """Write the page, or say that it is not what the code says."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of date")
    wanted = page()
    if not asked.parse_args().check:
        PAGE.write_text(wanted, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted:
        sys.exit("docs/reference/scopes.md is out of date: run python -m tools.scopes")


if __name__ == "__main__":
    main()
