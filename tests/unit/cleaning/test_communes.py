"""Postcode and town become a commune: the rules one by one, what holds for any text, and thousands of spoilt places."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.spoiled_places import HOPELESS, SPOILERS, spoiled_places
from rcu.cleaning.communetable import COMMUNE, DISTRICT, load_table
from rcu.cleaning.localities import Place, read_place
from rcu.domain.records import Quality

VALID, REPAIRED, SUSPECT = Quality.VALID, Quality.REPAIRED, Quality.SUSPECT


def settled(place: Place) -> tuple[str | None, ...]:
    """Give the values of a place, without quality and notes."""
    return place[:5]


def again(place: Place) -> Place:
    """Read a place from what it gives."""
    return read_place(place.postcode, " ".join(part for part in (place.city, place.cedex) if part) or None)


@pytest.mark.parametrize(
    ("postcode", "city", "commune", "shown"),
    [
        pytest.param("94160", "saint-mandé", "94067", "ST MANDE", id="case, accents and hyphens do not matter"),
        pytest.param("94160", "S. Mandé", "94067", "ST MANDE", id="S. is SAINT"),
        pytest.param("94160", "SAINTMANDE", "94067", "ST MANDE", id="a lost space"),
        pytest.param("71100", "Chalon s/ Saône", "71076", "CHALON SUR SAONE", id="s/ is SUR"),
        pytest.param("71100", "CHALON S SAONE", "71076", "CHALON SUR SAONE", id="a lone S is SUR"),
        pytest.param("77260", "La Ferté s/s Jouarre", "77183", "LA FERTE SOUS JOUARRE", id="s/s is SOUS"),
        pytest.param("94240", "LHAY LEZ ROSES", "94038", "L HAY LES ROSES", id="a lost apostrophe, LEZ for LES"),
        pytest.param("76600", "Havre (Le)", "76351", "LE HAVRE", id="an article behind"),
        pytest.param("76600", "HAVRE", "76351", "LE HAVRE", id="an article left out"),
        pytest.param("17100", "Saintes", "17415", "SAINTES", id="Saintes is a town"),
        pytest.param("67220", "Villé", "67507", "VILLE", id="Villé is a town"),
        pytest.param("20000", "Ajaccio", "2A004", "AJACCIO", id="Corsica"),
        pytest.param("97400", "St Denis", "97411", "ST DENIS", id="overseas"),
        pytest.param("01200", "Châtillon-en-Michaille", "01033", "VALSERHONE", id="a former commune"),
        pytest.param("16460", "Moutonneau", "16023", "AUNAC SUR CHARENTE", id="an obsolete code leads to its heir"),
        pytest.param("13290", "Les Milles", "13001", "LES MILLES", id="a delivery label that is no commune"),
        pytest.param("75012", "Paris", "75112", "PARIS", id="the postcode tells the arrondissement"),
        pytest.param("75116", "PARIS XVI", "75116", "PARIS", id="a Roman number"),
        pytest.param("69003", "Lyon 3ème", "69383", "LYON", id="an ordinal"),
        pytest.param("13008", "MARSEILLE 08", "13208", "MARSEILLE", id="a number with a zero"),
        pytest.param("75001", "Paris 1er arrondissement", "75101", "PARIS", id="the word arrondissement"),
        pytest.param("75380", "PARIS CEDEX 08", "75056", "PARIS", id="CEDEX tells the town only"),
        pytest.param("33074", "BORDEAUX CDX", "33063", "BORDEAUX", id="CEDEX of a large town"),
        pytest.param(None, "PARIS", "75056", "PARIS", id="a town of several postcodes alone"),
        pytest.param("75021", "Paris", "75056", "PARIS", id="a postcode that does not exist"),
    ],
)
def test_what_is_written_right_is_valid(postcode: str | None, city: str, commune: str, shown: str) -> None:
    place = read_place(postcode, city)
    assert (place.commune_insee, place.city, place.quality, place.notes) == (commune, shown, VALID, ())


@pytest.mark.parametrize(
    ("postcode", "city", "found", "quality", "notes"),
    [
        pytest.param("1000", "Bourg-en-Bresse", ("01000", "01053"), REPAIRED, "postcode_zero_restored", id="lost zero"),
        pytest.param("75012.0", "Paris", ("75012", "75112"), REPAIRED, "postcode_cleaned", id="spreadsheet"),
        pytest.param("F-75012", "Paris", ("75012", "75112"), REPAIRED, "postcode_cleaned", id="country letter"),
        pytest.param("75.012", "Paris", ("75012", "75112"), REPAIRED, "postcode_cleaned", id="a dot"),
        pytest.param("75O12", "Paris", ("75012", "75112"), REPAIRED, "postcode_cleaned", id="letter O"),
        pytest.param(
            None, "75012 PARIS", ("75012", "75112"), REPAIRED, "postcode_from_city", id="in front of the town"
        ),
        pytest.param(
            "75012 PARIS", None, ("75012", "75112"), REPAIRED, "postcode_cleaned", id="town with the postcode"
        ),
        pytest.param(None, "Paris 12e", ("75012", "75112"), REPAIRED, "postcode_from_city", id="arrondissement alone"),
        pytest.param(
            "75000", "PARIS 12", ("75012", "75112"), REPAIRED, "postcode_from_city", id="postcode of all Paris"
        ),
        pytest.param("33000", None, ("33000", "33063"), REPAIRED, "city_from_postcode", id="no town"),
        pytest.param("01400", None, ("01400", None), VALID, "", id="no town, several communes"),
        pytest.param("06000", "Nise", ("06000", "06088"), REPAIRED, "city_typo", id="a slip"),
        pytest.param("94160", "SIANT MANDE", ("94160", "94067"), REPAIRED, "city_typo", id="a slip within SAINT"),
        pytest.param("92100", "BOULOGNE", ("92100", "92012"), REPAIRED, "city_typo", id="half a name"),
        pytest.param("59000", "LILLE FIVES", ("59000", "59350"), REPAIRED, "city_typo", id="a quarter behind"),
        pytest.param(
            "51000", "CHALONS CHAMPAGNE", ("51000", "51108"), REPAIRED, "city_typo", id="small words left out"
        ),
        pytest.param("75012", "PRAIS 12", ("75012", "75112"), REPAIRED, "city_typo", id="a slip before the number"),
        pytest.param("76000", "Strasbourg", ("67000", "67482"), REPAIRED, "postcode_from_city", id="digits swapped"),
        pytest.param("330000", "Bordeaux", ("33000", "33063"), REPAIRED, "postcode_from_city", id="a digit doubled"),
        pytest.param("abc", "Paris", (None, "75056"), SUSPECT, "postcode_unreadable", id="no postcode at all"),
        pytest.param("33000", "LYON", ("33000", None), SUSPECT, "disagree", id="two towns"),
        pytest.param(
            None, "Les Cluses", ("66480", "66063"), REPAIRED, "postcode_from_city", id="an article that tells"
        ),
        pytest.param("33600", "BORDEAUX", ("33600", None), SUSPECT, "disagree", id="the large town next door"),
        pytest.param("75001", "PARIS 12", ("75001", None), SUSPECT, "disagree", id="two arrondissements"),
        pytest.param("33000", "ZZZZ", ("33000", None), SUSPECT, "city_unknown", id="no such town"),
        pytest.param(None, "Saint-Denis", (None, None), VALID, "", id="namesakes"),
    ],
)
def test_what_is_spoilt_is_repaired_or_left_with_a_note(
    postcode: str | None, city: str | None, found: tuple[str | None, str | None], quality: Quality, notes: str
) -> None:
    place = read_place(postcode, city)
    assert (place.postcode, place.commune_insee) == found
    assert (place.quality, " ".join(place.notes)) == (quality, notes)


@pytest.mark.parametrize(
    ("city", "cedex"),
    [
        ("PARIS CEDEX 8", "CEDEX 08"),
        ("paris cédex08", "CEDEX 08"),
        ("PARIS CDX", "CEDEX"),
        ("CEDEX 08 PARIS", "CEDEX 08"),
    ],
)
def test_cedex_is_set_apart_in_one_form(city: str, cedex: str) -> None:
    assert settled(read_place("75380", city)) == ("75380", "PARIS", "PARIS", cedex, "75056")


def test_the_number_of_cedex_has_two_digits_only_where_it_is_an_arrondissement() -> None:
    assert [read_place("44036", f"NANTES CEDEX {number}").cedex for number in ("1", "01")] == ["CEDEX 1"] * 2


@pytest.mark.parametrize("city", ["MONACO", "Monte-Carlo"])
def test_monaco_is_left_as_it_is(city: str) -> None:
    place = read_place("98000", city)
    assert (place.commune_insee, place.quality, place.notes) == (None, VALID, ())


def test_a_postcode_of_nothing_is_missing() -> None:
    assert read_place(None, "  ") == Place(None, None, None, None, None, Quality.MISSING, ())


def test_a_hole_for_a_town_leaves_none() -> None:
    assert settled(read_place("01400", "XXX")) == ("01400", None, None, None, None)


def test_every_commune_is_found_under_its_postcodes() -> None:
    own = [entry for entry in load_table().entries if entry.kind in {COMMUNE, DISTRICT}]
    lost = [e for e in own for post in e.postcodes if read_place(post, e.name).commune_insee != e.insee]
    # the two communes named Thièvres share a postcode across the border of two departments
    assert {entry.name for entry in lost} <= {"THIEVRES"}


def test_every_name_is_shown_so_that_it_is_found_again() -> None:
    pairs = [(post, entry.spelling) for entry in load_table().entries for post in entry.postcodes]
    places = [read_place(*pair) for pair in pairs]
    assert [settled(again(place)) for place in places] == [settled(place) for place in places]


def test_the_table_is_of_today() -> None:
    table = load_table()
    today = {entry.insee for entry in table.entries if entry.kind in {COMMUNE, DISTRICT}}
    assert len(today) == 34_969 + 45
    assert {entry.insee for entry in table.entries} == today


WORDS = (
    *(
        "Paris",
        "12",
        "XII",
        "e",
        "arrondissement",
        "Lyon",
        "3",
        "CEDEX",
        "cdx",
        "08",
        "75012",
        "1000",
        "Saint",
        "St",
        "S.",
    ),
    *(
        "s/",
        "s/s",
        "Denis",
        "Ouen",
        "Le",
        "(Le)",
        "L'",
        "Hay",
        "les",
        "Roses",
        "Havre",
        "ville",
        "Ville",
        "INCONNU",
        "sur",
    ),
    *("de", "Mer", "Martin", "FRANCE", "F", "2A", "ß", "Ⅻ", "１２", "٣", "Œ", "Marseille", "13", "Monaco", "\t"),
)
typed = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
codes = st.sampled_from(
    ["75012", "75116", "13005", "1000", "33000", "98000", "75000", "20000", "97400", "F-75012", "750012"]
)
towns = st.sampled_from(sorted({entry.name for entry in load_table().entries}))
postcodes = st.none() | codes | st.text(alphabet="0123456789 .F-O", max_size=7) | typed | st.text(max_size=9)
cities = st.none() | typed | towns | st.text(max_size=30) | st.builds("{} {}".format, towns, typed)
thorough = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(postcodes, cities)
def test_what_is_read_is_read_again(postcode: str | None, city: str | None) -> None:
    place = read_place(postcode, city)
    assert settled(again(place)) == settled(place)


@thorough
@given(
    postcodes,
    st.lists(st.text(alphabet="abcdefghijklmnoprstuvyzàçéèêëîïôùûüœ", min_size=1, max_size=9), max_size=4) | towns,
)
def test_case_accents_and_punctuation_change_no_value(postcode: str | None, words: list[str] | str) -> None:
    text = words if isinstance(words, str) else " ".join(words)
    bare = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    spellings = [text, text.upper(), text.title(), bare, f"  {text}. ", text.replace(" ", "-"), text.replace(" ", "  ")]
    assert len({settled(read_place(postcode, spelling)) for spelling in spellings}) == 1


@thorough
@given(st.sampled_from([e for e in load_table().entries if e.kind in {COMMUNE, DISTRICT} and e.postcodes]), st.data())
def test_spaces_do_not_matter_where_the_commune_is_found(entry: object, data: st.DataObject) -> None:
    postcode = data.draw(st.sampled_from(entry.postcodes))
    assert settled(read_place(postcode, entry.name.replace(" ", ""))) == settled(read_place(postcode, entry.name))


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_spoilt_places_are_read_right_and_hardly_ever_wrong(seed: int) -> None:
    cases = list(spoiled_places(seed, 6000))
    assert len({case.kind for case in cases}) == len(SPOILERS)
    outcomes = Counter[str]()
    for case in cases:
        place = read_place(case.postcode, case.city)
        outcomes["right" if place.commune_insee == case.commune else "wrong" if place.commune_insee else "none"] += 1
        assert settled(again(place)) == settled(place)
    assert outcomes["right"] >= 0.99 * len(cases)
    assert outcomes["wrong"] < 0.002 * len(cases)


def test_what_nothing_tells_is_left_open() -> None:
    hopeless = [case for case in spoiled_places(7, 6000) if case.kind in HOPELESS]
    guessed = [case for case in hopeless if read_place(case.postcode, case.city).commune_insee]
    assert len(guessed) <= 0.005 * len(hopeless)
