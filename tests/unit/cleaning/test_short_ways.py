"""The short ways for many rows give what the long way gives for each, whatever words that rules look for are mixed."""

from __future__ import annotations

import gc
import importlib
import random
from contextlib import nullcontext

import pandas as pd
import pytest

from rcu.cleaning import CleaningSettings, standardise
from rcu.cleaning.junk import JunkLists, extended_lists
from rcu.cleaning.plainaddresses import read_addresses
from rcu.cleaning.plainemails import plain_emails
from rcu.cleaning.plainnames import read_names
from rcu.cleaning.rows import standardise_phone, standardise_row
from rcu.domain.records import RAW_FIELDS, STANDARD_COLUMNS

STANDARDISE = importlib.import_module("rcu.cleaning.standardise")
SETTINGS = CleaningSettings(junk=extended_lists(own_domains=("maison-verte.fr",), shop_names=("Maison Verte",)))
GIVEN = [
    "JEAN",
    "Jean-Pierre",
    "marie",
    "Marie Claire",
    "J.",
    "JP",
    "M",
    "Mme Marie",
    "Jean et Marie",
    "XXX",
    "Verte",
    "CLIENT",
    "Comptoir",
    "Fred",
    "Ø'Brien",
    "",
    "é",
    "Aa",
    "DUPONT",
    "Durand",
    "MARTIN",
    "Zoé",
    "jean",
    "Hélène",
    "HÃ©lÃ¨ne",
    "Anne, Paul",
    "12345",
    "a@b.fr",
    "DUPONT Jean",
    "Camille",
    "d'Aurore",
]
LAST = [
    "DUPONT",
    "Durand",
    "D'ESTAING",
    "DE LA TOUR",
    "Le Goff",
    "le-goff",
    "Petit née Grand",
    "Mme LE GOFF",
    "SARL DUPONT",
    "Hotel",
    "M. ET MME ROUX",
    "Marie",
    "Nathalie",
    "SOPHIE",
    "Martin",
    "O'Neil",
    "Saint-Exupéry",
    "SAINT",
    "Van den Berg",
    "l'Hermite",
    "Lï",
    "",
    "CLIENT COMPTOIR",
    "Maison Verte",
    "DUPONT Jean",
    "Dupont Jean",
    "R&eacute;my",
    "McDonald",
    "aaa",
    "M M",
    "née",
]
LINES = [
    "12 rue de la Paix",
    "3 BIS AV FOCH",
    "3bis, av. Foch",
    "RES LES PINS",
    "12 LOT MOLIERE",
    "LE BOURG",
    "rue de Bretagne 16",
    "",
    "INCONNU",
    "12 RUE X 75012 PARIS",
    "BP 12",
    "7 FBG ST ANTOINE",
    "12 B",
    "12 rue des Fleurs BAT B",
    "ZA LES PRES",
    "1 RUE QZX",
    "5 RES LES PINS",
    "12 TOUR EVE",
    "CHEZ M. DURAND",
    "12, PLACE DU GAL LECLERC",
    "8 hameau des Bois",
    "4 Grand'Rue",
    "12/14 rue Foch",
    "N 7",
    "2 rue du 8 mai 1945",
    "12345 rue Foch",
    "0 rue Foch",
    "9999 RUE FOCH",
    "BAT B",
    "APPT 3",
    "RES. BELLEVUE",
    "RESIDENCE DU PARC BAT A",
    "12",
    "LIEU DIT LES ROCHES",
    "C/O DUPONT",
    "3EME ETAGE",
    "av foch",
    "LES LILAS",
    "DUPONT",
    "ENTREE B, ESC 2",
    "CS 30012",
    "D 906",
    "ZI NORD",
    "la Paix",
]
EMAILS = [
    "jean.dupont@gmail.com",
    "JEAN+x@GoogleMail.com",
    "jean@gamil.com",
    "contact@dupont.fr",
    "info2@free.fr",
    "test@test.fr",
    "a@a.fr",
    "aaa@orange.fr",
    "x.y@maison-verte.fr",
    "jean@yopmail.com",
    "jean@société.fr",
    "jean..d@free.fr",
    "<jean@free.fr>",
    "jérôme@free.fr",
    "azerty@free.fr",
    "a-a_a@sfr.fr",
    "ab@free.fr",
    "1.1.1@free.fr",
    "jean@x",
    "jean@mail.com",
    "noreply@free.fr",
    "",
    "non",
    "jean@orange.fr;b@c.fr",
]
PREFIXES = ["0", "+33", "+33 ", "+33 (0)", "0033", "", "+590", "+33(0)", "33", "00330", "+32", ""]
BLOCKS = ["6", "7", "1", "2", "9", "690", "697", "639", "262", "508", "8", "0", "708", "594", "162", "70", "36"]
PLACES = [("75002", "Paris"), ("1000", "bourg en bresse"), ("69003", "LYON 3"), (None, "75002 PARIS"), ("ABC", None)]
COUNTRIES = [None, None, None, "FR", "France", "Belgique", "Monaco", "?", ""]


