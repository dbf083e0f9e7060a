"""A bare FastAPI application that gives bytes out of memory: what serving them costs without looking anybody up.

`RCU_BENCH_ANSWERS` names a file of JSON lines: a path and the body that is answered there. Its routes have the methods
of the ones they stand beside; what is posted is read as JSON.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

LOOKUP = "/v1/customers/lookup"


def application() -> FastAPI:
    """Make it; what uvicorn runs."""
    app = FastAPI()
    lines = Path(os.environ["RCU_BENCH_ANSWERS"]).read_text(encoding="utf-8").splitlines()
    answers = {one["path"]: one["body"].encode() for one in map(json.loads, lines)}
    found = answers.pop(LOOKUP)

    @app.get("/v1/customers/{customer_id}")
    async def profile(customer_id: str) -> Response:
        return Response(answers[f"/v1/customers/{customer_id}"], media_type="application/json")

    @app.post(LOOKUP)
    async def lookup(asked: dict[str, Any]) -> Response:  # noqa: ARG001  # read, as whoever answers must
        return Response(found, media_type="application/json")

    return app
