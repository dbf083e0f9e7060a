"""Explanations in words: ten cases every retailer knows, with the shipped model, and what must stand in them."""

from __future__ import annotations

import pytest

from rcu.matching.explain import Rival, Verdict, explain_pair
from rcu.matching.model import MatchModel
from rcu.matching.scoring import Kernel
from rcu.matching.wording import in_words, strength
from tests.unit.matching.worlds import Record, encode

HOME = {"postcode": "35000", "street_key": "RUE LILAS", "street_number": "12", "city_key": "RENNES"}
ELSEWHERE = {"postcode": "13006", "street_key": "COURS PIERRE PUGET", "street_number": "3", "city_key": "MARSEILLE"}


def named(first: str, last: str, *, root: str | None = None, sound: str | None = None, **others: str) -> Record:
    return {
        "first_name_key": first, "first_name_root": root or first, "last_name_key": last,
        "last_name_sound": sound or last, **others,
    }  # fmt: skip


def told(model: MatchModel, one: Record, other: Record) -> tuple[Verdict, str]:
    kernel = Kernel(encode([one, other], model.columns()), model)
    explanation = explain_pair(kernel, 0, 1)
    return explanation.verdict, " ".join(in_words(explanation))


CASES = [
    pytest.param(
        named("ANNE", "LEGUEN", mobile="+33612345678", **HOME, email_key="leguen.famille@free.fr"),
        named("PAUL", "LEGUEN", mobile="+33687654321", **HOME, email_key="leguen.famille@free.fr"),
        Verdict.NO_MATCH,
        ["No strangers, but within a household it says nothing", "the same address", "another first name"],
        id="household",
    ),
    pytest.param(
        named("JEAN", "LEGUEN", birth_date="1950-05-01", **HOME),
        named("JEAN", "LEGUEN", birth_date="1981-11-23", **HOME),
        Verdict.POSSIBLE_MATCH,
        ["never joins two records with two different dates of birth", "another date of birth (strong)"],
        id="father and son",
    ),
    pytest.param(
        named("CLAIRE", "LEGUEN", birth_date="1984-02-17", email_key="claire84@free.fr"),
        named("CLAIRE", "MOREL", birth_name_key="LEGUEN", birth_date="1984-02-17", **HOME),
        Verdict.MATCH,
        ["One person", "the birth name of one is the name of the other", "the same date of birth (very strong"],
        id="marriage",
    ),
    pytest.param(
        named("MARTIN", "SIMONNET", **HOME),
        named("SIMONNET", "MARTIN", **HOME),
        Verdict.MATCH,
        ["One person", "first and last name changed places (strong)"],
        id="transposition",
    ),
    pytest.param(
        named("LUC", "GARNIER", postcode="69001"),
        named("ELODIE", "PETITJEAN", postcode="59000"),
        Verdict.NO_MATCH,
        ["Not one person", "Not known of both", "mobile"],
        id="junk phone: taken out before, so it is not known",
    ),
    pytest.param(
        named("STEPHANE", "LEFEVBRE", sound="LFBR", mobile="+33612345678"),
        named("STEPHANE", "LEFEBVRE", sound="LFBVR", mobile="+33612345678"),
        Verdict.MATCH,
        ["nearly the same last name, as after a slip", "the same mobile number"],
        id="typo",
    ),
    pytest.param(
        named("SOLENE", "LEGUEN", mobile="+33612345678", **HOME),
        named("SOLENE", "LEGUEN", mobile="+33612345678", **ELSEWHERE),
        Verdict.MATCH,
        ["One person", "the same mobile number", "the same first name"],
        id="moved",
    ),
    pytest.param(
        named("ANNE", "LEGUEN", email_key="lesleguen@free.fr"),
        named("PAUL", "LEGUEN", email_key="lesleguen@free.fr"),
        Verdict.NO_MATCH,
        ["never joins two records with two different first names for one mailbox", "another first name"],
        id="shared mailbox",
    ),
    pytest.param(
        named("M", "LEGUEN", **HOME, mobile="+33612345678"),
        named("MARIE", "LEGUEN", **HOME, mobile="+33612345678"),
        Verdict.MATCH,
        ["the same mobile number", "the same address"],
        id="initial",
    ),
    pytest.param(
        named("JOSIANE", "HOARAU", mobile="+262692123456"),
        named("JOSIANE", "HOARAU", mobile="+262692123456", postcode="97400", city_key="SAINT DENIS"),
        Verdict.MATCH,
        ["One person", "the same mobile number"],
        id="overseas phone",
    ),
]


@pytest.mark.parametrize(("one", "other", "verdict", "says"), CASES)
def test_what_is_said_of_a_pair_everybody_knows(
    model: MatchModel, one: Record, other: Record, verdict: Verdict, says: list[str]
) -> None:
    found, words = told(model, one, other)
    assert found is verdict, words
    assert [part for part in says if part not in words] == [], words


@pytest.mark.parametrize(("one", "other", "verdict", "says"), CASES)
def test_it_is_said_without_numbers_of_statistics(
    model: MatchModel, one: Record, other: Record, verdict: Verdict, says: list[str]
) -> None:
    words = told(model, one, other)[1].lower()
    assert not any(jargon in words for jargon in ("log", "bits", "prior", "likelihood", "probab", "weight"))


def test_a_waterfall_climbs_from_nothing_to_the_sum_against_the_rival(model: MatchModel) -> None:
    one, other = (CASES[0].values[0], CASES[0].values[1])
    explanation = explain_pair(Kernel(encode([one, other], model.columns()), model), 0, 1)
    rungs = explanation.waterfall
    assert explanation.rival is Rival.HOUSEHOLD
    assert [rung.start for rung in rungs] == [0.0, *(rung.end for rung in rungs[:-1])]
    assert rungs[-1].end == pytest.approx(explanation.total_household)
    assert "birth date" not in {rung.name for rung in rungs}


@pytest.mark.parametrize(
    ("bits", "called"),
    [(12.0, "very strong"), (-12.0, "very strong"), (5.0, "strong"), (3.1, "fair"), (-0.7, "weak"), (0.2, None)],
)
def test_so_many_bits_are_called(bits: float, called: str | None) -> None:
    assert strength(bits) == called
