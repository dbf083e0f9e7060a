"""Scores: equal values score alike, no order of the customers shows, and every reason says what the number says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.insight.scores import COMPLETENESS_WEIGHTS, RFM, data_quality, freshness, quintiles, rfm

NOW = pd.Timestamp("2025-12-31", tz="UTC")


def exact_quintiles(values: list[int]) -> list[int]:
    """1 plus the number of quintile boundaries below each value, in fractions."""
    ordered, boundaries = sorted(values), []
    for fifth in range(1, 5):
        place = Fraction(fifth, 5) * (len(values) - 1)
        low = int(place)
        step = ordered[low + 1] - ordered[low] if place > low else 0
        boundaries.append(ordered[low] + (place - low) * step)
    return [1 + sum(boundary < value for boundary in boundaries) for value in values]


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.integers(-50, 50), min_size=1, max_size=40))
def test_quintiles_count_the_boundaries_below(values: list[int]) -> None:
    assert quintiles(np.array(values)).tolist() == exact_quintiles(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([7], [1], id="somebody alone"),
        pytest.param([3, 3, 3], [1, 1, 1], id="all alike: nobody stands out"),
        pytest.param([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], id="one in each fifth"),
        pytest.param([1, 1, 1, 1, 9], [1, 1, 1, 1, 5], id="one stands out"),
        pytest.param([5, 5, 1, 5, 5], [2, 2, 1, 2, 2], id="ties share the lower fifth"),
        pytest.param([-3, 0, 3], [1, 3, 5], id="negative values"),
    ],
)
def test_quintiles_of_a_few(values: list[int], expected: list[int]) -> None:
    assert quintiles(np.array(values, dtype=np.int64)).tolist() == expected


def buyers(rows: list[tuple[int, int, int, datetime]]) -> pd.DataFrame:
    """cluster_id, orders, net_revenue_minor, last_order_at."""
    made = pd.DataFrame(rows, columns=["cluster_id", "orders", "net_revenue_minor", "last_order_at"])
    return made.astype({"orders": "int64", "net_revenue_minor": "int64", "last_order_at": "datetime64[us, UTC]"})


BUYERS = st.lists(
    st.tuples(
        st.integers(1, 30), st.integers(0, 6), st.integers(-500, 5000),
        st.integers(0, 700).map(lambda days: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days)),
    ),
    max_size=20, unique_by=lambda row: row[0],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=BUYERS, data=st.data())
def test_rfm_scores_every_buyer_three_times_in_whatever_order_they_come(
    rows: list[tuple[int, int, int, datetime]], data: st.DataObject
) -> None:
    found = rfm(buyers(rows))
    pd.testing.assert_frame_equal(found, rfm(buyers(data.draw(st.permutations(rows)))))
    buying = sorted(row[0] for row in rows if row[1])
    assert list(zip(found["cluster_id"], found["name"], strict=True)) == [
        (who, name) for who in buying for name in sorted(RFM)
    ]
    of = {row[0]: row for row in rows}
    for name, place in (("rfm_frequency", 1), ("rfm_monetary", 2), ("rfm_recency", 3)):
        scores = found.loc[found["name"] == name].set_index("cluster_id")["value"]
        for one in buying:
            for other in buying:
                assert (of[one][place] <= of[other][place]) or scores[one] >= scores[other]
                assert (of[one][place] != of[other][place]) or scores[one] == scores[other]


def test_a_reason_says_what_the_score_was_given_for() -> None:
    day = datetime(2025, 3, 9, tzinfo=UTC)
    rows = [(1, 1, 1999, day), (2, 2, 5000, day + timedelta(days=1))]
    reasons = rfm(buyers(rows)).set_index(["cluster_id", "name"])["reason"]
    assert reasons[1, "rfm_recency"] == "last order on 2025-03-09: bottom fifth of buyers"
    assert reasons[1, "rfm_frequency"] == "1 order: bottom fifth of buyers"
    assert reasons[1, "rfm_monetary"] == "net revenue 19.99: bottom fifth of buyers"
    assert reasons[2, "rfm_frequency"] == "2 orders: top fifth of buyers"


def test_who_never_bought_is_not_scored() -> None:
    assert rfm(buyers([(1, 0, -500, datetime(2025, 1, 1, tzinfo=UTC))])).empty
    assert rfm(buyers([])).empty


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(0, 1.0, id="today"),
        pytest.param(183, 1.0, id="six months"),
        pytest.param(184, 0.75, id="a day more"),
        pytest.param(365, 0.75, id="a year"),
        pytest.param(366, 0.5, id="a year and a day"),
        pytest.param(730, 0.5, id="two years"),
        pytest.param(1095, 0.25, id="three years"),
        pytest.param(1096, 0.0, id="more than three years"),
        pytest.param(None, 0.0, id="never"),
    ],
)
def test_freshness_by_the_age_of_the_last_sign_of_life(days: int | None, expected: float) -> None:
    seen = pd.Series([pd.NaT if days is None else NOW - pd.Timedelta(days=days)], dtype="datetime64[us, UTC]")
    assert freshness(seen, NOW).tolist() == [expected]


def quality(present: set[str], valid: set[str], fresh: float) -> pd.Series:
    """The score of one customer."""
    names = list(COMPLETENESS_WEIGHTS)
    has, good = (pd.DataFrame([[name in which for name in names]], columns=names) for which in (present, valid))
    return data_quality(has, good, np.array([fresh])).iloc[0]


EVERYTHING = set(COMPLETENESS_WEIGHTS)


@pytest.mark.parametrize(
    ("present", "valid", "fresh", "value", "reason"),
    [
        pytest.param(
            EVERYTHING, EVERYTHING, 1.0, 100, "all contact details known; heard of within 6 months", id="all there"
        ),
        pytest.param(
            set(),
            set(),
            0.0,
            0,
            "no name, email, mobile, address, birth date; 0% of the values are valid; not heard of for over 6 months",
            id="nothing",
        ),
        pytest.param(
            {"name"},
            {"name"},
            0.0,
            42,
            "no email, mobile, address, birth date; not heard of for over 6 months",
            id="a name: a quarter of 50, and all of what is there is valid",
        ),
        pytest.param(
            {"birth_date"},
            {"birth_date"},
            0.0,
            35,
            "no name, email, mobile, address; not heard of for over 6 months",
            id="a birth date weighs least",
        ),
        pytest.param(
            {"name", "email"},
            {"name"},
            1.0,
            60,
            "no mobile, address, birth date; 50% of the values are valid; heard of within 6 months",
            id="half of the values are valid",
        ),
        pytest.param(
            EVERYTHING,
            EVERYTHING,
            0.75,
            95,
            "all contact details known; not heard of for over 6 months",
            id="not so fresh",
        ),
        pytest.param(
            {"name"},
            EVERYTHING,
            0.0,
            42,
            "no email, mobile, address, birth date; not heard of for over 6 months",
            id="what is absent is not valid",
        ),
    ],
)
def test_data_quality_is_half_completeness_a_third_validity_and_the_rest_freshness(
    present: set[str], valid: set[str], fresh: float, value: int, reason: str
) -> None:
    told = quality(present, valid, fresh)
    assert (told["value"], told["reason"]) == (value, reason)


def test_the_weights_of_completeness_add_up_to_one() -> None:
    assert sum(COMPLETENESS_WEIGHTS.values()) == pytest.approx(1.0)


def test_data_quality_keeps_the_customers_apart() -> None:
    names = list(COMPLETENESS_WEIGHTS)
    has = pd.DataFrame([[True] * 5, [False] * 5], columns=names, index=[7, 3])
    told = data_quality(has, has, np.array([1.0, 0.0]))
    assert told["value"].to_dict() == {7: 100, 3: 0}
