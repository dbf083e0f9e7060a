"""`rcu webhook` and `rcu deliver`; what the how-to page says in Python holds."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rcu.sending.signatures import shown_secret, signed
from rcu.services.following import newest_change
from rcu.services.running import RunReport
from rcu.store.engine import Store
from tests.cli.conftest import Command
from tests.conftest import Road
from tests.e2e.receiving import receiver

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "follow-changes.md"


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCU_WEBHOOK_PRIVATE", "true")


@pytest.mark.usefixtures("private")
def test_a_webhook_from_the_cradle_to_the_grave(rcu_travelled: Command) -> None:
    with receiver() as other:
        made = rcu_travelled("webhook", "create", other.url, "--kind", "created", "--after", 0, "--json").json
        assert made["secret"].startswith("whsec_")
        told = rcu_travelled("deliver", "--once", "--json").json
        assert (told["delivered"], told["dead"]) == (len(other.received), 0)
        assert other.sequences
        assert rcu_travelled("webhook", "replay", 1, "--from", 1).code == 0
        assert rcu_travelled("webhook", "test", 1).code == 0
        assert f"{told['delivered'] + 1:,} delivered" in rcu_travelled("deliver", "--once").out
    shown = rcu_travelled("webhook", "list", "--json").json[0]
    assert (shown["waiting"], shown["state"], "secret" in shown) == (0, "enabled", False)
    assert other.url in rcu_travelled("webhook", "list").out
    assert rcu_travelled("webhook", "deliveries", 1, "--limit", 2, "--json").json[0]["kind"] == "test"
    assert "delivered" in rcu_travelled("webhook", "deliveries", 1, "--state", "delivered", "--limit", 2).out
    assert rcu_travelled("webhook", "update", 1, "--all-kinds", "--description", "x", "--json").json["kinds"] == []
    assert rcu_travelled("webhook", "rotate", 1, "--json").json["secret"] != made["secret"]
    assert "moving" in rcu_travelled("webhook", "disable", 1, "--reason", "moving").out
    assert rcu_travelled("webhook", "enable", 1, "--json").json["state"] == "enabled"
    assert rcu_travelled("webhook", "delete", 1).code == 5
    assert rcu_travelled("webhook", "delete", 1, "--yes").code == 0
    assert rcu_travelled("webhook", "show", 1).code == 4


def test_what_cannot_be_used_is_refused(rcu: Command) -> None:
    assert rcu("webhook", "create", "http://127.0.0.1/").code == 3
    assert rcu("webhook", "create", "https://shop.example/").code == 0
    assert rcu("webhook", "replay", 1).code == 3
    assert rcu("webhook", "update", 1, "--kind", "split", "--all-kinds").code == 3


def test_a_run_forgets_what_is_older_than_the_setting_says(
    rcu_travelled: Command, travelled: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed of that store is of January 2026; the present is later."""
    forgotten: list[datetime] = []

    def forget(_store: Store, before: datetime) -> int:
        forgotten.append(before)
        return 0

    monkeypatch.setattr("rcu.cli.data.forget_changes", forget)
    monkeypatch.setattr("rcu.cli.data.run_with_progress", lambda *_, **__: RunReport(1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    monkeypatch.setenv("RCU_KEEP_CHANGES_DAYS", "40")
    from rcu import config

    config.settings.cache_clear()
    rcu_travelled("run", "--json")
    (before,) = forgotten
    age = datetime.now(before.tzinfo) - before
    assert timedelta(days=40) <= age < timedelta(days=40, minutes=5)


def python_of_the_page() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_page_s_way_to_verify_a_signature_is_right() -> None:
    names: dict[str, Any] = {}
    exec(python_of_the_page()[1], names)
    secret, body = b"s" * 32, b'{"type":"customer.updated"}'
    now = datetime.fromtimestamp(time.time()).astimezone()
    verified = names["verified"]
    headers = signed([b"another", secret], "msg_1", now, body)
    assert verified(shown_secret(secret), headers, body)
    assert not verified(shown_secret(secret), headers, body + b" ")
    assert not verified(shown_secret(b"x" * 32), headers, body)
    assert not verified(shown_secret(secret), signed([secret], "msg_1", now - timedelta(minutes=6), body), body)


def test_the_page_s_way_to_follow_the_feed_takes_everything(travelled: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    from rcu.api.app import create_app
    from rcu.services import keys
    from tests.conftest import NOW

    key = keys.create_key(travelled.store, "page", scopes=frozenset({"changes"}), now=NOW)
    monkeypatch.setenv("RCU_URL", "http://rcu")
    monkeypatch.setenv("RCU_KEY", key)
    names: dict[str, Any] = {}
    exec(python_of_the_page()[0], names)
    names["client"].close()
    names["client"] = TestClient(create_app(travelled.store), headers={"Authorization": f"Bearer {key}"})
    newest, seen = newest_change(travelled.store), []

    class AtTheEnd(Exception):
        pass

    def take(changes: list[dict[str, Any]], next_after: int) -> None:
        seen.extend(one["sequence"] for one in changes)
        if next_after == newest:
            raise AtTheEnd

    with pytest.raises(AtTheEnd):
        names["follow"](0, take)
    assert seen == list(range(1, newest + 1))
