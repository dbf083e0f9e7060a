"""One record becomes the row it would become among others; the hash of its content is the same number for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcu.cleaning import CleaningSettings
from rcu.domain.hashes import HASH_COLUMNS
from rcu.domain.intake import LINE
from rcu.domain.records import RAW_FIELDS, STANDARD_COLUMNS
from rcu.ingest.frames import typed
from rcu.services.frames import content_hash, record_row, record_rows

CLEANING = CleaningSettings()
Fields = Mapping[str, str | None]
Record = tuple[Fields, Mapping[str, Any]]
NOTHING: dict[str, Any] = {
    "store": None,
    "is_guest": False,
    "deleted": False,
    "created_at": None,
    "updated_at": None,
}
ODD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
REAL = st.sampled_from(
    ["Mme", "Marie", "DURAND", "Durand née Petit", "M. et Mme Petit", "SARL Dupont", "12/03/1980", "--03-12", "F",
     "marie.durand@example.org", "marie@gmial.com", "06 12 34 56 78", "+33 4 72 00 00 00", "12 bis av. de la Gare",
     "69002", "Lyon cedex 02", "France", "BE", "2001234567", "NULL", "", " "]
)  # fmt: skip
MOMENTS = st.none() | st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]),
)
CONTENTS = st.fixed_dictionaries(
    {
        "store": st.none() | st.sampled_from(["", "LYON", "False"]) | ODD,
        "is_guest": st.booleans(),
        "deleted": st.booleans(),
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
    }
)
VALUES = st.none() | REAL | ODD


@st.composite
def deliveries(draw: st.DrawFn) -> Sequence[Record]:
    """Records that deliver the same fields, as the rows of one frame do."""
    fields: list[str] = draw(st.lists(st.sampled_from([*map(str, RAW_FIELDS)]), unique=True))
    record = st.tuples(st.fixed_dictionaries(dict.fromkeys(fields, VALUES)), CONTENTS)
    return draw(st.lists(record, min_size=1, max_size=4))


def frame_of(records: Sequence[Record]) -> pd.DataFrame:
    rows = [{**fields, **content} for fields, content in records]
    columns = {name: typed(name, [row[name] for row in rows]) for name in rows[0]}
    keys = [f"C{number}" for number in range(len(rows))]
    return pd.DataFrame({LINE: range(1, len(rows) + 1), "native_id": pd.Series(keys, dtype="str"), **columns})


def in_a_frame(records: Sequence[Record]) -> list[dict[str, Any]]:
    table, columns = record_rows(frame_of(records), CLEANING)
    own = {LINE, "native_id", "birth_id"}
    assert set(columns) == set(table.column_names) & {*STANDARD_COLUMNS, *HASH_COLUMNS}
    return table.drop_columns(list(own)).to_pylist()


def alone(fields: Fields, content: Mapping[str, Any]) -> dict[str, Any]:
    return record_row(fields, **content, settings=CLEANING)


@given(deliveries())
@settings(max_examples=200, deadline=None)
def test_a_record_alone_becomes_the_row_it_becomes_in_a_frame(
    records: Sequence[Record],
) -> None:
    assert [alone(*record) for record in records] == in_a_frame(records)


def test_among_many_rows_too_which_are_read_column_by_column() -> None:
    first = {"first_name": "Marie", "last_name": "DURAND née petit", "phone": "06 12 34 56 78", "postcode": "69002"}
    many = [({**first, "email": f"marie.durand{number}@gmial.com"}, NOTHING) for number in range(200)]
    assert [alone(*record) for record in many] == in_a_frame(many)


@pytest.mark.parametrize(
    ("fields", "delivered", "kept"),
    [
        pytest.param({}, {"last_name", "birth_date"}, {"email", "mobile", "street"}, id="nothing: the identity alone"),
        pytest.param({"email": None}, {"email", "email_key"}, {"mobile", "street"}, id="that there is no e-mail"),
        pytest.param({"mobile": "0612345678"}, {"mobile", "landline"}, {"email", "street"}, id="one phone: both"),
        pytest.param({"city": "Lyon"}, {"street", "postcode", "city"}, {"email", "mobile"}, id="a city: the address"),
        pytest.param({"country": "FR"}, {"last_name"}, {"country", "email"}, id="a country is no address"),
    ],
)
def test_a_record_delivers_the_groups_it_speaks_of(fields: Fields, delivered: set[str], kept: set[str]) -> None:
    row = alone(fields, NOTHING)
    assert delivered <= row.keys()
    assert not kept & row.keys()


def test_what_is_null_differs_from_what_is_left_out_in_columns_and_not_in_content() -> None:
    silent, empty = alone({"first_name": "Marie"}, NOTHING), alone({"first_name": "Marie", "email": None}, NOTHING)
    assert silent["content_hash"] == empty["content_hash"]
    assert "email" not in silent
    assert empty["email"] is None


def test_the_order_of_the_fields_does_not_change_what_is_kept() -> None:
    fields = {name: name for name in RAW_FIELDS}
    assert alone(dict(reversed(fields.items())), NOTHING) == alone(fields, NOTHING)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"store": "LYON"}, id="the store"),
        pytest.param({"is_guest": True}, id="bought as a guest"),
        pytest.param({"deleted": True}, id="gone"),
        pytest.param({"created_at": datetime(2026, 1, 1, tzinfo=UTC)}, id="when it was made"),
        pytest.param({"updated_at": datetime(2026, 1, 1, tzinfo=UTC)}, id="when it changed"),
    ],
)
def test_everything_a_record_says_counts_in_its_hash(changed: dict[str, Any]) -> None:
    assert alone({}, NOTHING | changed)["content_hash"] != alone({}, NOTHING)["content_hash"]


def test_the_same_instant_in_another_zone_is_the_same_content() -> None:
    summer = datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    here, there = ({"updated_at": instant} for instant in (summer, summer.astimezone(UTC)))
    assert alone({}, NOTHING | here)["content_hash"] == alone({}, NOTHING | there)["content_hash"]


def test_hashes_are_those_stored_since_the_first_version() -> None:
    """They stand in databases: another number for the same content would make every record a changed one."""
    content = {"store": "LYON", "created_at": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)}
    assert alone({"first_name": "Zoé", "email": None}, NOTHING | content)["content_hash"] == -2540631619787578291


def test_a_frame_is_hashed_as_pandas_hashes_frames() -> None:
    frame = pd.DataFrame(
        {
            "b": typed("label", ["é", None, "", "x" * 300]),
            "a": typed("created_at", [datetime(2026, 1, 2, tzinfo=UTC), None, None, None]),
            "c": typed("amount_minor", [1, None, -5, 2**53]),
        }
    )
    plain = pd.DataFrame(
        {
            "a": frame["a"].astype("datetime64[us, UTC]").astype(np.int64),
            "b": frame["b"].astype(object).where(frame["b"].notna(), "").astype(str),
            "c": frame["c"].astype(object).where(frame["c"].notna(), "").astype(str),
        }
    )
    expected = pd.util.hash_pandas_object(plain, index=False).to_numpy().view(np.int64)
    assert content_hash(frame).tolist() == expected.tolist()
