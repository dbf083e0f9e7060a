"""What `rcu dedupe` hands back: clusters, golden rows, pairs, a summary and the report, written all or none."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from rcu.errors import InputError
from rcu.ingest.recognise import Role
from rcu.matching.arrays import Index
from rcu.matching.evaluate import Quality
from rcu.matching.selfestimate import Guess
from rcu.services.dedupe import Dedupe
from rcu.services.report import render_report

CLUSTERS: Final = "clusters.csv"
GOLDEN: Final = "golden.csv"
PAIRS: Final = "pairs.csv"
REPORT: Final = "report.html"


def write_outputs(result: Dedupe, directory: Path) -> tuple[Path, ...]:
    """Write the four files; each is finished beside its place before any is moved there.

    Raises:
        InputError: the directory cannot be made or written to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".rcu-") as scratch:
            made = [_written(result, Path(scratch) / name) for name in (CLUSTERS, GOLDEN, PAIRS, REPORT)]
            return tuple(path.replace(directory / path.name) for path in made)
    except OSError as error:
        msg = f"cannot write into {directory.name}: {error.strerror}"
        raise InputError(msg, hint="give another --output directory") from None


def _written(result: Dedupe, path: Path) -> Path:
    tables = {CLUSTERS: cluster_rows, GOLDEN: golden_rows, PAIRS: pair_rows}
    if path.name == REPORT:
        path.write_text(render_report(result, golden_rows(result)), encoding="utf-8")
    else:
        tables[path.name](result).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def summary(result: Dedupe) -> dict[str, Any]:
    """The figures of a run and what was recognised, fit for JSON; no personal data."""
    figures: dict[str, Any] = {
        "files": [
            {"name": file.name, "form": file.form, "rows": len(file.frame), "columns": len(file.frame.columns)}
            for file in result.files
        ],
        "rows": len(result.cluster),
        "people": result.clusters,
        "clusters_of_two_or_more": len(result.joined),
        "rows_joined": int(result.joined.sum()),
        "possible_matches": result.possible_matches,
        "estimate": {"precision": _guess(result.estimate.precision), "recall": _guess(result.estimate.recall)},
        "columns": [
            {
                "name": c.name,
                "role": c.role.value,
                "field": c.field,
                "why": result.comparable.left_out.get(c.name, c.why),
            }
            for c in result.recognition.columns
        ],
        "notes": list(result.notes),
    }
    measured = result.evaluation
    if measured:
        figures["truth"] = {
            "rows": measured.records,
            "pairwise": _quality(measured.pairwise),
            "b_cubed": _quality(measured.b_cubed),
        }
    return figures


def _guess(guess: Guess | None) -> dict[str, float] | None:
    if guess is None:
        return None
    return {name: round(getattr(guess, name), 4) for name in ("value", "low", "high")}


def _quality(quality: Quality) -> dict[str, float]:
    return {name: round(getattr(quality, name), 4) for name in ("precision", "recall", "f1")}


def golden_rows(result: Dedupe) -> pd.DataFrame:
    """One row a person: for each column the value most of its records have, then the longest, then the first.

    The columns are `cluster_id`, `records`, then those of the files except the truth.
    """
    columns = [column.name for column in result.recognition.columns if column.role is not Role.TRUTH]
    firsts, sizes = np.unique(result.cluster, return_counts=True)
    golden: dict[str, object] = {"cluster_id": result.ids.to_numpy(dtype=object)[firsts], "records": sizes}
    places = pd.Index(firsts)
    for name in columns:
        column = f"{name} of the files" if name in golden else name
        golden[column] = _survivors(result.frame[name], result.cluster).reindex(places).to_numpy()
    return pd.DataFrame(golden)


def _survivors(values: pd.Series[str], cluster: Index) -> pd.Series:
    known = values.notna().to_numpy()
    votes = pd.DataFrame({"cluster": cluster[known], "value": values[known].to_numpy(dtype=object)})
    votes["row"] = np.arange(len(votes))
    counted = votes.groupby(["cluster", "value"], sort=False)["row"].agg(["size", "min"]).reset_index()
    counted["length"] = counted["value"].str.len()
    best = counted.sort_values(["cluster", "size", "length", "min"], ascending=[True, False, False, True])
    return best.drop_duplicates("cluster").set_index("cluster")["value"]


def cluster_rows(result: Dedupe) -> pd.DataFrame:
    """The columns `id` and `cluster_id`, a row for each row of the files; a cluster is named by its first row."""
    ids = result.ids.to_numpy(dtype=object)
    return pd.DataFrame({"id": ids, "cluster_id": ids[result.cluster]})


def pair_rows(result: Dedupe) -> pd.DataFrame:
    """Matches and possible matches, heaviest first: ids, weight (log2 odds), probability, verdict, and every level."""
    pairs, ids = result.pairs, result.ids.to_numpy(dtype=object)
    same = result.cluster[pairs.left] == result.cluster[pairs.right]
    frame = pd.DataFrame(
        {
            "id_1": ids[pairs.left],
            "id_2": ids[pairs.right],
            "weight": np.round(pairs.weight, 3),
            "probability": np.round(pairs.probability, 5),
            "verdict": np.where(same, "match", "possible match"),
        }
    )
    for place, comparison in enumerate(result.model.comparisons):
        name, names = comparison.name, [level.name for level in comparison.levels]
        frame[f"compared: {name}"] = np.array([*names, "missing"], dtype=object)[pairs.levels[:, place]]
    return frame.sort_values(["weight", "id_1", "id_2"], ascending=[False, True, True], ignore_index=True)
