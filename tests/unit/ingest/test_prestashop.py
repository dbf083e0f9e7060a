"""What the exports of a PrestaShop make."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rcu.domain.intake import Batch, Entity
from rcu.errors import UnreadableFile
from tests.unit.ingest import samples
from tests.unit.ingest.test_flat_files import rows


def taken(folder: Path, key: str, *elements: object) -> Batch:
    (batch,) = samples.read(samples.shop(), samples.write(folder, f"{key}.json", samples.array(key, *elements)))
    return batch


def test_a_customer_gives_a_record_and_the_consents_of_both_boxes(tmp_path: Path) -> None:
    batch = taken(tmp_path, "customers", samples.CUSTOMER)
    assert rows(
        batch, Entity.RECORD, "line", "native_id", "civility", "last_name", "birth_date", "company", "created_at"
    ) == [(0, "1", "MME", "Lefèvre", "1980-03-12", None, "2024-01-15 09:00:00+00:00")]
    assert rows(batch, Entity.CONSENT, "purpose", "state", "occurred_at", "evidence") == [
        ("marketing", "granted", "2024-01-15 09:00:00+00:00", "ip 10.0.0.1"),
        ("partners", "granted", "2024-01-15 09:00:00+00:00", None),
    ]


@pytest.mark.parametrize(
    ("since", "states"),
    [
        pytest.param("2024-01-15 10:00:00", ["denied"], id="a subscription withdrawn"),
        pytest.param("0000-00-00 00:00:00", [], id="a box never ticked says nothing"),
    ],
)
def test_a_newsletter_flag_that_is_off_is_a_denial_only_where_it_was_on(
    tmp_path: Path, since: str, states: list[str]
) -> None:
    customer = {**samples.CUSTOMER, "newsletter": "0", "optin": "0", "newsletter_date_add": since}
    assert taken(tmp_path, "customers", customer).frames[Entity.CONSENT]["state"].tolist() == states


def test_none_dates_and_numbers_instead_of_text_are_read(tmp_path: Path) -> None:
    customer = {**samples.CUSTOMER, "id": 12, "birthday": "0000-00-00", "is_guest": True, "id_gender": 1}
    batch = taken(tmp_path, "customers", customer)
    assert rows(batch, Entity.RECORD, "native_id", "civility", "birth_date", "is_guest") == [("12", "M", None, True)]


def test_an_address_belongs_to_its_customer(tmp_path: Path) -> None:
    batch = taken(tmp_path, "addresses", samples.ADDRESS)
    columns = ("native_id", "record_native_id", "mobile", "phone", "address_line", "country", "deleted")
    assert rows(batch, Entity.ADDRESS, *columns) == [("9", "1", "0612345679", None, "12 rue de la Paix", "FR", False)]


def test_an_order_is_in_cents_rounded_half_to_even(tmp_path: Path) -> None:
    batch = taken(tmp_path, "orders", samples.ORDER)
    assert rows(
        batch, Entity.ORDER, "native_id", "kind", "occurred_at", "amount_minor", "shipping_minor", "cancelled"
    ) == [("7", "order", "2025-07-15 08:30:00+00:00", 1290, 490, False)]
    assert rows(
        batch, Entity.ORDER_LINE, "order_native_id", "product_id", "quantity_milli", "unit_price_minor", "amount_minor"
    ) == [("7", "A1", 2000, 450, 900)]


@pytest.mark.parametrize("change", [{"valid": "0"}, {"current_state": "6"}])
def test_an_invalid_order_is_cancelled(tmp_path: Path, change: dict[str, str]) -> None:
    batch = taken(tmp_path, "orders", {**samples.ORDER, **change})
    assert rows(batch, Entity.ORDER, "cancelled") == [(True,)]


def test_a_slip_is_a_return_of_its_order(tmp_path: Path) -> None:
    batch = taken(tmp_path, "order_slips", samples.SLIP)
    assert rows(batch, Entity.ORDER, "native_id", "related_native_id", "kind", "amount_minor") == [
        ("slip-5", "7", "return", -450)
    ]
    assert rows(batch, Entity.ORDER_LINE, "order_native_id", "quantity_milli", "amount_minor") == [
        ("slip-5", -1000, -450)
    ]


@pytest.mark.parametrize(
    ("key", "element", "reason", "field"),
    [
        pytest.param("customers", {**samples.CUSTOMER, "id": None}, "missing_key", "id", id="no id"),
        pytest.param(
            "customers",
            {**samples.CUSTOMER, "email": "", "lastname": "", "firstname": ""},
            "missing_key",
            "email",
            id="nobody",
        ),
        pytest.param("customers", {**samples.CUSTOMER, "date_add": "hier"}, "bad_date", "date_add", id="no date"),
        pytest.param("customers", "12", "not_an_object", None, id="a number"),
        pytest.param("customers", '{"id": 1,, }', "not_an_object", None, id="no JSON"),
        pytest.param("customers", '{"id": "1}', "not_an_object", None, id="a string without end"),
        pytest.param("addresses", {**samples.ADDRESS, "id_customer": "0"}, "missing_key", "id_customer", id="no owner"),
        pytest.param(
            "orders", {**samples.ORDER, "associations": {}}, "missing_lines", "associations.order_rows", id="no lines"
        ),
        pytest.param(
            "orders",
            {**samples.ORDER, "total_paid_tax_incl": "12.3.4"},
            "bad_amount",
            "total_paid_tax_incl",
            id="no amount",
        ),
        pytest.param(
            "orders", {**samples.ORDER, "id_currency": "3"}, "bad_value", "id_currency", id="an unknown currency"
        ),
        pytest.param("order_slips", {**samples.SLIP, "amount": "abc"}, "bad_amount", "amount", id="no slip amount"),
    ],
)
def test_a_bad_element_is_refused_alone(
    tmp_path: Path, key: str, element: object, reason: str, field: str | None
) -> None:
    good = {
        "customers": samples.CUSTOMER,
        "addresses": samples.ADDRESS,
        "orders": samples.ORDER,
        "order_slips": samples.SLIP,
    }
    batch = taken(tmp_path, key, good[key], element, {**good[key], "id": 99})
    assert [(one.line, one.reason, one.field) for one in batch.refusals] == [(1, reason, field)]
    assert (batch.rows_read, len(batch.raw)) == (3, 2)


def test_a_pretty_printed_and_zipped_array_is_cut_into_batches(tmp_path: Path) -> None:
    content = json.dumps({"orders": [{**samples.ORDER, "id": number} for number in range(1, 8)]}, indent=2).encode()
    path = tmp_path / "orders.json.gz"
    path.write_bytes(gzip.compress(content))
    batches = samples.read(samples.shop(), path, batch_rows=3)
    assert [(batch.number, batch.rows_read) for batch in batches] == [(0, 3), (1, 3), (2, 1)]
    assert all(not batch.refusals for batch in batches)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(samples.array("customers", samples.CUSTOMER)[:-4], id="the array does not end"),
        pytest.param(b'{"orders":[]}', id="another array"),
        pytest.param(samples.array("customers", samples.CUSTOMER).decode().encode("utf-16"), id="UTF-16"),
    ],
)
def test_a_file_that_is_no_export_is_refused_whole(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        samples.read(samples.shop(), samples.write(tmp_path, "customers.json", content))


@pytest.mark.parametrize("content", [b"", b"  \n", b'{"customers":[]}', b"[]"])
def test_an_empty_export_gives_no_batch(tmp_path: Path, content: bytes) -> None:
    assert samples.read(samples.shop(), samples.write(tmp_path, "customers.json", content)) == []
