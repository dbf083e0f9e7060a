"""Every wrong pair has one kind that a person would give it too, and one place where it went wrong."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.matching.aspects import Aspect, Seen, aspect_of
from rcu.matching.errors_by_kind import FALSE_PLACES, MISSED_PLACES, KindCount, errors_by_kind
from rcu.matching.model import MatchModel, load_model
from rcu.matching.pairs import candidate_pairs
from rcu.matching.scoring import Kernel
from rcu.matching.true_pairs import Candidates, reach
from tests.unit.matching.worlds import Record, encode, every_pair, persons, small_model

HOME = {"street_number": "12", "street_key": "RUE LILAS", "postcode": "75011", "city_key": "PARIS"}
ELSEWHERE = {"street_number": "3", "street_key": "QUAI LOIRE", "postcode": "44000", "city_key": "NANTES"}


def record(first: str | None, last: str | None, **others: str | None) -> dict[str, str | None]:
    """A record of the shipped model, cleaned enough to be compared."""
    sound = last[:3] if last else None
    names = {"first_name_key": first, "first_name_root": first, "last_name_key": last, "last_name_sound": sound}
    return names | others


def kernel_of(records: list[Record], model: MatchModel | None = None) -> Kernel:
    model = model or load_model()
    return Kernel(encode(records, model.columns()), model)


def only(kinds: tuple[KindCount, ...]) -> KindCount:
    assert len(kinds) == 1
    assert kinds[0].pairs == 1
    return kinds[0]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        pytest.param(record("MARIE", "DURAND", **HOME), record("PAUL", "DURAND", **HOME), "household", id="a couple"),
        pytest.param(
            record("M", "DURAND", **HOME),
            record("MARIE", "DURAND", **HOME),
            "household, first name unknown",
            id="an initial of the household",
        ),
        pytest.param(
            record(None, "DURAND", **HOME),
            record("MARIE", "DURAND", **HOME),
            "household, first name unknown",
            id="a record of the household without a first name",
        ),
        pytest.param(
            record("JEAN", "DURAND", **HOME, birth_date="1950-01-02"),
            record("JEAN", "DURAND", **HOME, birth_date="1980-03-04"),
            "one name at one address",
            id="father and son of one name",
        ),
        pytest.param(
            record("JEAN", "MARTIN", **HOME), record("JEAN", "MARTIN", **ELSEWHERE), "namesakes", id="namesakes"
        ),
        pytest.param(
            record("JEAN", "MARTIN", email_key="a@x.fr"),
            record("ZOE", "PETIT", email_key="a@x.fr"),
            "shared mailbox or phone",
            id="a mailbox of two",
        ),
        pytest.param(
            record("JEAN", "MARTIN", mobile="+33611111111"),
            record(None, None, mobile="+33611111111"),
            "shared mailbox or phone, name unknown",
            id="a mobile of two, one without a name",
        ),
        pytest.param(record("JEAN", "MARTIN", **HOME), record(None, None), "no name", id="a record without anything"),
        pytest.param(
            record("JEAN", "MARTIN", **HOME), record("ZOE", "PETIT", **ELSEWHERE), "other", id="strangers altogether"
        ),
    ],
)
def test_a_false_pair_is_of_the_kind_a_person_would_say(one: Record, other: Record, kind: str) -> None:
    told = errors_by_kind(kernel_of([one, other]), np.array([0, 0]), np.array([0, 1]))
    assert only(told.false).kind == kind
    assert told.missed == ()


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        pytest.param(
            record("MARTIN", "PAUL", **HOME), record("PAUL", "MARTIN", **HOME), "transposition", id="names swapped"
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME),
            record("MARIE", "LEFEBVRE", **HOME),
            "change of last name",
            id="married, the old name not told",
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME),
            record("MARIE", "LEFEBVRE", birth_name_key="DURAND", **HOME),
            "change of last name",
            id="married, the birth name told",
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME),
            record("MARIE", "DURAMD", **HOME),
            "typing slip in a name",
            id="a slip in the last name",
        ),
        pytest.param(
            record("CATHERINE", "DURAND", **HOME),
            record("CATHERIN", "DURAND", **HOME),
            "typing slip in a name",
            id="a slip in the first name",
        ),
        pytest.param(
            record("M", "DURAND", **HOME), record("MARIE", "DURAND", **HOME), "initial or diminutive", id="an initial"
        ),
        pytest.param(
            record("KATY", "DURAND", **HOME) | {"first_name_root": "CATHERINE"},
            record("CATHERINE", "DURAND", **HOME),
            "initial or diminutive",
            id="a diminutive",
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME), record("MARIE", "DURAND", **ELSEWHERE), "moved", id="moved house"
        ),
        pytest.param(
            record("MARIE", "DURAND", birth_date="1980-03-12", **HOME),
            record("MARIE", "DURAND", birth_date="1961-07-30", **HOME),
            "birth dates differ",
            id="two dates of birth",
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME),
            record("MARIE", "DURAND", email_key="m@x.fr"),
            "too little to compare",
            id="no field but names on both sides",
        ),
        pytest.param(record(None, "DURAND", **HOME), record("MARIE", "DURAND", **HOME), "no name", id="no first name"),
        pytest.param(
            record("MARIE", "DURAND", **HOME), record("ZOE", "DURAND", **HOME), "another first name", id="second name"
        ),
        pytest.param(
            record("MARIE", "DURAND", email_key="marie@x.fr"),
            record("MARIE", "DURAND", email_key="sales-desk@y.com"),
            "another mailbox or phone",
            id="two mailboxes and nothing else",
        ),
    ],
)
def test_a_missed_pair_is_of_the_kind_a_person_would_say(one: Record, other: Record, kind: str) -> None:
    told = errors_by_kind(kernel_of([one, other]), np.array([0, 1]), np.array([0, 0]))
    assert only(told.missed).kind == kind
    assert told.false == ()


def where(kernel: Kernel, clusters: list[int], truth: list[int]) -> dict[str, int]:
    told = errors_by_kind(kernel, np.array(clusters, dtype=np.int64), np.array(truth, dtype=np.int64))
    counts = Counter[str]()
    for kind in (*told.false, *told.missed):
        counts.update(kind.places)
    return {place: count for place, count in counts.items() if count}


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        pytest.param(
            record("MARIE", "DURAND", email_key="m@x.fr", mobile="+33611111111"),
            record("ZOE", "PETIT", **HOME),
            "never candidates",
            id="no key in common",
        ),
        pytest.param(
            record("MARIE", "DURAND", **HOME),
            record("MARIE", "DURAND", **ELSEWHERE, birth_date="1980-01-02"),
            "too light",
            id="a common name and two addresses",
        ),
        pytest.param(
            record("MARIE", "DURAND", email_key="m@x.fr", mobile="+33611111111", **HOME),
            record("MARIE", "DURAND", email_key="m@x.fr", mobile="+33611111111", **HOME),
            "refused",
            id="alike in everything, and yet apart",
        ),
    ],
)
def test_a_missed_pair_is_told_where_it_was_lost(one: Record, other: Record, place: str) -> None:
    assert where(kernel_of([one, other]), [0, 1], [0, 0]) == {place: 1}


def test_alike_and_apart_is_a_kind_of_its_own() -> None:
    same = record("MARIE", "DURAND", email_key="m@x.fr", mobile="+33611111111", **HOME)
    told = errors_by_kind(kernel_of([same, same]), np.array([0, 1]), np.array([0, 0]))
    assert only(told.missed).kind == "refused for another record"


def test_a_false_pair_is_linked_by_itself_or_through_others() -> None:
    one = record("MARIE", "DURAND", email_key="m@x.fr", **HOME)
    other = record("PAUL", "PETIT", mobile="+33611111111")
    assert where(kernel_of([one, one, other]), [0, 0, 0], [0, 1, 2]) == {"linked": 1, "through others": 2}


@settings(max_examples=80, deadline=None)
@given(records=persons(), data=st.data())
def test_under_any_model_each_wrong_pair_is_counted_once(records: list[Record], data: st.DataObject) -> None:
    labels = st.lists(st.integers(-1, 2), min_size=len(records), max_size=len(records))
    clusters, truth = data.draw(labels), data.draw(labels)
    model = small_model()
    renamed = model.model_copy(
        update={
            "comparisons": tuple(c.model_copy(update={"name": f"c{c.name}", "shows": ()}) for c in model.comparisons)
        }
    )
    known = [row for row in range(len(records)) if clusters[row] >= 0 and truth[row] >= 0]
    wrong = [(clusters[one] == clusters[other], truth[one] == truth[other]) for one, other in combinations(known, 2)]
    for kernel in (kernel_of(records, model), kernel_of(records, renamed.model_copy(update={"contradictions": ()}))):
        told = errors_by_kind(kernel, np.array(clusters, dtype=np.int64), np.array(truth, dtype=np.int64), examples=2)
        assert sum(kind.pairs for kind in told.false) == wrong.count((True, False))
        assert sum(kind.pairs for kind in told.missed) == wrong.count((False, True))
        for side, places in ((told.false, FALSE_PLACES), (told.missed, MISSED_PLACES)):
            assert sum(kind.share for kind in side) == pytest.approx(1.0 if side else 0.0)
            for kind in side:
                assert tuple(kind.places) == places
                assert sum(kind.places.values()) == kind.pairs
                assert len(kind.examples) == min(2, kind.pairs) == len(set(kind.examples))


def weights_of(kernel: Kernel) -> dict[tuple[int, int], float]:
    """The weight of every pair of the table."""
    pairs = kernel.weigh(every_pair(kernel.table.size), floor=-np.inf)
    return dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.weight.tolist(), strict=True))


@settings(max_examples=80, deadline=None)
@given(records=persons(), data=st.data())
def test_the_place_of_a_wrong_pair_follows_from_its_weight(records: list[Record], data: st.DataObject) -> None:
    labels = st.lists(st.integers(0, 2), min_size=len(records), max_size=len(records))
    clusters, truth = data.draw(labels), data.draw(labels)
    model = small_model()
    kernel = kernel_of(records, model)
    expected = dict.fromkeys((*FALSE_PLACES, *MISSED_PLACES), 0)
    for (one, other), weight in weights_of(kernel).items():
        met = Candidates(kernel.table, model.blocking).has(np.array([one]), np.array([other]))[0]
        if clusters[one] == clusters[other] and truth[one] != truth[other]:
            expected["linked" if weight >= model.match_weight else "through others"] += 1
        elif clusters[one] != clusters[other] and truth[one] == truth[other]:
            light = "too light" if weight < model.review_weight else "left to review"
            found = "refused" if weight >= model.match_weight else light
            expected[found if met else "never candidates"] += 1
    assert where(kernel, clusters, truth) == {place: count for place, count in expected.items() if count}


def test_examples_come_from_different_clusters_first() -> None:
    one, other = record("MARIE", "DURAND", **HOME), record("PAUL", "DURAND", **HOME)
    kernel = kernel_of([one, other, one, other, one, other, other])
    told = errors_by_kind(kernel, np.array([0, 0, 1, 1, 2, 2, 2]), np.arange(7), examples=3)
    household = next(kind for kind in told.false if kind.kind == "household")
    assert household.examples == ((0, 1), (2, 3), (4, 5))


def test_every_comparison_of_the_shipped_model_is_about_something_known() -> None:
    assert [one.name for one in load_model().comparisons if aspect_of(one) is None] == []


def test_of_an_address_in_parts_one_part_in_common_is_no_move() -> None:
    model = small_model()
    parts = [
        model.comparisons[0].model_copy(update={"name": name, "shows": ()}) for name in ("street", "postcode", "hobby")
    ]
    seen = Seen(model.model_copy(update={"comparisons": tuple(parts)}), np.array([[0, 2, 0], [2, -1, 0], [-1, -1, 0]]))
    assert seen.same(Aspect.ADDRESS).tolist() == [True, False, False]
    assert seen.different(Aspect.ADDRESS).tolist() == [False, True, False]
    assert seen.missing(Aspect.ADDRESS).tolist() == [False, False, True]
    assert seen.missing(Aspect.EMAIL).all()


# --- how far true pairs came ------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(records=persons(), data=st.data())
def test_candidates_are_told_as_the_blocking_lists_them(records: list[Record], data: st.DataObject) -> None:
    model = small_model()
    kernel = kernel_of(records, model)
    listed = {
        pair
        for batch in candidate_pairs(kernel.table, model.blocking)
        for pair in zip(batch.left.tolist(), batch.right.tolist(), strict=True)
    }
    left, right = np.triu_indices(len(records), k=1)
    has = Candidates(kernel.table, model.blocking).has(left.astype(np.int64), right.astype(np.int64))
    assert {
        pair for pair, met in zip(zip(left.tolist(), right.tolist(), strict=True), has.tolist(), strict=True) if met
    } == listed

    truth = np.array(
        data.draw(st.lists(st.integers(-1, 2), min_size=len(records), max_size=len(records))), dtype=np.int64
    )
    told = reach(kernel, truth)
    true = {pair for pair in zip(left.tolist(), right.tolist(), strict=True) if truth[pair[0]] == truth[pair[1]] >= 0}
    assert (told.true_pairs, told.candidates) == (len(true), len(true & listed))
    weights = weights_of(kernel)
    for count, threshold in ((told.reviewed, model.review_weight), (told.heavy_enough, model.match_weight)):
        assert count == sum(weights[pair] >= threshold for pair in true & listed)
    assert told.blocking_recall == (len(true & listed) / len(true) if true else 1.0)
