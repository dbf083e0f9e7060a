"""Precision and recall from people's verdicts: a file of pairs to judge is drawn, and read back judged.

The file says all that the estimate needs, so that the estimate is of the clusters as they were when it was drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from rcu.errors import InputError
from rcu.matching.arrays import Index
from rcu.matching.estimate import LOWEST_PROBABILITY, Estimate, Layout, Stratum, draw, estimate, lay_out, weight_of
from rcu.matching.model import MatchModel
from rcu.matching.scoring import weigh_candidates
from rcu.services.compared import Compared, compared
from rcu.services.evaluation import stored_clusters
from rcu.services.labellings import KEY, read_csv
from rcu.services.verdicts import UNDECIDED, WORDS
from rcu.store.engine import Store

LEFT: Final = "left"
RIGHT: Final = "right"
VERDICT: Final = "verdict"
BAND: Final = "band"
SEED: Final = 20_240_101

_SAY: Final = "write same, different or unsure in the column verdict"
_LEAVE: Final = "leave the column band, and every row, as they were drawn; an empty verdict is fine"
_BAND: Final = re.compile(r"(\d+)/(\d+):([01]):(0\.\d+|1\.0):(\d+)")


@dataclass(frozen=True, slots=True)
class BandDrawn:
    """One band of pairs: joined or not, the match probability from which it begins, its pairs and those drawn."""

    joined: bool
    lowest: float
    pairs: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample that was written."""

    output: Path
    pairs: int
    bands: tuple[BandDrawn, ...]


def draw_sample(
    store: Store, model: MatchModel, output: Path, *, wanted: int, seed: int = SEED, values: bool = False
) -> Drawn:
    """Write pairs to be judged: left, right (`source:native_id`), an empty verdict, and the band they stand for.

    With `values`, the compared values of both records stand between: personal data.

    Raises:
        InputError: when the file exists or cannot be written, there is nothing to judge, or too few are wanted.
    """
    if output.exists():
        msg = f"{output.name} exists already"
        raise InputError(msg, hint="it may hold verdicts: give another --output, or remove it")
    found = compared(store, model)
    layout = lay_out(found.kernel, weigh_candidates(found.kernel, floor=weight_of(LOWEST_PROBABILITY)), found.clusters)
    if not len(layout.left):
        msg = "there is no pair to judge"
        raise InputError(msg, hint="import some records and run `rcu run`")
    chosen = draw(layout, wanted, seed=seed)
    _write(_to_judge(found, layout, chosen, values=values), output)
    drawn = np.bincount(layout.stratum[chosen], minlength=len(layout.joined)).tolist()
    described = zip(layout.joined.tolist(), layout.lowest.tolist(), layout.sizes.tolist(), drawn, strict=True)
    return Drawn(output, len(chosen), tuple(BandDrawn(*band) for band in described))


def _to_judge(found: Compared, layout: Layout, chosen: Index, *, values: bool) -> pd.DataFrame:
    left, right, stratum = layout.left[chosen], layout.right[chosen], layout.stratum[chosen]
    names = (found.records["source"] + ":" + found.records["native_id"]).to_numpy(dtype=object)
    columns: dict[str, object] = {LEFT: names[left], RIGHT: names[right], VERDICT: ""}
    if values:
        for place, comparison in enumerate(found.kernel.model.comparisons):
            for side, rows in ((LEFT, left), (RIGHT, right)):
                columns[f"{side} {comparison.name}"] = [found.values(row)[place] for row in rows.tolist()]
    bands = [
        f"{number + 1}/{len(layout.joined)}:{int(joined)}:{lowest}:{size}"
        for number, (joined, lowest, size) in enumerate(
            zip(layout.joined.tolist(), layout.lowest.tolist(), layout.sizes.tolist(), strict=True)
        )
    ]
    return pd.DataFrame(columns | {BAND: np.array(bands, dtype=object)[stratum]})


