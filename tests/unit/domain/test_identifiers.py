"""What became of an id, as a table."""

from __future__ import annotations

import pytest

from rcu.domain.identifiers import IdState, what_became


@pytest.mark.parametrize(
    ("own", "others", "erased", "state", "customers"),
    [
        pytest.param("A", [], False, IdState.CURRENT, ("A",), id="its record's customer is still called so"),
        pytest.param("A", ["B"], False, IdState.CURRENT, ("A",), id="who left a customer takes nothing from its id"),
        pytest.param("B", [], False, IdState.MERGED, ("B",), id="its record joined another at once"),
        pytest.param("B", ["B"], False, IdState.MERGED, ("B",), id="all of its records went to one other"),
        pytest.param("C", ["D", "C", "B"], False, IdState.SPLIT, ("C", "B", "D"), id="they went several ways"),
        pytest.param(None, [], False, IdState.UNKNOWN, (), id="never given, or not matched yet"),
        pytest.param(None, [], True, IdState.ERASED, (), id="erased"),
        pytest.param("A", [], True, IdState.ERASED, (), id="erased, whatever is left"),
    ],
)
def test_an_id_leads_where_its_records_are(
    own: str | None, others: list[str], *, erased: bool, state: IdState, customers: tuple[str, ...]
) -> None:
    found = what_became("A", own, others, erased=erased)
    assert (found.state, found.customers) == (state, customers)
