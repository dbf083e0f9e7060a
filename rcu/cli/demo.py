"""`rcu demo`: the whole road on the fixture exports, from an empty database to a served, populated service."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from rcu.cli.admin import serve
from rcu.cli.common import now, opened, out
from rcu.cli.data import print_reports, print_run, run_with_progress, take_files
from rcu.cli.evaluation_tables import print_evaluation
from rcu.config import settings
from rcu.errors import Conflict, InputError
from rcu.services import evaluation, keys, listing, sources
from rcu.store import schema
from rcu.store.engine import Store

KEY_NAME: Final = "demo"


def demo(
    fixtures: Annotated[Path, typer.Option(help="the folder of the fixture exports")] = Path("fixtures/exports"),
    folder: Annotated[Path, typer.Option(help="where the demo's database and key are kept")] = Path("var"),
    port: Annotated[int | None, typer.Option(help="port to serve on (RCU_PORT)")] = None,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="serve the result on localhost")] = True,
) -> None:
    """Import the exports of a till, a shop and an email tool, match them, build profiles, and serve them."""
    if not fixtures.is_dir():
        msg = f"there are no exports in {fixtures}"
        raise InputError(msg, hint="run it in a checkout of RCU, or say where they are with --fixtures")
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder.absolute() / 'demo.db'}"
    began = time.perf_counter()
    with opened(url, migrated=False) as store:
        schema.upgrade(store)
        _take(store, fixtures)
        _tell(store, fixtures / "truth.csv")
        key_file = _key(store, folder)
    out.print(
        f"\n[bold]from files to profiles in {time.perf_counter() - began:.1f} s[/]; the database is {folder}/demo.db"
    )
    if serve_it:
        os.environ["RCU_DATABASE_URL"] = url
        settings.cache_clear()
        serving = port if port is not None else int(os.environ.get("RCU_PORT", "8000"))
        out.print(f"\nserving on http://127.0.0.1:{serving} (API key in {key_file}); stop with Ctrl-C")
        serve(host=None, port=port, workers=1)


def _take(store: Store, fixtures: Path) -> None:
    for source in sources.FRENCH_RETAIL_SOURCES:
        sources.put_source(store, source, now())
        reader = source.connect()
        files = [path for path in sorted((fixtures / source.name).iterdir()) if reader.matches(path)]
        print_reports(take_files(store, source.name, files))
    print_run(run_with_progress(store))


def _tell(store: Store, truth: Path) -> None:
    """Print what was found: how good the clusters are, and one customer whose three sources came together."""
    if truth.is_file():
        out.print()
        print_evaluation(evaluation.evaluate_store(store, truth))
    example = _example(store)
    if example:
        names = ", ".join(f"{record['source']}:{record['native_id']}" for record in example["records"])
        out.print(f"\nfor example customer {example['customer_id']} is {names}")


def _example(store: Store) -> dict[str, list[dict[str, str]]] | None:
    """The first customer that a till, a shop and an email tool all know."""
    page = listing.customers_page(store, cursor=None, limit=500)
    for profile in page.profiles:
        content = orjson.loads(profile.profile)
        if len({record["source"] for record in content["records"]}) == len(sources.FRENCH_RETAIL_SOURCES):
            return content
    return None


def _key(store: Store, folder: Path) -> Path:
    """Make an API key for the demo and keep it in a file only its owner can read."""
    path = folder / "demo.key"
    if path.is_file() and keys.find_key(store, path.read_text(encoding="ascii").strip()):
        return path
    try:
        made = keys.create_key(store, KEY_NAME, scopes=keys.SCOPES, now=now())
    except Conflict:
        made = keys.create_key(store, f"{KEY_NAME} {now():%Y%m%d%H%M%S}", scopes=keys.SCOPES, now=now())
    path.touch(mode=0o600)
    path.write_text(made + "\n", encoding="ascii")
    return path
