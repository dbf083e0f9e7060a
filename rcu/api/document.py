"""The OpenAPI document: what FastAPI says of the routes, with the problem documents and examples of both."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rcu import __version__
from rcu.api.schemas import Problem

_DESCRIPTION: Final = """\
Records of tills, online shops and e-mail tools, matched into one golden record per customer.

Every operation but those of health needs an API key (`Authorization: Bearer rcu_...`) with the scopes it names; members
outside them are absent. Errors are problem documents (RFC 9457), whose `type` stays as it is. Within `/v1` members and
operations are only added: a client ignores members it does not know."""
_TAGS: Final = {
    "customers": "Profiles: by id, by record, by identifier, in lists and as files; what they were",
    "records": "What sources say of people, taken one by one or a few at a time",
    "events": "What people did",
    "changes": "The change feed",
    "webhooks": "The change feed, told",
    "decisions": "What stewards decide about who is who, and what a customer is called",
    "cases": "The review queue",
    "models": "Matching models",
    "keys": "API keys, and the access log",
    "operations": "The runs there were, and the sources that are connected",
    "quarantine": "Refused rows, until they are corrected and taken again, or given up",
    "health": "Whether the service is up",
}
_PROBLEM: Final = "Problem"
_SCHEMAS: Final = "#/components/schemas/"


def install(app: FastAPI) -> None:
    """Have an application describe itself so; the document is made when it is first asked for."""
    found: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not found:
            found.append(_document(app))
        return found[0]

    app.openapi = document


def _document(app: FastAPI) -> dict[str, Any]:
    told = get_openapi(
        title=app.title,
        summary=app.summary,
        description=_DESCRIPTION,
        version=__version__,
        tags=[{"name": name, "description": said} for name, said in _TAGS.items()],
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    told["components"]["schemas"] |= _problem_schemas()
    for path in told["paths"].values():
        for operation in path.values():
            _exemplify(operation)
    return told


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    return {**schema.pop("$defs", {}), _PROBLEM: schema}


def _exemplify(operation: dict[str, Any]) -> None:
    """Give an operation its example of an answer, where there is one."""
    example = examples().get(operation["operationId"])
    if example is None:
        return
    content = operation["responses"][example["status"]]["content"]
    content[example["media_type"]]["example"] = example["body"]


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, by its id: status, media type and body, as `tools.examples` recorded them."""
    return orjson.loads(files("rcu.api").joinpath("examples.json").read_bytes())
