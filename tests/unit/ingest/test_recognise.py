"""Columns are recognised by header and content; what must not be evidence is left out."""

import pandas as pd
import pytest

from rcu.errors import InputError
from rcu.ingest.headers import field_of_header
from rcu.ingest.recognise import RecognisedColumn, Recognition, Role, Shape, recognise, shape_of

NAMES = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal", "Ivy", "Jan"]


def column(recognition: Recognition, name: str) -> RecognisedColumn:
    return next(one for one in recognition.columns if one.name == name)


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})


@pytest.mark.parametrize(
    ("header", "field"),
    [
        pytest.param("given_name", "first_name", id="English"),
        pytest.param("Prénom", "first_name", id="French with its accent"),
        pytest.param("NOM", "last_name", id="French in capitals"),
        pytest.param("customerFirstName", "first_name", id="camel case and a noise word"),
        pytest.param("date_of_birth", "birth_date", id="words"),
        pytest.param("DATE_NAISSANCE", "birth_date", id="French words"),
        pytest.param("billing address 1", "address_line", id="a numbered line"),
        pytest.param("address_2", "address_complement", id="the second line"),
        pytest.param("suburb", "city", id="Australian"),
        pytest.param("Code postal", "postcode", id="French postcode"),
        pytest.param("tel2", "phone", id="a second phone"),
        pytest.param("favourite colour", None, id="nothing known"),
    ],
)
def test_headers_in_two_languages_name_fields(header: str, field: str | None) -> None:
    assert field_of_header(header) == field


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        pytest.param(["ann@x.org", "bob@y.com"], Shape.EMAIL, id="addresses with an @"),
        pytest.param(["1980-02-01", "1979-12-31"], Shape.DATE, id="ISO dates"),
        pytest.param(["31/12/1979", "1/2/80"], Shape.DATE, id="local dates"),
        pytest.param(["19800201", "19791231"], Shape.DATE, id="compact dates"),
        pytest.param(["06 12 34 56 78", "+33 1 40 20 50 50"], Shape.PHONE, id="phones"),
        pytest.param(["12", "47", "3"], Shape.NUMBER, id="small numbers"),
        pytest.param(["AB-1204", "AB-1377"], Shape.CODE, id="codes"),
        pytest.param(["x", "y"] * 50, Shape.CATEGORY, id="two letters"),
        pytest.param(NAMES * 20, Shape.CATEGORY, id="few values"),
        pytest.param([f"{a} {b}" for a in NAMES for b in NAMES], Shape.TEXT, id="many texts"),
    ],
)
def test_the_shape_of_a_column_is_that_of_most_values(values: list[str], shape: Shape) -> None:
    assert shape_of(pd.Series(values, dtype="str")) is shape


def test_ids_labels_and_national_identifiers_are_never_evidence() -> None:
    rows = range(10)
    table = frame(
        rec_id=[f"r{n}" for n in rows],
        name=NAMES,
        cluster=[str(n // 2) for n in rows],
        soc_sec_id=[f"{n:09d}" for n in rows],
        customer_id=[str(n // 3) for n in rows],
    )
    found = recognise(table)
    assert found.id_column == "rec_id"
    assert {one.name for one in found.of(Role.LEFT_OUT)} == {"cluster", "soc_sec_id", "customer_id"}
    assert "--map" in column(found, "soc_sec_id").why


def test_the_truth_is_left_out_and_the_caller_decides_over_every_guess() -> None:
    table = frame(ssn=["1", "2", "1"], name=["Ann", "Bob", "Cleo"], who=["a", "b", "a"])
    found = recognise(table, chosen={"ssn": "loyalty_number", "name": "ignore"}, truth_column="who")
    assert [(one.role, one.field) for one in found.columns] == [
        (Role.FIELD, "loyalty_number"), (Role.LEFT_OUT, None), (Role.TRUTH, None),
    ]  # fmt: skip


def test_unknown_columns_are_compared_when_they_say_something() -> None:
    texts = [f"{a} {b}" for a in NAMES for b in NAMES]
    table = frame(
        job=texts,
        ticket=[str(9000 + n) for n in range(100)],
        story=["word " * 40 + text for text in texts],
        always=["yes"] * 100,
        mostly=["yes"] * 99 + ["no"],
    )
    found = recognise(table)
    assert [one.name for one in found.of(Role.ATTRIBUTE)] == ["job"]
    assert {one.name for one in found.of(Role.LEFT_OUT)} == {"ticket", "story", "always", "mostly"}


def test_content_alone_tells_an_email_a_phone_and_a_birth_date() -> None:
    table = frame(
        a=[f"{name}@x.org" for name in NAMES],
        b=[f"06 12 34 56 {n:02d}" for n in range(10)],
        c=[f"{1930 + 7 * n}-01-0{n % 9 + 1}" for n in range(10)],
    )
    assert [column(recognise(table), name).field for name in "abc"] == ["email", "phone", "birth_date"]


def test_a_header_is_not_believed_against_the_content() -> None:
    found = recognise(frame(email=["yes", "no", "yes"], name=["Ann", "Bob", "Cleo"]))
    assert column(found, "email").role is Role.ATTRIBUTE


def test_two_columns_in_one_header_are_not_taken_for_one_of_them() -> None:
    found = recognise(frame(first_and_surname=["Ann Lee", "Bob Ray"], surname=["Lee", "Ray"]))
    assert (column(found, "first_and_surname").field, column(found, "surname").field) == (None, "last_name")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"chosen": {"nobody": "email"}}, id="no such column in --map"),
        pytest.param({"chosen": {"name": "nonsense"}}, id="no such field"),
        pytest.param({"id_column": "nobody"}, id="no such column in --id"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_list_of_what_does(options: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        recognise(frame(name=["Ann", "Bob"]), **options)
    assert "name" in (caught.value.hint or "")
