"""What is typed is taken apart, and answered as far as slips go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from rcu.services.search_terms import (
    Level,
    Reading,
    Terms,
    of_first,
    of_last,
    one_slip_away,
    read_terms,
    readings,
    slips_between,
)
from rcu.services.searching import masked_card, masked_mailbox, masked_phone

LETTERS = st.text("ABCDE", min_size=4, max_size=9)


@pytest.mark.parametrize(
    ("text", "words", "numbers", "codes"),
    [
        pytest.param("Jean-Pierre d'Estaing", "JEAN PIERRE D ESTAING", "", "", id="words are folded"),
        pytest.param("Sainte-Marie", "STE MARIE", "", "", id="saints are short"),
        pytest.param("06 39.98-12 34", "", "0639981234", "", id="digits that follow each other are one number"),
        pytest.param("+33 (0)6 39", "", "+33639", "", id="a country's, and the 0 that goes with none"),
        pytest.param("0033 6 39", "", "+33639", "", id="dialled from abroad"),
        pytest.param("0012", "", "0012", "", id="last digits, from nowhere"),
        pytest.param("69003 durand 1234", "DURAND", "69003 1234", "", id="a word lies between"),
        pytest.param("69003 1234", "", "69003 1234", "", id="a postcode is a number of its own"),
        pytest.param("durand 6", "DURAND", "", "", id="one digit is not looked at yet"),
        pytest.param("Marie.D@Mail.fr C0012", "", "", "marie.d@mail.fr c0012", id="mailboxes and cards"),
        pytest.param("a b c d e f g", "A B C D E F", "", "", id="six words"),
        pytest.param(" .,;- ", "", "", "", id="nothing"),
    ],
)
def test_text_is_taken_apart(text: str, words: str, numbers: str, codes: str) -> None:
    assert read_terms(text) == Terms(tuple(words.split()), tuple(numbers.split()), tuple(codes.split()))


def test_words_are_read_in_every_order_towns_behind_or_before() -> None:
    assert list(readings(["A", "B"], towns=False)) == [
        Reading("", "A B", ""), Reading("A", "B", ""), Reading("B", "A", ""), Reading("A B", "", ""),
    ]  # fmt: skip
    assert {Reading("A", "", "B"), Reading("", "B", "A"), Reading("", "A", "B")} < set(readings(["A", "B"], towns=True))


@given(LETTERS, LETTERS)
def test_whatever_is_one_slip_away_begins_as_a_mended_word_does(word: str, name: str) -> None:
    if OSA.distance(word, name) == 1:
        assert slips_between(word, name) == 1
        assert name in one_slip_away(word)


@given(LETTERS, LETTERS)
def test_slips_are_those_of_the_distance_up_to_as_many_as_a_word_may_have(word: str, name: str) -> None:
    cuts = {name, name[: len(word)], name[: len(word) + 1]}
    least = min(OSA.distance(word, one) for one in cuts)
    assert slips_between(word, name) == (least if least <= (1 if len(word) < 7 else 2) else None)


@pytest.mark.parametrize(
    ("answers", "word", "name", "level"),
    [
        (of_last, "TOUR", "TOUR", Level.EXACT),
        (of_last, "TOU", "TOUR", Level.BEGINNING),
        (of_last, "TOUR", "DE LA TOUR", Level.BEGINNING),
        (of_last, "TUOR", "TOUR", Level.NEAR),
        (of_last, "TOR", "TOUR", Level.NOT),
        (of_last, "TOUR", None, Level.NOT),
        (of_first, "CATHY", "CATHERINE", Level.FORM),
        (of_first, "CATHERINE", "CATHY", Level.FORM),
        (of_first, "CATEHRINE", "CATHERINE", Level.NEAR),
    ],
)
def test_names_answer_words(answers, word: str, name: str | None, level: Level) -> None:
    assert answers(word, name) is level


def test_contacts_are_masked_so_that_nobody_can_use_them() -> None:
    assert masked_mailbox("paule.moreau@mail.example.fr") == "p***@mail.example.fr"
    assert [masked_phone(one) for one in ("+33639980001", "+3225551234")] == ["06 •• •• •• 01", "+32 •••• 34"]
    assert [masked_card(one) for one in ("2800012345678", "12345")] == ["••••678", "••••"]
    assert masked_mailbox(None) is masked_phone(None) is masked_card("") is None
