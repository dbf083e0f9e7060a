"""Scores: equal values score alike, no order of the customers shows, and every reason says what the number says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.domain.records import Quality
from rcu.golden.record import GOLDEN_COLUMNS
from rcu.insight.aggregates import Total
from rcu.insight.scores import (
    COMPLETENESS_WEIGHTS,
    RFM,
    Buyers,
    Details,
    ScoreBasis,
    aged,
    boundaries,
    data_quality,
    details,
    freshness,
    microseconds,
    quintile,
    rescored,
    rfm,
    score_basis,
)

NOW = datetime(2025, 12, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def quintiles(values: list[int]) -> list[int]:
    """The score of each value among all of them."""
    limits = boundaries(np.array(values, dtype=np.int64))
    return [quintile(value, limits) for value in values]


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
    assert quintiles(values) == exact_quintiles(values)


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
    assert quintiles(values) == expected


class Sums(NamedTuple):
    """What a customer bought in one currency."""

    currency: str = "EUR"
    orders: int = 1
    net: int = 1000
    last: datetime = NOW

    def total(self) -> Total:
        last = self.last if self.orders else None
        return Total(self.currency, self.orders, 0, self.net, last, last)


def columns(rows: list[Sums]) -> Buyers:
    """As the table of aggregates holds them."""
    return Buyers(
        currency=np.array([row.currency for row in rows], dtype=object),
        orders=np.array([row.orders for row in rows], dtype=np.int64),
        net_revenue_minor=np.array([row.net for row in rows], dtype=np.int64),
        last_order=np.array([microseconds(row.last) if row.orders else 0 for row in rows], dtype=np.int64),
    )


def basis(rows: list[Sums]) -> ScoreBasis:
    return score_basis(columns(rows), NOW)


SUMS = st.lists(
    st.builds(
        Sums,
        currency=st.sampled_from(["EUR", "EUR", "CHF"]),
        orders=st.integers(0, 6),
        net=st.integers(-500, 5000),
        last=st.integers(0, 700).map(lambda days: NOW - days * DAY),
    ),
    max_size=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=SUMS, data=st.data())
def test_the_basis_does_not_depend_on_the_order_of_the_customers(rows: list[Sums], data: st.DataObject) -> None:
    assert basis(rows) == basis(data.draw(st.permutations(rows)))


@settings(max_examples=60, deadline=None)
@given(rows=SUMS)
def test_every_buyer_is_scored_three_times_and_who_does_better_scores_no_less(rows: list[Sums]) -> None:
    of_all = basis(rows)
    buying = [row for row in rows if row.currency == of_all.currency and row.orders]
    scores = [{name: value for name, value, _ in rfm(row.total(), of_all)} for row in buying]
    for name, field in zip(RFM, ("orders", "net", "last"), strict=True):
        values = [getattr(row, field) for row in buying]
        numbers = values if field != "last" else [microseconds(value) for value in values]
        assert [score[name] for score in scores] == (exact_quintiles(numbers) if numbers else [])


@settings(max_examples=100, deadline=None)
@given(rows=SUMS, before=SUMS, after=SUMS)
def test_rescored_are_those_of_whom_another_score_is_told(
    rows: list[Sums], before: list[Sums], after: list[Sums]
) -> None:
    one, other = basis(before), basis(after)

    def told(row: Sums, measured: ScoreBasis) -> object:
        return rfm(row.total(), measured) if row.currency == measured.currency else []

    assert rescored(columns(rows), one, other).tolist() == [
        told(row, one) != told(row, other) or bool(one.currency != other.currency and told(row, one) + told(row, other))
        for row in rows
    ]


@settings(max_examples=60, deadline=None)
@given(rows=SUMS)
def test_a_basis_is_read_as_it_was_written(rows: list[Sums]) -> None:
    assert ScoreBasis.from_json(basis(rows).to_json()) == basis(rows)
    assert ScoreBasis.from_json(ScoreBasis().to_json()) == ScoreBasis()


@pytest.mark.parametrize(
    ("currencies", "main"),
    [
        pytest.param(["EUR", "CHF", "EUR"], "EUR", id="that of most customers"),
        pytest.param(["EUR", "CHF"], "CHF", id="of as many the first in the alphabet"),
        pytest.param([], None, id="nobody bought"),
    ],
)
def test_rfm_is_of_the_main_currency(currencies: list[str], main: str | None) -> None:
    assert basis([Sums(currency) for currency in currencies]).currency == main


def test_a_reason_says_what_the_score_was_given_for() -> None:
    day = datetime(2025, 3, 9, tzinfo=UTC)
    one, two = Sums(orders=1, net=1999, last=day), Sums(orders=2, net=5000, last=day + DAY)
    reasons = {name: reason for name, _, reason in rfm(one.total(), basis([one, two]))}
    assert reasons == {
        "rfm_frequency": "1 order: bottom fifth of buyers",
        "rfm_monetary": "net revenue 19.99: bottom fifth of buyers",
        "rfm_recency": "last order on 2025-03-09: bottom fifth of buyers",
    }
    assert rfm(two.total(), basis([one, two]))[0] == ("rfm_frequency", 5, "2 orders: top fifth of buyers")


def test_who_never_bought_is_not_scored_and_counts_for_nothing() -> None:
    returned = Sums(orders=0, net=-500)
    assert rfm(returned.total(), basis([returned])) == []
    assert basis([returned, Sums()]) == basis([Sums()])


def test_who_buys_after_the_run_is_scored_against_those_before() -> None:
    of_all = basis([Sums(orders=orders) for orders in (1, 2, 3, 4, 5)])
    assert [rfm(Sums(orders=orders).total(), of_all)[0][1] for orders in (1, 3, 99)] == [1, 3, 5]


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
    assert freshness(None if days is None else NOW - days * DAY, NOW) == expected


def test_who_was_heard_of_after_the_run_is_fresh() -> None:
    assert freshness(NOW + DAY, NOW) == freshness(NOW, None) == 1.0


INSTANTS = st.one_of(st.none(), st.integers(0, 1500 * 24).map(lambda hours: NOW - timedelta(hours=hours)))


@settings(max_examples=100, deadline=None)
@given(seen=st.lists(INSTANTS, max_size=20), before=INSTANTS, after=INSTANTS)
def test_aged_are_those_whose_freshness_is_another(
    seen: list[datetime | None], before: datetime | None, after: datetime | None
) -> None:
    found = aged(np.array([at and at.replace(tzinfo=None) for at in seen], dtype="datetime64[us]"), before, after)
    assert found.tolist() == [freshness(at, before) != freshness(at, after) for at in seen]


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
    shown = Details(*(tuple(name in which for name in COMPLETENESS_WEIGHTS) for which in (present, valid)))
    told = data_quality(shown, fresh)
    assert (told["value"], told["reason"]) == (value, reason)


def test_the_weights_of_completeness_add_up_to_one() -> None:
    assert sum(COMPLETENESS_WEIGHTS.values()) == pytest.approx(1.0)


GOLDEN = dict.fromkeys(GOLDEN_COLUMNS)


@pytest.mark.parametrize(
    ("golden", "present"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"first_name": "Anne", "last_name": "Martin"}, {"name"}, id="a whole name"),
        pytest.param({"last_name": "Martin"}, set(), id="half a name"),
        pytest.param({"company": "Lilas SARL"}, {"name"}, id="a company"),
        pytest.param({"street": "3 quai Sud", "postcode": "29200"}, {"address"}, id="street and postcode"),
        pytest.param({"postcode": "29200", "city": "Brest"}, set(), id="half an address"),
        pytest.param(
            {"email": "a@x.fr", "mobile": "+33612345678", "birth_date": "1980"},
            {"email", "mobile", "birth_date"},
            id="contact points and a year of birth",
        ),
    ],
)
def test_what_a_golden_record_has_to_show(golden: dict[str, str], present: set[str]) -> None:
    found = details(GOLDEN | golden)
    assert {name for name, here in zip(COMPLETENESS_WEIGHTS, found.present, strict=True) if here} == present


@pytest.mark.parametrize("quality", [None, *Quality])
def test_what_cleaning_found_valid_or_repaired_is_valid(quality: str | None) -> None:
    found = details(GOLDEN | {"mobile_quality": quality})
    assert found.valid == (False, False, quality in {"valid", "repaired"}, False, False)