def _write(frame: pd.DataFrame, output: Path) -> None:
    """Write whole or not at all."""
    partial = output.with_name(output.name + ".partial")
    try:
        frame.to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")
        partial.replace(output)
    except OSError as error:
        partial.unlink(missing_ok=True)
        msg = f"cannot write {output.name}: {error.strerror}"
        raise InputError(msg, hint="give another --output") from None


@dataclass(frozen=True, slots=True)
class VerdictReport:
    """What the verdicts say.

    `undecided` pairs were drawn and not judged; they are taken to be like the judged ones of their band. `moved`
    pairs were joined or parted since the sample was drawn: the estimate does not speak of the present clusters.
    """

    estimate: Estimate
    undecided: int
    moved: int


def estimate_from(store: Store, verdicts: Path, *, seed: int = SEED) -> VerdictReport:
    """Estimate precision and recall from a sample that was judged.

    Raises:
        InputError: when the file is no such sample, holds no verdict, or names a record that is not in the store.
    """
    frame = read_csv(verdicts, [LEFT, RIGHT, VERDICT, BAND]).reset_index(drop=True)
    said = frame[VERDICT].str.strip().str.lower()
    _refuse(verdicts, ~said.isin([*WORDS, *UNDECIDED]), "has no verdict that can be read", _SAY)
    _refuse(verdicts, frame.duplicated([LEFT, RIGHT]), "names a pair again", "leave one of the two")
    _refuse(verdicts, ~frame[BAND].str.fullmatch(_BAND), "has a band that was changed", _LEAVE)
    judged = ~said.isin(UNDECIDED)
    if not judged.any():
        msg = f"{verdicts.name}: no pair was judged"
        raise InputError(msg, hint=_SAY)
    same = said.isin([word for word, means_same in WORDS.items() if means_same])
    strata = _strata(verdicts, frame.assign(judged=judged, same=same & judged))
    joined = frame[BAND].str.extract(_BAND)[2].eq("1").to_numpy()
    moved = int((_joined_now(store, verdicts, frame) != joined).sum())
    return VerdictReport(estimate(strata, seed=seed), int((~judged).sum()), moved)


def _refuse(path: Path, bad: pd.Series, why: str, hint: str) -> None:
    if bad.any():
        raise InputError(f"{path.name}: row {int(bad.to_numpy().argmax()) + 1} {why}", hint=hint)


def _strata(path: Path, frame: pd.DataFrame) -> list[Stratum]:
    """The strata with their verdicts; every stratum of the draw must be there once."""
    strata: list[Stratum] = []
    numbers: list[int] = []
    of = 0
    for band, rows in frame.groupby(BAND, sort=True):
        number, of, joined, lowest, pairs = (float(part) for part in _parts(str(band)))
        numbers.append(int(number))
        counts = int(rows["judged"].sum()), int(rows["same"].sum())
        strata.append(Stratum(bool(joined), lowest, int(pairs), *counts))
        if len(rows) > int(pairs):
            raise InputError(f"{path.name}: band {int(number)} has more rows than pairs", hint=_LEAVE)
    if sorted(numbers) != list(range(1, int(of) + 1)):
        raise InputError(f"{path.name}: it is not one whole sample", hint=_LEAVE)
    return [stratum for _, stratum in sorted(zip(numbers, strata, strict=True), key=lambda pair: pair[0])]


def _parts(band: str) -> tuple[str, ...]:
    found = _BAND.fullmatch(band)
    return found.groups() if found else ()


def _joined_now(store: Store, path: Path, frame: pd.DataFrame) -> np.ndarray:
    """Which pairs are in one cluster at present."""
    known = stored_clusters(store)
    clusters: Mapping[str, int] = dict(zip(known[KEY[0]] + ":" + known[KEY[1]], known["cluster"], strict=True))
    sides = [frame[side].map(clusters) for side in (LEFT, RIGHT)]
    unknown = sides[0].isna() | sides[1].isna()
    _refuse(path, unknown, "names a record that is not in the database", "a sample belongs to the database it is from")
    return (sides[0] == sides[1]).to_numpy()
