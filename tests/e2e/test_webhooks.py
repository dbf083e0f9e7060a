"""Receivers get every change at least once, in order per customer, signed, whatever they do."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import standardwebhooks.webhooks
from standardwebhooks.webhooks import Webhook as Verifier

from rcu.domain.changes import ChangeKind
from rcu.domain.webhooks import RETRIES, DeliveryState, WebhookState
from rcu.errors import Conflict, InputError, NotFound
from rcu.sending.posting import Posting
from rcu.services.delivering import Delivering, deliver, deliver_once
from rcu.services.following import ChangesGone, forget_changes
from rcu.services.webhooks import WebhookChange, Webhooks
from rcu.store import publishing
from rcu.store.deliveries import Delivery
from rcu.store.engine import Store
from rcu.store.publishing import Told
from tests.conftest import NOW
from tests.e2e.receiving import BUSY, CUTS, FAILS, GONE, HANGS, LEADS_ELSEWHERE, LIES, TAKES, Receiver, receiver

CUSTOMERS, VERSIONS = 6, 5
DELIVERED, WAITING, DEAD = DeliveryState.DELIVERED, DeliveryState.WAITING, DeliveryState.DEAD


@dataclass
class Post:
    """A store with webhooks, and a clock that somebody sets."""

    store: Store
    now: datetime = NOW
    secrets: dict[int, str] = field(default_factory=dict)

    @property
    def webhooks(self) -> Webhooks:
        return Webhooks(self.store, clock=lambda: self.now, private=True)

    def create(self, url: str, **how: Any) -> int:
        shown, secret = self.webhooks.create(url, **how)
        self.secrets[shown.webhook.webhook_id] = secret
        return shown.webhook.webhook_id

    def announce(self, *told: Told) -> None:
        with self.store.begin() as connection:
            publishing.announce(connection, told, self.now)

    def deliver(self, *, private: bool = True, seconds: float = 10) -> None:
        async def once() -> None:
            async with Posting(private=private, seconds=seconds) as posting:
                await Delivering(self.store, posting.post, clock=lambda: self.now, chance=lambda: 0.5).once()

        asyncio.run(once())

    def log(self, number: int = 1) -> list[Delivery]:
        return self.webhooks.deliveries(number, limit=500)[0][::-1]

    def state(self, number: int = 1) -> tuple[WebhookState, str | None]:
        webhook = self.webhooks.get(number).webhook
        return webhook.state, webhook.disabled_why


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


def updates(*customers: str, version: int = 1) -> list[Told]:
    return [Told(one, ChangeKind.UPDATED, version) for one in customers]


@pytest.fixture
def verifying(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The independent implementation has the clock of the test."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return post.now

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Clock)


def faults(chance: random.Random) -> Any:
    often = [TAKES] * 6 + [FAILS] * 2 + [LIES, CUTS, BUSY]
    return lambda place: HANGS if place in (3, 11) else chance.choice(often)


@pytest.mark.usefixtures("verifying")
def test_a_receiver_that_fails_hangs_and_lies_gets_everything_in_order_and_signed(post: Post) -> None:
    with receiver(faults(random.Random(7))) as other:
        number = post.create(other.url)
        verifier = Verifier(post.secrets[number])
        for version in range(1, VERSIONS + 1):
            post.announce(*updates(*(f"c{place}" for place in range(CUSTOMERS)), version=version))
        checked = 0
        for _ in range(len(RETRIES) * VERSIONS):
            post.deliver(seconds=1)
            for one in other.received[checked:]:
                assert verifier.verify(one.body, one.headers)["type"] == "customer.updated"
            checked = len(other.received)
            post.now += timedelta(hours=25)
            if not post.webhooks.get(number).waiting:
                break
    assert {one.did for one in other.received} >= {TAKES, FAILS, HANGS, LIES, CUTS}
    everything = set(range(1, CUSTOMERS * VERSIONS + 1))
    assert {one.content["data"]["sequence"] for one in other.received if one.did == TAKES} == everything
    assert {one.state for one in post.log()} == {DELIVERED}
    in_order(other)
    ids = {(one.headers["webhook-id"], one.content["data"]["sequence"]) for one in other.received}
    assert len(ids) == len(everything)


def in_order(other: Receiver) -> None:
    """What a receiver got of each customer never goes back."""
    got: dict[str, list[int]] = defaultdict(list)
    for one in other.received:
        got[one.content["data"]["customer_id"]].append(one.content["data"]["version"])
    assert all(versions == sorted(versions) for versions in got.values())


def test_a_customer_waits_for_its_earlier_change_and_others_go_on(post: Post) -> None:
    with receiver(lambda place: FAILS if place == 0 else TAKES) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver()
        post.announce(*updates("a", "b", version=2))
        post.deliver()
        assert other.sequences == [1, 3]
        post.now += timedelta(seconds=5)
        post.deliver()
        assert other.sequences == [1, 3, 1, 2]


def test_the_message_says_which_customer_and_nothing_of_it(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(Told("a", ChangeKind.MERGED, None, "b"))
        post.deliver()
    (one,) = other.received
    assert one.content == {
        "type": "customer.merged",
        "timestamp": "2026-01-02T03:04:05Z",
        "data": {"sequence": 1, "customer_id": "a", "version": None, "now_customer_id": "b"},
    }
    assert one.headers["content-type"] == "application/json"


def test_only_the_kinds_asked_for_are_told_and_only_what_comes_from_now_on(post: Post) -> None:
    post.announce(*updates("a"), Told("b", ChangeKind.MERGED, None, "a"))
    with receiver() as other:
        post.create(other.url, kinds=["merged"])
        post.announce(*updates("a"), Told("c", ChangeKind.MERGED, None, "a"))
        post.deliver()
    assert other.sequences == [4]


def test_a_webhook_may_begin_earlier(post: Post) -> None:
    post.announce(*updates("a", "b", "c"))
    with receiver() as other:
        post.create(other.url, after=1)
        post.deliver()
    assert sorted(other.sequences) == [2, 3]


def test_nothing_is_told_that_was_rolled_back(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        with suppress(ZeroDivisionError), post.store.begin() as connection:
            publishing.announce(connection, updates("a"), NOW)
            raise ZeroDivisionError
        post.announce(*updates("b"))
        post.deliver()
    assert [one.content["data"]["customer_id"] for one in other.received] == ["b"]


def test_retries_take_three_days_then_the_webhook_is_disabled_and_says_so(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    waits = []
    with receiver(lambda _: FAILS) as other, caplog.at_level(logging.WARNING, "rcu.deliver"):
        post.create(other.url)
        post.announce(*updates("a", "a"))
        while post.state()[0] is WebhookState.ENABLED:
            post.deliver()
            (first, _) = post.log()
            waits.append(first.next_at - post.now)
            post.now = max(post.now, first.next_at)
    assert waits[:-1] == list(RETRIES)
    assert timedelta(days=3) < sum(waits, timedelta()) < timedelta(days=4)
    assert [one.state for one in post.log()] == [DEAD, WAITING]
    assert post.state() == (WebhookState.DISABLED, "delivery 1 was given up after 10 attempts (status)")
    assert "webhook 1 is disabled" in caplog.text
    first = post.log()[0]
    assert (first.attempts, first.last_status, first.last_error) == (10, 500, "status")


def test_what_was_given_up_is_told_in_order_once_the_webhook_is_enabled(post: Post) -> None:
    well: list[int] = []
    with receiver(lambda _: TAKES if well else FAILS) as other:
        post.create(other.url)
        post.announce(*updates("a", "a"))
        for _ in range(len(RETRIES) + 1):
            post.deliver()
            post.now += timedelta(days=1.5)
        assert post.state()[0] is WebhookState.DISABLED
        well.append(1)
        post.webhooks.enable(1)
        post.deliver()
        assert other.sequences[-2:] == [1, 2]
    assert {one.state for one in post.log()} == {DELIVERED}


def test_a_receiver_that_is_gone_is_told_nothing_more(post: Post) -> None:
    with receiver(lambda _: GONE) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver()
        post.announce(*updates("b"))
        post.deliver()
    assert len(other.received) == 1
    assert post.state() == (WebhookState.DISABLED, "its receiver answers that it is gone (410)")


@pytest.mark.parametrize(
    ("did", "error", "status"),
    [
        pytest.param(FAILS, "status", 500, id="an error of the receiver"),
        pytest.param(LEADS_ELSEWHERE, "status", 302, id="no redirect is followed"),
        pytest.param(HANGS, "timeout", None, id="no answer"),
        pytest.param(CUTS, "incomplete", None, id="the connection ends"),
        pytest.param(LIES, "incomplete", 200, id="a good status and half an answer"),
    ],
)
def test_what_a_receiver_did_stands_in_the_log(post: Post, did: str, error: str, status: int | None) -> None:
    with receiver(lambda _: did) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver(seconds=0.3 if did == HANGS else 10)
    (one,) = post.log()
    assert (one.state, one.last_error, one.last_status, one.attempts) == (WAITING, error, status, 1)
    assert one.tried_at == post.now
    assert one.milliseconds is not None


def test_a_receiver_that_asks_for_time_gets_it(post: Post) -> None:
    with receiver(lambda _: BUSY) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver()
    assert post.log()[0].next_at == post.now + timedelta(hours=1)


def test_nobody_listening_is_an_error_of_the_connection(post: Post) -> None:
    with receiver() as other:
        url = other.url
    post.create(url)
    post.announce(*updates("a"))
    post.deliver()
    assert post.log()[0].last_error == "connection"


def test_a_private_address_is_refused_when_it_is_sent_to(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver(private=False)
        assert other.received == []
    assert post.log()[0].last_error == "refused_address"


def test_one_that_hangs_keeps_no_other_waiting(post: Post) -> None:
    def lets_the_other_go(place: int) -> str:
        if place == 39:
            slow.over.set()
        return TAKES

    with receiver(lambda _: HANGS) as slow, receiver(lets_the_other_go) as quick:
        for one in (slow, quick):
            post.create(one.url)
        post.announce(*updates(*(f"c{place}" for place in range(40))))
        post.deliver(seconds=60)
        assert (len(quick.received), len(slow.received)) == (40, 40)
    assert {one.last_error for one in post.log(1)} == {"incomplete"}
    assert {one.state for one in post.log(2)} == {DELIVERED}


@pytest.mark.usefixtures("verifying")
def test_for_a_day_the_former_secret_signs_as_well(post: Post) -> None:
    with receiver() as other:
        number = post.create(other.url)
        former = Verifier(post.secrets[number])
        _, secret = post.webhooks.rotate(number)
        post.announce(*updates("a"))
        post.deliver()
        for verifier in (former, Verifier(secret)):
            verifier.verify(other.received[0].body, other.received[0].headers)
        post.now += timedelta(hours=24)
        post.announce(*updates("a"))
        post.deliver()
        Verifier(secret).verify(other.received[1].body, other.received[1].headers)
        with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
            former.verify(other.received[1].body, other.received[1].headers)


def test_everything_from_a_change_on_is_told_again_by_the_same_ids(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(*updates("a", "b", "a"))
        post.deliver()
        post.webhooks.replay(1, sequence=2)
        post.deliver()
        assert sorted(other.sequences) == [1, 2, 2, 3, 3]
        assert len({one.headers["webhook-id"] for one in other.received}) == 3


def test_one_delivery_is_made_again(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(*updates("a", "b"))
        post.deliver()
        again = post.webhooks.replay_one(1, post.log()[0].delivery_id)
        post.deliver()
        assert other.sequences[2:] == [again.sequence] == [1]
        with pytest.raises(NotFound):
            post.webhooks.replay_one(1, 99)


def test_a_test_tells_of_no_customer_and_is_tried_once(post: Post) -> None:
    with receiver(lambda _: FAILS) as other:
        post.create(other.url)
        post.webhooks.test(1)
        post.deliver()
    assert other.received[0].content["type"] == "webhook.test"
    assert other.received[0].content["data"] == {"webhook_id": 1}
    assert (post.log()[0].state, post.state()[0]) == (DEAD, WebhookState.ENABLED)


def test_a_webhook_goes_on_where_it_was_disabled_and_may_move(post: Post) -> None:
    with receiver() as former, receiver() as present:
        post.create(former.url)
        post.webhooks.disable(1, "moving")
        post.announce(*updates("a"))
        post.deliver()
        assert (former.received, post.state()) == ([], (WebhookState.DISABLED, "moving"))
        with pytest.raises(Conflict):
            post.webhooks.test(1)
        post.webhooks.update(1, WebhookChange(url=present.url))
        post.webhooks.enable(1)
        post.deliver()
        assert (former.received, present.sequences) == ([], [1])


def test_a_gap_is_never_silent(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(*updates("a", "b"))
        forget_changes(post.store, NOW + timedelta(days=1))
        post.deliver()
        assert post.state() == (WebhookState.DISABLED, "changes it was not told of are not kept any more")
        with pytest.raises(ChangesGone):
            post.webhooks.enable(1)
        assert post.state()[0] is WebhookState.DISABLED
        post.webhooks.enable(1, after=2)
        post.announce(*updates("c"))
        post.deliver()
        assert other.sequences == [3]


def test_what_was_delivered_is_forgotten_and_what_waits_is_not(post: Post) -> None:
    with receiver(lambda place: TAKES if place == 0 else FAILS) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver()
        post.announce(*updates("b"))
        post.deliver()
    forget_changes(post.store, NOW + timedelta(days=1))
    assert [one.sequence for one in post.log()] == [2]


def test_a_webhook_that_is_deleted_leaves_nothing(post: Post) -> None:
    with receiver() as other:
        post.create(other.url)
        post.announce(*updates("a"))
        post.deliver()
    post.webhooks.delete(1)
    assert post.webhooks.every() == []
    with pytest.raises(NotFound):
        post.webhooks.delete(1)


@pytest.mark.parametrize(
    "url", ["http://shop.example/x", "https://10.0.0.1/x", "https://localhost/", "ftp://a.example"]
)
def test_an_address_that_cannot_be_used_is_refused(store: Store, url: str) -> None:
    with pytest.raises(InputError):
        Webhooks(store, clock=lambda: NOW).create(url)


def test_one_process_delivers_at_a_time_and_another_takes_over(post: Post) -> None:
    arrived = threading.Event()

    def taken(_place: int) -> str:
        arrived.set()
        return TAKES

    async def beside() -> None:
        stop = asyncio.Event()
        work = asyncio.create_task(deliver(post.store, stop, clock=lambda: datetime.now(UTC), private=True))
        try:
            assert await asyncio.to_thread(arrived.wait, 60)
            with pytest.raises(Conflict):
                await deliver_once(post.store, clock=lambda: post.now)
        finally:
            stop.set()
            await work

    with receiver(taken) as other:
        post.create(other.url)
        post.announce(*updates("a"))
        asyncio.run(beside())
        assert (other.sequences, post.log()[0].state) == ([1], DELIVERED)
        post.announce(*updates("b"))
        counts = asyncio.run(deliver_once(post.store, clock=lambda: post.now, private=True))
    assert counts == {DELIVERED: 1}
