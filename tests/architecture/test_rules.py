"""The rules of the house hold, and each of them bites."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rcu"
MODULES = sorted(PACKAGE.rglob("*.py"))
DECIDING = ("cleaning", "matching", "golden", "insight", "privacy")
"""Where results are decided: what is not handed in must not be known there."""
MOST_LINES, LONGEST_FUNCTION = 400, 40


def lint_imports(folder: Path) -> tuple[int, str]:
    """Run import-linter on the package in a folder; its exit code and what it printed."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(folder / "pyproject.toml")]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_layers_hold() -> None:
    code, told = lint_imports(ROOT)
    assert code == 0, told


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package to break rules in."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, folder / "rcu", ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    ("module", "imports", "contract"),
    [
        pytest.param("store/culprit.py", "rcu.services.running", "layers", id="the store uses a service"),
        pytest.param("services/culprit.py", "rcu.cli.common", "layers", id="a service uses the command line"),
        pytest.param("domain/culprit.py", "rcu.cleaning", "layers", id="the domain uses a room"),
        pytest.param("golden/culprit.py", "rcu.matching.model", "layers", id="a room uses its neighbour"),
        pytest.param("cli/culprit.py", "rcu.api.app", "layers", id="one entry uses the other"),
        pytest.param("services/culprit.py", "sqlalchemy", "SQL only in the store", id="a service speaks SQL"),
        pytest.param("api/routes/culprit.py", "psycopg", "SQL only in the store", id="a route speaks to the database"),
        pytest.param("services/culprit.py", "fastapi", "HTTP only in the API", id="a service speaks HTTP"),
        pytest.param("ingest/culprit.py", "http", "HTTP only in the API", id="a reader knows HTTP statuses"),
        pytest.param("matching/culprit.py", "time", "no clock", id="the engine looks at the clock"),
        pytest.param("golden/culprit.py", "os", "no clock", id="survivorship reads the environment"),
        pytest.param("insight/culprit.py", "random", "no clock", id="a score is drawn"),
        pytest.param("store/culprit.py", "rcu.config", "settings are read by", id="the store reads settings"),
        pytest.param("domain/culprit.py", "rcu.config", "settings are read by", id="the domain reads settings"),
    ],
)
def test_every_contract_bites(copy: Path, module: str, imports: str, contract: str) -> None:
    culprit = copy / "rcu" / module
    culprit.write_text(f"import {imports}\n", encoding="utf-8")
    try:
        code, told = lint_imports(copy)
    finally:
        culprit.unlink()
    assert code == 1
    broken = re.findall(r"^(.*) BROKEN$", told, flags=re.MULTILINE)
    assert [name for name in broken if name.startswith(contract)], told
    assert culprit.stem in told


def test_the_copy_without_a_culprit_breaks_nothing(copy: Path) -> None:
    assert lint_imports(copy)[0] == 0


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def found(pattern: str, paths: list[Path]) -> list[str]:
    """Where a pattern occurs, as file and line."""
    return [
        f"{place(path)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    ]


def test_a_module_fits_in_one_sitting() -> None:
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines >= MOST_LINES} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = {
        f"{place(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [place(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_only_services_end_a_transaction() -> None:
    assert found(r"\.commit\(", [path for path in MODULES if PACKAGE / "services" not in path.parents]) == []


def test_only_services_and_the_schema_open_a_transaction_that_writes() -> None:
    """Who opens it decides what is committed together."""
    allowed = [
        PACKAGE / "services",
        PACKAGE / "store" / "schema.py",
        PACKAGE / "store" / "engine.py",
        PACKAGE / "store" / "postgresql.py",
        PACKAGE / "store" / "sqlite.py",
        PACKAGE / "store" / "prepared_sqlite.py",  # as SQLAlchemy does before what it is asked first
    ]
    others = [path for path in MODULES if not any(one in (path, *path.parents) for one in allowed)]
    assert found(r"\.begin\(", others) == []


_OF_DATABASES = (
    "dialect.py", "postgresql.py", "sqlite.py", "sql.py", "writing.py", "written.py", "blocks.py", "indexes.py",
)  # fmt: skip
KNOWING = {PACKAGE / "store" / name for name in _OF_DATABASES}


def test_only_a_few_modules_ask_which_database_it_is() -> None:
    asks = r"dialect\.name|get_backend_name|drivername|([=!]= *|startswith\()[\"'](sqlite|postgresql)"
    assert found(asks, [path for path in MODULES if path not in KNOWING]) == []


def test_nothing_is_called_utils() -> None:
    assert [place(path) for path in MODULES if re.fullmatch(r"(utils?|helpers?|misc)(\.py)?", path.name)] == []


def test_nothing_prints_but_through_the_console() -> None:
    printing = [
        f"{place(path)}:{node.lineno}"
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_where_results_are_decided_nobody_asks_for_the_time_or_for_chance() -> None:
    """Beside the modules import-linter forbids: `datetime` and `numpy` are needed there, but not all they offer."""
    asking = [
        f"{place(path)}:{node.lineno} {ast.unparse(node)}"
        for room in DECIDING
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for node in nodes(path)
        if isinstance(node, ast.Attribute | ast.Call) and re.search(_ASKING, ast.unparse(node))
    ]
    assert asking == []


_ASKING = r"\.(now|utcnow|today|environ|getenv)$|^(np|numpy)\.random\.(?!default_rng|Generator)|\bdefault_rng\(\)$"
"""A generator of numbers that was given its seed draws the same ones every time."""


def test_no_status_of_http_is_known_below_the_interface() -> None:
    """What others answer is read where it is sent to them."""
    knowing = {PACKAGE / "api", PACKAGE / "sending"}
    below = [path for path in MODULES if not knowing & {*path.parents}]
    assert found(r"\bstatus_code\b|HTTPException|\bHTTPStatus\b", below) == []
