"""`rcu customer`: one customer, as it is and as it was."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import select

from rcu.cli.common import Exit
from rcu.services.accesses import Reading, given
from rcu.store import accesses
from rcu.store.tables import customers
from tests.cli.conftest import Command
from tests.conftest import NOW, Road

THEN = "2026-01-02T09:00:00Z"


def stored(road: Road) -> dict[str, str]:
    with road.store.read() as connection:
        statement = select(customers.c.customer_id, customers.c.profile).order_by(customers.c.cluster_id)
        return dict(connection.execute(statement).all())


def test_a_customer_is_shown_as_it_is_and_as_it_was(rcu_travelled: Command, travelled: Road) -> None:
    before = stored(travelled)
    one, other = list(before)[:2]
    shown = rcu_travelled("customer", "show", one.upper())
    assert (shown.code, shown.json) == (Exit.OK, orjson.loads(before[one]))
    assert rcu_travelled("decide", "merge", one, other, "--reason", "the same").code == Exit.OK
    now = rcu_travelled("customer", "show", other)
    assert now.json == orjson.loads(stored(travelled)[one])
    assert now.err.strip() == f"{other} is part of {one}"
    for name in (one, other):
        assert rcu_travelled("customer", "show", name, "--as-of", THEN).json == orjson.loads(before[name])


def test_a_history_tells_what_happened_without_values(rcu_travelled: Command, travelled: Road) -> None:
    before = stored(travelled)
    one, other = list(before)[:2]
    rcu_travelled("decide", "merge", one, other, "--reason", "the same", "--by", "anne")
    told = rcu_travelled("customer", "history", one)
    assert told.code == Exit.OK
    assert "decision 1, anne" in told.out
    assert "came:" in told.out
    gone = rcu_travelled("customer", "history", other)
    assert "then part of" in gone.out
    assert f"{other} is part of {one} today" in gone.out
    found = rcu_travelled("customer", "history", one, "--json").json
    assert [version["version"] for version in found["versions"]] == [2, 1]
    assert found["versions"][0]["cause"] == {"kind": "decision", "number": 1, "actor": "anne"}
    page = rcu_travelled("customer", "history", one, "--limit", 1, "--json").json
    rest = rcu_travelled("customer", "history", one, "--cursor", page["next_cursor"], "--json").json
    assert page["versions"] + rest["versions"] == found["versions"]
    assert "--cursor" in rcu_travelled("customer", "history", one, "--limit", 1).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("show", "nonsense"), Exit.INPUT, id="no id"),
        pytest.param(("show", "0190b2c4-0000-7000-8000-000000000000"), Exit.NOT_FOUND, id="never given"),
        pytest.param(("history", "0190b2c4-0000-7000-8000-000000000000"), Exit.NOT_FOUND, id="no history"),
        pytest.param(
            ("show", "0190b2c4-0000-7000-8000-000000000000", "--as-of", "2026-01-02"), Exit.INPUT, id="no offset"
        ),
    ],
)
def test_what_cannot_be_shown_is_said_by_the_exit_code(
    rcu_embedded: Command, arguments: tuple[str, ...], code: Exit
) -> None:
    assert rcu_embedded("customer", *arguments).code == code


def test_a_household_is_told_with_its_reason(rcu_travelled: Command, travelled: Road) -> None:
    documents = [orjson.loads(one) for one in stored(travelled).values()]
    home = next(one["household"] for one in documents if one["household"])
    alone = next(one["customer_id"] for one in documents if not one["household"])
    told = rcu_travelled("customer", "household", home["members"][1])
    assert (
        told.out.splitlines()[0] == f"household {home['household_id']}: the same last name at the same postal address"
    )
    assert all(member in told.out for member in home["members"])
    shown = rcu_travelled("customer", "household", home["members"][0], "--json", "--as-of", THEN).json
    assert (shown["reason"], len(shown["members"])) == (home["reason"], len(home["members"]))
    assert rcu_travelled("customer", "household", alone).code == Exit.NOT_FOUND


def test_who_was_shown_a_customer_is_told(rcu_travelled: Command, travelled: Road) -> None:
    one, other = list(stored(travelled))[:2]
    reading = Reading("till", frozenset({"identity"}), "anne", "getCustomer", "checkout", "call-1")
    entries = [*given(reading, [one, other], NOW), *given(reading, [one], NOW, more=["history"])]
    with travelled.store.begin() as connection:
        accesses.add(connection, entries)
    told = rcu_travelled("customer", "accesses", one.upper())
    assert [word in told.out for word in (one, other, "till", "checkout", "anne", "history identity")] == [
        True, False, True, True, True, True,
    ]  # fmt: skip
    page = rcu_travelled("customer", "accesses", one, "--limit", 1, "--json").json
    rest = rcu_travelled("customer", "accesses", one, "--cursor", page["next_cursor"], "--json").json
    assert [entry["field_groups"] for entry in page["accesses"] + rest["accesses"]] == [
        ["history", "identity"], ["identity"],
    ]  # fmt: skip
    assert "--cursor" in rcu_travelled("customer", "accesses", one, "--limit", 1).out


def test_customers_are_found_by_what_is_remembered_of_them(rcu_travelled: Command, travelled: Road) -> None:
    profiles = [orjson.loads(one) for one in stored(travelled).values()]
    one = next(each for each in profiles if each["golden"].get("email") and each["golden"].get("last_name"))
    asked = f"{one['golden']['last_name']} {one['golden']['email']}"[:100]
    found = rcu_travelled("customer", "search", asked, "--json").json
    assert one["customer_id"] in [each["customer_id"] for each in found["results"]]
    shown = rcu_travelled("customer", "search", asked, "--limit", "20")
    assert one["customer_id"] in shown.out
    assert one["golden"]["email"] not in shown.out
