"""The OpenAPI document holds: whatever is sent, the answer is one it speaks of.

`RCU_TEST_REQUESTS=20000` for a night; some hundreds as a rule.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from rcu.services import keys
from tests.api.conftest import Api
from tests.conftest import NOW
from tests.serving import served

REQUESTS: Final = int(os.environ.get("RCU_TEST_REQUESTS", "0"))
SEED: Final = os.environ.get("RCU_TEST_SEED", "1")


def key_that_stays(api: Api) -> str:
    """A key that may do everything, and goes on to when a request happens to end it."""
    api.app.state.keys = keys.KnownKeys(api.store, seconds=math.inf)
    made = keys.create_key(api.store, "schemathesis", scopes=keys.SCOPES, now=NOW)
    assert api.app.state.keys.find(made) is not None
    return made


def test_no_request_is_answered_with_what_the_document_does_not_say(api: Api, tmp_path: Path) -> None:
    asked = 0
    with served(api.app) as address:
        key = key_that_stays(api)
        for round_ in range(100):
            asked += run(address, key, tmp_path, seed=f"{SEED}{round_}")
            if asked >= REQUESTS:
                break
    assert asked >= max(REQUESTS, 100)


def run(address: str, key: str, folder: Path, *, seed: str) -> int:
    """Let schemathesis ask; how many requests it made."""
    much = ["--max-examples", "100"] if REQUESTS else ["--phases", "fuzzing", "--max-examples", "2"]
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    told = ["--config-file", str(Path(__file__).with_name("schemathesis.toml"))]
    report = folder / "report.ndjson"
    done = subprocess.run(
        [
            schemathesis, *told, "run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {key}",
            "--checks", "all", "--seed", seed, "--suppress-health-check", "all", "--no-shrink", *much,
            "--report", "ndjson", "--report-ndjson-path", str(report),
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    found = re.search(r"(\d[\d,]*) generated", done.stdout)
    assert found is not None, done.stdout[-2_000:]
    return int(found[1].replace(",", ""))
