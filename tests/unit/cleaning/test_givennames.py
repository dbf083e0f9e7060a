"""What a first name stands for: familiar forms, by the sex stated, and the spellings of one name; others stay apart."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from rcu.cleaning.givennames import full_forms, given_root, is_familiar, spellings
from rcu.cleaning.nameweights import given_table, likely_gender
from rcu.cleaning.text import fold, load_list

SEXES = (None, "F", "M")
APART = [
    ("CHRISTIAN", "CHRISTELLE", "CHRISTINE", "CHRISTIANE", "CHRISTOPHE"),
    ("MICHEL", "MICHELE", "MICKAEL"),
    ("DANIEL", "DANIELE"),
    ("FREDERIC", "FREDERIQUE"),
    ("PASCAL", "PASCALE"),
    ("EMMANUEL", "EMMANUELLE"),
    ("GABRIEL", "GABRIELLE"),
    ("RAPHAEL", "RAPHAELLE"),
    ("STEPHANE", "STEPHANIE"),
    ("LAURENT", "LAURENCE", "LAURE", "LAURA"),
    ("FRANCOIS", "FRANCOISE", "FRANCK", "FRANCINE"),
    ("GAEL", "GAELLE", "GWENAEL", "GWENAELLE"),
    ("JEAN", "JEANNE", "JEANNINE", "JEAN PAUL", "JEAN PIERRE"),
    ("JULIE", "JULIEN", "JULES", "JULIA", "JULIETTE"),
    ("LUC", "LUCAS", "LUCIE", "LUCIEN", "LUCIENNE", "LUCILE", "LUCETTE"),
    ("MARIE", "MARINE", "MARION", "MARTINE", "MARIANNE"),
    ("ALEXANDRE", "ALEXANDRA", "ALEXIS", "ALEXIA"),
    ("ANNE", "ANNA", "ANNIE", "ANNICK", "ANNETTE", "HANNAH"),
    ("DENIS", "DENISE"),
    ("LOUIS", "LOUISE", "LOUISON", "LOU"),
    ("LEA", "LEO", "LEON", "LEANA"),
    ("PAUL", "PAULE", "PAULINE", "PAULETTE"),
    ("SAMUEL", "SAMI", "SAMIA", "SAMANTHA"),
    ("MARGOT", "MARGUERITE"),
    ("EMMA", "EMY", "EMILIE"),
    ("THEO", "THEODORE", "MATHEO"),
    ("LILY", "LILIANE"),
]


@pytest.mark.parametrize("names", [pytest.param(names, id=names[0]) for names in APART])
@pytest.mark.parametrize("sex", SEXES)
def test_names_of_different_people_stay_apart(names: tuple[str, ...], sex: str | None) -> None:
    roots = {name: given_root(name, sex) for name in names}
    assert len(set(roots.values())) == len(names), roots


@pytest.mark.parametrize("sex", SEXES)
def test_a_root_is_its_own_root_and_a_name_people_bear(sex: str | None) -> None:
    roots = {given_root(form, sex) for form in {*full_forms(), *spellings()} if given_root(form, sex) != form}
    assert not {root for root in roots if given_root(root, sex) != root or is_familiar(root)}
    assert roots <= set(given_table())


@pytest.mark.parametrize("name", ["diminutives.csv", "given_spellings.csv"])
def test_a_list_is_written_folded_sorted_and_says_nothing_twice(name: str) -> None:
    rows = [line.split(",") for line in load_list(name)]
    assert all(fold(cell) == cell for row in rows for cell in row)
    keys = [(row[0], row[2:]) for row in rows]
    assert keys == sorted(keys)
    assert all(one != other for one, other in pairwise(keys))


def test_a_form_is_a_familiar_one_or_a_spelling() -> None:
    assert not full_forms().keys() & spellings().keys()


def test_a_form_of_one_sex_stands_for_a_name_of_that_sex_and_for_another_without_it() -> None:
    for form, names in full_forms().items():
        assert names.keys() <= {"", "F", "M"}, form
        assert all(likely_gender(full) in {sex, None} for sex, full in names.items() if sex), form
        assert all(one != other for one, other in combinations(names.values(), 2)), form


def test_a_spelling_is_of_the_sex_of_its_name() -> None:
    sexes = {spelling: {likely_gender(spelling), likely_gender(name)} for spelling, name in spellings().items()}
    assert not {spelling for spelling, both in sexes.items() if {"F", "M"} <= both}
