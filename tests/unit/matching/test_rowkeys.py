"""The keys of one record by itself are those it has in a table, whatever it says."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from rcu.matching.model import load_model
from rcu.matching.nearby import RecordKeys, record_keys
from rcu.matching.rowkeys import keys_of_row
from rcu.matching.table import EncodedTable

MODEL = load_model()
COLUMNS = MODEL.columns()
SAID = st.one_of(
    st.none(), st.sampled_from(["", "MARIE", "DE LA TOUR", "m.martin@example.fr", "75011"]), st.text(max_size=9)
)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, SAID)), min_size=1, max_size=4)
FULL = dict.fromkeys(COLUMNS, "MARTIN")


@given(ROWS)
@example([FULL])
@example([{**FULL, "first_name_key": None, "last_name_key": None, "email_key": "jean.martin@example.fr"}])
def test_one_by_one_the_keys_are_those_of_the_table(rows: list[dict[str, str | None]]) -> None:
    whole = record_keys(EncodedTable.of_rows(rows, COLUMNS), MODEL.blocking)
    assert [RecordKeys(*keys_of_row(row, MODEL.blocking)) for row in rows] == whole
