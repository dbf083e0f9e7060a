"""A sample is drawn for people to judge, and what they say gives precision and recall with their doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import update

from rcu.errors import InputError
from rcu.matching.estimate import Interval
from rcu.services.evaluation import evaluate_store, stored_clusters
from rcu.services.judging import draw_sample, estimate_from
from rcu.store.tables import memberships
from tests.conftest import Road

Judge = Callable[[pd.DataFrame], pd.DataFrame]


def drawn(road: Road, folder: Path, *, wanted: int = 120, **more: bool) -> Path:
    return draw_sample(road.store, road.model, folder / "sample.csv", wanted=wanted, **more).output


def judged(sample: Path, exports: Path, *, change: Judge = lambda frame: frame) -> Path:
    """The sample with the verdicts of someone who knows the truth."""
    truth = pd.read_csv(exports / "truth.csv", dtype=str, keep_default_na=False)
    person = dict(zip(truth["source"] + ":" + truth["native_id"], truth["person_id"], strict=True))
    frame = pd.read_csv(sample, dtype=str, keep_default_na=False)
    same = frame["left"].map(person) == frame["right"].map(person)
    frame["verdict"] = same.map({True: "same", False: "Different "})
    change(frame).to_csv(sample, index=False)
    return sample


def files(folder: Path) -> list[str]:
    """What stands in a folder beside the database."""
    return sorted(path.name for path in folder.iterdir() if ".csv" in path.name)


def test_a_sample_names_each_pair_once_with_an_empty_verdict_and_no_value(travelled: Road, tmp_path: Path) -> None:
    told = draw_sample(travelled.store, travelled.model, tmp_path / "sample.csv", wanted=120)
    frame = pd.read_csv(tmp_path / "sample.csv", dtype=str, keep_default_na=False)
    assert list(frame.columns) == ["left", "right", "verdict", "band"]
    assert (len(frame), told.pairs) == (120, 120)
    assert not frame.duplicated(["left", "right"]).any()
    assert set(frame["verdict"]) == {""}
    assert sum(band.drawn for band in told.bands) == 120
    assert {band.joined for band in told.bands} == {True, False}
    assert files(tmp_path) == ["sample.csv"]


def test_values_are_written_side_by_side_when_asked(travelled: Road, tmp_path: Path) -> None:
    frame = pd.read_csv(drawn(travelled, tmp_path, values=True), dtype=str, keep_default_na=False)
    assert list(frame.columns)[3:5] == ["left first name", "right first name"]
    assert (frame["left first name"] != "").any()


def test_the_same_seed_draws_the_same_pairs_and_another_others(travelled: Road, tmp_path: Path) -> None:
    one, again, other = (tmp_path / name for name in ("one.csv", "again.csv", "other.csv"))
    for path, seed in ((one, 1), (again, 1), (other, 2)):
        draw_sample(travelled.store, travelled.model, path, wanted=60, seed=seed)
    assert one.read_bytes() == again.read_bytes() != other.read_bytes()


def test_the_estimate_from_true_verdicts_holds_the_true_figures(travelled: Road, tmp_path: Path, exports: Path) -> None:
    told = estimate_from(travelled.store, judged(drawn(travelled, tmp_path), exports))
    overall = evaluate_store(travelled.store, exports / "truth.csv").overall
    precision = told.estimate.precision
    assert precision.low <= overall.pairwise.precision <= precision.high
    assert told.estimate.recall.value is not None
    assert told.estimate.recall.value >= overall.pairwise.recall - 0.05
    assert (told.estimate.judged, told.undecided, told.moved) == (120, 0, 0)


def test_when_all_pairs_are_judged_the_precision_is_the_true_one(
    travelled: Road, tmp_path: Path, exports: Path
) -> None:
    told = estimate_from(travelled.store, judged(drawn(travelled, tmp_path, wanted=100_000), exports))
    true = evaluate_store(travelled.store, exports / "truth.csv").overall.pairwise.precision
    precision = told.estimate.precision
    assert precision.value == pytest.approx(true)
    assert (precision.low, precision.high) == pytest.approx((true, true))


def test_pairs_left_undecided_are_counted_and_widen_the_interval(
    travelled: Road, tmp_path: Path, exports: Path
) -> None:
    def half(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(verdict=frame["verdict"].where(frame.index % 2 == 0, ["unsure", ""] * (len(frame) // 2)))

    def width(of: Interval) -> float:
        return of.high - of.low

    sample = drawn(travelled, tmp_path)
    whole = estimate_from(travelled.store, judged(sample, exports))
    told = estimate_from(travelled.store, judged(sample, exports, change=half))
    assert (told.estimate.judged, told.undecided) == (60, 60)
    assert width(told.estimate.precision) > 1.3 * width(whole.estimate.precision) > 0


def test_pairs_that_were_parted_since_the_draw_are_told(travelled: Road, tmp_path: Path, exports: Path) -> None:
    sample = judged(drawn(travelled, tmp_path), exports)
    frame = pd.read_csv(sample, dtype=str)
    with travelled.store.begin() as connection:
        connection.execute(update(memberships).values(cluster_id=memberships.c.record_id))
    assert len(set(stored_clusters(travelled.store)["cluster"])) == len(stored_clusters(travelled.store))
    told = estimate_from(travelled.store, sample)
    assert told.moved == frame["band"].str.contains(":1:").sum()


def at_first(column: str, value: str) -> Judge:
    return lambda frame: frame.assign(**{column: [value, *frame[column].iloc[1:]]})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(at_first("verdict", "perhaps"), "row 1 has no verdict that can be read", id="not a verdict"),
        pytest.param(at_first("band", "1/2"), "row 1 has a band that was changed", id="a band that is none"),
        pytest.param(at_first("left", "till:nobody"), "row 1 names a record that is not in the", id="no such record"),
        pytest.param(lambda frame: frame.assign(verdict=""), "no pair was judged", id="no verdict at all"),
        pytest.param(
            lambda frame: pd.concat([frame, frame.iloc[:1]]), "row 121 names a pair again", id="a pair judged twice"
        ),
        pytest.param(
            lambda frame: frame[frame["band"] != frame["band"].iloc[0]], "not one whole sample", id="a band cut off"
        ),
        pytest.param(lambda frame: frame.drop(columns="band"), "no column band", id="a column missing"),
    ],
)
def test_a_file_that_is_no_judged_sample_is_refused(
    travelled: Road, tmp_path: Path, exports: Path, change: Judge, says: str
) -> None:
    sample = judged(drawn(travelled, tmp_path), exports, change=change)
    with pytest.raises(InputError, match=rf"^sample\.csv: .*{says}") as refused:
        estimate_from(travelled.store, sample)
    assert refused.value.hint


def test_a_file_that_is_there_is_never_written_over(travelled: Road, tmp_path: Path) -> None:
    sample = drawn(travelled, tmp_path)
    before = sample.read_bytes()
    with pytest.raises(InputError, match=r"sample\.csv exists already"):
        drawn(travelled, tmp_path)
    assert sample.read_bytes() == before


def test_a_file_that_cannot_be_written_leaves_nothing_behind(travelled: Road, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write sample\.csv"):
        draw_sample(travelled.store, travelled.model, tmp_path / "nowhere" / "sample.csv", wanted=50)
    assert files(tmp_path) == []


def test_a_disk_that_fills_up_leaves_no_half_of_a_sample(
    travelled: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_written(_frame: pd.DataFrame, path: Path, **_options: object) -> None:
        path.write_text("left,ri", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half_written)
    with pytest.raises(InputError, match=r"cannot write sample\.csv: No space left"):
        drawn(travelled, tmp_path)
    assert files(tmp_path) == []


def test_an_empty_store_has_no_pair_to_judge(road: Road, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no pair to judge"):
        drawn(road, tmp_path)
    assert files(tmp_path) == []
