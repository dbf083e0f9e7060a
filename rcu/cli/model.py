"""`rcu train` and `rcu model`: learn a matching model, read it, compare it, adopt it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from rcu.cli.blocking_tables import print_blocking
from rcu.cli.common import AsJson, me, now, opened, out, print_json, progress
from rcu.cli.customers import print_customers
from rcu.config import settings
from rcu.errors import InputError
from rcu.matching.differences import WeightMove
from rcu.matching.model import Learnt, MatchModel
from rcu.services import models as service
from rcu.services.blocking import measure_blocking
from rcu.services.models_diff import ModelDiff
from rcu.services.models_diff import diff as diff_models
from rcu.services.models_shown import shown_weights
from rcu.services.models_training import Trained, base_of, train_model
from rcu.services.verdicts import read_verdicts

app = typer.Typer(help="Matching models: how records are compared and weighed.", no_args_is_help=True)

_MOVES_SHOWN: Final = 8
_WHICH: Final = "a model shipped with RCU, an id of `rcu model list` or its beginning, or a model file"

Which = Annotated[str, typer.Argument(metavar="MODEL", help=_WHICH)]


def train(
    model: Annotated[
        str | None, typer.Option("--model", help="the model to start from; by default the one in use, or its base")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", help="CSV of what people said about pairs: left, right, verdict")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the samples: the same seed gives the same model")] = 0,
    output: Annotated[Path | None, typer.Option("--output", help="write the model to a file as well")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn a matching model from the records, without labels. It is kept as a candidate, not put to use."""
    said = read_verdicts(verdicts) if verdicts else ()
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("learning")
        active = service.load_active(store, settings())
        base = service.get(store, model) if model else base_of(store, active)
        trained = train_model(store, base, clock=now, seed=seed, said=said)
    if output:
        _write(output, trained.model)
    if as_json:
        print_json(_trained_json(trained))
        return
    _print_trained(trained)
    if output:
        out.print(f"written to {output}")
    out.print(_what_now(trained, active))


def _write(path: Path, model: MatchModel) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(model.to_json() + b"\n")
        partial.replace(path)
    except OSError:
        raise InputError(f"{path}: cannot be written") from None


def _trained_json(trained: Trained) -> dict[str, object]:
    model = trained.model
    return {
        "id": model.fingerprint(),
        "name": model.name,
        "version": model.version,
        "new": trained.new,
        "learnt": trained.learnt.model_dump(),
        "weights": [asdict(move) for move in trained.moves],
        "doubts": list(trained.doubts),
    }


def _print_trained(trained: Trained) -> None:
    model = trained.model
    out.print(f"[bold]{model.name} {model.version}[/] ({model.fingerprint()})")
    _print_learnt(trained.learnt)
    if trained.moves:
        out.print(f"\nweights that moved most, of {len(trained.moves)} that moved (bits; + speaks for one person):")
        _print_moves(trained.moves[:_MOVES_SHOWN])
    for doubt in trained.doubts:
        out.print(f"[bold yellow]{doubt}[/]")


def _what_now(trained: Trained, active: MatchModel) -> str:
    key = trained.model.fingerprint()
    if key == active.fingerprint():
        return "It decides as the model in use does."
    kept = "It is kept as a candidate and" if trained.new else "A model that decides alike was kept before and"
    return (
        f"{kept} is not in use yet.\n"
        f"What would change: rcu model diff {key[:8]}\nTo adopt it:       rcu model use {key[:8]}"
    )


def _print_learnt(learnt: Learnt) -> None:
    pairs = f"{learnt.blocked_pairs:,} candidate and {learnt.random_pairs:,} random pairs, {learnt.rounds} rounds"
    out.print(f"learnt from {learnt.records:,} records: {pairs}, seed {learnt.seed}, by RCU {learnt.rcu}")
    out.print(f"starting from {learnt.base_name} {learnt.base_version} ({learnt.base})")
    out.print(
        f"it expects about {learnt.expected_matches:,.0f} pairs of one person and "
        f"{learnt.expected_household:,.0f} of one household"
    )
    if learnt.verdicts_same or learnt.verdicts_different:
        out.print(f"verdicts of people: {learnt.verdicts_same:,} same, {learnt.verdicts_different:,} different")
    if learnt.data_as_of:
        out.print(f"the newest change among the records was at {learnt.data_as_of}")


def _print_moves(moves: tuple[WeightMove, ...]) -> None:
    table = Table("comparison", "level", "against strangers", "against household", box=None)
    for move in moves:
        table.add_row(move.comparison, move.says, _arrow(move.strangers), _arrow(move.household))
    out.print(table)


