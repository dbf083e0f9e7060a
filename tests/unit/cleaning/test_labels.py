"""What a postal label looks like, and that it always fits."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcu.cleaning.delivery import read_delivery
from rcu.cleaning.labels import LINES, WIDTH, Recipient, postal_label

ANNE = Recipient(civility="MME", first_name="Anne", last_name="Martin", postcode="75011", city="PARIS")


def at(street: str, **more: str) -> Recipient:
    """Anne at a street, read as cleaning reads it."""
    reading = read_delivery(street, None)
    parts = ("street", "street_number", "street_suffix", "street_type", "street_name")
    return dataclasses.replace(ANNE, **{part: getattr(reading, part) for part in parts}, **more)


@pytest.mark.parametrize(
    ("recipient", "lines"),
    [
        pytest.param(
            at("12 bis rue de la Paix", address_complement="APPARTEMENT 3", building="BATIMENT B", place="BP 12"),
            ("MME ANNE MARTIN", "APPARTEMENT 3", "BATIMENT B", "12 B RUE DE LA PAIX", "BP 12", "75011 PARIS"),
            id="six lines",
        ),
        pytest.param(at("5 rue Foch"), ("MME ANNE MARTIN", "5 RUE FOCH", "75011 PARIS"), id="empty lines are left out"),
        pytest.param(
            at("5 rue Foch", place="LIEU DIT SAINT JEAN", city="Saint-Cloud", postcode="92210"),
            ("MME ANNE MARTIN", "5 RUE FOCH", "LIEU DIT ST JEAN", "92210 ST CLOUD"),
            id="saints are ST on lines 5 and 6",
        ),
        pytest.param(
            at("5 rue Foch", city="SAINTES", postcode="17100"),
            ("MME ANNE MARTIN", "5 RUE FOCH", "17100 SAINTES"),
            id="the town of Saintes keeps its name",
        ),
        pytest.param(
            at("5 rue Saint-Jean"), ("MME ANNE MARTIN", "5 RUE SAINT JEAN", "75011 PARIS"), id="but not on line 4"
        ),
        pytest.param(
            at("5 rue Foch", cedex="CEDEX 08"), ("MME ANNE MARTIN", "5 RUE FOCH", "75011 PARIS CEDEX 08"), id="cedex"
        ),
        pytest.param(
            Recipient(company="Boulangerie Martin SARL", place="CS 30012", postcode="69003", city="LYON"),
            ("BOULANGERIE MARTIN SARL", "CS 30012", "69003 LYON"),
            id="a company",
        ),
        pytest.param(
            at("5 rue Foch", company="Acme"), ("ACME", "MME ANNE MARTIN", "5 RUE FOCH", "75011 PARIS"), id="both"
        ),
        pytest.param(
            at("5 Lange Straße", country="DE", city="Köln", postcode="50667"),
            ("MME ANNE MARTIN", "5 LANGE STRASSE", "50667 KOLN", "ALLEMAGNE"),
            id="abroad",
        ),
        pytest.param(
            at(
                "5 rue Foch", company="Acme", address_complement="APPARTEMENT 3", building="BATIMENT B",
                place="BP 12", country="BE",
            ),
            ("MME ANNE MARTIN", "APPARTEMENT 3 BATIMENT B", "5 RUE FOCH", "BP 12", "75011 PARIS", "BELGIQUE"),
            id="what is more than six lines joins or goes",
        ),
        pytest.param(Recipient(), (), id="nothing"),
    ],
)  # fmt: skip
def test_a_label_has_the_lines_of_the_norm(recipient, lines):
    assert postal_label(recipient) == lines


@pytest.mark.parametrize(
    ("street", "printed"),
    [
        pytest.param("12 avenue du Général de Gaulle", "12 AVENUE DU GENERAL DE GAULLE", id="30 characters fit"),
        pytest.param("12 avenue de la Porte de Villiers", "12 AV DE LA PORTE DE VILLIERS", id="34 do not"),
        pytest.param("1 boulevard des Frères Montgolfier", "1 BD DES FRERES MONTGOLFIER", id="first the type"),
        pytest.param("2 avenue du Maréchal Franchet d'Espérey", "2 AV DU MAL FRANCHET D ESPEREY", id="then the titles"),
        pytest.param(
            "12 boulevard du Professeur Jean Marie Charcot Duval",
            "12 BD DU PR J M CHARCOT DUVAL",
            id="then the first names",
        ),
        pytest.param(
            "12 chemin de la Fontaine aux Hirondelles de Nice",
            "12 CHE FONTAINE HIRONDELLES NICE",
            id="then the articles go",
        ),
        pytest.param(
            "12 chemin Fontaines Hirondelles Rossignols Provence",
            "12 CHE FONTAINES HIRONDELLES",
            id="at last it is cut at a word",
        ),
    ],
)
def test_a_long_street_is_abbreviated_step_by_step(street, printed):
    assert postal_label(at(street))[1] == printed


@pytest.mark.parametrize(
    ("last", "printed"),
    [
        pytest.param(
            "de la Rochefoucauld-Liancourt", "MME A M DE LA ROCHEFOUCAULD-LIANCOURT", id="the first name shrinks"
        ),
        pytest.param(
            "de Montmorency de la Tour Valence", "A M DE MONTMORENCY DE LA TOUR VALENCE", id="the civility goes"
        ),
        pytest.param("de Montmorency-Laval de la Tour Valence", "DE MONTMORENCY-LAVAL DE LA TOUR", id="then it is cut"),
    ],
)
def test_a_long_name_shrinks_before_it_is_cut(last, printed):
    assert postal_label(dataclasses.replace(ANNE, first_name="Anne-Marie", last_name=last))[0] == printed


TEXTS = (
    st.none()
    | st.text(max_size=60)
    | st.lists(st.sampled_from(["SAINT", "AVENUE", "de la", "GENERAL", "X" * 45]), max_size=9).map(" ".join)
)
FIELDS = [field.name for field in dataclasses.fields(Recipient)]


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXTS)))
def test_a_label_always_fits(values):
    lines = postal_label(Recipient(**values))
    assert len(lines) <= LINES
    assert all(0 < len(line) <= WIDTH and line == line.strip() and line.isprintable() for line in lines)


@given(st.fixed_dictionaries(dict.fromkeys(("street_type", "street_name", "place", "postcode", "city"), TEXTS)))
def test_below_the_building_there_is_no_punctuation_and_no_lower_case(values):
    for line in postal_label(Recipient(**values)):
        assert line == line.upper()
        assert all(mark.isalnum() or mark == " " for mark in line)


def test_labels_written_by_another_person_are_met():
    with (Path(__file__).parents[3] / "fixtures" / "cleaning" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        recipient = Recipient(**{field: row[field] or None for field in FIELDS if field in row})
        assert postal_label(recipient) == tuple(row["label"].split(" | ")), row["shows"]
