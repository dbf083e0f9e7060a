"""An operation that will go says so in the document and in the headers of every answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from rcu.api import errors
from rcu.api.asked import TaggedAnswers
from rcu.api.bodies import BoundedRoute
from rcu.api.ending import ending
from rcu.errors import NotFound

SINCE, GONE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 31, 22, tzinfo=UTC)


def application() -> FastAPI:
    router = APIRouter(prefix="/v1", route_class=BoundedRoute)

    @router.get("/old", operation_id="old", **ending(SINCE, gone=GONE))
    def old(limit: int = 1) -> int:
        if limit == 0:
            raise NotFound("number", "0")
        return limit

    @router.get("/new", operation_id="new")
    def new() -> int:
        return 1

    app = FastAPI()
    app.add_middleware(TaggedAnswers)
    errors.install(app, [router])
    app.include_router(router)
    return app


@pytest.mark.parametrize(("query", "status"), [("", 200), ("?limit=0", 404), ("?limit=x", 422)])
def test_an_operation_that_will_go_tells_since_when_and_until_when(query: str, status: int) -> None:
    answer = TestClient(application()).get(f"/v1/old{query}")
    assert answer.status_code == status
    assert answer.headers["deprecation"] == "@1772323200"
    assert answer.headers["sunset"] == "Wed, 31 Mar 2027 22:00:00 GMT"
    assert answer.headers["link"].endswith('compatibility.md>; rel="deprecation"; type="text/html"')


def test_the_document_marks_it_and_other_operations_say_nothing() -> None:
    app = application()
    paths = app.openapi()["paths"]
    assert (paths["/v1/old"]["get"]["deprecated"], paths["/v1/new"]["get"].get("deprecated")) == (True, None)
    assert not {"deprecation", "sunset", "link"} & set(TestClient(app).get("/v1/new").headers)


def test_an_operation_stays_for_a_year() -> None:
    with pytest.raises(ValueError, match="a year"):
        ending(SINCE, gone=datetime(2027, 2, 28, tzinfo=UTC))
