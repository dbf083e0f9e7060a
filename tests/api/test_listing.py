"""Lists: customers that are so, bounded pages, and every list as a file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pyarrow import parquet

from rcu.domain.keys import Terms
from rcu.services.exporting import Column, Format, Kind, table
from rcu.store import listing
from tests.api.conftest import Api
from tests.api.test_customers import stored
from tests.conftest import NOW

EVERYTHING = ("identity", "contact", "consent", "orders", "scores")


def listed(api: Api, query: str, *scopes: str, terms: Terms | None = None) -> list[dict[str, Any]]:
    """All customers of a query, page by page."""
    client = api.client(*(scopes or EVERYTHING), **({"terms": terms} if terms else {}))
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = client.get(f"/v1/customers?limit=40&{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["customers"]
        if answer.json()["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.json()['next_cursor']}"


def stores_of(profile: dict[str, Any]) -> set[str]:
    bought = {name for one in profile["aggregates"]["orders"] for name in one["by_store"]}
    return bought | {one["store"] for one in profile["records"] if one.get("store")}


def value(profile: dict[str, Any], name: str) -> int | None:
    scores = profile["scores"]
    kind, _, part = name.partition("_")
    found = (scores["rfm"] or {}).get(part) if kind == "rfm" else scores[name]
    return None if found is None else found["value"]


@pytest.mark.parametrize("looked_at", [10_000, 7])
def test_a_list_has_those_that_are_wanted_and_all_of_them(
    api: Api, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)
    everybody = stored(api)
    one = min(set.union(*map(stores_of, everybody)))

    def ids(found: list[dict[str, Any]]) -> list[str]:
        return [each["customer_id"] for each in found]

    assert ids(listed(api, "")) == ids(everybody)
    assert ids(listed(api, f"store={one}")) == ids([each for each in everybody if one in stores_of(each)]) != []
    good = [each for each in everybody if (value(each, "rfm_monetary") or 0) >= 4 and value(each, "data_quality") > 50]  # pyright: ignore[reportOptionalOperand]
    assert ids(listed(api, "score=rfm_monetary:4..5&score=data_quality:51..100")) == ids(good) != []
    mine = listed(api, f"store={one}&score=rfm_monetary:4..5", terms=Terms(stores=frozenset({one})))
    assert ids(mine) == ids(
        [each for each in everybody if one in stores_of(each) and (value(each, "rfm_monetary") or 0) >= 4]
    )
    later = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert listed(api, f"updated_since={later}") == []
    assert len(listed(api, f"updated_since={NOW:%Y-%m-%dT%H:%M:%SZ}")) == len(everybody)
    since = "2025-06-01T00:00:00Z"
    seen, not_seen = ids(listed(api, f"seen_since={since}")), ids(listed(api, f"seen_before={since}"))
    assert set(seen).isdisjoint(not_seen)
    assert (len(seen) > 0, len(not_seen) > 0) == (True, True)


def test_no_page_looks_at_more_than_so_many(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 10)
    answer = api.client("identity").get("/v1/customers?store=nowhere").json()
    assert answer["customers"] == []
    assert answer["next_cursor"] is not None


@pytest.mark.parametrize(
    ("query", "scopes", "status"),
    [
        ("score=rfm_monetary:4..5", ["identity"], 403),
        ("store=M001", ["scores"], 403),
        ("score=rfm_monetary:5..4", ["scores"], 422),
        ("score=luck:1..2", ["scores"], 422),
        ("seen_since=yesterday", ["identity"], 422),
        ("storee=M001", ["identity"], 422),
    ],
)
def test_what_cannot_be_asked_is_refused(api: Api, query: str, scopes: list[str], status: int) -> None:
    client = api.client(*scopes)
    assert client.get(f"/v1/customers?{query}").status_code == status
    assert client.get(f"/v1/customers:export?{query}").status_code == status


def exported(api: Api, how: str, *scopes: str) -> bytes:
    answer = api.client(*(scopes or EVERYTHING)).get(f"/v1/customers:export?format={how}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="customers.{how}"'
    return answer.content


def test_customers_go_out_as_documents_as_csv_and_as_parquet_with_the_same_content(api: Api) -> None:
    everybody = stored(api)
    assert [orjson.loads(line) for line in exported(api, "ndjson").splitlines()] == everybody
    flat = list(csv.DictReader(io.StringIO(exported(api, "csv").decode(), newline="")))
    rows = parquet.read_table(io.BytesIO(exported(api, "parquet"))).to_pylist()
    assert [row["customer_id"] for row in flat] == [one["customer_id"] for one in everybody]
    for profile, text, row in zip(everybody, flat, rows, strict=True):
        golden, orders = profile["golden"], profile["aggregates"]["orders"]
        address = golden.get("address") or {}
        assert row["last_name"] == golden.get("last_name")
        assert text["email"] == (golden.get("email") or "")
        assert (text["mobile"], row["city"]) == (golden.get("mobile") or "", address.get("city"))
        assert text["net_revenue"] == (orders[0]["net_revenue"] if orders else "")
        assert str(row["net_revenue"]) == (orders[0]["net_revenue"] if orders else "None")
        assert row["rfm_recency"] == value(profile, "rfm_recency")
        assert row["records"] == len(profile["records"])
    assert {row["email_marketing"] for row in rows} == {"granted", "denied", None}
    assert any(row["last_order_at"] for row in rows)


def test_an_export_has_the_columns_the_scopes_open_and_is_written_down(api: Api) -> None:
    names = exported(api, "csv", "identity").decode().split("\r\n", 1)[0].split(",")
    assert "last_name" in names
    assert not {"email", "mobile", "city", "orders", "rfm_recency", "email_marketing"} & set(names)
    told = api.accesses()
    assert {one.customer_id for one in told} == {one["customer_id"] for one in stored(api)}
    assert {(one.operation, one.field_groups) for one in told} == {("exportCustomers", ("identity",))}


@pytest.mark.parametrize("how", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("name", ["cases", "decisions", "changes", "access-log"])
def test_every_list_is_a_file_too(api: Api, name: str, how: str) -> None:
    client = api.client()
    about = [each["customer_id"] for each in stored(api)][-2:]
    client.post("/v1/decisions", json={"kind": "merge", "about": about, "reason": "the same"})
    client.get(f"/v1/customers/{stored(api)[0]['customer_id']}")
    api.accesses()
    answer = client.get(f"/v1/{name}:export?format={how}")
    assert answer.status_code == 200, answer.text
    listed = client.get(f"/v1/{name}?limit=500").json()
    entries = listed[{"access-log": "accesses"}.get(name, name)]
    assert entries
    match how:
        case "ndjson":
            found = [orjson.loads(line) for line in answer.content.splitlines()]
            assert found[: len(entries)] == entries
        case "csv":
            found = list(csv.DictReader(io.StringIO(answer.text, newline="")))
            assert list(found[0]) == list(entries[0])
        case _:
            found = parquet.read_table(io.BytesIO(answer.content)).to_pylist()
            assert list(found[0]) == list(entries[0])
    assert len(found) >= len(entries)


def test_no_cell_is_a_formula_and_numbers_stay_numbers() -> None:
    columns = [Column("a", Kind.TEXT, lambda row: row["a"])]
    said = ["=1+1", "+33639980001", "-12", "@SUM(A1)", "Marie", "-Marie", "+cmd|' /C calc'!A0", "a,b\r\nc"]
    content = b"".join(table([[{"a": one} for one in said]], columns, Format.CSV)).decode()
    cells = [row[0] for row in csv.reader(io.StringIO(content, newline=""))]
    assert cells == ["a", "'=1+1", "+33639980001", "-12", "'@SUM(A1)", "Marie", "'-Marie", "'" + said[6], said[7]]


def test_long_lists_are_compressed_and_profiles_are_not(api: Api) -> None:
    client = api.client()
    one = stored(api)[0]["customer_id"]
    for path, how in (("/v1/customers", "gzip"), ("/openapi.json", "gzip"), (f"/v1/customers/{one}", None)):
        assert client.get(path, headers={"Accept-Encoding": "gzip"}).headers.get("content-encoding") == how
    assert "content-encoding" not in client.get("/v1/customers", headers={"Accept-Encoding": "identity"}).headers
