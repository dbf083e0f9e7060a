"""An import or a run that is killed at any point, and run again, gives what an undisturbed one gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rcu.services.verification import verify
from tests.conftest import Databases, Road
from tests.e2e.test_road import golden_by_records, partition

_VICTIM = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from rcu.matching.model import load_model
from rcu.store.engine import Store
from tests.conftest import Road

url, exports, phase, last, moment = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
begin, count = Store.begin, 0

@contextmanager
def counted(self):
    global count
    count += 1
    with begin(self) as connection:
        yield connection
        if count == last and moment == "before commit":
            os._exit(9)
    if count == last:
        os._exit(9)

road = Road(Store(url), load_model(), batch_rows=500)
if phase == "run":
    road.take_all(exports)
Store.begin = counted
if phase == "import":
    road.take_all(exports)
road.run()
"""


def killed_at(url: str, exports: Path, *arguments: str) -> int:
    """Take the road in a process of its own that is killed at a transaction; its exit code."""
    command = [sys.executable, "-c", _VICTIM, url, str(exports), *arguments]
    return subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
@pytest.mark.parametrize(
    ("phase", "transaction"),
    [
        pytest.param("import", 2, id="in the till's customers"),
        pytest.param("import", 6, id="between two batches of the tickets"),
        pytest.param("import", 18, id="in the shop"),
        pytest.param("run", 2, id="in the publication"),
    ],
)
def test_what_was_killed_and_run_again_is_as_if_it_had_never_been_killed(
    databases: Databases, travelled: Road, exports: Path, phase: str, transaction: int, moment: str
) -> None:
    url = databases.url()
    code = killed_at(url, exports, phase, str(transaction), moment)
    assert code == 9, "the process was to be killed before it was done"
    road = Road(databases.open(url), travelled.model, batch_rows=500)
    road.take_all(exports)
    road.run()
    assert verify(road.store, road.model).differences == 0
    assert partition(road) == partition(travelled)
    assert golden_by_records(road) == golden_by_records(travelled)
