"""Linking: the whole engine on generated tables, with Splink 5 beside it on the same tables in the same run.

Splink runs in an environment of its own (`make bench-link` installs it from requirements-bench.lock). Both get the same
standardised columns; the time is from the data frame to the clusters, training included on both sides. Splink's
threshold is the best of seven, chosen with the truth; RCU gets its own, chosen with nothing.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.customers import raw_customers
from benchmarks.machine import describe, measure
from rcu.cleaning import standardise
from rcu.matching.model import load_model

SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
LARGEST_FOR_SPLINK: Final = 1_000_000
UNSEEN: Final = (70_001, 70_002, 70_003)
"""Seeds no model was tuned on; of 20,000 persons each."""
ROWS_OF_20_000_PERSONS: Final = 36_700
SEED: Final = 9_001
CHUNK: Final = 1_000_000
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_SPLINK: Final = Path(sys.prefix) / "bench" / "bin" / "python"
_LAST_DIGIT: Final = re.compile(r"\d(?=\D*$)")


def run(rows: int) -> str:
    """Measure every size up to `rows` and give the section of the results."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = [(size, SEED) for size in SIZES if size <= rows]
        unseen = [(ROWS_OF_20_000_PERSONS, seed) for seed in UNSEEN]
        return _section([_pair(size, seed, Path(folder)) for size, seed in [*sizes, *unseen]], len(sizes))


def _pair(size: int, seed: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    path = folder / f"{size}-{seed}"
    write_table(size, seed, path)
    ours = json.loads(measure("RCU", [sys.executable, "-m", "benchmarks.link_rcu", str(path)]).output)
    theirs = None
    if size <= LARGEST_FOR_SPLINK and _SPLINK.exists():
        script = Path(__file__).parent / "link_splink.py"
        output = measure("Splink", [str(_SPLINK), str(script), str(path)]).output
        theirs = json.loads(output.splitlines()[-1])
    return ours, theirs


def write_table(rows: int, seed: int, folder: Path) -> None:
    """Write standardised records with their `person`; a large table in parts, people of one part unlike another's."""
    folder.mkdir()
    parts = max(1, round(rows / CHUNK))
    jobs = [(min(rows, CHUNK), seed + part, part, folder / f"{part:02}.parquet") for part in range(parts)]
    with ProcessPoolExecutor(min(2, parts)) as pool:
        list(pool.map(_write_part, *zip(*jobs, strict=True)))


def _write_part(rows: int, seed: int, part: int, path: Path) -> None:
    raw = raw_customers(rows, seed=seed)
    person = raw.pop("person")
    if part:
        _set_apart(raw, part)
    columns = ["last_name_sound", *load_model().columns()]
    table = standardise(raw)[sorted(set(columns))]
    table.assign(person=f"{part}:" + person.astype(str).to_numpy()).to_parquet(path)


def _set_apart(raw: pd.DataFrame, part: int) -> None:
    """Mailboxes, numbers and cards are one person's in the world: the generator's own would come again in each part."""
    letter = _LETTERS[part]
    raw["email"] = raw["email"].map(lambda text: text.replace("@", f"{letter}@", 1), na_action="ignore")
    raw["loyalty_number"] = raw["loyalty_number"].map(lambda text: f"{text}{part}", na_action="ignore")
    for name in ("phone", "mobile"):
        raw[name] = raw[name].map(lambda text: _LAST_DIGIT.sub(str(part % 10), text), na_action="ignore")


def _section(measured: list[tuple[dict[str, Any], dict[str, Any] | None]], sizes: int) -> str:
    by_size, unseen = measured[:sizes], measured[sizes:]
    missing = (
        "" if any(theirs for _, theirs in measured) else "\nSplink was not installed: `make bench-link` does it.\n"
    )
    return f"""## Linking generated customers, RCU and Splink 5

Measured on {describe()}.

From a data frame of standardised records to clusters, training included, each in a process of its own. Memory is the
most held beyond the data frame. Splink's threshold is the best of seven, chosen with the truth (RCU's is its own); its
time holds one clustering. Pairs are candidates for RCU, pairs kept at probability 0.2 for Splink; recall is the
share of the true pairs among them.
{missing}
{_table(by_size)}

{_ratios(by_size)}

### Three populations of 20,000 persons no model was tuned on

{_table(unseen)}
"""


def _table(measured: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> str:
    head = (
        "| records | engine | seconds | MB | pairs | recall of pairs | precision | recall | F1 | B-cubed F1 | largest |"
    )
    lines = [head, "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for ours, theirs in measured:
        lines.append(_line("RCU", ours, ours["pairs"], ours["blocking_recall"]))
        if theirs:
            lines.append(_line("Splink 5", theirs, theirs["kept_pairs"], theirs["kept_recall"]))
    return "\n".join(lines)


def _line(engine: str, told: dict[str, Any], pairs: int, recall: float) -> str:
    precision, found, f1 = told["pairwise"]
    return (
        f"| {told['rows']:,} | {engine} | {told['seconds']:.1f} | {told['peak'] / 2**20:,.0f} "
        f"| {pairs:,} | {recall:.4f} | {precision:.4f} | {found:.4f} | {f1:.4f} "
        f"| {told['b_cubed']:.4f} | {told['largest']} |"
    )


def _ratios(measured: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> str:
    said = [
        f"At {ours['rows']:,} records RCU is {theirs['seconds'] / ours['seconds']:.1f} times as fast as Splink and "
        f"holds {ours['peak'] / theirs['peak']:.2f} times its memory."
        for ours, theirs in measured
        if theirs
    ]
    seconds = {ours["rows"] // 900_000: ours["seconds"] for ours, _ in measured}
    if 1 in seconds and max(seconds) > 1:
        said.append(f"Ten times the records take {seconds[max(seconds)] / seconds[1]:.1f} times as long.")
    return "\n".join(said)
