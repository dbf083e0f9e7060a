"""`rcu case`: the queue is listed, a case shown, taken and closed."""

from __future__ import annotations

from tests.cli.conftest import Command


def test_a_case_is_listed_taken_shown_and_closed(rcu_travelled: Command) -> None:
    first = rcu_travelled("case", "list", "--json").json[0]
    number = str(first["case_id"])
    rcu_travelled("case", "assign", number, "paul", "--by", "anne", "--expect", str(first["version"]))
    rcu_travelled("case", "due", number, "2030-01-01")
    shown = rcu_travelled("case", "show", number, "--json").json
    assert (shown["assigned_to"], [one["kind"] for one in shown["events"]]) == ("paul", ["opened", "assigned", "due"])
    assert rcu_travelled("case", "defer", number, "2999-01-01", "--reason", "on holiday").code == 0
    assert number not in [str(one["case_id"]) for one in rcu_travelled("case", "list", "--json").json]
    assert "open" in rcu_travelled("case", "resume", number, "--by", "anne").out
    assert rcu_travelled("case", "resume", number).code == 5
    customer = next(iter(first["customers"]))
    assert f"case {number} resumed by anne" in rcu_travelled("customer", "history", customer).out.replace("\n", " ")
    rcu_travelled("case", "close", number, "--reason", "two cousins")
    assert number not in [str(one["case_id"]) for one in rcu_travelled("case", "list", "--json").json]
