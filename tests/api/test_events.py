"""Events a few at a time: counted at once, whoever sends them again; visitors joined to the person once known."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rcu.services.verification import verify
from rcu.store.tables import event_lines, events, records
from tests import spying
from tests.api.conftest import Api
from tests.conftest import NOW
from tests.e2e.test_deleted import tickets_file

THEN = NOW - timedelta(days=300)
ORDER = {"source": "shop", "native_id": "W1", "kind": "order", "currency": "EUR", "amount": "50.00"}


def at(minutes: float) -> str:
    return (THEN + timedelta(minutes=minutes)).isoformat()


def keys(api: Api, source: str, count: int) -> list[str]:
    """Native ids of records of a source that were not deleted, each of another customer."""
    with api.store.read() as connection:
        found = connection.execute(
            select(records.c.native_id).where(records.c.source == source, ~records.c.deleted, ~records.c.absent)
        ).scalars()
        mine: dict[str, str] = {}
        client = api.client("identity")
        for one in sorted(found):
            customer = client.get(f"/v1/records/{source}/{one}/customer").json()["customer_id"]
            mine.setdefault(customer, one)
            if len(mine) == count:
                break
    return list(mine.values())


def send(api: Api, *given: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.client("events").post("/v1/events:batch", json={"events": list(given)})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def spent(api: Api, native_id: str, source: str = "shop") -> str:
    profile = api.client("orders").get(f"/v1/records/{source}/{native_id}/customer").json()
    return next((one["net_revenue"] for one in profile["aggregates"]["orders"]), "0")


def owners(api: Api, prefix: str) -> dict[str, str | None]:
    """Whose the events with such an id are: native ids of records."""
    with api.store.read() as connection:
        rows = connection.execute(
            select(events.c.native_id, records.c.native_id)
            .outerjoin(records, records.c.record_id == events.c.record_id)
            .where(events.c.native_id.startswith(prefix))
        )
        return dict(rows.all())  # pyright: ignore[reportArgumentType]


def test_an_order_counts_in_the_profile_at_once_and_once_however_often_it_is_sent(api: Api) -> None:
    (one,) = keys(api, "shop", 1)
    before = float(spent(api, one))
    order = {**ORDER, "record": one, "occurred_at": at(0), "shipping": "4.90"}
    (told,) = send(api, order)
    customer = api.client("identity").get(f"/v1/records/shop/{one}/customer").json()["customer_id"]
    mine = {"record": f"shop:{one}", "by_visitor": False, "customer_id": customer}
    assert told == {"event": "shop:W1", "content": "new", **mine}
    assert float(spent(api, one)) == pytest.approx(before + 50)
    assert send(api, order) == [{**told, "content": "unchanged"}]
    back = {**ORDER, "native_id": "W2", "kind": "return", "amount": "-20", "related": "W1"}
    again = send(api, {**order, "amount": "60"}, {**back, "record": one, "occurred_at": at(9)})
    assert [each["content"] for each in again] == ["changed", "new"]
    assert float(spent(api, one)) == pytest.approx(before + 40)
    send(api, {**order, "cancelled": True})
    assert float(spent(api, one)) == pytest.approx(before - 20)
    kinds = [entry["kind"] for entry in api.client("changes").get("/v1/changes?limit=1000").json()["changes"][-3:]]
    assert kinds == ["updated"] * 3
    assert verify(api.store, api.road.model).differences == 0


def test_lines_are_summed_and_replaced_as_a_whole(api: Api) -> None:
    (one,) = keys(api, "shop", 1)
    before = float(spent(api, one))
    lines = [
        {"number": 1, "quantity": "2", "amount": "9.98", "product_id": "A", "unit_price": "4.99"},
        {"number": 2, "quantity": "0.250", "amount": "5", "label": "Thé", "category": "Épicerie", "discount": "1.00"},
    ]
    order = {**{name: ORDER[name] for name in ORDER if name != "amount"}, "record": one, "occurred_at": at(0)}
    assert send(api, {**order, "lines": lines})[0]["content"] == "new"
    assert float(spent(api, one)) == pytest.approx(before + 14.98)
    assert send(api, {**order, "lines": lines})[0]["content"] == "unchanged"
    assert send(api, {**order, "lines": lines[:1]})[0]["content"] == "changed"
    assert float(spent(api, one)) == pytest.approx(before + 9.98)
    assert verify(api.store, api.road.model).differences == 0


def test_a_ticket_that_an_import_brought_is_the_same_ticket(api: Api) -> None:
    with api.store.read() as connection:
        row = connection.execute(
            select(events, records.c.native_id.label("record"))
            .join(records, records.c.record_id == events.c.record_id)
            .where(events.c.source == "till", events.c.kind == "order", events.c.sums_lines)
        ).first()
        assert row is not None
        lines = connection.execute(select(event_lines).where(event_lines.c.event_id == row.event_id)).all()
    money = {"unit_price": "unit_price_minor", "discount": "discount_minor", "amount": "amount_minor"}
    told = [
        {
            "number": line.line_number, "quantity": f"{line.quantity_milli / 1000:.3f}",
            "product_id": line.product_id, "label": line.label, "category": line.category,
            **{name: f"{getattr(line, of) / 100:.2f}" for name, of in money.items() if getattr(line, of) is not None},
        }
        for line in lines
    ]  # fmt: skip
    said = {name: getattr(row, name) for name in ("native_id", "channel", "store", "currency", "record")}
    ticket = {"source": "till", "kind": "order", "occurred_at": row.occurred_at.isoformat(), "lines": told, **said}
    assert send(api, ticket)[0]["content"] == "unchanged"


def test_what_cannot_be_taken_is_refused_by_itself(api: Api) -> None:
    (one,) = keys(api, "shop", 1)
    visit = {"source": "shop", "kind": "visit", "occurred_at": at(0)}
    told = send(
        api,
        {**visit, "native_id": "V1", "record": "nobody"},
        {**ORDER, "kind": "return", "amount": "-1", "related": "nothing", "record": one, "occurred_at": at(1)},
        {**visit, "native_id": "V2", "occurred_at": "2999-01-01T00:00:00Z"},
        {**visit, "native_id": "V3"},
    )
    assert [each.get("reason") for each in told] == ["unknown_record", "unknown_order", "in_the_future", None]
    assert told[3] == {"event": "shop:V3", "content": "new"}
    assert set(owners(api, "V")) == {"V3"}


def owner_of(moment: int, ties: dict[int, str]) -> str | None:
    """The rule: who is named next on the visitor, else who was named last."""
    then = [when for when in sorted(ties) if when >= moment]
    before = [when for when in sorted(ties) if when < moment]
    return ties[then[0]] if then else ties[before[-1]] if before else None


@pytest.mark.parametrize("seed", range(3))
def test_what_a_visitor_did_is_whose_it_is_in_whatever_order_it_is_told(api: Api, seed: int) -> None:
    chance = random.Random(seed)
    people = keys(api, "shop", 3)
    named = {when: chance.choice(people) for when in chance.sample(range(40), 4)}
    moments = [when for when in range(40) if when not in named]
    told = [
        {"source": "shop", "native_id": f"P{when}", "kind": "visit", "visitor": "v1", "occurred_at": at(when)}
        | ({"record": named[when]} if when in named else {})
        for when in range(40)
    ]
    chance.shuffle(told)
    cuts = sorted(chance.sample(range(1, 40), 5))
    for start, end in zip([0, *cuts], [*cuts, 40], strict=True):
        send(api, *told[start:end])
    assert owners(api, "P") == {f"P{when}": named.get(when) or owner_of(when, named) for when in range(40)}
    gone = next(iter(named))  # one of those that named somebody does so no more
    send(api, next({**one, "record": None} for one in told if one["native_id"] == f"P{gone}"))
    left = {when: who for when, who in named.items() if when != gone}
    assert owners(api, "P") == {f"P{when}": left.get(when) or owner_of(when, left) for when in (*moments, *named)}


def test_an_order_of_a_visitor_counts_once_somebody_is_named_and_for_that_person(api: Api) -> None:
    one, two = keys(api, "shop", 2)
    before = [float(spent(api, each)) for each in (one, two)]
    order = {**ORDER, "visitor": "v9", "occurred_at": at(0)}
    visit = {"source": "shop", "kind": "visit", "visitor": "v9"}
    assert send(api, order) == [{"event": "shop:W1", "content": "new"}]
    told = send(api, {**visit, "native_id": "L2", "record": two, "occurred_at": at(60)})
    assert told[0]["record"] == f"shop:{two}"
    assert [float(spent(api, each)) for each in (one, two)] == pytest.approx([before[0], before[1] + 50])
    send(api, {**visit, "native_id": "L1", "record": one, "occurred_at": at(30)})
    assert [float(spent(api, each)) for each in (one, two)] == pytest.approx([before[0] + 50, before[1]])
    assert send(api, order)[0] | {"customer_id": ""} == {
        "event": "shop:W1", "content": "unchanged", "record": f"shop:{one}", "by_visitor": True, "customer_id": "",
    }  # fmt: skip
    assert verify(api.store, api.road.model).differences == 0


def test_what_many_were_named_on_is_a_screen_in_a_shop_and_nobody_s(api: Api) -> None:
    people = keys(api, "shop", 11)
    visit = {"source": "shop", "kind": "visit", "visitor": "kiosk"}
    send(api, {**visit, "native_id": "K", "occurred_at": at(0)})
    send(api, *({**visit, "native_id": f"K{n}", "record": one, "occurred_at": at(n)} for n, one in enumerate(people)))
    assert owners(api, "K") == {"K": None} | {f"K{n}": one for n, one in enumerate(people)}


def test_an_import_that_names_who_bought_names_the_visitor(api: Api, tmp_path: Path) -> None:
    one, two = keys(api, "till", 2)
    ticket = {**ORDER, "source": "till", "visitor": "app"}
    visit = {"source": "till", "native_id": "A1", "kind": "visit", "visitor": "app", "occurred_at": at(-5)}
    send(api, {**ticket, "native_id": "T1", "occurred_at": at(0)}, visit)
    send(api, {**ticket, "native_id": "T2", "occurred_at": at(-9)})
    told = [("1", "T1", one), ("2", "T2", ""), ("3", "T1", two), ("4", "T1", "")]
    for (name, number, who), expected in zip(told, (one, one, two, None), strict=True):
        # a ticket that names nobody is whose its visitor is; one that named somebody and does no more ties nobody
        api.road.take("till", tickets_file(tmp_path, name, (number, who, "12,50")))
        assert [owners(api, each)[each] for each in ("T1", "T2", "A1")] == [expected] * 3, name
    api.road.run()
    assert verify(api.store, api.road.model).differences == 0


def test_as_many_statements_for_one_event_as_for_many(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    people = keys(api, "shop", 10)
    seen = spying.statements(api.store.engine, monkeypatch)
    counts = []
    for some in (people[:1], people):
        seen.clear()
        send(api, *({**ORDER, "native_id": f"Q{one}", "record": one, "occurred_at": at(0)} for one in some))
        counts.append(len([one for one in seen if "api_key" not in one]))
    assert counts[1] <= counts[0] + 2, counts


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"amount": "12,50"}, id="an amount with a comma"),
        pytest.param({"amount": 12.5}, id="an amount that is a number"),
        pytest.param({"amount": None}, id="an order without amount and lines"),
        pytest.param({"currency": None}, id="an order without a currency"),
        pytest.param({"kind": "visit"}, id="a visit with an amount"),
        pytest.param({"kind": "return"}, id="a return above zero"),
        pytest.param({"kind": "purchase"}, id="a kind there is none of"),
        pytest.param({"occurred_at": "2026-01-01"}, id="a day"),
        pytest.param({"lines": [{"number": 1, "quantity": "1", "amount": "1"}] * 2}, id="lines of one number"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(api: Api, wrong: dict[str, Any]) -> None:
    order = {**ORDER, "occurred_at": at(0), **wrong}
    told = {name: value for name, value in order.items() if value is not None}
    answer = api.client("events").post("/v1/events:batch", json={"events": [told]})
    assert answer.status_code == 422
    assert owners(api, "W") == {}


def test_a_source_nobody_connected_and_an_event_named_twice_are_errors(api: Api) -> None:
    visit = {"source": "nowhere", "native_id": "1", "kind": "visit", "occurred_at": at(0)}
    client = api.client("events")
    assert client.post("/v1/events:batch", json={"events": [visit]}).status_code == 404
    visit["source"] = "shop"
    assert client.post("/v1/events:batch", json={"events": [visit, visit]}).status_code == 422
