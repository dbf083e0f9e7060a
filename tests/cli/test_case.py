"""`rcu case`: the queue is listed, a case shown, taken and closed."""

from __future__ import annotations

import pytest

from rcu import config
from rcu.api.app import from_environment
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


def test_whatever_changes_customers_goes_by_the_setting_of_cases(
    rcu_travelled: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCU_CASE_RECORDS", "1")
    config.settings.cache_clear()

    def large() -> set[str]:
        found = rcu_travelled("case", "list", "--kind", "large_cluster", "--limit", "500", "--json").json
        assert rcu_travelled("verify").code == 0
        return {customer for one in found for customer in one["customers"]}

    assert rcu_travelled("rebuild", "--yes").code == 0
    before = large()
    assert before
    first, second = (
        rcu_travelled("record", "put", f"till:L{number}", "--field", f"last_name={name}", "--json").json["customer_id"]
        for number, name in ((1, "QUEMENEUR"), (2, "ABGRALL"))
    )
    assert rcu_travelled("decide", "merge", first, second, "--reason", "seen").code == 0
    assert large() == before | {first}
    assert rcu_travelled("decide", "undo", 1, "--reason", "a mistake").code == 0
    assert large() == before
    assert rcu_travelled("decide", "undo", 2, "--reason", "no mistake").code == 0
    (number,) = [one["case_id"] for one in rcu_travelled("case", "list", "--customer", first, "--json").json]
    assert rcu_travelled("case", "decide", number, "confirm", "--reason", "I know her").code == 0
    assert large() == before
    assert rcu_travelled("run").code == 0
    assert large() == before
    app = from_environment()
    assert app.state.real_time.rules.most_records == 1
    app.state.gathering.close()
    app.state.store.close()
