"""Find who is who in anyone's own files: no database, no configuration, no clock.

Read, recognise the columns, make them comparable, learn from the records themselves what agreement is worth, cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from rcu.errors import InputError
from rcu.ingest.anyfile import AnyFile, read_any
from rcu.ingest.headers import is_id_header
from rcu.ingest.recognise import Recognition, recognise
from rcu.matching.agglomerate import agglomerate, forbidden
from rcu.matching.arrays import Index
from rcu.matching.auto import plan
from rcu.matching.calibration import Calibration, calibrate
from rcu.matching.estimation import Training
from rcu.matching.evaluate import Evaluation, evaluate
from rcu.matching.frequency import generic_values, without_generic
from rcu.matching.lookalikes import learnt_contradictions
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel, WeighedPairs
from rcu.matching.selfestimate import SelfEstimate, estimate_quality
from rcu.matching.training import train
from rcu.services.comparable import Comparable, make_comparable

SEED: Final = 20_240_101
NOBODY: Final = 1e-300
"""Other records of the same person, on average, where none is believed."""
Stage = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class DedupeRequest:
    """What the caller asks; everything but the files can be left to RCU.

    Attributes:
        files: the tables, of any format, with the same or different columns.
        id_column: the column that names the rows.
        chosen: column to field, where RCU should not guess; `ignore` leaves a column out.
        one_to_one: each person at most once in each file.
        truth: a column of the files, or a file of ids and labels, to measure the result against.
    """

    files: tuple[Path, ...]
    id_column: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])
    one_to_one: bool = False
    truth: str | None = None


@dataclass(frozen=True, slots=True)
class Dedupe:
    """What was found. Arrays and frames have one entry a row of the files, in their order.

    `cluster[i]` is the first row of row i's cluster; `pairs` are the pairs that reached the review threshold.
    """

    files: tuple[AnyFile, ...]
    frame: pd.DataFrame
    source: Index
    ids: pd.Series[str]
    recognition: Recognition
    comparable: Comparable
    training: Training
    pairs: WeighedPairs
    cluster: Index
    calibration: Calibration | None
    estimate: SelfEstimate
    evaluation: Evaluation | None
    notes: tuple[str, ...]

    @property
    def model(self) -> MatchModel:
        """The model learnt from the files."""
        return self.training.model

    @property
    def joined(self) -> Index:
        """The sizes of the clusters of two rows and more."""
        sizes = np.bincount(self.cluster, minlength=1)
        return sizes[sizes > 1].astype(np.int64)

    @property
    def clusters(self) -> int:
        """How many people there are."""
        return len(np.unique(self.cluster))

    @property
    def possible_matches(self) -> int:
        """How many pairs are left to a person to judge."""
        return int((self.cluster[self.pairs.left] != self.cluster[self.pairs.right]).sum())


def _quietly(_: str) -> AbstractContextManager[object]:
    return nullcontext()


def dedupe(request: DedupeRequest, *, stage: Stage = _quietly) -> Dedupe:
    """Find the records that are one person.

    Args:
        request: the files and what is known of them.
        stage: called with the name of each step, to show progress.

    Raises:
        InputError: a file cannot be read, or a column or field does not exist.
    """
    with stage("Reading"):
        files = tuple(read_any(path) for path in request.files)
        frame, source = _together(files)
        _check(request, files, frame)
    with stage("Recognising columns"):
        truth_column = request.truth if request.truth in frame.columns else None
        named = _id_column(request, files)
        order = _order_of_content(frame, {truth_column, named})
        ordered = frame.iloc[order].reset_index(drop=True)
        recognition = recognise(ordered, chosen=request.chosen, id_column=named, truth_column=truth_column)
        told = request.id_column is not None
        ids, notes = _ids(frame, source, files=files, column=recognition.id_column, told=told)
        truth = _truth(request, frame, ids)
        comparable = make_comparable(ordered, recognition)
    notes = (*(f"{file.name}: {note}" for file in files for note in file.notes), *notes, *_nothing(request, comparable))
    found = _matched(comparable, source=source[order] if request.one_to_one else None, stage=stage).put_back(order)
    measured, notes = _measured(found.cluster, truth), (*notes, *_lookalikes(found.training.model))
    said = (found.training, found.pairs, found.cluster, found.calibration, found.estimate)
    return Dedupe(files, frame, source, ids, recognition, comparable, *said, measured, notes)


def _lookalikes(model: MatchModel) -> Sequence[str]:
    """What to say of twins and the like, if there are any."""
    return tuple(
        f"records that differ outright in {name} are left apart: too many agree on all the rest (twins, father and son)"
        for contradiction in model.contradictions
        for name in contradiction.levels
    )


def _nothing(request: DedupeRequest, comparable: Comparable) -> Sequence[str]:
    """What to say when no column is left to compare people by.

    Raises:
        InputError: when it was the caller who left none.
    """
    if comparable.traits:
        return ()
    if request.chosen:
        msg = "no column to compare people by"
        raise InputError(msg, hint="name some with --map column=field, for example --map Name=full_name")
    return ("no column to compare people by, so nothing is joined; name some with --map COLUMN=FIELD",)


def _order_of_content(frame: pd.DataFrame, aside: Collection[str | None]) -> Index:
    """The rows in an order that depends on what they say alone: however a file is sorted, it is worked on the same."""
    said = frame[[name for name in frame.columns if name not in aside]]
    if not len(said.columns):
        return np.arange(len(frame), dtype=np.int64)
    return np.argsort(pd.util.hash_pandas_object(said.astype(object), index=False).to_numpy(), kind="stable")


@dataclass(frozen=True, slots=True)
class _Found:
    """What matching gives."""

    training: Training
    pairs: WeighedPairs
    cluster: Index
    calibration: Calibration | None
    estimate: SelfEstimate

    def put_back(self, order: Index) -> _Found:
        """The same for the rows as they stand in the files; `order` are the rows that were worked on."""
        cluster = np.empty_like(self.cluster)
        cluster[order] = order[self.cluster]
        lowest = np.full(len(order), len(order), dtype=np.int64)
        np.minimum.at(lowest, cluster, np.arange(len(order)))
        one, other = order[self.pairs.left], order[self.pairs.right]
        pairs = replace(self.pairs, left=np.minimum(one, other), right=np.maximum(one, other))
        pairs = WeighedPairs.concatenate([pairs], self.pairs.levels.shape[1])
        return replace(self, pairs=pairs, cluster=lowest[cluster])


def _check(request: DedupeRequest, files: Sequence[AnyFile], frame: pd.DataFrame) -> None:
    if len(frame) < 2:
        msg = "there is one row only: nothing to compare it with"
        raise InputError(msg, hint="give a file with at least two rows")
    if request.one_to_one and len(files) < 2:
        msg = "one-to-one needs at least two files"
        raise InputError(msg, hint="name both files, or leave --one-to-one out")


def _matched(comparable: Comparable, *, source: Index | None, stage: Stage) -> _Found:
    """Block, learn, weigh, put the weights to the proof, and cluster."""
    with stage("Choosing what to compare"):
        draft = plan(comparable.frame, comparable.traits)
        table = without_generic(draft.table, generic_values(draft.table, draft.model))
    with stage("Learning from the records"):
        training = train(draft.model, table, seed=SEED, source=source, own=draft.own)
    with stage("Weighing pairs"):
        if not draft.own and not draft.model.identifiers:
            # One column that names nobody: nothing tells namesakes from duplicates.
            training = replace(training, model=training.model.model_copy(update={"records_of_same": NOBODY}))
        model, pairs, calibration = calibrate(Kernel(table, training.model), draft.own, seed=SEED, source=source)
        against = learnt_contradictions(draft.model, model, pairs, draft.own)
        model = model.model_copy(update={"contradictions": against})
        pairs = pairs.only(~forbidden(model, pairs))
        training, kernel = replace(training, model=model), Kernel(table, model)
    with stage("Clustering"):
        rank = np.arange(table.size, dtype=np.int64)
        cluster = agglomerate(kernel, pairs, rank, source=source)
        estimate = estimate_quality(kernel, pairs, cluster, calibration, seed=SEED)
    return _Found(training, pairs, cluster, calibration, estimate)


def _together(files: Sequence[AnyFile]) -> tuple[pd.DataFrame, Index]:
    """Put files below one another; a column that a file lacks is missing there."""
    frame = pd.concat([file.frame for file in files], ignore_index=True)
    source = np.repeat(np.arange(len(files), dtype=np.int64), [len(file.frame) for file in files])
    return frame, source


def _id_column(request: DedupeRequest, files: Sequence[AnyFile]) -> str | None:
    """The column told, or the one that names the rows of every file by itself."""
    if request.id_column is not None:
        return request.id_column
    for name in files[0].frame.columns:
        everywhere = all(name in file.frame.columns for file in files)
        if everywhere and is_id_header(name) and name not in {*request.chosen, request.truth}:
            columns = [file.frame[name] for file in files]
            if all(column.notna().all() and column.is_unique for column in columns):
                return str(name)
    return None


def _ids(
    frame: pd.DataFrame, source: Index, *, files: Sequence[AnyFile], column: str | None, told: bool
) -> tuple[pd.Series[str], tuple[str, ...]]:
    """Name the rows: by a column, else by their number; with the file's name in front where two files share an id."""
    if column is None:
        numbers = np.concatenate([np.arange(1, len(file.frame) + 1) for file in files])
        ids, note = pd.Series(numbers.astype(str), dtype="str"), "rows are named by their number: no column of ids"
    else:
        ids, note = frame[column], ""
        bad = ids.isna() | pd.DataFrame({"id": ids, "source": source}).duplicated(keep=False)
        if bad.any():
            msg = f"column {column} does not name the rows: {int(bad.sum())} of them have no id, or share one"
            raise InputError(msg, hint="use another --id" if told else "name the column of ids with --id")
    notes = [note] if note else []
    if not ids.is_unique:
        ids = pd.Series(
            [f"{files[at].name}:{text}" for at, text in zip(source.tolist(), ids, strict=True)], dtype="str"
        )
        notes.append("ids are written file:id, as two files share some")
    if not ids.is_unique:
        msg = "two of the files have the same name and the same ids"
        raise InputError(msg, hint="give each file once, and rename files that share a name")
    return ids, tuple(notes)


