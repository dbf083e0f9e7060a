"""`rcu decide`: what it prints, and that a preview is what the run then makes."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import select

from rcu import config
from rcu.store.tables import customers, memberships, records
from tests.cli.conftest import Command
from tests.conftest import Road


def two_customers(road: Road) -> list[str]:
    """A record of each of the two oldest customers of several records."""
    statement = (
        select(memberships.c.cluster_id, records.c.source, records.c.native_id)
        .join(records, records.c.record_id == memberships.c.record_id)
        .order_by(memberships.c.cluster_id, memberships.c.record_id)
    )
    with road.store.read() as connection:
        found: dict[int, list[str]] = {}
        for cluster, source, native_id in connection.execute(statement):
            found.setdefault(cluster, []).append(f"{source}:{native_id}")
    return [members[0] for members in found.values() if len(members) > 1][:2]


def documents(road: Road) -> dict[str, object]:
    with road.store.read() as connection:
        rows = connection.execute(select(customers.c.customer_id, customers.c.profile)).all()
    return {identifier: orjson.loads(profile) for identifier, profile in rows}


def test_a_merge_is_previewed_taken_listed_and_undone(rcu_travelled: Command, travelled: Road) -> None:
    one, other = two_customers(travelled)
    before = documents(travelled)
    shown = rcu_travelled("decide", "merge", one, other, "--reason", "same", "--preview", "--json").json
    assert [two["profile"] for two in shown["before"]] == [before[two["customer_id"]] for two in shown["before"]]
    assert (len(shown["before"]), len(shown["after"])) == (2, 1)
    assert rcu_travelled("decide", "list", "--json").json == []

    done = rcu_travelled("decide", "merge", one, other, "--reason", "same", "--by", "anne", "--json").json
    number = done.pop("decision_id")
    assert done == {"kind": "merge", "state": "in_force", "superseded": []}
    after = documents(travelled)
    assert [two["profile"] for two in shown["after"]] == [after[two["customer_id"]] for two in shown["after"]]

    refused = rcu_travelled("decide", "not-same", one, other, "--reason", "no")
    assert (refused.code, f"{number} (merge, by anne)" in refused.err) == (5, True)
    again = rcu_travelled("decide", "not-same", one, other, "--reason", "no", "--supersede")
    assert f"taken back for it: {number}" in again.out
    last = again.out.split(":")[0].removeprefix("decision ")
    listed = rcu_travelled("decide", "list", "--about", one)
    assert "taken back" in listed.out
    assert rcu_travelled("decide", "undo", last, "--reason", "oh").code == 0
    assert documents(travelled) == before
    assert rcu_travelled("run").code == 0
    assert documents(travelled) == before
    assert rcu_travelled("verify").code == 0


def test_a_preview_in_words_shows_both_sides_and_that_nothing_changes(rcu_travelled: Command, travelled: Road) -> None:
    one, other = two_customers(travelled)
    shown = rcu_travelled("decide", "merge", one, other, "--reason", "same", "--preview")
    assert shown.out.index("as it is") < shown.out.index("as it would be")
    assert one in shown.out
    assert "no customer would change" in rcu_travelled("decide", "confirm", one, "--reason", "sure", "--preview").out


def test_a_split_and_a_comment_by_command(rcu_travelled: Command, travelled: Road) -> None:
    one, other = two_customers(travelled)
    assert rcu_travelled("decide", "comment", one, other, "--reason", "cousins").out.startswith("decision 1: comment")
    assert rcu_travelled("decide", "split", one, "--group", other, "--reason", "no").code == 3
    assert rcu_travelled("decide", "merge", one, other, "--reason", "x", "--expect", "abc").code == 3


def test_a_large_merge_waits_and_is_approved(
    rcu_travelled: Command, travelled: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCU_FOUR_EYES_RECORDS", "2")
    config.settings.cache_clear()
    one, other = two_customers(travelled)
    taken = rcu_travelled("decide", "merge", one, other, "--reason", "same", "--by", "anne")
    assert "waits for a second person: rcu decide approve 1" in taken.out
    assert rcu_travelled("decide", "approve", 1, "--reason", "yes", "--by", "anne").code == 5
    assert rcu_travelled("decide", "approve", 1, "--reason", "yes", "--by", "bruno").code == 0
    assert rcu_travelled("decide", "undo", 99, "--reason", "yes").code == 4


def test_an_override_by_command_is_previewed_set_listed_and_undone(rcu_travelled: Command, travelled: Road) -> None:
    one, _ = two_customers(travelled)
    before = documents(travelled)
    said = ("decide", "override", one, "first_name=zoé", "email=", "--reason", "papers")
    shown = rcu_travelled(*said, "--preview", "--json").json
    assert shown["after"][0]["profile"]["golden"]["first_name"] == "Zoé"
    assert documents(travelled) == before
    number = rcu_travelled(*said, "--json").json["decision_id"]
    assert "override email, " in rcu_travelled("decide", "list").out
    back = rcu_travelled("decide", "undo", number, "--reason", "oh", "--preview", "--json").json
    assert [two["profile"] for two in back["after"]] == [before[two["customer_id"]] for two in back["after"]]
    assert rcu_travelled("decide", "undo", number, "--reason", "oh").code == 0
    assert documents(travelled) == before
    refused = rcu_travelled("decide", "override", one, "first_name", "--reason", "papers")
    assert (refused.code, "first_name, last_name" in refused.err) == (3, True)
    assert rcu_travelled("decide", "override", one, "shoe_size=42", "--reason", "papers").code == 3
