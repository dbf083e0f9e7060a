"""What tests of the command line share: `rcu` on databases of both backends, and what a command came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from rcu import config
from rcu.cli import main
from tests.conftest import Databases, Road


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Command = Callable[..., Answer]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Command]:
    """`rcu`, started in an empty folder with the settings of the moment."""
    monkeypatch.chdir(tmp_path)
    config.settings.cache_clear()

    def rcu(*arguments: object) -> Answer:
        monkeypatch.setattr("sys.argv", ["rcu", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        printed = capsys.readouterr()
        return Answer(int(ended.value.code or 0), printed.out, printed.err)

    yield rcu
    config.settings.cache_clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, started: Command) -> Callable[[str], Command]:
    """Makes `rcu` on a database."""

    def on(url: str) -> Command:
        monkeypatch.setenv("RCU_DATABASE_URL", url)
        config.settings.cache_clear()
        return started

    return on


@pytest.fixture
def rcu(at: Callable[[str], Command], databases: Databases) -> Command:
    """`rcu` on an empty, migrated database of each backend."""
    return at(databases.url())


@pytest.fixture
def rcu_travelled(at: Callable[[str], Command], travelled: Road) -> Command:
    """`rcu` on a database that took the road."""
    return at(travelled.store.engine.url.render_as_string(hide_password=False))


@pytest.fixture
def rcu_embedded(at: Callable[[str], Command], request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    """`rcu` on an empty, migrated SQLite file, for what does not hang on the database."""
    return at(Databases("sqlite", tmp_path, request).url())