def number(rng: random.Random) -> str:
    text = rng.choice(PREFIXES) + rng.choice(BLOCKS)
    size = rng.choice([6, 9, 10, 10, 11, 12])
    while sum(letter.isdigit() for letter in text) < size:
        text += rng.choice(["", "", "", "", " ", ".", "-"]) + str(rng.randrange(10))
    return text


def row(rng: random.Random) -> dict[str, str | None]:
    postcode, city = rng.choice(PLACES)
    return {
        "civility": rng.choice([None, "", "M.", "Mme", "MLLE", "M et Mme", "Société", "?"]),
        "gender": rng.choice([None, None, "F", "1", "x"]),
        "first_name": rng.choice([None, *GIVEN]),
        "last_name": rng.choice([None, *LAST]),
        "birth_name": rng.choice([None, None, *LAST]),
        "full_name": rng.choice([None, None, "Jean Dupont", "M. DURAND Paul", "client"]),
        "company": rng.choice([None, None, None, "SARL X", ""]),
        "birth_date": rng.choice([None, "12/03/1980", "01/01/1900", "31/02/1980", "12/03", "29321"]),
        "email": rng.choice([None, *EMAILS]),
        "phone": rng.choice([None, "", number(rng), number(rng)]),
        "mobile": rng.choice([None, number(rng), "0612345678", "06 98 12 34 56 / 01 42 68 53 00"]),
        "address_line": rng.choice([None, *LINES]),
        "address_complement": rng.choice([None, None, *LINES]),
        "postcode": postcode,
        "city": city,
        "country": rng.choice(COUNTRIES),
        "loyalty_number": rng.choice([None, " 12 "]),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_rows_read_as_each_row_reads_alone(seed: int) -> None:
    rng = random.Random(seed)
    rows = [row(rng) for _ in range(1_500)]
    together = standardise(pd.DataFrame(rows, columns=list(RAW_FIELDS)), settings=SETTINGS).astype(object)
    together = together.where(together.notna(), None)
    alone = pd.DataFrame([standardise_row(one, settings=SETTINGS) for one in rows])[list(STANDARD_COLUMNS)].astype(
        object
    )
    alone = alone.where(alone.notna(), None)
    different = (together != alone) & ~(together.isna() & alone.isna())
    where = [(rows[place], column) for place, column in zip(*different.to_numpy().nonzero(), strict=True)][:3]
    assert not different.to_numpy().any(), [(one, STANDARD_COLUMNS[column]) for one, column in where]


LOOKS_ORDINARY = [
    pytest.param({"first_name": "DUPONT", "last_name": "Nathalie", "company": "SARL X"}, id="swapped, with a company"),
    pytest.param({"first_name": "DUPONT", "last_name": "Nathalie", "birth_name": "Roux"}, id="swapped but for a birth"),
    pytest.param({"first_name": "DUPONT", "last_name": "Nathalie", "civility": "M et Mme"}, id="swapped, of a couple"),
    pytest.param({"first_name": "DUPONT", "last_name": "Nathalie", "civility": "SARL"}, id="swapped, of a company"),
    pytest.param({"first_name": "DUPONT", "last_name": "Nathalie", "gender": "F"}, id="swapped, of a woman"),
    pytest.param({"first_name": "Marie Claire", "last_name": "O'Neil"}, id="swapped, and only just"),
    pytest.param({"email": "KAR\u0130NE@free.fr"}, id="an accent that lowers to an ordinary letter"),
    pytest.param({"email": "ab@ab.fr"}, id="two letters on both sides of the @"),
    pytest.param({"email": "toto@toto.fr"}, id="an address listed as a placeholder"),
    pytest.param({"email": f"{'jean.' * 13}@free.fr"}, id="a dot in front of the @"),
    pytest.param({"email": f"{'jean' * 16}x@free.fr"}, id="65 letters in front of the @"),
    pytest.param({"phone": "0508411234"}, id="a prefix dialled at home only"),
    pytest.param({"phone": "6 12 34 56 79"}, id="nine digits set apart"),
    pytest.param({"phone": "00331180880.00"}, id="what a spreadsheet made of a number"),
    pytest.param({"address_line": "3 RES LES PINS 1 RUE FOCH"}, id="a second number is the house's"),
    pytest.param({"address_line": "20 a 14 rue Foch"}, id="two numbers that go down"),
    pytest.param({"address_line": "3 ETAGE DROITE"}, id="a number that is no house's"),
    pytest.param({"address_line": "3 EME ETAGE"}, id="an ordinal that is no house's"),
    pytest.param({"address_line": "12 rue Foch 75012 PARIS"}, id="a town at the end of the line"),
    pytest.param({"address_line": "12 rue", "address_complement": "3 quartier Moulin"}, id="a way without a name"),
    pytest.param({"address_line": "12, rue Foch", "address_complement": "3 villa Moulin"}, id="a number set apart"),
    pytest.param({"address_line": "12, cote droit", "address_complement": "B palais"}, id="a side or a way"),
    pytest.param({"address_line": "BAT B"}, id="a building without a town"),
    pytest.param({"first_name": "X", "last_name": "X"}, id="an X in both names"),
    pytest.param({"first_name": "COCO B"}, id="a lone letter beside capitals"),
]


@pytest.mark.parametrize("raw", LOOKS_ORDINARY)
def test_what_only_looks_ordinary_reads_as_it_does_alone(raw: dict[str, str]) -> None:
    many = pd.DataFrame([{"last_name": "Roux"}] * 60 + [raw]).astype(object)
    together = standardise(many.where(many.notna(), None), settings=SETTINGS).astype(object).iloc[-1]
    assert together.where(together.notna(), None).to_dict() == standardise_row(raw, settings=SETTINGS)


def test_a_number_looked_up_reads_as_one_of_a_record() -> None:
    rng = random.Random(5)
    for written in [number(rng) for _ in range(2_000)] + ["06 98 12 34 56 / 01 42 68 53 00", "", " ", "0"]:
        row = standardise_row({"phone": written}, settings=SETTINGS)
        found = standardise_phone(written, settings=SETTINGS)._asdict()
        assert found == {name: row[name] for name in found}, written


def test_two_threads_read_what_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(4)
    raw = pd.DataFrame([row(rng) for _ in range(300)])
    one = standardise(raw)
    monkeypatch.setattr(STANDARDISE, "_MANY", 100)
    assert standardise(raw).equals(one)


@pytest.mark.parametrize("fails", [False, True])
def test_the_garbage_collector_rests_for_many_rows_and_works_again(
    monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    seen: list[bool] = []

    def look(raw: pd.DataFrame, junk: JunkLists) -> dict[str, pd.Series[str]]:
        seen.append(gc.isenabled())
        if fails:
            raise MemoryError
        return read_names(raw, junk)

    monkeypatch.setattr(STANDARDISE, "_MANY", 100)
    monkeypatch.setattr(STANDARDISE, "read_names", look)
    raw = pd.DataFrame({"first_name": ["Marie"] * 100})
    with pytest.raises(MemoryError) if fails else nullcontext():
        standardise(raw)
    with pytest.raises(MemoryError) if fails else nullcontext():
        standardise(raw[:-1])
    assert seen == [False, True]
    assert gc.isenabled()


def test_a_garbage_collector_that_rested_before_rests_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STANDARDISE, "_MANY", 100)
    gc.disable()
    try:
        standardise(pd.DataFrame({"first_name": ["Marie"] * 100}))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_ordinary_records_do_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        msg = "the long way was taken"
        raise AssertionError(msg)

    monkeypatch.setattr("rcu.cleaning.plainnames.read_name", never)
    monkeypatch.setattr("rcu.cleaning.plainaddresses.read_address", never)
    raw = pd.DataFrame(
        [
            {
                "civility": "MME",
                "first_name": "Marie",
                "last_name": "DE LA TOUR",
                "address_line": "12 bis rue de la Paix",
                "address_complement": "BAT B",
                "postcode": "75002",
                "city": "PARIS",
                "email": "marie.delatour@gmail.com",
            }
        ]
    )
    names, places = read_names(raw, SETTINGS.junk), read_addresses(raw, "FR")
    assert (names["last_name"][0], places["street"][0]) == ("de La Tour", "12 B RUE DE LA PAIX")
    emails = raw["email"].astype("string[pyarrow]").array.__arrow_array__().combine_chunks().cast("large_string")
    assert plain_emails(emails, SETTINGS.junk).mask.all()
