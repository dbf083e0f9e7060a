"""What holds for any text whatever: cleaning never fails, settles at once, and keys do not see how a value is typed."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcu.cleaning import standardise
from rcu.cleaning.text import fold
from rcu.cleaning.titles import marked_words
from rcu.domain.records import NOTE_COLUMNS, QUALITY_COLUMNS, RAW_FIELDS, STANDARD_COLUMNS

RAW_OF_STANDARD = {
    **{name: name for name in ("civility", "gender", "first_name", "last_name", "birth_name", "birth_date", "company")},
    **{name: name for name in ("email", "mobile", "postcode", "country")},
    "loyalty_number": "loyalty_number",
    "street": "address_line",
}
# several standard columns that one raw field takes, and what stands between them there
JOINED = {
    "phone": (["landline", "other_phones"], " / "),
    "address_complement": (["address_complement", "building", "place"], ", "),
    "city": (["city", "cedex"], " "),
}
# an address that cannot be read is suggested in another form, and is gone afterwards
REMARKS = {*QUALITY_COLUMNS, *NOTE_COLUMNS, "email_suggestion"}
VALUES = [name for name in STANDARD_COLUMNS if name not in REMARKS]

# words that rules look for, so that the odd combinations are met often
WORDS = [
    "M",
    "Mme",
    "MME.",
    "M.",
    "Mlle",
    "et",
    "ou",
    "&",
    "née",
    "NÉE",
    "épouse",
    "veuve",
    "VVE",
    "de",
    "du",
    "d'",
    "D'",
    "la",
    "Le",
    "van",
    "Mc",
    "O'Neil",
    "J.",
    "JP",
    "Jean-Pierre",
    "DUPONT",
    "Saint-Exupéry",
    "SARL",
    "SAS",
    "Mairie",
    "client",
    "Comptoir",
    "XXX",
    "test",
    "inconnu",
    "Fred",
    "Famille",
    ",",
    "/",
    "-",
    "(",
    ")",
    ".",
    '"',
    "'",
    "12",
    "12bis",
    "12/14",
    "3",
    "B",
    "bis",
    "ter",
    "av.",
    "Bd",
    "rue",
    "RUE",
    "chemin",
    "res",
    "Residence",
    "bat",
    "appt",
    "étage",
    "2eme",
    "chez",
    "BP",
    "cedex",
    "zone",
    "lot",
    "lieu-dit",
    "porte",
    "tour",
    "Gal",
    "Général",
    "mai",
    "1945",
    "75012",
    "PARIS",
    "St",
    "Ste",
    "s/",
    "(Le)",
    "ﬁ",
    "ß",
    "İ",
    "ŉ",
    "ǆ",
    "ͅ",
    "İ",
    "Ⅻ",
    "１２",
    "😀",
    "\t",
    "\n",
]
typed = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join)
anything = st.none() | st.text(max_size=30) | typed
phones = st.text(alphabet="0123456789+ .()/-", max_size=22)
emails = st.text(alphabet="ab.+@ ,_<>;-é", max_size=20) | st.emails()
dates = st.text(alphabet="0123456789/-. :T", max_size=19)
addressed = st.fixed_dictionaries(
    {
        **dict.fromkeys(RAW_FIELDS, anything),
        "phone": phones | anything,
        "mobile": phones | anything,
        "email": emails | anything,
        "birth_date": dates | anything,
        "postcode": st.text(alphabet="0123456789 F-", max_size=7) | anything,
        "country": st.sampled_from([None, "", "FR", "France", "BELGIQUE", "CH", "Atlantis", "Monaco"]) | anything,
    }
)
thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def again(standard: pd.DataFrame, *, clean: bool = True) -> pd.DataFrame:
    """Clean what cleaning gave, each standard value in the raw field it came from; or only put it there."""
    raw = standard[list(RAW_OF_STANDARD)].rename(columns=RAW_OF_STANDARD)
    raw = raw.assign(other_phones=standard["other_phones"].str.replace(" ", " / "))
    parts = standard.assign(other_phones=raw["other_phones"])
    for field, (columns, between) in JOINED.items():
        texts = parts[columns].astype(object)
        raw[field] = [between.join(text for text in row if isinstance(text, str)) or None for row in texts.to_numpy()]
    raw = raw.drop(columns="other_phones")
    return standardise(raw) if clean else raw


def values(standard: pd.DataFrame) -> list[dict[str, str | None]]:
    """Give the rows without their qualities, None for missing."""
    frame = standard[VALUES].astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


@thorough
@given(st.lists(addressed, min_size=1, max_size=5))
def test_cleaning_its_own_output_changes_no_value(rows: list[dict[str, str | None]]) -> None:
    once = standardise(pd.DataFrame(rows))
    assert values(again(once)) == values(once)


@thorough
@given(st.lists(addressed, max_size=5))
def test_any_text_gives_the_standard_columns_on_the_same_index(rows: list[dict[str, str | None]]) -> None:
    raw = pd.DataFrame(rows, columns=list(RAW_FIELDS), index=[f"row {place}" for place in range(len(rows))])
    standard = standardise(raw)
    assert tuple(standard.columns) == STANDARD_COLUMNS
    assert list(standard.index) == list(raw.index)
    assert standard[list(QUALITY_COLUMNS)].notna().all(axis=None)


def test_lone_surrogates_and_values_that_are_not_text_do_not_stop_it() -> None:
    raw = pd.DataFrame({"loyalty_number": ["\ud800Dupont", 12, None, float("nan")]}, dtype=object)
    assert standardise(raw)["loyalty_number"].notna().tolist() == [True, True, False, False]


FRENCH = "abcdefghijklmnopqrstuvwxyzàâäçéèêëîïôöùûüÿœæ"
french_words = st.lists(st.text(alphabet=FRENCH, min_size=2, max_size=8), min_size=1, max_size=3).map(" ".join)


@pytest.mark.parametrize("field", ["first_name", "last_name", "city", "address_line"])
@thorough
@given(data=st.data())
def test_accents_case_and_punctuation_never_change_a_key(field: str, data: st.DataObject) -> None:
    text = data.draw(french_words)
    key = {
        "first_name": "first_name_key",
        "last_name": "last_name_key",
        "city": "city_key",
        "address_line": "street_key",
    }
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    spellings = [
        text,
        text.upper(),
        text.title(),
        bare,
        f" {text}. ",
        text.replace(" ", "  "),
        unicodedata.normalize("NFD", text),
    ]
    if field in {"first_name", "last_name"} and marked_words().isdisjoint(fold(text).split()):
        spellings.append(text.replace(" ", "-"))
    keys = standardise(pd.DataFrame({field: spellings}))[key[field]]
    assert len(set(keys.astype(object).where(keys.notna(), None))) == 1


@thorough
@given(st.lists(addressed, min_size=2, max_size=6))
def test_a_row_is_cleaned_the_same_alone_or_among_others(rows: list[dict[str, str | None]]) -> None:
    together = values(standardise(pd.DataFrame(rows)))
    alone = [values(standardise(pd.DataFrame([row])))[0] for row in rows]
    assert together == alone


def test_an_accent_does_not_hide_that_two_people_are_named() -> None:
    keys = standardise(pd.DataFrame({"first_name": ["paul et marie", "paul èt marie", "PAUL ÈT MARIE"]}))
    assert set(keys["first_name_key"]) == {"PAUL"}