def _truth(request: DedupeRequest, frame: pd.DataFrame, ids: pd.Series[str]) -> pd.Series[str] | None:
    """The label of each row, from a column or from a file of ids and labels; missing where it is not known."""
    if request.truth is None:
        return None
    if request.truth in frame.columns:
        return frame[request.truth]
    path = Path(request.truth)
    if not path.exists():
        msg = "the truth is neither a column of the files nor a file"
        raise InputError(msg, hint=f"the columns are: {', '.join(map(str, frame.columns))}")
    table = read_any(path).frame
    if len(table.columns) < 2:
        msg = "the file of truth needs two columns, ids and labels"
        raise InputError(msg, hint="for example: id,person")
    named = next((name for name in table.columns if table[name].isin(ids).mean() > 0.5), table.columns[0])
    label = next(name for name in table.columns if name != named)
    known = table.dropna(subset=[named]).drop_duplicates(named).set_index(named)[label]
    truth = ids.map(known)
    if truth.notna().sum() == 0:
        msg = "no id of the file of truth is an id of the files"
        raise InputError(msg, hint="its first column must hold the ids that clusters.csv shows")
    return truth


def _measured(cluster: Index, truth: pd.Series[str] | None) -> Evaluation | None:
    """Compare with the truth, over the rows for which it is known."""
    if truth is None:
        return None
    known = truth.notna().to_numpy()
    return evaluate(pd.Series(cluster[known]), truth[known])
