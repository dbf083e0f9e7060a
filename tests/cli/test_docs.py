"""What there is is documented: every command, setting and route; and what the documents promise is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rcu.api.app import create_app
from rcu.cli.common import Exit
from rcu.cli.main import application
from rcu.config import Settings
from rcu.services.keys import SCOPES
from rcu.store.engine import Store

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def text(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def commands(command: Any, way: tuple[str, ...] = ("rcu",)) -> Iterator[tuple[str, Any]]:
    """Every command with its full name; Typer brings classes of its own, so groups are known by what they hold."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(way), command
        return
    for name, one in inner.items():
        yield from commands(one, (*way, name))


COMMANDS = dict(commands(typer.main.get_command(application())))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_in_the_reference(command: str) -> None:
    assert re.search(rf"{command}\b", text("cli.md"))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_of_a_command_is_in_its_part_of_the_reference(command: str) -> None:
    first = " ".join(command.split()[:2])
    (part,) = re.findall(rf"^## {first}\b.*?(?=^## |\Z)", text("cli.md"), flags=re.MULTILINE | re.DOTALL)
    options = [one.opts[0] for one in COMMANDS[command].params if one.param_type_name == "option"]
    assert [option for option in options if option != "--help" and option not in part] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_says_in_a_line_what_it_does(command: str) -> None:
    assert COMMANDS[command].get_short_help_str()


def test_every_exit_code_is_in_the_reference() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d) \|", text("cli.md"), flags=re.MULTILINE)}
    assert told == set(map(int, Exit))


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_in_the_reference_and_in_the_example(setting: str) -> None:
    variable = f"RCU_{setting.upper()}"
    assert f"`{variable}`" in text("settings.md")
    assert f"{variable}=" in (ROOT / ".env.example").read_text(encoding="utf-8")


def routes(folder: Path) -> Iterator[tuple[str, str]]:
    store = Store(f"sqlite:///{folder / 'none.db'}")
    try:
        for path, operations in create_app(store).openapi()["paths"].items():
            yield from ((method.upper(), path) for method in operations)
    finally:
        store.close()


def test_every_route_is_in_the_reference_and_no_other(tmp_path: Path) -> None:
    told = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", text("api.md"), flags=re.MULTILINE))
    assert told == set(routes(tmp_path))


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_every_scope_is_in_the_reference(scope: str) -> None:
    assert f"| `{scope}` |" in text("api.md")


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_a_page_with_its_four_parts_and_stands_in_the_list(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    parts = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert path.name in (path.parent / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    asked = set(re.findall(r"^make (\w+)$", readme, flags=re.MULTILINE))
    assert asked == {"demo", "test"}
    assert all(re.search(rf"^{target}:.*## ", makefile, flags=re.MULTILINE) for target in asked)


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda path: str(path.relative_to(ROOT))
)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize(
    "path", sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]), ids=lambda path: str(path.relative_to(ROOT))
)
def test_commands_in_documents_exist(path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    asked = {
        " ".join(words)
        for block in blocks
        for words in re.findall(r"^(?:\.venv/bin/)?rcu ([a-z]+)(?: ([a-z]+))?", block, flags=re.MULTILINE)
    }
    assert [one for one in asked if not any(f"rcu {one}".strip().startswith(command) for command in COMMANDS)] == []