def _arrow(values: tuple[float, float]) -> str:
    return f"{values[0]:+.1f} -> {values[1]:+.1f}"


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models: shipped, of the settings, learnt or brought in; which is in use, and who adopted what when."""
    with opened() as store:
        found, history = service.models(store, settings().model), service.history(store)
    if as_json:
        listed = [asdict(one) | {"learnt": one.learnt and one.learnt.model_dump()} for one in found]
        print_json({"models": listed, "adoptions": history})
        return
    table = Table("id", "name", "version", "learnt from", "kept since", "", box=None)
    for one in found:
        learnt = f"{one.learnt.records:,} records" if one.learnt else ""
        since = f"{one.created_at:%Y-%m-%d %H:%M}" if one.created_at else ""
        table.add_row(one.model_id, one.name, one.version, learnt, since, "in use" if one.in_use else "")
    out.print(table)
    for entry in history:
        out.print(
            f"[dim]{entry.adopted_at:%Y-%m-%d %H:%M} {entry.adopted_by} adopted "
            f"{entry.model_id or 'the model of the settings'}[/]"
        )


@app.command("show")
def show(model: Annotated[str | None, typer.Argument(help=_WHICH)] = None, as_json: AsJson = False) -> None:
    """Show a model, by default the one in use: comparisons, their levels and weights. --json is the model file."""
    with opened() as store:
        found = service.get(store, model) if model else service.load_active(store, settings())
    if as_json:
        sys.stdout.write(found.to_json().decode() + "\n")
        return
    out.print(f"[bold]{found.name} {found.version}[/] ({found.fingerprint()})")
    if found.learnt:
        _print_learnt(found.learnt)
    _print_rules(found)
    _print_weights(found)


def _print_rules(model: MatchModel) -> None:
    out.print(
        f"before any evidence: {model.prior_against_strangers:+.1f} bits against strangers, "
        f"{model.prior_against_household:+.1f} against the household"
    )
    out.print(
        f"joined from {model.match_probability:.0%} ({model.match_weight:+.1f} bits), "
        f"possible from {model.review_probability:.0%} ({model.review_weight:+.1f} bits)"
    )
    out.print(f"compared where alike: {'; '.join(rule.name for rule in model.blocking)}")
    for contradiction in model.contradictions:
        out.print(f"never in one customer: {contradiction.says}")


def _print_weights(model: MatchModel) -> None:
    table = Table("comparison", "level", "against strangers", "against household", box=None)
    table.columns[2].justify = table.columns[3].justify = "right"
    for comparison in shown_weights(model):
        for place, level in enumerate(comparison.levels):
            rarer = " *" if level.rarer_more else ""
            table.add_row(
                comparison.name if place == 0 else "",
                level.says,
                f"{level.against_strangers:+.1f}{rarer}",
                f"{level.against_household:+.1f}",
            )
    out.print()
    out.print(table)
    out.print("[dim]bits (log2 odds): + speaks for one person; * the rarer the value, the more[/]")


@app.command("diff")
def diff(
    one: Annotated[str, typer.Argument(metavar="ONE", help=_WHICH)],
    other: Annotated[str | None, typer.Argument(metavar="[OTHER]", help="the same; by default the one in use")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what would change if ONE took the place of OTHER: weights, and how many customers. Nothing is written."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("working out the customers with both models")
        new = service.get(store, one)
        old = service.get(store, other) if other else service.load_active(store, settings())
        found = diff_models(store, new, old)
    if as_json:
        print_json(_diff_json(found))
        return
    _print_diff(found)


def _diff_json(found: ModelDiff) -> dict[str, object]:
    named = {
        side: {"id": model.fingerprint(), "name": model.name, "version": model.version}
        for side, model in (("new", found.new), ("old", found.old))
    }
    return {
        **named,
        "weights": [asdict(move) for move in found.weights],
        "parts": [asdict(move) for move in found.parts],
        "customers": {**asdict(found.customers), "changed": found.customers.changed},
    }


def _print_diff(found: ModelDiff) -> None:
    old, new = (f"{model.name} {model.version} ({model.fingerprint()[:8]})" for model in (found.old, found.new))
    out.print(f"[bold]{new}[/] in the place of [bold]{old}[/]")
    if found.weights:
        out.print(f"\n{len(found.weights)} weights differ (bits; + speaks for one person):")
        _print_moves(found.weights)
    if found.parts:
        table = Table("part", "old", "new", box=None)
        for part in found.parts:
            table.add_row(part.part, part.one or "", part.other or "")
        out.print()
        out.print(table)
    if not (found.weights or found.parts):
        out.print("no weight and no part differs")
    out.print()
    print_customers(found.customers)


@app.command("blocking")
def blocking(model: Annotated[str | None, typer.Argument(help=_WHICH)] = None, as_json: AsJson = False) -> None:
    """Say what the blocking rules bring together, what that costs and what it misses, before anything is compared."""
    with opened() as store, progress(quiet=as_json) as shown:
        shown.add_task("blocking")
        chosen = service.get(store, model) if model else service.load_active(store, settings())
        found = measure_blocking(store, chosen)
    if as_json:
        print_json(found)
    else:
        print_blocking(found)


@app.command("use")
def use(
    model: Annotated[str | None, typer.Argument(help=_WHICH)] = None,
    of_settings: Annotated[bool, typer.Option("--settings", help="go back to the model RCU_MODEL names")] = False,
) -> None:
    """Adopt a model. The next run weighs everything anew with it."""
    if (model is None) is not of_settings:
        raise InputError("name one model, or say --settings", hint="rcu model list shows what there is")
    with opened() as store:
        if model is None:
            service.use_settings(store, by=me(), clock=now)
            found = service.load_active(store, settings())
        else:
            found = service.use(store, model, by=me(), clock=now)
        known = service.last_run_used(store, found)
    out.print(f"{found.name} {found.version} ({found.fingerprint()}) is in use")
    out.print(
        "the last run used it already: nothing changes"
        if known
        else "the next `rcu run` weighs everything anew with it"
    )
