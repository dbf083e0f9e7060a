"""`dedupe` finds who is who in files nobody described."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcu.cli.dedupe import estimated, parse_mapping
from rcu.errors import InputError
from rcu.matching.auto import Kind
from rcu.services.columnreading import name_parts, named_mailboxes, standard_column
from rcu.services.dedupe import Dedupe, DedupeRequest, dedupe
from rcu.services.dedupe_outputs import cluster_rows, golden_rows, pair_rows, summary, write_outputs

FIRST = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivy", "Jan", "Kim", "Leo", "Mia", "Ned", "Ola"]
COLUMNS = ["given_name", "surname", "dob", "suburb", "person"]
LETTERS = list("abcdefghiklmnoprstuvw")


def people(count: int, *, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "given_name": [FIRST[rng.integers(len(FIRST))] for _ in range(count)],
            "surname": ["".join(rng.choice(LETTERS, 7)).title() for _ in range(count)],
            "dob": [
                f"{rng.integers(1930, 2000)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}" for _ in range(count)
            ],
            "suburb": [f"Town {LETTERS[rng.integers(20)]}" for _ in range(count)],
            "person": [f"p{n}" for n in range(count)],
        }
    )


def with_duplicates(count: int, twice: int) -> pd.DataFrame:
    frame = people(count)
    again = frame.head(twice).copy()
    again["surname"] = again["surname"].str[:-1]
    again.loc[again.index[: twice // 3], "suburb"] = None
    return pd.concat([frame, again], ignore_index=True).rename_axis("rec_id").reset_index()


def saved(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def found(frame: pd.DataFrame, tmp_path: Path, **options: object) -> Dedupe:
    return dedupe(DedupeRequest((saved(frame, tmp_path / "people.csv"),), **options))


def test_duplicates_with_slips_are_found_and_measured(tmp_path: Path) -> None:
    result = found(with_duplicates(200, 60), tmp_path, truth="person")
    assert result.evaluation is not None
    assert result.evaluation.pairwise.f1 > 0.97
    assert result.ids.tolist()[:3] == ["0", "1", "2"]


@pytest.mark.parametrize("count", [150, 2_500], ids=["150 rows", "2,500 rows"])
def test_a_file_without_duplicates_is_left_alone(tmp_path: Path, count: int) -> None:
    result = found(people(count).drop(columns="person"), tmp_path)
    assert result.joined.sum() <= 0.001 * count


def test_couples_of_one_household_stay_two_people(tmp_path: Path) -> None:
    one = people(300)
    one["address"] = [f"{n} Oak Street" for n in range(300)]
    one["phone"] = [f"02 4000 {n:04d}" for n in range(300)]
    other = people(300, seed=2)
    other[["surname", "suburb", "address", "phone"]] = one[["surname", "suburb", "address", "phone"]]
    result = found(pd.concat([one, other]).drop(columns="person"), tmp_path)
    assert result.joined.sum() == 0


def test_two_files_one_to_one_never_join_rows_of_one_file(tmp_path: Path) -> None:
    frame = with_duplicates(200, 80)
    files = (saved(frame.head(200), tmp_path / "a.csv"), saved(frame.tail(80), tmp_path / "b.csv"))
    result = dedupe(DedupeRequest(files, one_to_one=True, truth="person"))
    assert result.evaluation is not None
    assert result.evaluation.pairwise.f1 > 0.97
    assert not pd.DataFrame({"cluster": result.cluster, "source": result.source}).duplicated().any()


def test_ids_that_two_files_share_are_written_with_the_file(tmp_path: Path) -> None:
    files = (
        saved(people(30).assign(id=range(30)), tmp_path / "a.csv"),
        saved(people(30).assign(id=range(30)), tmp_path / "b.csv"),
    )
    result = dedupe(DedupeRequest(files, chosen={"person": "ignore"}))
    assert result.ids.tolist()[0] == "a.csv:0"
    assert result.clusters == 30


def test_the_truth_may_be_a_file_of_ids_and_labels(tmp_path: Path) -> None:
    frame = with_duplicates(100, 30)
    truth = saved(frame[["rec_id", "person"]].rename(columns={"rec_id": "id"}), tmp_path / "truth.csv")
    result = found(frame.drop(columns="person"), tmp_path, truth=str(truth))
    assert result.evaluation is not None
    assert result.evaluation.true_pairs == 30


def test_the_same_files_give_the_same_answer_to_the_bit(tmp_path: Path) -> None:
    one, two = (found(with_duplicates(200, 60), tmp_path) for _ in range(2))
    pd.testing.assert_frame_equal(pair_rows(one), pair_rows(two))
    assert one.model.fingerprint() == two.model.fingerprint()


def test_clusters_golden_rows_and_pairs_tell_the_same_story(tmp_path: Path) -> None:
    result = found(with_duplicates(100, 30), tmp_path, truth="person")
    clusters, golden, pairs = cluster_rows(result), golden_rows(result), pair_rows(result)
    assert len(clusters) == 130
    assert list(golden["cluster_id"]) == list(dict.fromkeys(clusters["cluster_id"]))
    assert golden["records"].sum() == 130
    assert "person" not in golden.columns
    cluster = clusters.set_index("id")["cluster_id"]
    same = cluster[pairs["id_1"]].to_numpy() == cluster[pairs["id_2"]].to_numpy()
    assert (np.where(same, "match", "possible match") == pairs["verdict"]).all()


def test_a_golden_row_takes_what_most_rows_say_then_the_longest(tmp_path: Path) -> None:
    result = found(with_duplicates(100, 30), tmp_path)
    result = replace(result, cluster=np.zeros_like(result.cluster))
    town = result.frame["suburb"].value_counts()
    assert golden_rows(result)["suburb"].iloc[0] in town.index[town == town.max()]


def test_the_outputs_are_four_whole_files_and_the_report_stands_alone(tmp_path: Path) -> None:
    frame = with_duplicates(100, 30)
    frame.loc[0, "given_name"] = "<script>alert(1)</script>"
    written = write_outputs(found(frame, tmp_path, truth="person"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "clusters.csv",
        "golden.csv",
        "pairs.csv",
        "report.html",
    ]
    page = written[-1].read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 2


def test_the_summary_holds_figures_and_no_value_of_anybody(tmp_path: Path) -> None:
    frame = with_duplicates(100, 30)
    told = str(summary(found(frame, tmp_path, truth="person")))
    assert "pairwise" in told
    assert not any(name in told for name in frame["surname"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"one_to_one": True}, "two files", id="one-to-one in one file"),
        pytest.param({"truth": "nowhere"}, "neither a column", id="a truth that is nowhere"),
        pytest.param({"id_column": "given_name"}, "does not name the rows", id="an id that is not one"),
        pytest.param({"chosen": dict.fromkeys(COLUMNS, "ignore")}, "no column to compare", id="nothing left"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(tmp_path: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        found(with_duplicates(50, 10), tmp_path, **options)
    assert caught.value.hint


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    result = found(with_duplicates(50, 10), tmp_path)
    with pytest.raises(InputError):
        write_outputs(result, tmp_path / "people.csv")


@pytest.mark.parametrize(
    ("kind", "values", "made"),
    [
        pytest.param(Kind.DATE, ["31/12/1979", "1/2/80"], ["1979-12-31", "1980-02-01"], id="day first"),
        pytest.param(
            Kind.DATE, ["12/31/1979", "1/2/1980"], ["1979-12-31", "1980-01-02"], id="month first, as the column shows"
        ),
        pytest.param(
            Kind.DATE, ["19160017", "1 févr. 1980"], ["1916-00-17", "1980-02-01"], id="impossible and in words"
        ),
        pytest.param(Kind.DATE, ["--02-14", "1980", "soon"], ["--02-14", "1980", None], id="partial dates"),
        pytest.param(
            Kind.PHONE,
            ["+33 6 12 34 56 78", "06.12.34.56.78", "0000000000"],
            ["612345678", "612345678", None],
            id="phones",
        ),
        pytest.param(Kind.EMAIL, ["Ann@X.org ", "none"], ["ann@x.org", None], id="e-mails"),
        pytest.param(Kind.POSTCODE, ["sw1a 1aa"], ["SW1A1AA"], id="postcodes"),
        pytest.param(Kind.LAST_NAME, ["D'Étable-Roy", "xxxx"], ["D ETABLE ROY", None], id="names"),
    ],
)
def test_values_are_made_comparable(kind: Kind, values: list[str], made: list[str | None]) -> None:
    got = standard_column(pd.Series(values, dtype="str"), kind)
    assert [None if pd.isna(value) else value for value in got] == made


def test_full_names_are_parted_however_they_are_written() -> None:
    first, middle, last = name_parts(pd.Series(["Dr Ann Lee Fox", "Fox, Ann Lee", "Fox"], dtype="str"))
    assert first.tolist()[:2] == ["ANN", "ANN"]
    assert middle.tolist()[:2] == ["LEE", "LEE"]
    assert last.tolist() == ["FOX", "FOX", "FOX"]


def test_a_mapping_may_have_an_equals_sign_in_the_column() -> None:
    assert parse_mapping(["a=b=email"]) == {"a=b": "email"}
    with pytest.raises(InputError):
        parse_mapping(["email"])


CLINIC = with_duplicates(60, 20).drop(columns=["rec_id", "person"])


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(CLINIC))))
def test_the_order_of_the_rows_does_not_matter_to_the_clusters(order: list[int], tmp_path: Path) -> None:
    plain, shuffled = found(CLINIC, tmp_path), found(CLINIC.iloc[order], tmp_path)
    back = np.empty_like(shuffled.cluster)
    back[order] = np.array(order)[shuffled.cluster]
    lowest = pd.Series(np.arange(len(back))).groupby(back).transform("min")
    assert (lowest.to_numpy() == plain.cluster).all()
    assert shuffled.model.fingerprint() == plain.model.fingerprint()


NONE = people(100).drop(columns="person")


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(NONE[["surname"]], id="one column"),
        pytest.param(NONE[["given_name"]], id="first names only"),
        pytest.param(NONE[["given_name", "surname"]], id="names only"),
        pytest.param(NONE.head(2), id="two rows"),
        pytest.param(pd.DataFrame({"given_name": ["Ann"] * 40, "surname": ["Fox"] * 40}), id="one value a column"),
        pytest.param(NONE.mask(np.random.default_rng(1).random(NONE.shape) < 0.85), id="mostly missing"),
        pytest.param(NONE.assign(given_name=["Ann", "Bob"] * 50), id="two values in a column"),
        pytest.param(NONE.assign(surname=None), id="an empty column"),
        pytest.param(pd.DataFrame({"sex": ["F", "M"] * 50, "age": range(100)}), id="nothing that names"),
    ],
)
def test_odd_tables_are_left_alone(frame: pd.DataFrame, tmp_path: Path) -> None:
    result = found(frame, tmp_path)
    assert len(result.joined) == 0
    assert len(write_outputs(result, tmp_path / "out")) == 4


def test_a_table_in_which_everybody_stands_twice_is_halved(tmp_path: Path) -> None:
    once = people(80).drop(columns="person")
    assert found(pd.concat([once, once]), tmp_path).clusters == 80


def test_mailboxes_after_the_name_do_not_say_the_name_twice() -> None:
    emails = pd.Series(["ann.fox@x.org", "afox@y.com", "ann_fox74@x.org", "fox5512@x.org", "unicorn@x.org", None])
    named = named_mailboxes(emails, [pd.Series(["ANN"] * 6), pd.Series(["FOX"] * 6)])
    assert named.notna().tolist() == [True, True, True, False, False, False]
    short = named_mailboxes(pd.Series(["li.wei@x.org", "lwei88@x.org", "lw@x.org"]), [pd.Series(["LI WEI"] * 3)])
    assert short.notna().tolist() == [True, True, False]


def test_mailboxes_numbered_by_the_provider_join_no_namesakes(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    surnames = [f"{a}{b}{c}" for a in ("Fox", "Bar", "Lin") for b in ("ley", "ton", "der") for c in ("", "man", "s")]
    rows = [
        (["Ann", "Jo", "Tom", "Eva", "Max", "Ida"][rng.integers(6)], surnames[rng.integers(27)]) for _ in range(400)
    ]
    boxes = [
        f"{last.lower()}{at * 37 % 9973}@{'mail.org' if at % 3 else 'box.net'}" for at, (_, last) in enumerate(rows)
    ]
    frame = pd.DataFrame({"name": [f"{first} {last}" for first, last in rows], "email": boxes})
    assert len(found(frame, tmp_path).joined) == 0


def test_the_result_is_judged_without_labels(tmp_path: Path) -> None:
    result = found(with_duplicates(200, 60), tmp_path, truth="person")
    assert result.evaluation is not None
    told = summary(result)["estimate"]
    for name in ("precision", "recall"):
        assert told[name]["low"] <= getattr(result.evaluation.pairwise, name) <= told[name]["high"]
    assert "precision about" in estimated(result)
    assert "How good this probably is" in (write_outputs(result, tmp_path / "out")[3]).read_text()
    assert "no more than chance" in estimated(found(NONE, tmp_path))
    assert "cannot be estimated" in estimated(found(NONE[["surname"]], tmp_path))
