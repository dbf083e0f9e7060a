"""Names read in mailboxes, when the record that has the mailbox has no name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from rcu.matching.blockkeys import BlockingRule
from rcu.matching.conditions import NothingSpelt, Pairs, Spells
from rcu.matching.linking import link
from rcu.matching.model import load_model
from rcu.matching.pairs import candidate_pairs
from tests.unit.matching.worlds import Record, encode

COLUMNS = {"mailbox": "email_key", "first": "first_name_key", "last": "last_name_key"}
RULE = BlockingRule(name="spelt", of=("first_name_key", "last_name_key", "postcode"), spelt_in="email_key")


def mailbox(text: str | None, **others: str | None) -> Record:
    return {"email_key": text, **others}


def named(first: str | None, last: str | None, **others: str | None) -> Record:
    return {"first_name_key": first, "last_name_key": last, **others}


def form_of(left: Record, right: Record) -> str | None:
    """The first form in which one record's mailbox spells the other's name; the same both ways round."""
    table = encode([left, right], list(COLUMNS.values()))
    both = Pairs(table, np.array([0, 1]), np.array([1, 0]))
    for form in ("whole", "initial", "family"):
        condition = Spells.model_validate({**COLUMNS, "form": form})
        holds = condition.holds(both).tolist()
        assert holds[0] == holds[1]
        assert not holds[0] or condition.might(both).all()
        if holds[0]:
            return form
    return None


@pytest.mark.parametrize(
    ("text", "first", "last", "form"),
    [
        pytest.param("jean.dupont@mail.example", "JEAN", "DUPONT", "whole", id="first, last"),
        pytest.param("dupont_jean@mail.example", "JEAN", "DUPONT", "whole", id="last, first"),
        pytest.param("claire.renucci90@mail.example", "CLAIRE", "RENUCCI", "whole", id="a number does not count"),
        pytest.param("jguitton-sellier@mail.example", "JEAN", "GUITTON SELLIER", "initial", id="initial, double name"),
        pytest.param("dossantosc@mail.example", "CECILE", "DOS SANTOS", "initial", id="last name, initial"),
        pytest.param("isabellev@mail.example", "ISABELLE", "VIRY", "initial", id="first name, initial"),
        pytest.param("viry@mail.example", "ISABELLE", "VIRY", "family", id="last name alone"),
        pytest.param("famjousse@mail.example", "NATHALIE", "JOUSSE", "family", id="fam."),
        pytest.param("leshamdaouis@mail.example", "DAVID", "HAMDAOUI", "family", id="les ...s"),
        pytest.param("jean@mail.example", "JEAN", "DUPONT", None, id="a first name is anybody's"),
        pytest.param("sunshine@dupont.example", "JEAN", "DUPONT", None, id="the domain does not count"),
        pytest.param("1234@mail.example", "JEAN", "DUPONT", None, id="no letters"),
    ],
)
def test_how_a_mailbox_spells_a_name(text: str, first: str, last: str, form: str | None) -> None:
    assert form_of(mailbox(text), named(first, last)) == form
    assert form_of(named(first, last), mailbox(text)) == form


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(named("JEAN", None, email_key="jean.dupont@m.example"), named("JEAN", "DUPONT"), id="half a name"),
        pytest.param(named("LEA", "ROY", email_key="jean.dupont@m.example"), named("JEAN", "DUPONT"), id="two names"),
        pytest.param(mailbox("jean.dupont@m.example"), named("JEAN", None), id="nothing to compare with"),
        pytest.param(mailbox("jean.dupont@m.example"), mailbox("dupont.jean@m.example"), id="two mailboxes"),
        pytest.param(named("JEAN", "DUPONT"), named("JEAN", "DUPONT"), id="no mailbox"),
    ],
)
def test_nothing_is_read_where_names_say_it_or_nobody_has_one(left: Record, right: Record) -> None:
    table = encode([left, right], list(COLUMNS.values()))
    both = Pairs(table, np.array([0, 1]), np.array([1, 0]))
    assert NothingSpelt.model_validate(COLUMNS).holds(both).all()
    assert form_of(left, right) is None


def test_a_rule_brings_together_a_mailbox_and_the_name_it_spells() -> None:
    records = [
        mailbox("dupont.jean@m.example", postcode="69003"),
        named("JEAN", "DUPONT", postcode="69003", email_key=None),
        named("JEAN", "DUPONT", postcode="31000", email_key=None),
        named("LEA", "ROY", postcode="69003", email_key="lea@m.example"),
        named("LEA", "ROY", postcode="69003", email_key=None),
    ]
    table = encode(records, RULE.columns())
    found = [
        (int(a), int(b))
        for pairs in candidate_pairs(table, [RULE])
        for a, b in zip(pairs.left, pairs.right, strict=True)
    ]
    assert found == [(0, 1)]


def test_a_rule_needs_something_beside_the_name() -> None:
    with pytest.raises(ValidationError, match="spelt_in needs two columns of names and one that agrees"):
        BlockingRule(name="spelt", of=("first_name_key", "last_name_key"), spelt_in="email_key")


def test_a_mailbox_without_a_name_finds_its_person_by_name_and_postcode() -> None:
    world = [
        mailbox("ludivine.abecassis@m.example", postcode="21410"),
        named("LUDIVINE", "ABECASSIS", postcode="21410", street_key="RUE PINS", street_number="3"),
        mailbox("ludivine.abecassis@n.example", postcode="35000"),
        named("HUGO", "ABECASSIS", postcode="21410", street_key="RUE PINS", street_number="3"),
    ]
    frame = pd.DataFrame(world).reindex(columns=list(load_model().columns())).astype(object)
    assert link(frame).cluster.tolist() == [0, 0, 2, 3]
