"""The OpenAPI document holds: whatever is sent, the answer is one it speaks of.

`RCU_TEST_REQUESTS=20000` for a night; some hundreds as a rule.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select, update

from rcu.services import keys
from rcu.store.tables import api_key_secrets, api_keys
from tests.api.conftest import Api
from tests.conftest import NOW
from tests.serving import served

REQUESTS: Final = int(os.environ.get("RCU_TEST_REQUESTS", "0"))
SEED: Final = os.environ.get("RCU_TEST_SEED", "1")
FAR: Final = 10**15
"""A number that nobody draws: the key must not be ended by a request that guesses it."""


def key_nobody_guesses(api: Api) -> str:
    """A key that may do everything, under a number of its own."""
    made = keys.create_key(api.store, "schemathesis", scopes=keys.SCOPES, now=NOW)
    with api.store.begin() as connection:
        row = connection.execute(select(api_keys).where(api_keys.c.name == "schemathesis")).one()._asdict()
        mine = api_keys.c.key_id == row["key_id"]
        connection.execute(update(api_keys).where(mine).values(name="renamed"))
        connection.execute(insert(api_keys).values(row | {"key_id": FAR}))
        connection.execute(update(api_key_secrets).where(api_key_secrets.c.key_id == row["key_id"]).values(key_id=FAR))
    return made


def test_no_request_is_answered_with_what_the_document_does_not_say(api: Api, tmp_path: Path) -> None:
    asked = 0
    with served(api.app) as address:
        key = key_nobody_guesses(api)
        for round_ in range(100):
            asked += run(address, key, tmp_path, seed=f"{SEED}{round_}")
            if asked >= REQUESTS:
                break
    assert asked >= max(REQUESTS, 300)


def run(address: str, key: str, folder: Path, *, seed: str) -> int:
    """Let schemathesis ask; how many requests it made."""
    much = ["--max-examples", "100"] if REQUESTS else ["--phases", "examples,fuzzing", "--max-examples", "6"]
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
