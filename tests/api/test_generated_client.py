"""A client that a generator makes of the OpenAPI document does what integrators do."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from rcu.api.app import create_app
from rcu.store.engine import Store
from tests.api.conftest import Api
from tests.serving import served

PACKAGE = "rcu_generated_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """A module of the client, by its name; made without a warning."""
    folder = tmp_path_factory.mktemp("generated")
    store = Store(f"sqlite:///{folder / 'none.db'}")
    (folder / "openapi.json").write_bytes(orjson.dumps(create_app(store).openapi()))
    store.close()
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [tools / "openapi-python-client", "generate", "--path", folder / "openapi.json", "--meta", "none",
         "--output-path", folder / PACKAGE, "--fail-on-warning"],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)
    finally:
        sys.path.remove(str(folder))
        for name in [one for one in sys.modules if one.startswith(PACKAGE)]:
            del sys.modules[name]


def test_a_till_and_a_shop_get_their_work_done_with_it(api: Api, generated: Callable[[str], ModuleType]) -> None:
    models = generated("models")

    def call(where: str, *told: Any, **named: Any) -> Any:
        return generated(f"api.{where}").sync(*told, client=client, **named)

    key = api.client().headers["authorization"].removeprefix("Bearer ")
    with served(api.app) as address, generated("").AuthenticatedClient(address, key) as client:
        person = {"first_name": "Marie", "last_name": "DURAND", "email": "marie.durand@mail.example.fr"}
        done = call("records.put_record", "shop", "9000001", body=models.RecordForm.from_dict(person))
        assert (done.content, done.happened) == ("new", "created")
        again = call(
            "records.put_records",
            body=models.RecordsRequest.from_dict({"records": [{"source": "till", "native_id": "S9", **person}]}),
        )
        assert again.results[0].customer_id == done.customer_id
        order = {
            "source": "shop", "native_id": "O1", "kind": "order", "record": "9000001", "currency": "EUR",
            "amount": "12.50", "occurred_at": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        }  # fmt: skip
        taken = call("events.put_events", body=models.EventsRequest.from_dict({"events": [order]}))
        assert (taken.results[0].content, taken.results[0].customer_id) == ("new", done.customer_id)
        profile = call("customers.get_customer", done.customer_id)
        assert profile.golden.last_name == "Durand"
        assert profile.aggregates.orders[0].net_revenue == "12.50"
        asked = {"identifiers": [{"type": "email", "value": "Marie.Durand@mail.example.fr"}]}
        found = call("customers.lookup_customers", body=models.LookupRequest.from_dict(asked))
        assert found.results[0].customer.customer_id == done.customer_id
        told = call("changes.list_changes", limit=1000)
        assert told.changes[-1].customer_id == done.customer_id
        page = call("customers.list_customers", limit=2)
        assert len(page.customers) == 2
        unknown = call("customers.get_customer", "00000000-0000-7000-8000-000000000000")
        assert (unknown.type_, unknown.status) == ("urn:rcu:problem:not-found", 404)
