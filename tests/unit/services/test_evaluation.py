"""Clusters of a store or a file measured by a truth, and beside other clusters."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import delete

from rcu.errors import InputError
from rcu.matching.compare import Change
from rcu.services.evaluation import (
    compare_with_file,
    curve_of_store,
    errors_of_store,
    evaluate_file,
    evaluate_store,
    stored_clusters,
)
from rcu.services.labellings import CLUSTER, PERSON, read_labels
from rcu.store.tables import memberships
from tests.conftest import Road


@pytest.fixture
def truth(exports: Path) -> Path:
    return exports / "truth.csv"


def test_the_curve_passes_through_the_figures_of_the_store(travelled: Road, truth: Path) -> None:
    told = curve_of_store(travelled.store, travelled.model, truth, thresholds=(0.05, 0.99))
    overall = evaluate_store(travelled.store, truth).overall
    assert told.curve.present.evaluation == overall
    assert [point.threshold for point in told.curve.points] == [0.05, travelled.model.match_probability, 0.99]
    found = [point.evaluation.found_pairs for point in told.curve.points]
    assert found == sorted(found, reverse=True)
    assert told.reach.true_pairs == overall.true_pairs
    assert 0.8 < told.reach.review_recall <= told.reach.blocking_recall < 1


def test_errors_add_up_to_the_figures_and_name_records_but_no_values(travelled: Road, truth: Path) -> None:
    told = errors_of_store(travelled.store, travelled.model, truth, examples=2)
    overall = evaluate_store(travelled.store, truth).overall
    assert sum(kind.pairs for kind in told.false) == overall.found_pairs - overall.right_pairs
    assert sum(kind.pairs for kind in told.missed) == overall.true_pairs - overall.right_pairs
    examples = [example for kind in (*told.false, *told.missed) for example in kind.examples]
    clusters = {f"{row.source}:{row.native_id}" for row in stored_clusters(travelled.store).itertuples()}
    assert {key for one in examples for key in (one.left, one.right)} <= clusters
    assert all(one.values == () for one in examples)


def test_values_of_examples_are_shown_when_asked(travelled: Road, truth: Path) -> None:
    told = errors_of_store(travelled.store, travelled.model, truth, examples=1, values=True)
    shown = told.missed[0].examples[0].values
    assert [name for name, _, _ in shown] == [comparison.name for comparison in travelled.model.comparisons]
    assert any(left for _, left, _ in shown)


def test_records_that_were_never_matched_are_in_no_error(travelled: Road, truth: Path) -> None:
    with travelled.store.begin() as connection:
        connection.execute(delete(memberships))
    told = errors_of_store(travelled.store, travelled.model, truth)
    assert (told.false, told.missed) == ((), ())


def test_the_clusters_of_a_file_are_measured_like_those_of_the_store(
    travelled: Road, truth: Path, tmp_path: Path
) -> None:
    file = tmp_path / "clusters.csv"
    stored_clusters(travelled.store).to_csv(file, index=False)
    assert evaluate_file(file, truth) == evaluate_store(travelled.store, truth)
    told = errors_of_store(travelled.store, travelled.model, truth, clusters=file)
    assert told == errors_of_store(travelled.store, travelled.model, truth)


def written(folder: Path, text: str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_clusters_are_compared_with_those_of_a_file_and_changes_named_by_record(tmp_path: Path) -> None:
    one = pd.DataFrame(
        [("t", "1", 1), ("t", "2", 1), ("t", "3", 2), ("t", "4", 3), ("t", "5", 4)],
        columns=["source", "native_id", "cluster"],
    )
    against = written(tmp_path, "source,native_id,cluster\nt,1,a\nt,2,b\nt,3,c\nt,4,c\nt,9,z\n")
    told = compare_with_file(one, against, examples=5)
    assert (told.agreement.records, told.only_one, told.only_other) == (4, 1, 1)
    assert [(group.change, group.one, group.other) for group in told.examples] == [
        (Change.SPLIT, (("t:1", "t:2"),), (("t:1",), ("t:2",))),
        (Change.MERGED, (("t:3",), ("t:4",)), (("t:3", "t:4"),)),
    ]


def test_nothing_changed_when_the_store_is_compared_with_its_own_clusters(travelled: Road, tmp_path: Path) -> None:
    stored = stored_clusters(travelled.store)
    file = tmp_path / "clusters.csv"
    stored.sample(frac=1, random_state=1).to_csv(file, index=False)
    told = compare_with_file(stored, file, examples=3)
    assert set(told.agreement.change) == {Change.SAME}
    assert (told.agreement.adjusted_rand, told.examples) == (1.0, ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "cannot be read as CSV", id="an empty file"),
        pytest.param("source,native_id\nt,1\n", "no column person_id", id="a column missing"),
        pytest.param("source,native_id,person_id\nt,1,p\nt,2,\n", "row 2 has no person_id", id="an empty label"),
        pytest.param("source,native_id,person_id\nt, ,p\n", "row 1 has no native_id", id="an empty key"),
        pytest.param(
            "source,native_id,person_id\nt,1,p\nt,2,p\nt,1,q\n",
            "row 3 gives a record another person_id",
            id="two labels for a record",
        ),
    ],
)
def test_files_of_labels_that_make_no_sense_are_refused_with_their_row(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"^labels\.csv: {says}") as refused:
        read_labels(written(tmp_path, text), PERSON)
    assert refused.value.hint


def test_a_row_told_twice_alike_counts_once_and_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffsource,native_id,cluster,note\nt,1,a,x\nt,1,a,y\nt,2,NA,\n")
    assert read_labels(path, CLUSTER).to_dict("list") == {
        "source": ["t", "t"], "native_id": ["1", "2"], "cluster": ["a", "NA"],
    }  # fmt: skip


def test_a_truth_of_other_records_measures_nothing(travelled: Road, tmp_path: Path) -> None:
    truth = written(tmp_path, "source,native_id,person_id\nt,1,p\n", "truth.csv")
    with pytest.raises(InputError, match="none of its records is in the database"):
        evaluate_store(travelled.store, truth)
    with pytest.raises(InputError, match="have no record in common"):
        evaluate_file(written(tmp_path, "source,native_id,cluster\nu,1,p\n"), truth)
    with pytest.raises(InputError, match="none of its records is among"):
        compare_with_file(stored_clusters(travelled.store), written(tmp_path, "source,native_id,cluster\nu,1,p\n"))
