"""Errors as RFC 9457 problem documents; the only place that gives an error its HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from rcu.api.asked import asked
from rcu.errors import ConfigurationError, Conflict, InputError, InvalidCursor, NotFound, RcuError, StoreError
from rcu.services.arrivals import NotAsExpected
from rcu.services.becoming import Erased, SeveralCustomers
from rcu.services.deciding import ContradictsDecisions
from rcu.services.following import ChangesGone
from rcu.services.lookups import SharedIdentifier
from rcu.services.repeating import KeyReused, UnderWay

_EXAMPLE_ID: Final = "0197f3a2-5c1e-7d10-8f3b-2a6c1d9e4b70"
_MOST_ERRORS: Final = 50
_LONGEST_PLACE: Final = 100
_BASE: Final = "urn:rcu:problem:"
_STATUSES: Final[tuple[tuple[type[RcuError], int, str, str], ...]] = (
    (Erased, 410, "erased", "The person with that id was erased"),
    (NotFound, 404, "not-found", "Nothing has that key"),
    (InvalidCursor, 400, "invalid-cursor", "The cursor is not one this service gave out"),
    (KeyReused, 422, "idempotency-key-reused", "The key stands for another request"),
    (InputError, 422, "invalid-input", "The request cannot be understood"),
    (SeveralCustomers, 409, "several-customers", "The customer with that id is part of several others today"),
    (SharedIdentifier, 409, "several-customers", "Several customers have that identifier"),
    (ChangesGone, 410, "changes-gone", "The changes after that one are not kept any more"),
    (UnderWay, 409, "request-under-way", "The same request is being answered"),
    (NotAsExpected, 412, "precondition-failed", "The record is not what the request expects"),
    (Conflict, 409, "conflict", "The present state forbids it"),
    (ConfigurationError, 500, "configuration", "A model or a contract of the service cannot be used"),
    (StoreError, 503, "store-unavailable", "The database is not ready"),
)
_HTTP: Final = {
    400: ("bad-request", "The request cannot be read"),
    401: ("unauthenticated", "A valid API key is needed"),
    403: ("forbidden", "The key has no scope for this"),
    404: ("no-such-route", "There is no such address"),
    405: ("method-not-allowed", "The address does not know this method"),
    413: ("too-large", "The request is too large"),
    422: ("invalid-input", "The request cannot be understood"),
    429: ("rate-exceeded", "The key asks more often than it may"),
}


class ApiError(Exception):
    """An error of the HTTP layer itself: no key, no scope."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem(
    request: Request,
    status: int,
    name: str,
    *,
    title: str,
    detail: str | None = None,
    **more: Any,  # noqa: ANN401
) -> Response:
    """A problem document."""
    content = {"type": _BASE + name, "title": title, "status": status, **({"detail": detail} if detail else {}), **more}
    content["request_id"] = asked(request.scope).request_id
    return Response(orjson.dumps(content), status, media_type="application/problem+json")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem documents a route can answer with, for OpenAPI; any can say 400, 401, 403, 422, 429, 503."""
    texts = {
        304: "Not modified",
        307: "Merged: see Location",
        404: "Not found",
        400: "Bad request",
        409: "Conflict",
        410: "Gone: erased, or not kept any more",
        412: "Precondition failed",
    }
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, 400, 401, 403, 422, 429, 503}):
        found[status] = {"description": texts.get(status, _HTTP.get(status, ("", "Problem"))[1])}
        if status >= 400:
            content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": _examples(status)}
            found[status]["content"] = {"application/problem+json": content}
    return found


def _examples(status: int) -> dict[str, Any]:
    """A problem document of each type that has a status."""
    kinds = [(name, title) for _, own, name, title in _STATUSES if own == status]
    kinds += [_HTTP[status]] if status in _HTTP else []
    return {
        name: {"value": {"type": _BASE + name, "title": title, "status": status, "request_id": _EXAMPLE_ID}}
        for name, title in dict(kinds).items()
    }


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Map every error to its problem document; `routers` are all that the application has."""
    app.state.routes = [route for router in routers for route in router.routes]
    app.add_exception_handler(RcuError, _rcu_error)
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


def _rcu_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RcuError)  # noqa: S101  # as registered
    for kind, status, name, title in _STATUSES:
        if isinstance(error, kind):
            more: dict[str, Any] = {"hint": error.hint} if error.hint else {}
            if isinstance(error, ContradictsDecisions):
                more["decisions"] = error.decisions
            if isinstance(error, SeveralCustomers | SharedIdentifier):
                more["candidates"] = error.candidates
            if isinstance(error, ChangesGone):
                more |= {"oldest": error.oldest, "newest": error.newest}
            return problem(request, status, name, title=title, detail=error.message, **more)
    return problem(request, 500, "internal", title="Something went wrong in the service")


def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # as registered
    name, title = _HTTP[error.status]
    answer = problem(request, error.status, name, title=title, detail=error.detail)
    answer.headers.update(error.headers or {})
    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # as registered
    name, title = _HTTP.get(error.status_code, ("http", "The request cannot be answered"))
    answer = problem(request, error.status_code, name, title=title)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return answer


def _methods_at(request: Request) -> set[str]:
    """What an address knows, of all its routes: the framework names those of the first."""
    found: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return found


def _invalid(request: Request, error: Exception) -> Response:
    """Say where and why, never what was sent; of many errors the first."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # as registered
    every = error.errors()
    found = [{"at": _place(one["loc"]), "why": one["msg"]} for one in every[:_MOST_ERRORS]]
    more: dict[str, Any] = {"more_errors": len(every) - len(found)} if len(every) > len(found) else {}
    return problem(request, 422, "invalid-input", title="The request cannot be understood", errors=found, **more)


def _place(loc: Sequence[object]) -> str:
    """Where in a request; members may be called as they like, and at any length."""
    return ".".join(str(one)[:_LONGEST_PLACE] for one in loc)


def _unexpected(request: Request, _error: Exception) -> Response:
    """Say nothing of what went wrong."""
    return problem(request, 500, "internal", title="Something went wrong in the service")
